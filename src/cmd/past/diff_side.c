// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/past/diff_side.h"

#include "report/row_key.h"

#include <stdlib.h>
#include <string.h>

static void index_rows(struct kt_diff_side *side)
{
	size_t key = kt_table_column(side->table, KT_COL_KEY);

	for (size_t i = 0; i < side->table->rows.count; i++) {
		const struct kt_cell *cell = &side->table->rows.items[i].cells[key];
		bool added = false;
		uint32_t *index =
			cell->state == KT_OK
				? kt_map_add(&side->rows, kt_span_str(cell->text), NULL, &added)
				: NULL;

		if (added)
			*index = (uint32_t)i;
	}
}

void kt_diff_side_find(struct kt_diff_side *side, const struct kt_report *report, const char *key,
	const char *column)
{
	for (size_t i = 0; i < report->tables.count && !side->table; i++) {
		const struct kt_table *table = report->tables.items[i];

		if (key && strcmp(table->key, key) != 0)
			continue;
		side->amount = column ? kt_table_column_named(table, column)
				      : kt_table_column(table, KT_COL_TRACK);
		if (side->amount != KT_NO_COLUMN)
			side->table = table;
	}
	if (!side->table)
		return;
	side->leaf = kt_table_column_named(side->table, "leaf");
	side->parent = kt_table_column_named(side->table, "parent");
	if (side->leaf != KT_NO_COLUMN)
		index_rows(side);
}

void kt_diff_side_fini(struct kt_diff_side *side)
{
	kt_map_fini(&side->rows);
	*side = (struct kt_diff_side){ 0 };
}

bool kt_diff_side_has(const struct kt_diff_side *side, size_t column)
{
	for (size_t i = 0; side->table && i < side->table->rows.count; i++) {
		if (side->table->rows.items[i].cells[column].state == KT_OK)
			return true;
	}
	return false;
}

static const struct kt_report_row *row_named(const struct kt_diff_side *side, const char *name)
{
	const uint32_t *index = kt_map_find(&side->rows, kt_span_str(name));

	return index ? &side->table->rows.items[*index] : NULL;
}

static const char *text_of(const struct kt_report_row *row, size_t column)
{
	return row && column != KT_NO_COLUMN && row->cells[column].state == KT_OK
		       ? row->cells[column].text
		       : NULL;
}

static bool is_leaf(const struct kt_diff_side *side, const char *name)
{
	const struct kt_report_row *row = side->table ? row_named(side, name) : NULL;

	return row && row->cells[side->leaf].number;
}

/*
 * Groups of the account are the sums of its leaves. What only one side can divide is compared
 * whole: its parts would seem to have come from nothing, and it to have vanished. The loop is
 * bounded by the number of rows, because a parent that names itself must not hang it.
 */
static enum kt_diff_place place_of(const struct kt_diff_side *side,
	const struct kt_diff_side *other, const struct kt_report_row *row)
{
	size_t key = kt_table_column(side->table, KT_COL_KEY);
	const struct kt_report_row *at = row;
	const char *parent;

	if (side->leaf == KT_NO_COLUMN)
		return KT_DIFF_LEAF;
	for (size_t i = 0; i < side->table->rows.count; i++) {
		parent = text_of(at, side->parent);
		if (!parent)
			break;
		if (is_leaf(other, parent))
			return KT_DIFF_INSIDE;
		at = row_named(side, parent);
	}
	return row->cells[side->leaf].number || is_leaf(other, row->cells[key].text)
		       ? KT_DIFF_LEAF
		       : KT_DIFF_GROUP;
}

/*
 * The title of a row, as its own list shows it. A row of the account that exists only at run time
 * has its parent's title too: "node 0 Normal" alone does not say of what.
 */
static const char *title_of(
	struct kt_arena *arena, const struct kt_diff_side *side, const struct kt_report_row *row)
{
	size_t key = kt_table_column(side->table, KT_COL_KEY),
	       column = kt_table_column_named(side->table, "title");
	const char *title = text_of(row, column), *id = text_of(row, key), *above;

	if (!title || side->leaf == KT_NO_COLUMN || !id || !strchr(id, '.'))
		return title ? kt_arena_printf(arena, "%s", title) : NULL;
	above = text_of(row_named(side, text_of(row, side->parent)), column);
	return above ? kt_arena_printf(arena, "%s: %s", above, title)
		     : kt_arena_printf(arena, "%s", title);
}

/*
 * Takes the quality of the amount from the column "quality". The list of slab caches has a sign
 * after the row instead: of bounds for what a cache holds, of an estimate for its other amounts.
 */
static void take_quality(const struct kt_diff_side *side, const struct kt_report_row *row,
	enum kt_quality *ret_quality, bool *ret_stated)
{
	static const struct {
		const char *mark;
		bool tracked; /* of the tracked column */
		enum kt_quality quality;
	} marks[] = {
		{ "≤", true, KT_UPPER_BOUND },
		{ "≥", true, KT_LOWER_BOUND },
		{ "≈", false, KT_ESTIMATE },
	};
	const char *name = text_of(row, kt_table_column_named(side->table, "quality"));
	bool tracked = side->table->columns[side->amount].flags & KT_COL_TRACK;

