// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/past.h"

#include "base/when.h"
#include "cmd/history.h"
#include "cmd/report_events.h"
#include "cmd/session.h"
#include "model/account.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX  1024u
#define MARKS_MAX 200u
#define MISSING	  INT64_MIN

/* A table of rows over moments, filled moment by moment. */
struct past {
	struct kt_arena arena;
	KT_LIST(int64_t) times_ms;
	KT_LIST(struct past_row) rows;
	KT_LIST(struct past_mark) marks;
	struct kt_events events;
	size_t hint; /* rows come in the same order each time */
};

struct past_row {
	const char *key;
	KT_LIST(int64_t) values;
};

struct past_mark {
	int64_t time_ms;
	const char *kind, *text;
};

bool kt_past_moment(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	struct kt_span span = kt_span_str(text);

	/* seconds since 1970 have ten digits, milliseconds thirteen */
	if (span.n >= 12 && kt_span_i64(span, ret_ms))
		return *ret_ms > 0;
	return kt_when(span, now_ms, ret_ms);
}

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

/* Most rows never change: those are one number. */
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

static int64_t step_of(const struct kt_stretch *stretch, int64_t span_ms, int points)
{
	int64_t least = span_ms / points;

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

struct kt_answer *kt_past_watched(
	const struct kt_watch *watch, const char *of, const struct kt_stretch *stretch)
{
	size_t nr = kt_watch_nr(watch);
	int64_t first_ms = nr ? kt_watch_time_ms(watch, nr - 1) : 0;
	int64_t last_ms = nr ? kt_watch_time_ms(watch, 0) : 0;
	int64_t from_ms = stretch->from_ms > first_ms ? stretch->from_ms : first_ms;
	int64_t to_ms = stretch->to_ms < last_ms ? stretch->to_ms : last_ms;
	int64_t step_ms = step_of(stretch, to_ms - from_ms, KT_PAST_POINTS);
	struct past past = { 0 };
	struct kt_answer *answer;

	for (size_t ago = nr; ago-- > 0;) {
		int64_t ms = kt_watch_time_ms(watch, ago);
		int64_t next_ms = ago ? kt_watch_time_ms(watch, ago - 1) : INT64_MAX;

		if (ms < from_ms || ms > to_ms)
			continue;
		/* the last sample of each step, as of a recording */
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

static bool has(const char *text, const char *word)
{
	struct kt_span span = kt_span_str(text);

	return kt_span_find(span, word) < span.n;
}

/* What came since the moment before; the gravest of it gives the kind. */
static void take_mark(struct past *past, struct kt_cursor *cursor, int64_t real_ms)
{
	const char *text = kt_events_until(&past->events, cursor, &past->arena);
	struct past_mark *slot = NULL;

	if (text && past->marks.count < MARKS_MAX)
		slot = kt_list_push(&past->arena, &past->marks);
	if (slot)
		*slot = (struct past_mark){ real_ms,
			has(text, "rebooted")	  ? "boot"
			: has(text, "OOM killer") ? "oom"
			: has(text, "module")	  ? "module"
						  : "cache",
			text };
}

static struct kt_err *take_moment(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct past *past = arg;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err = kt_history_account(cursor, &session, &account);

	if (err)
		return err;
	take_mark(past, cursor, real_ms);
	put_time(past, real_ms);
	for (size_t i = 0; i < account.lines.count; i++) {
		if (kt_ok(account.lines.items[i].val))
			put_value(
				past, account.lines.items[i].id, account.lines.items[i].val.value);
	}
	return NULL;
}

static struct kt_err *open_history(const char *path, struct kt_history *ret_history)
{
	struct kt_options options = { .source = path };

	return kt_history_open(&options, ret_history);
}

bool kt_past_extent(const char *path, int64_t *ret_first_ms, int64_t *ret_last_ms)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	KT_CLEANUP(err) struct kt_err *err = open_history(path, &history);

	*ret_first_ms = history.from_ms;
	*ret_last_ms = history.to_ms;
	return !err;
}

struct kt_answer *kt_past_recorded(const char *path, const struct kt_stretch *stretch)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct kt_err *err = open_history(path, &history);
	int64_t first_ms = history.from_ms, last_ms = history.to_ms, step_ms;
	struct past past = { 0 };
	struct kt_answer *answer;

	if (err)
		return kt_answer_err(err);
	if (stretch->from_ms > history.from_ms)
		history.from_ms = history.least_ms = stretch->from_ms;
	if (stretch->to_ms < history.to_ms)
		history.to_ms = history.most_ms = stretch->to_ms;
	step_ms = step_of(stretch, history.to_ms - history.from_ms, KT_PAST_RECORDED);
	history.in_order = true;
	err = kt_history_walk(&history, step_ms, take_moment, &past);
	answer = err ? kt_answer_err(err)
		     : answer_of(&past, "account", "recording", first_ms, last_ms, step_ms);
	kt_events_fini(&past.events);
	kt_arena_fini(&past.arena);
	return answer;
}
