// SPDX-License-Identifier: GPL-2.0-or-later

#include "tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SAME_ALARM_H 24	  /* a verdict that comes back within a day is the same alarm */
#define EARLY_H	     0.02 /* an onset is known to a sample or so */

const double size_limits[NR_SIZES] = { 0, 4, 6, 10, 20, 40 };
const double bin_limits[NR_BINS] = { 0, .5, .8, .9, .95, .99 };

size_t class_of(const double *limits, size_t count, double value)
{
	size_t found = 0;

	for (size_t i = 1; i < count; i++) {
		if (value >= limits[i])
			found = i;
	}
	return found;
}

static double deviation(const struct series *series)
{
	double mean = series->count > 0 ? series->sum / series->count : 0;
	double variance =
		series->count > 0 ? fmax(0, series->square / series->count - mean * mean) : 0;

	/* an amount that never moves still moves by slabs */
	return fmax(sqrt(variance), (double)series->grain);
}

static struct found *new_found(struct tally *tally)
{
	if (tally->nr_found == tally->found_room) {
		size_t room = tally->found_room ? 2 * tally->found_room : 256;
		struct found *items = realloc(tally->found, room * sizeof(*items));

		if (!items) {
			tally->out_of_memory = true;
			return NULL;
		}
		tally->found = items;
		tally->found_room = room;
	}
	return &tally->found[tally->nr_found++];
}

/* Events that come together cannot be separated: packets of both directions. */
static bool names(const struct leak *leak, enum kt_event event)
{
	if (event == KT_NR_EVENTS)
		return false;
	if (leak->of == KT_EVENT_PACKETS_IN && event == KT_EVENT_PACKETS_OUT)
		return true;
	return event == (enum kt_event)leak->of;
}

static void note_leak(struct found *found, const struct leak *leak, const struct change *change)
{
	const struct kt_judged *judged = &change->judged;

	if (found->growing_h < 0 &&
		(judged->verdict == KT_VERDICT_GROWING || judged->verdict == KT_VERDICT_LEAK))
		found->growing_h = fmax(0, change->at_h - leak->onset_h);
	found->last = judged->verdict;
	found->veto = judged->veto;
	if (judged->verdict != KT_VERDICT_LEAK)
		return;
	found->named |= names(leak, judged->event);
	if (found->named && found->named_h < 0)
		found->named_h = fmax(0, change->at_h - leak->onset_h);
	found->with_family |= judged->sister != SIZE_MAX && judged->sister >= leak->family &&
			      judged->sister < leak->family + SISTERS_MAX;
	if (found->delay_h >= 0)
		return;
	found->delay_h = fmax(0, change->at_h - leak->onset_h);
	found->confidence = judged->confidence;
	found->rate_inside = judged->hourly_low_bytes <= found->hourly &&
			     found->hourly <= judged->hourly_high_bytes;
	found->onset_off_h = (double)(judged->since_ms - 1700000000000) / 3.6e6 - leak->onset_h;
}

static void add_leak(struct tally *tally, const struct sitting *sitting, size_t k)
{
	const struct series *series = &sitting->machine.series[k];
	const struct paper *paper = &sitting->papers[k];
	const struct leak *leak = &series->leak;
	double end_h = fmin(leak->end_h, sitting->machine.hours_end);
	struct found *found;

	if (end_h - leak->onset_h < .01 || leak->total < COUNTED_BYTES)
		return; /* a boot ended it before it was one */
	found = new_found(tally);
	if (!found)
		return;
	*found = (struct found){ .seed = sitting->machine.plan.seed,
		.series = k,
		.shape = leak->shape,
		.kind = series->kind,
		.size = leak->total / deviation(series),
		.hourly = leak->total / (end_h - leak->onset_h),
		.provable = leak_is_provable(leak),
		.delay_h = -1,
		.named_h = -1,
		.growing_h = -1 };
	for (size_t i = 0; i < paper->count; i++) {
		const struct change *change = &paper->items[i];
		double until = i + 1 < paper->count ? paper->items[i + 1].at_h : HOURS_FOREVER;

		/* a boot that ends it ends its verdict too */
		if (until > leak->onset_h && change->at_h < end_h - EARLY_H / 10)
			note_leak(found, leak, change);
	}
}

static void add_alarm(
	struct tally *tally, const struct sitting *sitting, size_t k, const struct change *change)
{
	const struct series *series = &sitting->machine.series[k];
	struct alarm *alarm;

	if (tally->nr_alarms == tally->alarms_room) {
		size_t room = tally->alarms_room ? 2 * tally->alarms_room : 64;
		struct alarm *items = realloc(tally->alarms, room * sizeof(*items));

		if (!items) {
			tally->out_of_memory = true;
			return;
		}
		tally->alarms = items;
		tally->alarms_room = room;
	}
	alarm = &tally->alarms[tally->nr_alarms++];
	*alarm = (struct alarm){ .seed = sitting->machine.plan.seed,
		.kind = series->kind,
		.at_h = change->at_h,
		.level = change->judged.level,
		.score = change->judged.score,
		.confidence = change->judged.confidence,
		.rise_bytes = (double)change->judged.rise_bytes };
	snprintf(alarm->series, sizeof(alarm->series), "%s", series->name);
	if (change->at_h < FRESH_H)
		tally->nr_fresh++;
}

