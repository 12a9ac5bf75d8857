// SPDX-License-Identifier: GPL-2.0-or-later
//
// Turns samples into columns: one list of times, and for each row a list of values of the same
// length. This is smaller than a report per sample, and is what a chart needs.
//
// Bounds: ROWS_MAX rows, the points of past.h, MARKS_MAX events, WORK_NS of processor time. All
// memory of an answer is in one arena, freed with the answer's end.

#include "serve/past.h"

#include "account/account.h"
#include "base/when.h"
#include "cmd/past/past_events.h"
#include "history/follower.h"
#include "history/history.h"
#include "machine/clock.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX  1024u	       /* rows of an answer */
#define MARKS_MAX 200u	       /* events of an answer */
#define MISSING	  INT64_MIN    /* a sample without a value */
#define WORK_NS	  5000000000ll /* ns of processor time; most for one answer */

/*
 * A table of rows over samples, filled sample by sample. Every row has at most as many values as
 * there are times; later values are MISSING. So a row that ended and a row that started late need
 * no special case.
 */
struct past {
	struct kt_arena arena;
	KT_LIST(int64_t) times_ms;
	KT_LIST(struct past_row) rows;
	KT_LIST(struct past_mark) marks;
	struct kt_events events;
	struct kt_follower follower;
	size_t hint;	  /* index of the next row, because rows come in the same order each time */
	int64_t until_ns; /* ns of processor time; the answer is given up then */
};

struct past_row {
	const char *key;
	KT_LIST(int64_t) values;
};

struct past_mark {
	int64_t time_ms;
	const char *kind, *text;
};

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
	return kt_when(span, now_ms, ret_ms);
}

/*
 * Starts at the row after the last one that was found, so that a sample with rows in the usual
 * order is linear and not quadratic. Rows over ROWS_MAX are dropped: an answer must stay small for
 * a browser.
 */
static struct past_row *row_of(struct past *past, const char *key)
{
	struct past_row *row;

	for (size_t i = 0; i < past->rows.count; i++) {
		size_t at = (past->hint + i) % past->rows.count;

		if (strcmp(past->rows.items[at].key, key) == 0) {
			past->hint = at + 1;
			return &past->rows.items[at];
		}
	}
	if (past->rows.count >= ROWS_MAX)
		return NULL;
	row = kt_list_push(&past->arena, &past->rows);
	if (row)
		*row = (struct past_row){ .key = kt_arena_printf(&past->arena, "%s", key) };
	return row && row->key ? row : NULL;
}

/*
 * Samples without this row are filled with MISSING first. Otherwise a row that appears late would
 * be drawn at the times of earlier samples.
 */
static void put_value(struct past *past, const char *key, int64_t value)
{
	struct past_row *row = row_of(past, key);

	while (row && row->values.count < past->times_ms.count) {
		int64_t *slot = kt_list_push(&past->arena, &row->values);

		if (!slot)
			return;
		*slot = row->values.count == past->times_ms.count ? value : MISSING;
	}
}

static void put_time(struct past *past, int64_t time_ms)
{
	int64_t *slot = kt_list_push(&past->arena, &past->times_ms);

	if (slot)
		*slot = time_ms;
}

/* ---- as JSON ---- */

static int64_t value_at(const struct past_row *row, size_t at)
{
	return at < row->values.count ? row->values.items[at] : MISSING;
}

static void put_number(struct kt_buf *text, int64_t value)
{
	if (value == MISSING)
		kt_buf_puts(text, "null");
	else
		kt_buf_printf(text, "%lld", (long long)value);
}

/* Writes a row's values; most rows never change, and those are one number. */
static void put_series(struct kt_buf *text, const struct past *past, const struct past_row *row)
{
	bool moves = false;

	for (size_t i = 1; i < past->times_ms.count; i++)
		moves |= value_at(row, i) != value_at(row, 0);
	if (!moves) {
		put_number(text, value_at(row, 0));
		return;
	}
	kt_buf_puts(text, "[");
	for (size_t i = 0; i < past->times_ms.count; i++) {
		kt_buf_puts(text, i ? "," : "");
		put_number(text, value_at(row, i));
	}
	kt_buf_puts(text, "]");
}

static struct kt_answer *answer_of(struct past *past, const char *of, const char *from,
	int64_t first_ms, int64_t last_ms, int64_t step_ms)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_buf_printf(&text,
		"{\"schema\": \"ktally/history/1\", \"of\": \"%s\", \"from\": \"%s\", "
		"\"first_ms\": %lld, \"last_ms\": %lld, \"step_ms\": %lld,\n \"times_ms\": [",
		of, from, (long long)first_ms, (long long)last_ms, (long long)step_ms);
	for (size_t i = 0; i < past->times_ms.count; i++)
		kt_buf_printf(&text, "%s%lld", i ? "," : "", (long long)past->times_ms.items[i]);
	kt_buf_puts(&text, "],\n \"rows\": {");
	for (size_t i = 0; i < past->rows.count; i++) {
		kt_buf_puts(&text, i ? ",\n  " : "\n  ");
		kt_put_json(&text, past->rows.items[i].key);
		kt_buf_puts(&text, ": ");
		put_series(&text, past, &past->rows.items[i]);
	}
	kt_buf_puts(&text, "},\n \"marks\": [");
	for (size_t i = 0; i < past->marks.count; i++) {
		const struct past_mark *mark = &past->marks.items[i];

		kt_buf_printf(&text, "%s{\"time_ms\": %lld, \"kind\": ", i ? ", " : "",
			(long long)mark->time_ms);
		kt_put_json(&text, mark->kind);
		kt_buf_puts(&text, ", \"text\": ");
		kt_put_json(&text, mark->text);
		kt_buf_puts(&text, "}");
	}
	kt_buf_puts(&text, "]}\n");
	text.failed |= past->arena.failed;
	return kt_answer_new(200, KT_TYPE_JSON, &text);
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

