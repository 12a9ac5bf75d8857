// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/shown.h"

#include "report/row_key.h"

#include <stdlib.h>
#include <string.h>

#define MOVED_MIN (1 << 20) /* bytes; on an idle machine too, caches change by a slab */
#define STAY_RANK 2	    /* times `top`: rank up to which a shown row stays */

/* A row of the previous report, by its table and its identity there. */
struct seen {
	const char *key;
	int64_t first;
	bool shown;
};

typedef KT_LIST(struct seen) seen_list;

struct kt_shown {
	struct kt_arena arena;
	seen_list seen; /* sorted by key */
	struct kt_copies copies;
	bool begun;
};

struct candidate {
	struct kt_report_row *row;
	struct seen now;
	int64_t value, moved;
};

typedef KT_LIST(struct candidate) candidate_list;

struct kt_shown *kt_shown_new(void)
{
	return calloc(1, sizeof(struct kt_shown));
}

void kt_shown_free(struct kt_shown *shown)
{
	if (shown) {
		kt_arena_fini(&shown->arena);
		kt_copies_fini(&shown->copies);
	}
	free(shown);
}

void kt_shown_cleanup(struct kt_shown **shown)
{
	kt_shown_free(*shown);
}

static int by_key(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static int by_value(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->value < y->value) - (x->value > y->value);
}

static int by_movement(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->moved < y->moved) - (x->moved > y->moved);
}

/* Adds a row. A new row has moved from zero. */
static void add(const struct kt_shown *shown, struct kt_arena *arena, const struct kt_table *table,
	size_t column, struct kt_report_row *row, candidate_list *list)
{
	struct seen now = {
		.key = row->key ? kt_arena_printf(arena, "%s\x1f%s", table->key, row->key) : NULL
	};
	const struct seen *before = NULL;
	struct candidate *slot = now.key ? kt_list_push(arena, list) : NULL;

	if (!slot)
		return;
	if (shown->seen.count)
		before = bsearch(&now, shown->seen.items, shown->seen.count, sizeof(now), by_key);
	*slot = (struct candidate){ .row = row, .now = now, .value = row->cells[column].number };
	slot->now.first = before ? before->first : shown->begun ? 0 : slot->value;
	slot->now.shown = before && before->shown;
	if (__builtin_sub_overflow(slot->value, slot->now.first, &slot->moved))
		slot->moved = INT64_MAX;
	else if (slot->moved < 0)
		slot->moved = slot->moved == INT64_MIN ? INT64_MAX : -slot->moved;
}

static void choose(const struct kt_shown *shown, struct kt_arena *arena, struct kt_table *table,
	int64_t top, seen_list *ret_seen)
{
	size_t column = kt_table_column(table, KT_COL_RANK);
	candidate_list list = { 0 };

	if (!table->list || column == KT_NO_COLUMN)
		return;
	for (size_t i = 0; i < table->rows.count; i++) {
		if (table->rows.items[i].cells[column].state == KT_OK)
			add(shown, arena, table, column, &table->rows.items[i], &list);
	}
	if (!list.count)
		return;
	qsort(list.items, list.count, sizeof(*list.items), by_movement);
	for (size_t i = 0; i < list.count && (int64_t)i < top; i++)
		list.items[i].row->pinned = list.items[i].moved >= MOVED_MIN;
	qsort(list.items, list.count, sizeof(*list.items), by_value);
	for (size_t i = 0; i < list.count; i++) {
		struct candidate *one = &list.items[i];
		struct seen *slot = kt_list_push(arena, ret_seen);

		if (one->now.shown && (int64_t)i < top * STAY_RANK)
			one->row->pinned = true;
		one->now.shown = one->row->pinned || (int64_t)i < top;
		if (slot)
			*slot = one->now;
	}
}

void kt_shown_choose(struct kt_shown *shown, struct kt_report *report, int64_t top)
{
	struct kt_arena arena = { 0 };
	seen_list seen = { 0 };

	kt_row_keys(report);
	for (size_t i = 0; i < report->tables.count; i++) {
		kt_row_keep_copies(&shown->copies, &report->arena, report->tables.items[i]);
		choose(shown, &arena, report->tables.items[i], top, &seen);
	}
	report->arena.failed |= arena.failed;
	if (seen.count)
		qsort(seen.items, seen.count, sizeof(*seen.items), by_key);
	kt_arena_fini(&shown->arena);
	shown->arena = arena;
	shown->seen = seen;
	shown->begun = true;
}
