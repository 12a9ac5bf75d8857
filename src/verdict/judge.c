// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/judge.h"

#include "verdict/series.h"
#include "verdict/sisters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MAX     (1u << 20)
#define PAGE_BYTES     4096
#define BYTES_MAX      (1ll << 62)
#define SEEN_LEAST     .75
#define SISTERS_SOUGHT 1024 /* growing series that are compared with a new leak */
#define HOUR_MS	       3600000
#define UNKNOWN_MS     (24ll * HOUR_MS) /* of growth whose holder cannot be looked for */
#define RETURNED_TIMES 3.
#define INODES_SHARE   512.		/* bytes for each KiB of inodes, at most */
#define HELD_MS	       (48ll * HOUR_MS) /* of growth that something visible holds */

struct kt_judge {
	struct kt_judge_options options;
	struct kt_clock clock;
	struct kt_machine_numbers numbers;
	struct kt_series **series;
	int64_t *changed_ms; /* of each series: when its amount last changed; -1: never */
	size_t count, room, name_bytes;
	int64_t states_ms;	      /* when amounts that do not grow were last judged */
	int64_t tested[KT_NR_LEVELS]; /* block in which a level was last tested */
};

struct kt_judge *kt_judge_new(const struct kt_judge_options *options)
{
	struct kt_judge *judge = calloc(1, sizeof(*judge));

	if (!judge)
		return NULL;
	judge->options = *options;
	for (int i = 0; i < KT_NR_DRIVERS; i++)
		kt_number_begin_highs(&judge->numbers.drivers[i], &judge->numbers.highs[i]);
	for (int i = 0; i < KT_NR_EVENTS; i++)
		kt_number_begin(&judge->numbers.events[i], true);
	return judge;
}

void kt_judge_free(struct kt_judge *judge)
{
	if (!judge)
		return;
	for (size_t i = 0; i < judge->count; i++)
		kt_series_free(judge->series[i]);
	free(judge->series);
	free(judge->changed_ms);
	free(judge);
}

static bool make_room(struct kt_judge *judge)
{
	size_t room = judge->room ? judge->room + judge->room / 4 + 8 : 64;
	struct kt_series **series;
	int64_t *changed;

	if (judge->count < judge->room)
		return true;
	if (judge->count >= SERIES_MAX)
		return false;
	series = realloc(judge->series, room * sizeof(struct kt_series *));
	if (!series)
		return false;
	judge->series = series;
	changed = realloc(judge->changed_ms, room * sizeof(*changed));
	if (!changed)
		return false;
	judge->changed_ms = changed;
	judge->room = room;
	return true;
}

size_t kt_judge_add(struct kt_judge *judge, const struct kt_judge_series *about)
{
	int64_t grain = about->grain_bytes > PAGE_BYTES ? about->grain_bytes : PAGE_BYTES;
	struct kt_series *series;

	if (!make_room(judge))
		return SIZE_MAX;
	series = kt_series_new(about->name, (double)grain, about->reclaimable);
	if (!series)
		return SIZE_MAX;
	judge->name_bytes += strlen(about->name) + 1;
	judge->changed_ms[judge->count] = -1;
	judge->series[judge->count] = series;
	return judge->count++;
}

size_t kt_judge_count(const struct kt_judge *judge)
{
	return judge->count;
}

const char *kt_judge_name(const struct kt_judge *judge, size_t series)
{
	return judge->series[series]->name;
}

void kt_judge_begin(struct kt_judge *judge, int64_t time_ms, int64_t uptime_ms)
{
	if (kt_clock_advance(&judge->clock, time_ms, uptime_ms))
		kt_judge_boot(judge);
}

static int64_t bounded(int64_t bytes)
{
	return bytes > BYTES_MAX ? BYTES_MAX : bytes < -BYTES_MAX ? -BYTES_MAX : bytes;
}