static void take_sample(struct past *past, const struct kt_watch *watch, size_t ago)
{
	put_time(past, kt_watch_time_ms(watch, ago));
	for (size_t i = 0; i < kt_watch_nr_rows(watch); i++) {
		const char *key = kt_watch_row_key(watch, i);
		int64_t value;

		if (kt_watch_value(watch, key, ago, &value))
			put_value(past, key, value);
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
	struct past past = { 0 };
	struct kt_answer *answer;

	for (size_t ago = nr; ago-- > 0;) {
		int64_t ms = kt_watch_time_ms(watch, ago);
		int64_t next_ms = ago ? kt_watch_time_ms(watch, ago - 1) : INT64_MAX;

		if (ms < from_ms || ms > to_ms)
			continue;
		/* takes the last sample of each step, as from a recording */
		if (!step_ms || next_ms > to_ms || ms / step_ms != next_ms / step_ms)
			take_sample(&past, watch, ago);
	}
	if (stretch->first_ms < first_ms)
		first_ms = stretch->first_ms;
	answer = answer_of(&past, of, "memory", first_ms, last_ms, step_ms);
	kt_arena_fini(&past.arena);
	return answer;
}

/* ---- from a recording ---- */

/*
 * Adds the events since the sample before. Events of all samples in a step become one mark, so that
 * an event between two points is not lost. Its kind is the kind of the first event.
 */
static void take_mark(struct past *past, struct kt_cursor *cursor, int64_t real_ms)
{
	struct past_mark *slot = NULL;
	kt_events_list list;
	const char *text;

	kt_events_until(&past->events, cursor, &past->arena, &list);
	text = kt_past_events_text(&list, &past->arena);
	if (text && past->marks.count < MARKS_MAX)
		slot = kt_list_push(&past->arena, &past->marks);
	if (slot)
		*slot = (struct past_mark){ real_ms, kt_events_kind_name(list.items[0].kind),
			text };
}

/*
 * The budget is checked for each sample, because accounts of large machines cost more. A part of
 * the span would look like a complete answer, so the request fails instead.
 */
static struct kt_err *take_moment(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct past *past = arg;
	const bool late = kt_clock_cpu_ns() > past->until_ns;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err = kt_follower_account(&past->follower, cursor, &account);

	if (err)
		return err;
	if (late)
		return kt_err_new(KT_ERR_LIMIT,
			"this time span takes too long to read; ask for a shorter one");
	take_mark(past, cursor, real_ms);
	put_time(past, real_ms);
	for (size_t i = 0; i < account.lines.count; i++) {
		if (kt_ok(account.lines.items[i].val))
			put_value(
				past, account.lines.items[i].id, account.lines.items[i].val.value);
	}
	return NULL;
}

/*
 * Opens the file each time: the recorder replaces it now and then, and an open file would be the
 * old one.
 */
bool kt_serve_past_extent(const char *path, int64_t *ret_first_ms, int64_t *ret_last_ms)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_history_open(path, &history);

	*ret_first_ms = history.from_ms;
	*ret_last_ms = history.to_ms;
	return !err;
}

/*
 * Shares nothing with the main thread except the path, which never changes; so it needs no lock.
 * Counters of events are compared from sample to sample, so the samples must be read in order.
 */
struct kt_answer *kt_serve_past_recorded(const char *path, const struct kt_stretch *stretch)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct kt_err *err = kt_history_open(path, &history);
	int64_t first_ms = history.from_ms, last_ms = history.to_ms, step_ms;
	struct past past = { .until_ns = kt_clock_cpu_ns() + WORK_NS };
	struct kt_answer *answer;

	if (err)
		return kt_answer_err(err);
	kt_history_limit(&history, stretch->from_ms, stretch->to_ms);
	step_ms = step_of(stretch, history.from_ms, history.to_ms, KT_SERVE_PAST_RECORDED);
	history.in_order = true;
	err = kt_history_walk(&history, step_ms, take_moment, &past);
	answer = err ? kt_answer_err(err)
		     : answer_of(&past, "account", "recording", first_ms, last_ms, step_ms);
	kt_events_fini(&past.events);
	kt_follower_cleanup(&past.follower);
	kt_arena_fini(&past.arena);
	return answer;
}
