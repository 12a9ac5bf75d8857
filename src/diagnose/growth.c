// SPDX-License-Identifier: GPL-2.0-or-later
#include "diagnose/growth.h"

#include "account/row.h"
#include "base/when.h"
#include "diagnose/holder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOUR_S		3600.0
#define SOON_S		(24ll * 3600) /* memory that is short within a day is critical */
#define FLOORS_MAX	90u	      /* points of a chart */
#define NAMED_MAX	4u	      /* series that grow in step and are named in a sentence */
#define LEAK_ID		"leak"
#define GROWING_ID	"growing"
#define LEAST_SHARE	0.1 /* of the growth, for an event to be named */
#define URGENT_BYTES	2   /* divisor of the memory left: such growth within an hour is urgent */
#define DATE_AND_MINUTE 16  /* characters of "2026-01-31 23:59" */

/* One word for each verdict: the id of its findings. */
static const char *const ids[KT_NR_VERDICTS] = {
	[KT_VERDICT_NOT_OBSERVABLE] = "not-observable",
	[KT_VERDICT_NORMAL] = "normal",
	[KT_VERDICT_FILLING] = "filling-cache",
	[KT_VERDICT_CHURN] = "churn",
	[KT_VERDICT_STEP] = "step",
	[KT_VERDICT_SPIKE] = "spike",
	[KT_VERDICT_DROP] = "drop",
	[KT_VERDICT_SAW_TOOTH] = "saw-tooth",
	[KT_VERDICT_FOLLOWS] = "follows",
	[KT_VERDICT_OUT_OF_PROPORTION] = "out-of-proportion",
	[KT_VERDICT_GROWING] = GROWING_ID,
	[KT_VERDICT_LEAK] = LEAK_ID,
	[KT_VERDICT_WAS_LEAKING] = "was-leaking",
};