void kt_judge_amount(struct kt_judge *judge, size_t index, int64_t bytes)
{
	struct kt_series *series = judge->series[index];

	bytes = bounded(bytes);
	series->gone = false;
	if (series->rings.begun_ms < 0)
		kt_rings_begin(&series->rings, &judge->clock, bytes);
	else if (!kt_rings_put(&series->rings, &judge->clock, bytes))
		return;
	judge->changed_ms[index] = judge->clock.now_ms;
}

void kt_judge_gone(struct kt_judge *judge, size_t index)
{
	if (judge->series[index]->rings.begun_ms < 0)
		return;
	kt_judge_amount(judge, index, 0);
	judge->series[index]->gone = true;
}

void kt_judge_driver(struct kt_judge *judge, enum kt_driver driver, int64_t value)
{
	kt_number_put(&judge->numbers.drivers[driver], &judge->clock, (double)value);
}

void kt_judge_event(struct kt_judge *judge, enum kt_event event, int64_t count)
{
	kt_number_put(&judge->numbers.events[event], &judge->clock, (double)count);
}

void kt_judge_pressure(struct kt_judge *judge)
{
	kt_pressures_add(&judge->numbers.pressures, judge->clock.now_ms);
}

static void report_change(const struct kt_judge *judge, size_t index)
{
	struct kt_judged judged;

	if (!judge->options.changed)
		return;
	kt_judge_verdict(judge, index, &judged);
	judge->options.changed(judge->options.changed_arg, index, &judged);
}

void kt_judge_boot(struct kt_judge *judge)
{
	kt_clock_boot(&judge->clock);
	for (int i = 0; i < KT_NR_DRIVERS; i++)
		kt_number_begin_highs(&judge->numbers.drivers[i], &judge->numbers.highs[i]);
	for (int i = 0; i < KT_NR_EVENTS; i++)
		kt_number_begin(&judge->numbers.events[i], true);
	judge->numbers.pressures.count = 0;
	for (size_t i = 0; i < judge->count; i++) {
		struct kt_series *series = judge->series[i];
		uint8_t before = series->verdict;

		if (series->rings.begun_ms < 0)
			continue;
		kt_series_restart(series, &judge->clock,
			kt_rings_bytes(&series->rings, (double)series->rings.value));
		judge->changed_ms[i] = judge->clock.now_ms;
		if (series->verdict != before)
			report_change(judge, i);
	}
}

static struct kt_growth_of growth_of(const struct kt_judge *judge, const struct kt_series *series)
{
	return (struct kt_growth_of){ &series->rings, &judge->clock, (double)series->grain,
		(double)judge->options.ram_bytes, series->reclaimable, judge->numbers.events };
}

/* Series that grow in step with a new leak are the same event. */
static void find_sisters(struct kt_judge *judge, size_t index, int level)
{
	struct kt_series *leak = judge->series[index];
	size_t left = SISTERS_SOUGHT;

	for (size_t i = 0; i < judge->count && left; i++) {
		struct kt_series *other = judge->series[i];
		bool leaks = other->verdict == KT_VERDICT_LEAK;

		if (i == index || (!leaks && other->verdict != KT_VERDICT_GROWING))
			continue;
		left--;
		kt_rings_close(&other->rings, &judge->clock);
		if (!kt_sisters(leak, other, &judge->clock, level))
			continue;
		if (leaks && leak->sister == UINT32_MAX)
			leak->sister = other->sister == UINT32_MAX ? (uint32_t)i : other->sister;
		else if (!leaks)
			other->sister = leak->sister == UINT32_MAX ? (uint32_t)index : leak->sister;
	}
}

/* Growth with a reclaimable cache is a fill of it, though the kernel does not say so of this one.
 */
static void look_for_ridden(struct kt_judge *judge, size_t index, const struct kt_growth *growth,
	struct kt_outcome *outcome)
{
	struct kt_series *series = judge->series[index];
	size_t left = SISTERS_SOUGHT;

