// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/timeline.h"

#include <string.h>

#define ROWS_MAX  1024u	    /* rows of an answer */
#define MARKS_MAX 200u	    /* events of an answer */
#define MISSING	  INT64_MIN /* a sample without a value */

void kt_timeline_time(struct kt_timeline *timeline, int64_t time_ms)
{
	int64_t *slot = kt_list_push(&timeline->arena, &timeline->times_ms);

	if (slot)
		*slot = time_ms;
	timeline->hint = 0;
}

static const char *public_key(struct kt_arena *arena, const char *key)
{
	size_t size = strlen(key) + 1;
	char *copy = kt_arena_alloc(arena, size);

	if (!copy)
		return NULL;
	memcpy(copy, key, size);
	for (char *at = copy; *at; at++) {
		if (*at == '\x1f')
			*at = ' ';
	}
	return copy;
}

/* Whether a public key was made from `key`. */
static bool is_key(const char *public, const char *key)
{
	for (; *key; public ++, key++) {
		if (*public != *key && (*key != '\x1f' || *public != ' '))
			return false;
	}
	return !*public;
}

bool kt_timeline_is(const char *key, const char *only)
{
	return !*only || is_key(only, key);
}

/*
 * Starts at the row after the last one that was found, so that a sample with rows in the usual
 * order is linear and not quadratic.
 */
static struct kt_timeline_row *row_of(struct kt_timeline *timeline, const char *key)
{
	struct kt_timeline_row *row;

	for (size_t i = 0; i < timeline->rows.count; i++) {
		size_t at = (timeline->hint + i) % timeline->rows.count;

		if (is_key(timeline->rows.items[at].key, key)) {
			timeline->hint = at + 1;
			return &timeline->rows.items[at];
		}
	}
	if (timeline->rows.count >= ROWS_MAX)
		return NULL;
	row = kt_list_push(&timeline->arena, &timeline->rows);
	if (row)
		*row = (struct kt_timeline_row){ .key = public_key(&timeline->arena, key) };
	return row && row->key ? row : NULL;
}

/*
 * Samples without this row are filled with MISSING first. Otherwise a row that appears late would
 * be drawn at the times of earlier samples.
 */
static void put_at(
	struct kt_timeline *timeline, struct kt_timeline_row *row, int which, int64_t value)
{
	kt_timeline_numbers *list = &row->numbers[which];

	while (list->count < timeline->times_ms.count) {
		int64_t *slot = kt_list_push(&timeline->arena, list);

		if (!slot)
			return;
		*slot = list->count == timeline->times_ms.count ? value : MISSING;
	}
}

void kt_timeline_put(struct kt_timeline *timeline, const char *key, int64_t value)
{
	struct kt_timeline_row *row = row_of(timeline, key);

	if (row)
		put_at(timeline, row, KT_TIMELINE_LAST, value);
}

void kt_timeline_put_range(
	struct kt_timeline *timeline, const char *key, int64_t value, int64_t low, int64_t high)
{
	struct kt_timeline_row *row = row_of(timeline, key);

	if (!row)
		return;
	put_at(timeline, row, KT_TIMELINE_LAST, value);
	put_at(timeline, row, KT_TIMELINE_LOW, low);
	put_at(timeline, row, KT_TIMELINE_HIGH, high);
}

void kt_timeline_mark(
	struct kt_timeline *timeline, int64_t time_ms, const char *kind, const char *text)
{
	struct kt_timeline_mark *slot = NULL;

	if (timeline->marks.count < MARKS_MAX)
		slot = kt_list_push(&timeline->arena, &timeline->marks);
	if (slot)
		*slot = (struct kt_timeline_mark){ time_ms, kind, text };
}

/* ---- as JSON ---- */

static int64_t value_at(const kt_timeline_numbers *list, size_t at)
{
	return at < list->count ? list->items[at] : MISSING;
}

