// SPDX-License-Identifier: GPL-2.0-or-later
//
// Turns samples in memory and samples of a recording into a timeline.
//
// Bounds: the limits of timeline.c, the points of past.h, WORK_NS of processor time. All memory of
// an answer is in one arena, freed with the answer's end.

#include "serve/past.h"

#include "account/account.h"
#include "base/when.h"
#include "cmd/past/past_events.h"
#include "cmd/slab/slab.h"
#include "history/follower.h"
#include "history/history.h"
#include "machine/clock.h"
#include "report/row_key.h"
#include "root/root.h"
#include "serve/desk.h"
#include "serve/past_series.h"
#include "source/source.h"

#include <string.h>

#define WORK_NS 5000000000ll /* ns of processor time; most for one answer */

/*
 * A page sends milliseconds, a person sends words such as "-15m". Digits alone are ambiguous, and
 * the number of digits decides.
 */
bool kt_serve_past_moment(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	struct kt_span span = kt_span_str(text);

	/* seconds since 1970 have ten digits, milliseconds thirteen */
	if (span.n >= 12 && kt_span_i64(span, ret_ms))
		return *ret_ms > 0;
	return kt_when(span, KT_WHEN_UTC, now_ms, ret_ms);
}

/*
 * A request for a time before the first sample has no span. Widens the step until at most `points`
 * samples fit into the span; a smaller step than requested is never used.
 */
static int64_t step_of(const struct kt_stretch *stretch, int64_t from_ms, int64_t to_ms, int points)
{
	int64_t least = to_ms > from_ms ? (to_ms - from_ms) / points : 0;

	return stretch->step_ms > least ? stretch->step_ms : least;
}

/* ---- from memory ---- */

static void take_sample(
	struct kt_timeline *timeline, const struct kt_watch *watch, const char *only, size_t ago)
{
	kt_timeline_time(timeline, kt_watch_time_ms(watch, ago));
	for (size_t i = 0; i < kt_watch_nr_rows(watch); i++) {
		const char *key = kt_watch_row_key(watch, i);
		int64_t value;

		if (kt_timeline_is(key, only) && kt_watch_value(watch, key, ago, &value))
			kt_timeline_put(timeline, key, value);
	}
}

/*
 * Runs in the main thread, and is fast: samples are in memory, and the number of them is bounded.
 */
struct kt_answer *kt_serve_past_watched(
	const struct kt_watch *watch, const char *of, const struct kt_stretch *stretch)
{
	size_t nr = kt_watch_nr(watch);
	int64_t first_ms = nr ? kt_watch_time_ms(watch, nr - 1) : 0;
	int64_t last_ms = nr ? kt_watch_time_ms(watch, 0) : 0;
	int64_t from_ms = stretch->from_ms > first_ms ? stretch->from_ms : first_ms;
	int64_t to_ms = stretch->to_ms < last_ms ? stretch->to_ms : last_ms;
	int64_t step_ms = step_of(stretch, from_ms, to_ms, KT_SERVE_PAST_POINTS);
	struct kt_timeline timeline = { 0 };
	struct kt_answer *answer;

	for (size_t ago = nr; ago-- > 0;) {
		int64_t ms = kt_watch_time_ms(watch, ago);
		int64_t next_ms = ago ? kt_watch_time_ms(watch, ago - 1) : INT64_MAX;

		if (ms < from_ms || ms > to_ms)
			continue;
		/* takes the last sample of each step, as from a recording */
		if (!step_ms || next_ms > to_ms || ms / step_ms != next_ms / step_ms)
			take_sample(&timeline, watch, stretch->row, ago);
	}
	if (stretch->first_ms < first_ms)
		first_ms = stretch->first_ms;
	answer = kt_timeline_answer(&timeline, &(struct kt_timeline_head){ .of = of,
						       .from = "memory",
						       .first_ms = first_ms,
						       .last_ms = last_ms,
						       .step_ms = step_ms,
						       .recorded_first_ms = stretch->first_ms,
						       .recorded_last_ms = stretch->last_ms });
	kt_timeline_fini(&timeline);
	return answer;
}

/* ---- from a recording ---- */

/* A recording that is read into a timeline. */
struct past {
	struct kt_timeline timeline;
	const struct kt_stretch *stretch;
	const char *path;
	struct kt_events events;
	struct kt_follower follower;
	struct kt_copies copies;
	int64_t until_ns; /* ns of processor time; the answer is given up then */
};

/*
 * Adds the events since the sample before. Events of all samples in a step become one mark, so that
 * an event between two points is not lost. Its kind is the kind of the first event.
 */
static void take_mark(struct past *past, struct kt_cursor *cursor, int64_t real_ms)
{
	kt_events_list list;
	const char *text;

	kt_events_until(&past->events, cursor, &past->timeline.arena, &list);
	text = kt_past_events_text(&list, &past->timeline.arena);
	if (text)
		kt_timeline_mark(
			&past->timeline, real_ms, kt_events_kind_name(list.items[0].kind), text);
}

static struct kt_err *take_account(struct past *past, struct kt_cursor *cursor, int64_t real_ms)
{
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err = kt_follower_account(&past->follower, cursor, &account);

	if (err)
		return err;
	take_mark(past, cursor, real_ms);
	kt_timeline_time(&past->timeline, real_ms);
	for (size_t i = 0; i < account.lines.count; i++) {
		const struct kt_line *line = &account.lines.items[i];

		if (kt_ok(line->val) && kt_timeline_is(line->id, past->stretch->row))
			kt_timeline_put(&past->timeline, line->id, line->val.value);
	}
	return NULL;
}