	if (outcome->verdict != KT_VERDICT_LEAK || series->verdict == KT_VERDICT_LEAK)
		return;
	for (size_t i = 0; i < judge->count && left; i++) {
		struct kt_series *cache = judge->series[i];

		if (!cache->reclaimable || i == index || judge->changed_ms[i] < growth->onset_ms)
			continue;
		left--;
		kt_rings_close(&cache->rings, &judge->clock);
		if (!kt_rides(series, cache, &judge->clock, growth->level, growth->blocks))
			continue;
		outcome->verdict = KT_VERDICT_FILLING;
		outcome->veto = KT_VETO_RECLAIMABLE;
		outcome->ridden = (uint32_t)i;
		return;
	}
	if (!kt_rides_number(series, &judge->numbers.drivers[KT_DRIVER_INODES_KIB], INODES_SHARE,
		    &judge->clock, growth->level))
		return;
	outcome->verdict = KT_VERDICT_FILLING;
	outcome->veto = KT_VETO_DRIVER;
	outcome->driven = (struct kt_driven){ KT_DRIVER_INODES_KIB, NAN, NAN, false };
}

/* It began with its growth while the machine was watched: no earlier day of it is unknown. */
static bool was_born(const struct kt_judge *judge, const struct kt_series *series,
	const struct kt_growth *growth)
{
	return series->rings.begun_ms > judge->clock.begun_ms &&
	       (double)series->rings.origin <= growth->rise / 2;
}

/*
 * Growth of hours is a leak only if a look has found nothing that holds it. No job lasts for two
 * days: something that still holds more and more is what leaks. But a look that finds a holder,
 * and a number that goes with the growth, say the same: more is in use. A look that finds only
 * survivors stands in for a day of history where there was none.
 */
static void look_for_holder(struct kt_judge *judge, size_t index, const struct kt_growth_of *of,
	const struct kt_growth *growth, struct kt_outcome *outcome)
{
	struct kt_series *series = judge->series[index];
	bool young = outcome->verdict == KT_VERDICT_GROWING && outcome->veto == KT_VETO_HISTORY &&
		     was_born(judge, series, growth);
	enum kt_look look = KT_LOOK_UNKNOWN;

	if (outcome->verdict != KT_VERDICT_LEAK && !young)
		return;
	if (judge->options.look)
		look = judge->options.look(judge->options.look_arg, index);
	if (young && look == KT_LOOK_LOST) {
		outcome->verdict = KT_VERDICT_LEAK;
		outcome->veto = KT_VETO_NONE;
	}
	if (young)
		return;
	if (look == KT_LOOK_HELD &&
		kt_drivers_go_with(of, judge->numbers.drivers, growth, &outcome->driven)) {
		outcome->verdict = KT_VERDICT_FOLLOWS;
		outcome->veto = KT_VETO_DRIVER;
		return;
	}
	if (look != KT_LOOK_LOST && growth->blocks * kt_levels[growth->level].step_ms <
					    (look == KT_LOOK_HELD ? HELD_MS : UNKNOWN_MS)) {
		outcome->verdict = KT_VERDICT_GROWING;
		outcome->veto = KT_VETO_HOLDER;
	}
}

/* An amount that has followed a number for a day goes on to, though a window fits a line better. */
static void look_for_followed(const struct kt_judge *judge, const struct kt_series *series,
	const struct kt_growth_of *of, const struct kt_growth *growth, struct kt_outcome *outcome)
{
	bool follows = series->verdict == KT_VERDICT_FOLLOWS &&
		       judge->clock.now_ms - series->decided_ms >= 24ll * HOUR_MS;
	struct kt_driven driven;

	if (outcome->verdict != KT_VERDICT_LEAK || series->verdict == KT_VERDICT_LEAK)
		return;
	if (follows && kt_drivers_go_on(of, &judge->numbers.drivers[series->driver],
			       (double)series->per_unit, growth))
		driven = (struct kt_driven){ series->driver, (double)series->per_unit,
			(double)series->per_unit, false };
	else
		kt_drivers_followed(of, judge->numbers.drivers, growth, &driven);
	if (driven.driver == KT_NR_DRIVERS)
		return;
	outcome->verdict =
		driven.driver == KT_DRIVER_INODES_KIB ? KT_VERDICT_FILLING : KT_VERDICT_FOLLOWS;
	outcome->veto = KT_VETO_DRIVER;
	outcome->driven = driven;
}