static void put_number(struct kt_buf *text, int64_t value)
{
	if (value == MISSING)
		kt_buf_puts(text, "null");
	else
		kt_buf_printf(text, "%lld", (long long)value);
}

/* Writes a row's values; most rows never change, and those are one number. */
static void put_series(struct kt_buf *text, const kt_timeline_numbers *list, size_t nr_times)
{
	bool moves = false;

	for (size_t i = 1; i < nr_times; i++)
		moves |= value_at(list, i) != value_at(list, 0);
	if (!moves) {
		put_number(text, value_at(list, 0));
		return;
	}
	kt_buf_puts(text, "[");
	for (size_t i = 0; i < nr_times; i++) {
		kt_buf_puts(text, i ? "," : "");
		put_number(text, value_at(list, i));
	}
	kt_buf_puts(text, "]");
}

/* Writes the rows that have such numbers. */
static void put_rows(struct kt_buf *text, const struct kt_timeline *timeline, int which)
{
	const char *joint = "\n  ";

	for (size_t i = 0; i < timeline->rows.count; i++) {
		const struct kt_timeline_row *row = &timeline->rows.items[i];

		if (!row->numbers[which].count)
			continue;
		kt_buf_puts(text, joint);
		kt_put_json(text, row->key);
		kt_buf_puts(text, ": ");
		put_series(text, &row->numbers[which], timeline->times_ms.count);
		joint = ",\n  ";
	}
}

static void put_head(struct kt_buf *text, const struct kt_timeline_head *head)
{
	kt_buf_printf(text,
		"{\"schema\": \"ktally/history/1\", \"of\": \"%s\", \"from\": \"%s\", "
		"\"first_ms\": %lld, \"last_ms\": %lld, \"step_ms\": %lld, \"recorded\": ",
		head->of, head->from, (long long)head->first_ms, (long long)head->last_ms,
		(long long)head->step_ms);
	if (head->recorded_first_ms == INT64_MAX)
		kt_buf_puts(text, "null");
	else
		kt_buf_printf(text, "{\"first_ms\": %lld, \"last_ms\": %lld}",
			(long long)head->recorded_first_ms, (long long)head->recorded_last_ms);
}

static void put_marks(struct kt_buf *text, const struct kt_timeline *timeline)
{
	for (size_t i = 0; i < timeline->marks.count; i++) {
		const struct kt_timeline_mark *mark = &timeline->marks.items[i];

		kt_buf_printf(text, "%s{\"time_ms\": %lld, \"kind\": ", i ? ", " : "",
			(long long)mark->time_ms);
		kt_put_json(text, mark->kind);
		kt_buf_puts(text, ", \"text\": ");
		kt_put_json(text, mark->text);
		kt_buf_puts(text, "}");
	}
}

struct kt_answer *kt_timeline_answer(
	const struct kt_timeline *timeline, const struct kt_timeline_head *head)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	put_head(&text, head);
	kt_buf_puts(&text, ",\n \"times_ms\": [");
	for (size_t i = 0; i < timeline->times_ms.count; i++)
		kt_buf_printf(
			&text, "%s%lld", i ? "," : "", (long long)timeline->times_ms.items[i]);
	kt_buf_puts(&text, "],\n \"rows\": {");
	put_rows(&text, timeline, KT_TIMELINE_LAST);
	kt_buf_puts(&text, "},\n \"low\": {");
	put_rows(&text, timeline, KT_TIMELINE_LOW);
	kt_buf_puts(&text, "},\n \"high\": {");
	put_rows(&text, timeline, KT_TIMELINE_HIGH);
	kt_buf_puts(&text, "},\n \"marks\": [");
	put_marks(&text, timeline);
	kt_buf_puts(&text, "]}\n");
	text.failed |= timeline->arena.failed;
	return kt_answer_new(200, KT_TYPE_JSON, &text);
}

void kt_timeline_fini(struct kt_timeline *timeline)
{
	kt_arena_fini(&timeline->arena);
	*timeline = (struct kt_timeline){ 0 };
}