static struct kt_table *tracked_table(const struct kt_report *report)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		if (kt_table_column(report->tables.items[i], KT_COL_TRACK) != KT_NO_COLUMN)
			return report->tables.items[i];
	}
	return NULL;
}

/* Rows have the keys that a watch gives them, so that a row has one key in memory and recording. */
static void take_rows(struct past *past, struct kt_report *report)
{
	struct kt_table *table = tracked_table(report);
	size_t track = table ? kt_table_column(table, KT_COL_TRACK) : 0;

	if (!table)
		return;
	kt_row_keys_of(&report->arena, table);
	kt_row_keep_copies(&past->copies, &report->arena, table);
	for (size_t i = 0; i < table->rows.count; i++) {
		const struct kt_report_row *row = &table->rows.items[i];
		const char *key = kt_row_id(&report->arena, table, row);

		if (key && row->cells[track].state == KT_OK &&
			kt_timeline_is(key, past->stretch->row))
			kt_timeline_put(&past->timeline, key, row->cells[track].number);
	}
}

/* A list that a sample lacks has no rows then, which is not the same as rows of 0 bytes. */
static struct kt_err *take_list(struct past *past, struct kt_cursor *cursor, int64_t real_ms)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_call call = *past->stretch->call;
	struct kt_root *root = NULL;
	struct kt_err *err = kt_root_moment(cursor, kt_source_inside, &root);

	call.machine.source = past->path;
	call.machine.root = root;
	call.machine.still = NULL;
	if (!err)
		err = kt_cmd_run(past->stretch->cmd, &call, &report);
	kt_timeline_time(&past->timeline, real_ms);
	if (!err)
		take_rows(past, &report);
	kt_root_free(root);
	if (!err || kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_err_free(err);
	return NULL;
}

/*
 * The budget is checked for each sample, because accounts of large machines cost more. A part of
 * the span would look like a complete answer, so the request fails instead.
 */
static struct kt_err *take_moment(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct past *past = arg;

	if (kt_clock_cpu_ns() > past->until_ns)
		return kt_err_new(KT_ERR_LIMIT,
			"this time span takes too long to read; ask for a shorter one");
	return past->stretch->cmd ? take_list(past, cursor, real_ms)
				  : take_account(past, cursor, real_ms);
}

/*
 * Opens the file each time: the recorder replaces it now and then, and an open file would be the
 * old one.
 */
bool kt_serve_past_extent(const char *path, int64_t *ret_first_ms, int64_t *ret_last_ms)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_history_open(path, &history);

	if (err)
		return false;
	*ret_first_ms = history.from_ms;
	*ret_last_ms = history.to_ms;
	return true;
}

static bool is_one_cache(const struct kt_stretch *stretch)
{
	return stretch->cmd == &kt_cmd_slab && *stretch->row;
}

/* Each sample of a list is a report of its command; one cache is read without any. */
static int points_of(const struct kt_stretch *stretch)
{
	if (is_one_cache(stretch))
		return KT_SERVE_PAST_SERIES;
	return stretch->cmd ? KT_SERVE_PAST_LISTS : KT_SERVE_PAST_RECORDED;
}

/* Runs a command that reads all samples up to a time by itself. */
static struct kt_answer *judged(const char *path, const struct kt_stretch *stretch)
{
	struct kt_call call = *stretch->call;

	memset(&call.own, 0, sizeof(call.own));
	call.own_of = stretch->cmd;
	if (!stretch->runs) {
		call.machine.source = path;
		call.machine.time_ms = stretch->to_ms;
	}
	call.machine.still = NULL;
	return kt_desk_run(stretch->cmd, &call);
}

/*
 * Shares nothing with the main thread except the path and the call, which never change; so it needs
 * no lock. Counters of events are compared from sample to sample, so the samples must be read in
 * order.
 */
static struct kt_answer *history_of(const char *path, const struct kt_stretch *stretch)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct kt_err *err = kt_history_open(path, &history);
	struct past past = {
		.until_ns = kt_clock_cpu_ns() + WORK_NS, .stretch = stretch, .path = path
	};
	struct kt_timeline_head head = { .of = stretch->cmd ? stretch->cmd->name : "account",
		.from = "recording",
		.first_ms = history.from_ms,
		.last_ms = history.to_ms,
		.recorded_first_ms = history.from_ms,
		.recorded_last_ms = history.to_ms };
	struct kt_answer *answer;

	if (err)
		return kt_answer_err(err);
	kt_history_limit(&history, stretch->from_ms, stretch->to_ms);
	head.step_ms = step_of(stretch, history.from_ms, history.to_ms, points_of(stretch));
	history.in_order = true;
	if (is_one_cache(stretch))
		err = kt_serve_past_series(&history, stretch->row, head.step_ms, &past.timeline);
	else
		err = kt_history_walk(&history, head.step_ms, take_moment, &past);
	answer = err ? kt_answer_err(err) : kt_timeline_answer(&past.timeline, &head);
	kt_events_fini(&past.events);
	kt_follower_cleanup(&past.follower);
	kt_copies_fini(&past.copies);
	kt_timeline_fini(&past.timeline);
	return answer;
}

struct kt_answer *kt_serve_past_recorded(const char *path, const struct kt_stretch *stretch)
{
	return stretch->judges ? judged(path, stretch) : history_of(path, stretch);
}