/* Growth of this amount was taken for a leak, and came back by itself: it has to be larger now. */
static void look_for_returned(
	const struct kt_series *series, const struct kt_growth *growth, struct kt_outcome *outcome)
{
	if (outcome->verdict != KT_VERDICT_LEAK || series->verdict == KT_VERDICT_LEAK ||
		growth->level >= KT_LEVEL_TWO_HOURS ||
		growth->rise >= RETURNED_TIMES * (double)series->returned)
		return;
	outcome->verdict = KT_VERDICT_GROWING;
	outcome->veto = KT_VETO_TERRITORY;
}

/* When growth began that is not known yet. For weeks it has grown with the number. */
static int64_t began_ms(const struct kt_judge *judge, const struct kt_series *series)
{
	bool long_ago = judge->clock.now_ms - series->since_ms > 7 * 24ll * HOUR_MS;

	return long_ago ? series->decided_ms : series->since_ms;
}

/*
 * Growth of what has followed a number until now: for a day it may be other units, which take more.
 * Then only a leak goes on.
 */
static void look_for_left(const struct kt_judge *judge, const struct kt_series *series,
	const struct kt_growth_of *of, const struct kt_growth *growth, struct kt_outcome *outcome)
{
	struct kt_growth whole = *growth;
	struct kt_driven left;

	if (outcome->verdict != KT_VERDICT_LEAK || series->verdict == KT_VERDICT_LEAK)
		return;
	if ((series->verdict == KT_VERDICT_GROWING ||
		    series->verdict == KT_VERDICT_OUT_OF_PROPORTION) &&
		series->since_ms >= 0 && began_ms(judge, series) < whole.onset_ms)
		whole.onset_ms = began_ms(judge, series);
	if (judge->clock.now_ms - whole.onset_ms >= 24ll * HOUR_MS)
		return;
	kt_drivers_left(of, judge->numbers.drivers, &whole, &left);
	if (left.driver == KT_NR_DRIVERS)
		return;
	outcome->verdict = left.too_much ? KT_VERDICT_OUT_OF_PROPORTION : KT_VERDICT_GROWING;
	outcome->veto = KT_VETO_DRIVER;
	outcome->driven = left;
}

/* No level has growth to report: the verdicts with a rank come after these two. */
static bool is_still(const struct kt_series *series)
{
	bool still = true;

	for (int level = 0; level < KT_NR_LEVELS; level++)
		still &= series->verdicts[level] <= KT_VERDICT_NORMAL;
	return still;
}

/* Is there a level whose outcome ranks higher than this one? */
static bool outranked(const struct kt_series *series, int level)
{
	int rank = kt_outcome_rank(series->verdicts[level], series->vetoes[level]);

	for (int k = 0; k < KT_NR_LEVELS; k++)
		if (kt_outcome_rank(series->verdicts[k], series->vetoes[k]) > rank)
			return true;
	return false;
}

static void no_growth(struct kt_series *series, int level)
{
	series->streaks[level] = 0;
	series->verdicts[level] = KT_VERDICT_NORMAL;
}