	for (int i = 0; i < KT_NR_QUALITIES && name && !*ret_stated; i++) {
		*ret_stated = strcmp(name, kt_quality_name((enum kt_quality)i)) == 0;
		*ret_quality = *ret_stated ? (enum kt_quality)i : KT_EXACT;
	}
	for (size_t i = 0; i < KT_LEN(marks) && row->mark && !*ret_stated; i++) {
		*ret_stated = marks[i].tracked == tracked && strcmp(row->mark, marks[i].mark) == 0;
		*ret_quality = *ret_stated ? marks[i].quality : KT_EXACT;
	}
}

/* Orders rows by name, and twins by their size. */
static int by_key(const void *a, const void *b)
{
	const struct kt_diff_pair *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strverscmp(x->key, y->key);
}

/*
 * A row that one side lacks counts as 0 there, unless the list of that side may leave rows out.
 * This is not guessed for a list that cannot be read: such a list is not compared at all.
 */
static void collect_pairs(struct kt_arena *arena, const struct kt_diff_side sides[2], int side,
	enum kt_diff_place place, kt_diff_pairs *list)
{
	struct kt_cell lacks[2];
	const struct kt_table *table = sides[side].table;

	for (int i = 0; i < 2; i++)
		lacks[i] = sides[i].partial
				   ? kt_cell_missing(KT_ABSENT, "the list is not of all rows")
				   : kt_cell_number(0);
	for (size_t i = 0; table && i < table->rows.count; i++) {
		const struct kt_report_row *row = &table->rows.items[i];
		struct kt_diff_pair *pair = place_of(&sides[side], &sides[!side], row) == place
						    ? kt_list_push(arena, list)
						    : NULL;

		if (!pair)
			continue;
		*pair = (struct kt_diff_pair){ .name = kt_row_name(arena, table, row, " "),
			.key = row->key,
			.cells = { lacks[0], lacks[1] } };
		if (!pair->name || !pair->key) { /* out of memory */
			list->count--;
			continue;
		}
		pair->title = title_of(arena, &sides[side], row);
		pair->cells[side] = row->cells[sides[side].amount];
		take_quality(&sides[side], row, &pair->qualities[side], &pair->stated[side]);
		pair->has[side] = true;
	}
}

static void merge(struct kt_diff_pair *to, const struct kt_diff_pair *from)
{
	for (int side = 0; side < 2; side++) {
		if (from->has[side]) {
			to->cells[side] = from->cells[side];
			to->qualities[side] = from->qualities[side];
			to->stated[side] = from->stated[side];
			to->has[side] = true;
		}
	}
}

/*
 * Rows of one name of which none is on both sides: another kernel has other sizes of objects. They
 * meet in the order of their sizes. Returns how many pairs are left. Only if no row of the name is
 * on both sides: otherwise the match by identity is better, and rows that are left have appeared or
 * gone.
 */
static size_t meet(struct kt_diff_pair *list, size_t count)
{
	size_t kept = 0, after;

	for (size_t i = 0; i < count; i++) {
		if (list[i].has[0] && list[i].has[1])
			return count;
	}
	for (size_t i = 0; i < count; i++) {
		if (!list[i].has[0])
			continue;
		for (after = 0; after < count && (list[after].has[0] || !list[after].has[1]);)
			after++;
		if (after == count)
			break;
		merge(&list[i], &list[after]);
		list[after].has[1] = false;
	}
	for (size_t i = 0; i < count; i++) {
		if (list[i].has[0] || list[i].has[1])
			list[kept++] = list[i];
	}
	return kept;
}

static size_t same_name(const kt_diff_pairs *list, size_t from)
{
	size_t end = from + 1;

	while (end < list->count && strcmp(list->items[end].name, list->items[from].name) == 0)
		end++;
	return end;
}

/* Rows of both sides by their identity, and what is left of a name by order. */
static void join(struct kt_arena *arena, kt_diff_pairs *list)
{
	size_t kept = 0, put = 0, end;

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_key);
	for (size_t i = 0; i < list->count; i++) {
		struct kt_diff_pair *last = kept ? &list->items[kept - 1] : NULL;

		if (last && strcmp(last->key, list->items[i].key) == 0)
			merge(last, &list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	for (size_t i = 0; i < list->count; i = end) {
		size_t count;

		end = same_name(list, i);
		count = meet(&list->items[i], end - i);
		for (size_t k = 0; k < count; k++, put++) {
			list->items[put] = list->items[i + k];
			list->items[put].name =
				kt_copies_name(arena, list->items[put].name, (int64_t)k + 1);
			if (k)
				list->items[put].title = list->items[put].name;
		}
	}
	list->count = put;
}

kt_diff_pairs kt_diff_join(
	struct kt_arena *arena, const struct kt_diff_side sides[2], enum kt_diff_place place)
{
	kt_diff_pairs list = { 0 };

	for (int i = 0; i < 2; i++)
		collect_pairs(arena, sides, i, place, &list);
	join(arena, &list);
	return list;
}