/* Alarms of a series that does not leak, or does not yet; whether there was one. */
static bool add_alarms(struct tally *tally, const struct sitting *sitting, size_t k)
{
	const struct series *series = &sitting->machine.series[k];
	const struct paper *paper = &sitting->papers[k];
	double leaks_from = machine_leaks_from(&sitting->machine, series) - EARLY_H;
	double last_h = -HOURS_FOREVER;
	bool any = false;

	for (size_t i = 0; i < paper->count; i++) {
		const struct change *change = &paper->items[i];

		if (change->judged.verdict != KT_VERDICT_LEAK || change->at_h >= leaks_from)
			continue;
		if (change->at_h - last_h > SAME_ALARM_H) {
			add_alarm(tally, sitting, k, change);
			any = true;
		}
		last_h = i + 1 < paper->count ? paper->items[i + 1].at_h : HOURS_FOREVER;
	}
	return any;
}

/* Growth of which nothing else is said is right whatever its cause turns out to be. */
static bool is_right(enum kt_verdict truth, enum kt_verdict verdict)
{
	if (verdict != KT_VERDICT_GROWING)
		return verdict == truth;
	return truth == KT_VERDICT_GROWING || truth == KT_VERDICT_LEAK ||
	       truth == KT_VERDICT_FILLING || truth == KT_VERDICT_FOLLOWS ||
	       truth == KT_VERDICT_OUT_OF_PROPORTION;
}

static void add_state(struct tally *tally, enum kt_verdict truth, const struct kt_judged *judged)
{
	enum kt_verdict verdict = judged ? judged->verdict : KT_VERDICT_NORMAL;
	struct shares *sure;

	tally->matrix[truth][verdict]++;
	if (!judged)
		return;
	sure = &tally->sure[verdict][class_of(bin_limits, NR_BINS, judged->confidence)];
	sure->count++;
	sure->right += is_right(truth, verdict);
	sure->stated += judged->confidence;
}

/*
 * An episode gets the verdict that was held longest in it, except normal; a day of
 * a series that is the same all the time gets the one held longest.
 */
static void add_states(struct tally *tally, const struct sitting *sitting, size_t k)
{
	const struct series *series = &sitting->machine.series[k];
	const struct paper *paper = &sitting->papers[k];
	enum kt_verdict usual = series->kind->truth;
	double end_h = sitting->machine.hours_end;

	for (size_t i = 0; i < series->episodes.count; i++) {
		const struct episode *one = &series->episodes.items[i];
		double to_h = fmin(one->to_h, end_h);

		/* an episode at the end leaves no time to judge it */
		if (to_h - one->from_h >= .5 * (one->to_h - one->from_h) && one->from_h >= 24)
			add_state(tally, one->truth, paper_longest(paper, one->from_h, to_h, true));
	}
	if (series->episodes.count > 0 || usual == KT_NR_VERDICTS || series->restless ||
		series->leak.shape != SHAPE_ANY)
		return;
	for (double day = 24; day + 24 <= end_h; day += 24)
		add_state(tally, usual, paper_longest(paper, day, day + 24, false));
}

void tally_add(struct tally *tally, const struct sitting *sitting)
{
	const struct machine *machine = &sitting->machine;
	double share = (double)machine->nr_series / SERIES_USUAL;

	tally->nr_machines++;
	tally->nr_series += machine->nr_series;
	tally->machine_hours += machine->hours_end * share;
	tally->fresh_hours += fmin(machine->hours_end, FRESH_H) * share;
	tally->judge_ns += sitting->judge_ns;
	tally->nr_judged += sitting->nr_judged;
	if (sitting->judge_bytes / machine->nr_series > tally->judge_bytes_most)
		tally->judge_bytes_most = sitting->judge_bytes / machine->nr_series;
	for (size_t k = 0; k < machine->nr_series; k++) {
		const struct series *series = &machine->series[k];
		bool flagged = add_alarms(tally, sitting, k);

		add_states(tally, sitting, k);
		if (series->leak.shape != SHAPE_ANY) {
			add_leak(tally, sitting, k);
			continue;
		}
		tally->kind_series[series->kind - kinds]++;
		tally->kind_alarms[series->kind - kinds] += flagged;
	}
}

void tally_merge_states(struct tally *tally, const struct tally *other)
{
	for (int t = 0; t < KT_NR_VERDICTS; t++) {
		for (int v = 0; v < KT_NR_VERDICTS; v++)
			tally->matrix[t][v] += other->matrix[t][v];
		for (int b = 0; b < NR_BINS; b++) {
			tally->sure[t][b].right += other->sure[t][b].right;
			tally->sure[t][b].count += other->sure[t][b].count;
			tally->sure[t][b].stated += other->sure[t][b].stated;
		}
	}
}

void tally_free(struct tally *tally)
{
	free(tally->found);
	free(tally->alarms);
}