static void test_level(struct kt_judge *judge, size_t index, int level)
{
	struct kt_series *series = judge->series[index];
	struct kt_growth_of of = growth_of(judge, series);
	struct kt_outcome outcome;
	struct kt_growth growth;

	if (!kt_growth_gate(&of, level)) {
		no_growth(series, level);
		return;
	}
	kt_growth_seek(&of, level, &growth);
	kt_outcome_of(&of, &judge->numbers, &growth, &outcome);
	if (!growth.positive)
		series->streaks[level] = 0;
	else if (series->streaks[level] < UINT8_MAX)
		series->streaks[level]++;
	if (growth.positive && series->streaks[level] < kt_levels[level].streak)
		return;
	look_for_returned(series, &growth, &outcome);
	look_for_followed(judge, series, &of, &growth, &outcome);
	look_for_left(judge, series, &of, &growth, &outcome);
	look_for_holder(judge, index, &of, &growth, &outcome);
	look_for_ridden(judge, index, &growth, &outcome);
	series->verdicts[level] = (uint8_t)outcome.verdict;
	series->vetoes[level] = (uint8_t)outcome.veto;
	if (outcome.verdict == KT_VERDICT_NORMAL || outranked(series, level) ||
		(outcome.verdict != KT_VERDICT_LEAK && kt_series_holds(series, &of)) ||
		(series->verdict == KT_VERDICT_LEAK && outcome.verdict != KT_VERDICT_LEAK))
		return;
	bool was_leak = series->verdict == KT_VERDICT_LEAK;

	kt_series_grew(series, &of, &judge->numbers, &growth, &outcome);
	if (outcome.verdict == KT_VERDICT_LEAK && !was_leak)
		find_sisters(judge, index, level);
}

/* A level in whose window blocks are missing is not tested. */
static bool is_due(struct kt_judge *judge, int level)
{
	const struct kt_level *about = &kt_levels[level];
	int64_t block = judge->clock.block[level];

	if (block - judge->tested[level] < about->every)
		return false;
	judge->tested[level] = block;
	return kt_clock_seen(&judge->clock, level, about->windows[0]) >=
	       SEEN_LEAST * about->windows[0];
}

/*
 * The level whose outcome ranks highest, of several the one that was reported last; -1: no growth
 * to report.
 */
static int deciding_level(const struct kt_series *series)
{
	int best = -1, highest = 0;

	for (int level = 0; level < KT_NR_LEVELS; level++) {
		int rank = kt_outcome_rank(series->verdicts[level], series->vetoes[level]);

		if (rank > highest || (rank > 0 && rank == highest && level == series->level)) {
			highest = rank;
			best = level;
		}
	}
	return best;
}

/* Ends what has ended: a leak, a verdict whose level no longer has it. */
static void settle(struct kt_judge *judge, size_t index, bool states_too)
{
	struct kt_series *series = judge->series[index];
	struct kt_growth_of of = growth_of(judge, series);
	int level;

	kt_series_check_end(series, &of);
	if (series->verdict == KT_VERDICT_LEAK)
		return;
	level = is_still(series) ? -1 : deciding_level(series);
	if (level >= 0 && (series->level != level || series->verdict != series->verdicts[level]))
		test_level(judge, index, level);
	else if (level < 0 && states_too)
		kt_series_still(series, &of, &judge->numbers);
}

/*
 * Nothing has grown, and nothing can have: most amounts that move stay where they have been. `due`
 * are short blocks only.
 */
static bool stays_below(
	const struct kt_judge *judge, const struct kt_series *series, const bool *due)
{
	const struct kt_rings *rings = &series->rings;

	if (series->verdict == KT_VERDICT_LEAK || rings->value > rings->week_high ||
		!is_still(series))
		return false;
	/* blocks may not be closed yet: the floor of the newest one is one of these three */
	for (int level = 0; level < KT_LEVEL_TWO_HOURS - 1; level++)
		if (due[level] && (rings->open[level] > rings->week_high ||
					  rings->floors[kt_clock_closed(&judge->clock, level, 0)] >
						  rings->week_high))
			return false;
	return true;
}

/* kt_growth_gate() would say so too, but nearly all amounts come here, with nothing at hand. */
static bool is_below(const struct kt_judge *judge, const struct kt_series *series, int level)
{
	return level < KT_LEVEL_TWO_HOURS && kt_rings_floor(&series->rings, &judge->clock, level,
						     0) <= (double)series->rings.week_high;
}