/* Amounts of a damaged recording may be of any size. */
static int64_t sum_of(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

static const char *name_of(const char *series)
{
	const char *colon = strchr(series, ':');

	return colon ? colon + 1 : series;
}

const char *kt_growth_subject_name(const struct kt_finding *finding)
{
	return name_of(finding->subject);
}

static bool is_cache(const char *series)
{
	return strncmp(series, "slab:", 5) == 0;
}

/* Title of a series in a sentence: "kmalloc-512", "per-CPU memory". */
static const char *title_of(struct kt_report *report, const char *series)
{
	enum kt_row_id row;

	if (is_cache(series))
		return kt_arena_printf(&report->arena, "slab cache %s", name_of(series));
	row = kt_row_find(name_of(series));
	return row == KT_ROW_NONE ? name_of(series) : kt_rows[row].title;
}

static const char *bytes_text(struct kt_report *report, double bytes)
{
	return kt_report_bytes(report, bytes < 0		       ? 0
				       : bytes > (double)KT_AMOUNT_MAX ? KT_AMOUNT_MAX
								       : (int64_t)bytes);
}

static const char *time_text(struct kt_report *report, int64_t ms)
{
	char when[KT_WHEN_ROOM];

	kt_when_local(ms, when);
	if (strlen(when) < DATE_AND_MINUTE + 3)
		return kt_arena_printf(&report->arena, "%s", when);
	/* without the seconds */
	return kt_arena_printf(
		&report->arena, "%.*s%s", DATE_AND_MINUTE, when, when + DATE_AND_MINUTE + 3);
}

/* Seconds until `left` bytes are gone at an hourly rate; KT_UNKNOWN: never. */
static int64_t seconds_for(int64_t left_bytes, double hourly_bytes)
{
	double seconds;

	if (!kt_known(left_bytes) || !(hourly_bytes > 0))
		return KT_UNKNOWN;
	seconds = (double)left_bytes / hourly_bytes * HOUR_S;
	return seconds < (double)KT_AMOUNT_MAX ? (int64_t)seconds : KT_UNKNOWN;
}

static bool is_growth(enum kt_verdict verdict)
{
	return verdict == KT_VERDICT_LEAK || verdict == KT_VERDICT_GROWING ||
	       verdict == KT_VERDICT_OUT_OF_PROPORTION;
}

/* Only the name of a holder is missing: see enum kt_look. */
static bool is_leak_shaped(const struct kt_judged *judged)
{
	return judged->verdict == KT_VERDICT_LEAK ||
	       (judged->verdict == KT_VERDICT_GROWING && judged->veto == KT_VETO_HOLDER);
}

/* A holder that is found in the memory which did not come back stands for a day of history. */
static bool is_leak_with_name(const struct kt_judged *judged)
{
	return is_leak_shaped(judged) ||
	       (judged->verdict == KT_VERDICT_GROWING && judged->veto == KT_VETO_HISTORY);
}

/* Numbers that a process or a directory of cgroups holds, which may be named. */
static bool has_holder(const struct kt_judged *judged)
{
	if (judged->verdict != KT_VERDICT_FOLLOWS)
		return false;
	return judged->driver == KT_DRIVER_TASKS || judged->driver == KT_DRIVER_SOCKETS ||
	       judged->driver == KT_DRIVER_FILES || judged->driver == KT_DRIVER_CGROUPS ||
	       judged->driver == KT_DRIVER_DYING_CGROUPS;
}

static bool is_told(const struct kt_judged *judged, const struct kt_growth_context *context)
{
	if (judged->verdict == KT_VERDICT_NORMAL || judged->verdict == KT_VERDICT_NOT_OBSERVABLE)
		return false;
	return context->all || is_growth(judged->verdict) ||
	       judged->verdict == KT_VERDICT_WAS_LEAKING;
}

/*
 * The verdict on a series. Growth of minutes has its rise by the shortest blocks: the last whole
 * block of a minute may be from before it.
 */
static void judged_of(const struct kt_judge *judge, size_t series, struct kt_judged *ret_judged)
{
	int64_t floors[FLOORS_MAX], step_ms = 0, rise_bytes;
	size_t count;

	kt_judge_verdict(judge, series, ret_judged);
	if (ret_judged->level != 0)
		return;
	count = kt_judge_floors(judge, series, floors, FLOORS_MAX, &step_ms);
	rise_bytes = count ? sum_of(floors[count - 1], -floors[0]) : 0;
	if (rise_bytes > ret_judged->rise_bytes)
		ret_judged->rise_bytes = rise_bytes;
}

/* All that follows one number of the machine; `largest`: the series that grew most. */
struct followers {
	size_t count, largest;
	int64_t rise_bytes, largest_bytes;
	double hourly_bytes, per_unit_bytes;
};

static void find_followers(const struct kt_judge *judge, struct followers ret[KT_NR_DRIVERS])
{
	for (int i = 0; i < KT_NR_DRIVERS; i++)
		ret[i] = (struct followers){ .largest = SIZE_MAX };
	for (size_t i = 0; i < kt_judge_count(judge); i++) {
		struct kt_judged judged;
		struct followers *of;

		judged_of(judge, i, &judged);
		if (!has_holder(&judged) || judged.rise_bytes <= 0)
			continue;
		of = &ret[judged.driver];
		of->count++;
		of->rise_bytes = sum_of(of->rise_bytes, judged.rise_bytes);
		of->hourly_bytes += judged.hourly_bytes > 0 ? judged.hourly_bytes : 0;
		of->per_unit_bytes += judged.per_unit_bytes > 0 ? judged.per_unit_bytes : 0;
		if (judged.rise_bytes <= of->largest_bytes)
			continue;
		of->largest = i;
		of->largest_bytes = judged.rise_bytes;
	}
}

/* At this rate memory would be short within a day: worth a look at who makes the number grow. */
static bool matters(const struct followers *of, const struct kt_growth_context *context)
{
	int64_t short_s = seconds_for(context->left_bytes, of->hourly_bytes);

	return kt_known(short_s) && short_s < SOON_S;
}

static enum kt_severity severity_of(
	const struct kt_judged *judged, const struct kt_growth_context *context)
{
	int64_t short_s = seconds_for(context->left_bytes, judged->hourly_bytes);
	bool urgent = kt_known(short_s) && short_s < (int64_t)HOUR_S * URGENT_BYTES;

	if (is_leak_shaped(judged))
		return kt_known(short_s) && short_s < SOON_S ? KT_SEVERITY_CRITICAL
							     : KT_SEVERITY_WARNING;
	switch (judged->verdict) {
	case KT_VERDICT_GROWING: return urgent ? KT_SEVERITY_CRITICAL : KT_SEVERITY_NOTICE;
	case KT_VERDICT_OUT_OF_PROPORTION:
	case KT_VERDICT_WAS_LEAKING: return KT_SEVERITY_NOTICE;
	default: return KT_SEVERITY_INFO;
	}
}

/* ---- sentences ---- */

/* "kernel stacks", "huge page pools"; but "vmalloc, without stacks" */
static bool is_plural(const char *title)
{
	size_t n = strlen(title);

	return n && title[n - 1] == 's' && !strchr(title, ',') &&
	       strncmp(title, "slab cache", 10) != 0;
}

static const char *title_text(
	struct kt_report *report, const char *series, const struct kt_judged *judged)
{
	struct kt_arena *arena = &report->arena;
	const char *title = title_of(report, series);
	const char *rate = bytes_text(report, judged->hourly_bytes);
	const char *rise = bytes_text(report, (double)judged->rise_bytes);
	const char *since = judged->since_ms >= 0 ? time_text(report, judged->since_ms) : "?";

	switch (judged->verdict) {
	case KT_VERDICT_LEAK:
	case KT_VERDICT_GROWING:
		return kt_arena_printf(arena, "%s %s by %s an hour since %s, %s so far", title,
			is_plural(title) ? "grow" : "grows", rate, since, rise);
	case KT_VERDICT_OUT_OF_PROPORTION:
		return kt_arena_printf(arena, "%s takes %s for each %s, far more than before",
			title, bytes_text(report, judged->per_unit_bytes),
			kt_driver_name(judged->driver));
	case KT_VERDICT_FOLLOWS:
		return kt_arena_printf(arena, "%s grows with the machine: %s for each %s", title,
			bytes_text(report, judged->per_unit_bytes), kt_driver_name(judged->driver));
	case KT_VERDICT_FILLING:
		return kt_arena_printf(
			arena, "%s fills like a cache, %s since %s", title, rise, since);
	case KT_VERDICT_WAS_LEAKING:
		return kt_arena_printf(arena, "%s was leaking; the memory came back", title);
	case KT_VERDICT_STEP:
		return kt_arena_printf(arena, "%s rose once, by %s, and stays there", title, rise);
	case KT_VERDICT_DROP: return kt_arena_printf(arena, "%s fell once and stays there", title);
	case KT_VERDICT_SPIKE: return kt_arena_printf(arena, "%s rose and came back", title);
	case KT_VERDICT_SAW_TOOTH:
		return kt_arena_printf(arena, "%s rises and is emptied again and again", title);
	case KT_VERDICT_CHURN:
		return kt_arena_printf(arena, "%s rises and falls; its floor is flat", title);
	default: return kt_arena_printf(arena, "%s: nothing unusual", title);
	}
}

static void put_short(struct kt_report *report, struct kt_finding *finding,
	const struct kt_growth_context *context)
{
	const char *when = kt_finding_short_in(report, finding);

	if (when && *when)
		kt_finding_evidence(report, finding, "%s of memory are left: short %s at this rate",
			bytes_text(report, (double)context->left_bytes), when);
}

/* Says how long growth can go on, by the rates that are likely to come. */
static void put_time_left(struct kt_report *report, struct kt_finding *finding,
	const struct kt_judged *judged, const struct kt_growth_context *context)
{
	finding->short_low_s = seconds_for(context->left_bytes, judged->hourly_high_bytes);
	finding->short_high_s = seconds_for(context->left_bytes, judged->hourly_low_bytes);
	if (!kt_known(finding->short_low_s))
		finding->short_low_s = seconds_for(context->left_bytes, judged->hourly_bytes);
	put_short(report, finding, context);
}

static void put_driver(
	struct kt_report *report, struct kt_finding *finding, const struct kt_judged *judged)
{
	if (judged->event < KT_NR_EVENTS && judged->event_share >= LEAST_SHARE)
		kt_finding_evidence(report, finding,
			"%s more for each %s, which explains %.0f %% of the growth",
			bytes_text(report, judged->per_event_bytes), kt_event_name(judged->event),
			judged->event_share * 100);
	else if (judged->driver < KT_NR_DRIVERS && judged->verdict == KT_VERDICT_GROWING)
		kt_finding_evidence(report, finding, "it may follow the number of %ss: %s for each",
			kt_driver_name(judged->driver), bytes_text(report, judged->per_unit_bytes));
}

static void put_evidence(struct kt_report *report, struct kt_finding *finding,
	const struct kt_judged *judged, const struct kt_growth_context *context)
{
	if (is_leak_shaped(judged))
		kt_finding_evidence(report, finding,
			"it has the shape of a leak: its floor is a straight line, which no cache "
			"that fills and no step explains");
	else if (judged->verdict == KT_VERDICT_GROWING)
		kt_finding_evidence(
			report, finding, "not yet called a leak: %s", kt_veto_name(judged->veto));
	if (judged->noise_bytes > 0 && judged->rise_bytes > 0)
		kt_finding_evidence(report, finding,
			"the rise is %.0f times its usual variation of %s",
			(double)judged->rise_bytes / judged->noise_bytes,
			bytes_text(report, judged->noise_bytes));
	if (judged->verdict == KT_VERDICT_GROWING && judged->ceiling_bytes > 0)
		kt_finding_evidence(report, finding,
			"if it is a cache that fills, it ends above %s",
			bytes_text(report, judged->ceiling_bytes));
	if (is_growth(judged->verdict))
		put_time_left(report, finding, judged, context);
	put_driver(report, finding, judged);
}

/* Rows whose allocations can be watched, and the words for them. */
static const struct {
	const char *row, *watched;
} watched_rows[] = {
	{ "unattributed", "pages" },
	{ "percpu", "percpu" },
	{ "vmalloc", "vmalloc" },
	{ "kernel_stacks", "kernel_stacks" },
};

const char *kt_growth_watched(const struct kt_finding *finding)
{
	if (is_cache(finding->subject))
		return name_of(finding->subject);
	for (size_t i = 0; i < KT_LEN(watched_rows); i++) {
		if (strcmp(name_of(finding->subject), watched_rows[i].row) == 0)
			return watched_rows[i].watched;
	}
	return NULL;
}

/* "ktally users kmalloc-512 --watch 10m", of the machine that the numbers are of. */
static const char *next_of(
	struct kt_report *report, const struct kt_finding *finding, const char *source)
{
	const char *from = source ? "on that machine: " : "";
	const char *watched = kt_growth_watched(finding);

	if (watched)
		return kt_arena_printf(
			&report->arena, "%sktally users %s --watch 10m", from, watched);
	return kt_arena_printf(
		&report->arena, "%sktally explain %s", from, name_of(finding->subject));
}

/* ---- findings ---- */

static void put_chart(struct kt_report *report, struct kt_finding *finding,
	const struct kt_judge *judge, size_t series)
{
	int64_t floors[FLOORS_MAX], step_ms = 0;
	size_t count = kt_judge_floors(judge, series, floors, FLOORS_MAX, &step_ms);

	finding->chart.step_s = step_ms / 1000;
	for (size_t i = 0; i < count; i++) {
		int64_t *slot = kt_list_push(&report->arena, &finding->chart.bytes);

		if (slot)
			*slot = floors[i];
	}
}

/* Series that grow in step with another one. */
struct in_step {
	size_t count;
	int64_t rise_bytes;
	struct {
		size_t series;
		int64_t rise_bytes;
	} largest[NAMED_MAX]; /* the first in order of their rise */
};

static void note_in_step(struct kt_report *report, struct kt_finding *finding,
	const struct kt_judge *judge, size_t series, int64_t rise_bytes, struct in_step *in_step)
{
	const char **slot = kt_list_push(&report->arena, &finding->in_step);
	size_t at = in_step->count < NAMED_MAX ? in_step->count : NAMED_MAX;

	if (slot)
		*slot = kt_arena_printf(&report->arena, "%s", kt_judge_name(judge, series));
	in_step->count++;
	in_step->rise_bytes = sum_of(in_step->rise_bytes, rise_bytes);
	for (; at > 0 && in_step->largest[at - 1].rise_bytes < rise_bytes; at--) {
		if (at < NAMED_MAX)
			in_step->largest[at] = in_step->largest[at - 1];
	}
	if (at < NAMED_MAX) {
		in_step->largest[at].series = series;
		in_step->largest[at].rise_bytes = rise_bytes;
	}
}

/* "task_struct, kmalloc-2k and 4 more": the series with the largest rises. */
static const char *in_step_text(
	struct kt_report *report, const struct kt_judge *judge, const struct in_step *in_step)
{
	const char *text = "";
	size_t named = in_step->count < NAMED_MAX ? in_step->count : NAMED_MAX;

	for (size_t i = 0; i < named && text; i++) {
		const char *name = kt_judge_name(judge, in_step->largest[i].series);
		const char *title = is_cache(name) ? name_of(name) : title_of(report, name);
		const char *between = !i ? "" : i + 1 < in_step->count ? ", " : " and ";

		text = kt_arena_printf(&report->arena, "%s%s%s", text, between, title);
	}
	if (text && in_step->count > named)
		text = kt_arena_printf(
			&report->arena, "%s and %zu more", text, in_step->count - named);
	return text ? text : "";
}

static void find_sisters(struct kt_report *report, struct kt_finding *finding,
	const struct kt_judge *judge, size_t series, struct in_step *ret_in_step)
{
	for (size_t i = 0; i < kt_judge_count(judge); i++) {
		struct kt_judged other;

		if (i == series)
			continue;
		judged_of(judge, i, &other);
		if (other.sister != series || !is_growth(other.verdict))
			continue;
		note_in_step(report, finding, judge, i, other.rise_bytes, ret_in_step);
	}
}

static void put_sisters(struct kt_report *report, struct kt_finding *finding,
	const struct kt_judge *judge, size_t series)
{
	struct in_step in_step = { 0 };

	find_sisters(report, finding, judge, series, &in_step);
	if (!in_step.count)
		return;
	finding->bytes = sum_of(finding->bytes, in_step.rise_bytes);
	kt_finding_evidence(report, finding, "%s grow%s in step with it, %s with %s: one cause",
		in_step_text(report, judge, &in_step), in_step.count == 1 ? "s" : "",
		bytes_text(report, (double)finding->bytes), in_step.count == 1 ? "it" : "them");
}

static void put_reclaim(struct kt_report *report, struct kt_finding *finding)
{
	const struct kt_holder holder = kt_holder_of(KT_HOLDER_RECLAIMABLE, NULL);

	kt_remedy_put(report, finding, &holder);
}

static void put_series(struct kt_report *report, const struct kt_judge *judge, size_t series,
	const struct kt_judged *judged, const struct kt_growth_context *context)
{
	const char *name = kt_arena_printf(&report->arena, "%s", kt_judge_name(judge, series));
	/* a leak needs a holder with a name: kt_holder_put() */
	enum kt_verdict said =
		judged->verdict == KT_VERDICT_LEAK ? KT_VERDICT_GROWING : judged->verdict;
	struct kt_finding *finding = kt_report_finding(
		report, ids[said], severity_of(judged, context), kt_verdict_name(said), name);

	if (!finding || !name)
		return;
	finding->title = title_text(report, name, judged);
	finding->confidence = judged->confidence;
	finding->bytes = judged->rise_bytes > 0 ? judged->rise_bytes : 0;
	finding->since_ms = judged->since_ms >= 0 ? judged->since_ms : KT_UNKNOWN;
	if (judged->hourly_bytes > 0 && judged->hourly_bytes < (double)KT_AMOUNT_MAX)
		finding->hourly_bytes = (int64_t)judged->hourly_bytes;
	put_chart(report, finding, judge, series);
	put_evidence(report, finding, judged, context);
	put_sisters(report, finding, judge, series);
	finding->next = next_of(report, finding, context->source);
	finding->leak_shaped = is_leak_with_name(judged);
	if ((judged->verdict == KT_VERDICT_FILLING || judged->verdict == KT_VERDICT_SAW_TOOTH) &&
		judged->veto == KT_VETO_RECLAIMABLE)
		put_reclaim(report, finding);
	if (has_holder(judged))
		finding->follows = kt_driver_name(judged->driver);
}

static void put_in_step(struct kt_report *report, struct kt_finding *finding,
	const struct kt_judge *judge, const struct followers *of, enum kt_driver driver)
{
	struct in_step in_step = { 0 };

	for (size_t i = 0; i < kt_judge_count(judge); i++) {
		struct kt_judged other;

		judged_of(judge, i, &other);
		if (i != of->largest && has_holder(&other) && other.driver == driver &&
			other.rise_bytes > 0)
			note_in_step(report, finding, judge, i, other.rise_bytes, &in_step);
	}
	if (in_step.count)
		kt_finding_evidence(report, finding, "the rest is in %s",
			in_step_text(report, judge, &in_step));
}

/* One finding for all that follows a number: its largest series has the sums. */
static void put_followers(struct kt_report *report, const struct kt_judge *judge,
	const struct followers *of, const struct kt_growth_context *context)
{
	struct kt_finding *finding;
	struct kt_judged judged;
	size_t before = report->findings.count;

	judged_of(judge, of->largest, &judged);
	put_series(report, judge, of->largest, &judged, context);
	if (report->findings.count == before)
		return;
	finding = &report->findings.items[before];
	finding->bytes = of->rise_bytes;
	if (of->hourly_bytes < (double)KT_AMOUNT_MAX)
		finding->hourly_bytes = (int64_t)of->hourly_bytes;
	finding->title = kt_arena_printf(&report->arena,
		"memory grows with the number of %ss: %s for each, %s so far", finding->follows,
		bytes_text(report, of->per_unit_bytes), bytes_text(report, (double)of->rise_bytes));
	kt_finding_evidence(report, finding, "most of it is in %s: %s",
		title_of(report, finding->subject), bytes_text(report, (double)of->largest_bytes));
	put_in_step(report, finding, judge, of, judged.driver);
	finding->short_low_s = seconds_for(context->left_bytes, of->hourly_bytes);
	finding->short_high_s = finding->short_low_s;
	put_short(report, finding, context);
}

void kt_growth_put(struct kt_report *report, const struct kt_judge *judge,
	const struct kt_growth_context *context)
{
	struct followers followers[KT_NR_DRIVERS];

	find_followers(judge, followers);
	for (size_t i = 0; i < kt_judge_count(judge); i++) {
		struct kt_judged judged;

		judged_of(judge, i, &judged);
		if (is_told(&judged, context) && !has_holder(&judged) &&
			(judged.sister == i || !is_growth(judged.verdict)))
			put_series(report, judge, i, &judged, context);
	}
	for (int i = 0; i < KT_NR_DRIVERS; i++) {
		if (followers[i].count && (context->all || matters(&followers[i], context)))
			put_followers(report, judge, &followers[i], context);
	}
}

bool kt_growth_wants_name(const struct kt_finding *finding)
{
	return (strcmp(finding->id, GROWING_ID) == 0 || finding->follows) && !finding->culprit;
}
