// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/row_key.h"

#include <stdlib.h>
#include <string.h>

/* A row with its name, which twins share, and the size and index that distinguish twins. */
struct keyed {
	const char *name;
	int64_t size; /* KT_UNKNOWN: the table has no such column */
	size_t index;
	struct kt_report_row *row;
};

static int by_name(const struct keyed *a, const struct keyed *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* Sorts oldest first: in a list with the newest first, the last row is the oldest. */
static int newest_last(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;
	int order = by_name(a, b);

	return order ? order : (a->index < b->index) - (a->index > b->index);
}

static int first_first(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;
	int order = by_name(a, b);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

const char *kt_row_name(struct kt_arena *arena, const struct kt_table *table,
	const struct kt_report_row *row, const char *joint)
{
	const char *name = NULL;

	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_cell *cell = &row->cells[i];
		const char *text = cell->text;

		if (!(table->columns[i].flags & KT_COL_KEY) || cell->state != KT_OK)
			continue;
		if (table->columns[i].type != KT_CELL_TEXT)
			text = kt_arena_printf(arena, "%lld", (long long)cell->number);
		name = name ? kt_arena_printf(arena, "%s%s%s", name, joint, text) : text;
	}
	return name ? name : "";
}

static int64_t copy_of(const struct kt_table *table, const struct kt_report_row *row)
{
	size_t column = kt_table_column(table, KT_COL_COPY);

	return column != KT_NO_COLUMN && row->cells[column].state == KT_OK
		       ? row->cells[column].number
		       : 1;
}

const char *kt_row_id(
	struct kt_arena *arena, const struct kt_table *table, const struct kt_report_row *row)
{
	const char *name = kt_row_name(arena, table, row, "\x1f");

	return name ? kt_copies_name(arena, name, copy_of(table, row)) : NULL;
}

static void set_copy(struct kt_report_row *row, size_t column, int64_t copy)
{
	if (column != KT_NO_COLUMN)
		row->cells[column] =
			copy > 1 ? kt_cell_number(copy) : kt_cell_missing(KT_ABSENT, NULL);
}

/* Sets the key. `same`: number among the twins of its size, from 1. */
static void set_key(struct kt_arena *arena, const struct keyed *one, int64_t same)
{
	const char *key = one->name;

	if (kt_known(one->size))
		key = kt_arena_printf(arena, "%s\x1f%lld", key, (long long)one->size);
	one->row->key = key ? kt_copies_name(arena, key, same) : NULL;
}

static size_t collect(struct kt_arena *arena, struct kt_table *table, struct keyed *ret_list)
{
	size_t twin = kt_table_column(table, KT_COL_TWIN);

	for (size_t i = 0; i < table->rows.count; i++) {
		struct kt_report_row *row = &table->rows.items[i];
		bool known = twin != KT_NO_COLUMN && row->cells[twin].state == KT_OK;

		ret_list[i] = (struct keyed){ .name = kt_row_name(arena, table, row, "\x1f"),
			.size = known ? row->cells[twin].number : KT_UNKNOWN,
			.index = i,
			.row = row };
		if (!ret_list[i].name)
			return 0;
	}
	return table->rows.count;
}

void kt_row_keys_of(struct kt_arena *arena, struct kt_table *table)
{
	size_t copy = kt_table_column(table, KT_COL_COPY), count;
	int64_t twin = 0, same = 0;
	struct keyed *list;

	/* check the last row too: rows may have been added after the keys were set */
	if (!table->rows.count ||
		(table->rows.items[0].key && table->rows.items[table->rows.count - 1].key) ||
		kt_table_column(table, KT_COL_KEY) == KT_NO_COLUMN)
		return;
	list = kt_arena_alloc(arena, table->rows.count * sizeof(*list));
	count = list ? collect(arena, table, list) : 0;
	if (count)
		qsort(list, count, sizeof(*list), copy != KT_NO_COLUMN ? newest_last : first_first);
	for (size_t i = 0; i < count; i++) {
		const struct keyed *before = i ? &list[i - 1] : NULL;

		twin = before && strcmp(before->name, list[i].name) == 0 ? twin + 1 : 1;
		same = twin > 1 && before->size == list[i].size ? same + 1 : 1;
		set_key(arena, &list[i], same);
		set_copy(list[i].row, copy, twin);
	}
}

void kt_row_keys(struct kt_report *report)
{
	for (size_t i = 0; i < report->tables.count; i++)
		kt_row_keys_of(&report->arena, report->tables.items[i]);
}

/* ---- persistent numbers ---- */

static int by_copy(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;

	return (a->size > b->size) - (a->size < b->size);
}

static const char *in_table(struct kt_arena *arena, const struct kt_table *table, const char *text)
{
	return text ? kt_arena_printf(arena, "%s\x1f%s", table->key, text) : NULL;
}

/* Restores numbers; twins that appear together get theirs in the order of the stateless numbers. */
void kt_row_keep_copies(struct kt_copies *copies, struct kt_arena *arena, struct kt_table *table)
{
	size_t column = kt_table_column(table, KT_COL_COPY), count = table->rows.count;
	struct keyed *list;

	if (column == KT_NO_COLUMN || !count)
		return;
	list = kt_arena_alloc(arena, count * sizeof(*list));
	for (size_t i = 0; list && i < count; i++)
		list[i] = (struct keyed){ .size = copy_of(table, &table->rows.items[i]),
			.row = &table->rows.items[i] };
	if (list)
		qsort(list, count, sizeof(*list), by_copy);
	for (size_t i = 0; list && i < count; i++) {
		struct kt_report_row *row = list[i].row;
		const char *name = in_table(arena, table, kt_row_name(arena, table, row, "\x1f"));
		const char *key = in_table(arena, table, row->key);
		uint32_t number = key && name ? kt_copies_of(copies, key, name) : 0;

		if (number)
			set_copy(row, column, number);
	}
}