/* Enough blocks of a level have closed; the rings are closed. */
static void test_due(struct kt_judge *judge, size_t index, int level)
{
	struct kt_series *series = judge->series[index];
	int64_t still_ms = judge->clock.now_ms - judge->changed_ms[index];

	if (still_ms > kt_levels[level].kept * kt_levels[level].step_ms)
		series->verdicts[level] = KT_VERDICT_NORMAL;
	else if (is_below(judge, series, level))
		no_growth(series, level);
	else
		test_level(judge, index, level);
}

static void test_series(struct kt_judge *judge, size_t index, const bool *due, bool hourly)
{
	struct kt_series *series = judge->series[index];
	uint8_t before = series->verdict;
	bool states_due = hourly || due[3] || before == KT_VERDICT_NOT_OBSERVABLE ||
			  (before == KT_VERDICT_GROWING && due[1]);

	if (!states_due && !due[2] && !due[4] && stays_below(judge, series, due)) {
		series->streaks[0] = due[0] ? 0 : series->streaks[0];
		series->streaks[1] = due[1] ? 0 : series->streaks[1];
		return;
	}
	kt_rings_close(&series->rings, &judge->clock);
	for (int level = 0; level < KT_NR_LEVELS; level++)
		/* a known leak is only followed */
		if (due[level] && (level >= 2 || due[2] || before != KT_VERDICT_LEAK))
			test_due(judge, index, level);
	if (states_due || before == KT_VERDICT_LEAK || !is_still(series))
		settle(judge, index, states_due);
	if (series->verdict != before)
		report_change(judge, index);
}

void kt_judge_end(struct kt_judge *judge)
{
	bool due[KT_NR_LEVELS], any = false,
				hourly = judge->clock.now_ms - judge->states_ms >= HOUR_MS;
	int64_t longest = 0, since_ms;

	for (int i = 0; i < KT_NR_DRIVERS; i++)
		kt_number_end(&judge->numbers.drivers[i], &judge->clock);
	for (int i = 0; i < KT_NR_EVENTS; i++)
		kt_number_end(&judge->numbers.events[i], &judge->clock);
	for (int level = 0; level < KT_NR_LEVELS; level++) {
		due[level] = is_due(judge, level);
		any |= due[level];
		if (due[level])
			longest = kt_levels[level].step_ms * (kt_levels[level].kept + 2);
	}
	hourly = hourly && any;
	if (hourly)
		judge->states_ms = judge->clock.now_ms;
	if (!any)
		return;
	/* a series without an amount has -1 */
	since_ms = judge->clock.now_ms > longest ? judge->clock.now_ms - longest : 0;
	for (size_t i = 0; i < judge->count; i++)
		if (judge->changed_ms[i] >= since_ms)
			test_series(judge, i, due, hourly);
}

void kt_judge_verdict(const struct kt_judge *judge, size_t index, struct kt_judged *ret_judged)
{
	struct kt_series *series = judge->series[index];

	if (series->rings.begun_ms >= 0)
		kt_rings_close(&series->rings, &judge->clock);
	kt_series_judged(series, &judge->clock, index, ret_judged);
}

size_t kt_judge_floors(const struct kt_judge *judge, size_t index, int64_t *floors, size_t max,
	int64_t *ret_step_ms)
{
	struct kt_series *series = judge->series[index];
	int level = series->level < 0 ? KT_LEVEL_TWO_HOURS : series->level;
	struct kt_floors kept;

	*ret_step_ms = kt_levels[level].step_ms;
	if (series->rings.begun_ms < 0)
		return 0;
	kt_rings_close(&series->rings, &judge->clock);
	kt_rings_floors(&series->rings, &judge->clock, level,
		max < KT_LEVEL_BLOCKS ? (int)max : KT_LEVEL_BLOCKS, &kept);
	for (int i = 0; i < kept.count; i++)
		floors[i] = kt_rings_bytes(&series->rings, kept.at[i]);
	return (size_t)kept.count;
}

size_t kt_judge_size(const struct kt_judge *judge)
{
	return sizeof(*judge) + judge->name_bytes + judge->count * sizeof(struct kt_series) +
	       judge->room * (sizeof(struct kt_series *) + sizeof(*judge->changed_ms));
}
