// SPDX-License-Identifier: GPL-2.0-or-later
//
// One tab: runs its command, and keeps the part of its rows that the user sees. The watch owns the
// reports; `shown` has copies of rows whose texts belong to the watch's last report. So the view
// must be refreshed after each step, and before anything is drawn.

#include "top/view.h"

#include "base/human.h"
#include "base/span.h"
#include "cmd/account/account.h"
#include "cmd/list/cgroups.h"
#include "cmd/list/tasks.h"
#include "cmd/list/vmalloc.h"
#include "cmd/slab/slab.h"
#include "report/list.h"
#include "report/row_key.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kt_tab kt_tabs[KT_NR_TABS] = {
	[KT_TAB_ACCOUNT] = { &kt_cmd_account, "account", KT_ROW_NONE },
	[KT_TAB_SLAB] = { &kt_cmd_slab, "slab caches", KT_ROW_SLAB },
	[KT_TAB_VMALLOC] = { &kt_cmd_vmalloc, "vmalloc", KT_ROW_VMALLOC },
	[KT_TAB_STACKS] = { &kt_cmd_stacks, "stacks", KT_ROW_KERNEL_STACKS },
	[KT_TAB_PAGETABLES] = { &kt_cmd_pagetables, "page tables", KT_ROW_PAGE_TABLES },
	[KT_TAB_CGROUPS] = { &kt_cmd_cgroups, "cgroups", KT_ROW_KERNEL },
};

size_t kt_tab_find(const char *name)
{
	size_t i = 0;

	while (i < KT_NR_TABS && strcmp(kt_tabs[i].cmd->name, name) != 0)
		i++;
	return i;
}

void kt_view_init(struct kt_view *view, const struct kt_tab *tab)
{
	*view = (struct kt_view){ .tab = tab };
}

void kt_view_fini(struct kt_view *view)
{
	kt_watch_free(view->watch);
	kt_report_cleanup(&view->shown);
	*view = (struct kt_view){ .tab = view->tab };
}

static bool is_account(const struct kt_view *view)
{
	return view->tab == &kt_tabs[KT_TAB_ACCOUNT];
}

/*
 * An error is kept as text and drawn in place of the list: it may be over at the next sample, so it
 * must not end the program.
 */
void kt_view_step(struct kt_view *view, const struct kt_call *call, size_t nr_kept)
{
	struct kt_err *err = NULL;

	view->error[0] = '\0';
	if (!view->watch)
		err = kt_watch_new(view->tab->cmd, call, nr_kept, &view->watch);
	if (!err)
		err = kt_watch_step(view->watch);
	if (err)
		snprintf(view->error, sizeof(view->error), "%s", kt_err_text(err));
	kt_err_free(err);
	kt_view_refresh(view);
}

/* ---- what is shown ---- */

/*
 * Rows are remembered as 8 bytes of hash, because keys die with their report. If two keys collide,
 * the cursor is on the wrong one of two rows, or an empty row is shown; no number is affected.
 */
static uint64_t hash_of(const char *key)
{
	return kt_span_hash(KT_HASH_START, kt_span_str(key)) | 1; /* 0 means no row */
}

static bool was_seen(struct kt_view *view, const char *key)
{
	uint64_t hash = hash_of(key);

	for (size_t i = 0; i < view->nr_seen; i++) {
		if (view->seen[i] == hash)
			return true;
	}
	return false;
}

/*
 * True if the row has or once had an amount: such a row of the account keeps its place. Beyond
 * KT_VIEW_SEEN rows the rest is not remembered, and may come and go.
 */
static bool has_amount(struct kt_view *view, const struct kt_table *from,
	const struct kt_report_row *row, const char *key)
{
	size_t track = kt_table_column(from, KT_COL_TRACK);

	if (track != KT_NO_COLUMN && row->cells[track].state == KT_OK &&
		row->cells[track].number != 0) {
		if (!was_seen(view, key) && view->nr_seen < KT_VIEW_SEEN)
			view->seen[view->nr_seen++] = hash_of(key);
		return true;
	}
	return view->empty || was_seen(view, key);
}

/* A user need not know whether a text is a pattern: both meanings are tried. */
static bool named_like(const char *name, const char *filter)
{
	return !*filter || fnmatch(filter, name, 0) == 0 || strcasestr(name, filter);
}

/*
 * Only the account is filtered here, because it is a tree that keeps its order; lists are filtered
 * by kt_list_finish() with the same rules as on the command line.
 */
static void copy_rows(struct kt_view *view, const struct kt_table *from)
{
	size_t name = kt_table_column(from, KT_COL_TREE);

	for (size_t i = 0; i < from->rows.count; i++) {
		const struct kt_report_row *row = &from->rows.items[i];
		struct kt_report_row *copy;

		if (is_account(view) && name != KT_NO_COLUMN &&
			(!has_amount(view, from, row, kt_row_id(&view->shown.arena, from, row)) ||
				!named_like(row->cells[name].text, view->filter)))
			continue;
		copy = kt_list_push(&view->shown.arena, &view->table->rows);
		if (!copy)
			return;
		*copy = *row;
	}
}

static const char *rank_of(const struct kt_table *table)
{
	size_t rank = kt_table_column(table, KT_COL_RANK);

	if (rank == KT_NO_COLUMN)
		rank = kt_table_column(table, KT_COL_TRACK);
	return rank == KT_NO_COLUMN ? table->columns[0].key : table->columns[rank].key;
}

/*
 * A sort column that the list does not have (another kernel, no root) falls back to the ranking of
 * the command.
 */
static void sort_rows(struct kt_view *view)
{
	struct kt_table *table = view->table;
	size_t column = kt_table_column_named(table, view->sort);
	bool known = column != KT_NO_COLUMN && !(table->columns[column].flags & view->hidden);
	struct kt_list_opts opts = {
		.sort = known ? view->sort : rank_of(table),
		.filter = *view->filter ? view->filter : NULL,
		.top = view->top,
		.empty = view->empty,
	};
	struct kt_err *err = kt_list_finish(&view->shown, &opts);

	if (err)
		snprintf(view->error, sizeof(view->error), "%s", kt_err_text(err));
	kt_err_free(err);
	for (size_t i = 0; view->inverted && i < table->rows.count / 2; i++) {
		struct kt_report_row row = table->rows.items[i];

		table->rows.items[i] = table->rows.items[table->rows.count - 1 - i];
		table->rows.items[table->rows.count - 1 - i] = row;
	}
}

/*
 * Pinned rows come before all others, in the order of the list. `pinned` of these copies says that
 * they are drawn as such.
 */
static void put_pinned_first(struct kt_view *view)
{
	struct kt_report_row *rows = view->table->rows.items, row;
	size_t to = 0;

	for (size_t i = 0; view->marks && view->marks->count && i < kt_view_nr(view); i++) {
		if (!kt_marks_has(view->marks, kt_view_key(view, i)))
			continue;
		row = rows[i];
		row.pinned = true;
		memmove(rows + to + 1, rows + to, (i - to) * sizeof(*rows));
		rows[to++] = row;
	}
}

/* A filter shows what it finds below folded rows too. */
static void fold_rows(struct kt_view *view)
{
	const struct kt_report_row *rows = view->table->rows.items;
	int folded = INT_MAX; /* depth of the folded row above */

	memset(view->away, 0, sizeof(view->away));
	if (!view->marks || *view->filter)
		return;
	for (size_t i = 0; i < kt_view_nr(view) && i < KT_VIEW_TREE; i++) {
		view->away[i] = rows[i].depth > folded;
		if (!view->away[i])
			folded = kt_marks_has(view->marks, kt_view_key(view, i)) ? rows[i].depth
										 : INT_MAX;
	}
}

/* Returns the row, or the folded row above it if it is not drawn. */
static size_t drawn(const struct kt_view *view, size_t index)
{
	while (index && kt_view_is_away(view, index))
		index--;
	return index;
}

/*
 * Finds the cursor's row again; if it has disappeared, its place stays. The cursor belongs to a
 * row, not to a line of the screen: otherwise a list that is sorted anew each second would move
 * other rows under it.
 */
static void find_cursor(struct kt_view *view)
{
	size_t count = kt_view_nr(view);

	if (!view->row)
		view->at = 0;
	for (size_t i = 0; view->row && i < count; i++) {
		if (hash_of(kt_view_key(view, i)) == view->row) {
			view->at = drawn(view, i);
			return;
		}
	}
	if (view->at >= count)
		view->at = count ? count - 1 : 0;
	view->at = drawn(view, view->at);
}

/* Widths only grow, also over samples: columns that jump each second cannot be read. */
static void widen(struct kt_view *view, const struct kt_report_row *row)
{
	size_t count = view->table->nr_columns;
	char text[256];

	for (size_t k = 0; row && k < count && k < KT_VIEW_COLUMNS; k++) {
		int width;

		kt_view_cell(&view->table->columns[k], &row->cells[k], false, text, sizeof(text));
		width = (int)strlen(text); /* amounts are ASCII; names are cut to fit */
		if (width > view->widths[k])
			view->widths[k] = width;
	}
}

void kt_view_refresh(struct kt_view *view)
{
	const struct kt_table *from = view->watch ? kt_watch_table(view->watch) : NULL;

	kt_report_cleanup(&view->shown);
	view->shown = (struct kt_report){ .followed = true };
	view->table = NULL;
	if (!from)
		return;
	view->table = (from->list ? kt_report_list : kt_report_table)(
		&view->shown, from->key, from->title, from->columns, from->nr_columns);
	if (!view->table)
		return;
	view->table->plain = from->plain;
	copy_rows(view, from);
	if (from->list) {
		sort_rows(view);
		put_pinned_first(view);
	} else
		fold_rows(view);
	for (size_t i = 0; i < view->table->rows.count; i++)
		widen(view, &view->table->rows.items[i]);
	widen(view, view->table->rest);
	widen(view, view->table->total);
	find_cursor(view);
}

size_t kt_view_nr(const struct kt_view *view)
{
	return view->table ? view->table->rows.count : 0;
}

const char *kt_view_key(const struct kt_view *view, size_t index)
{
	if (index >= kt_view_nr(view))
		return NULL;
	return kt_row_id((struct kt_arena *)&view->shown.arena, view->table,
		&view->table->rows.items[index]);
}

size_t kt_view_name_column(const struct kt_view *view)
{
	size_t tree = kt_table_column(view->table, KT_COL_TREE);

	return tree != KT_NO_COLUMN ? tree : kt_table_column(view->table, KT_COL_KEY);
}

const char *kt_view_name(const struct kt_view *view, size_t index)
{
	const struct kt_cell *cell;

	if (index >= kt_view_nr(view) || kt_view_name_column(view) == KT_NO_COLUMN)
		return "";
	cell = &view->table->rows.items[index].cells[kt_view_name_column(view)];
	return cell->state == KT_OK && cell->text ? cell->text : "";
}

size_t kt_view_sorted(const struct kt_view *view)
{
	return view->table && view->table->list ? view->table->sorted_by : KT_NO_COLUMN;
}

/* ---- the tree ---- */

static int depth_of(const struct kt_view *view, size_t index)
{
	return index < kt_view_nr(view) ? view->table->rows.items[index].depth : 0;
}

bool kt_view_is_away(const struct kt_view *view, size_t index)
{
	return index < KT_VIEW_TREE && view->away[index];
}

bool kt_view_has_children(const struct kt_view *view, size_t index)
{
	return depth_of(view, index + 1) > depth_of(view, index);
}

bool kt_view_is_folded(const struct kt_view *view, size_t index)
{
	return !kt_view_is_away(view, index) && kt_view_is_away(view, index + 1);
}

size_t kt_view_parent(const struct kt_view *view, size_t index)
{
	for (size_t i = index; i > 0; i--) {
		if (depth_of(view, i - 1) < depth_of(view, index))
			return i - 1;
	}
	return index;
}

size_t kt_view_place(const struct kt_view *view, size_t index)
{
	size_t place = index;

	for (size_t i = 0; i < index && i < KT_VIEW_TREE; i++)
		place -= view->away[i];
	return place;
}

size_t kt_view_at_place(const struct kt_view *view, size_t place)
{
	size_t count = kt_view_nr(view), i = 0;

	for (; i < count; i++) {
		if (!kt_view_is_away(view, i) && !place--)
			break;
	}
	return i;
}

/* Unfolds the rows above a row. */
static void reveal(struct kt_view *view, size_t index)
{
	if (!kt_view_is_away(view, index))
		return;
	for (size_t i = index, above; (above = kt_view_parent(view, i)) != i; i = above)
		kt_marks_remove(view->marks, kt_view_key(view, above));
	kt_view_refresh(view);
}

/* ---- user actions ---- */

void kt_view_follow(struct kt_view *view)
{
	if (view->at < kt_view_nr(view))
		view->row = hash_of(kt_view_key(view, view->at));
}

void kt_view_move_to(struct kt_view *view, size_t index)
{
	size_t count = kt_view_nr(view);

	view->at = drawn(view, index >= count ? (count ? count - 1 : 0) : index);
	/* at the top, the cursor stays on the first row, even if another row becomes first */
	view->row = view->at && count ? hash_of(kt_view_key(view, view->at)) : 0;
}

bool kt_view_sort(struct kt_view *view, const char *key)
{
	size_t column = view->table && view->table->list ? kt_table_column_named(view->table, key)
							 : KT_NO_COLUMN;

	if (column == KT_NO_COLUMN || view->table->columns[column].flags & view->hidden)
		return false;
	snprintf(view->sort, sizeof(view->sort), "%s", key);
	view->row = 0;
	view->first = 0;
	kt_view_refresh(view);
	return true;
}

/* Searches from `from` and wraps around, so that repeating the search visits every match. */
bool kt_view_search(struct kt_view *view, const char *text, size_t from)
{
	size_t count = kt_view_nr(view);

	for (size_t i = 0; i < count && *text; i++) {
		size_t index = (from + i) % count;

		if (strcasestr(kt_view_name(view, index), text)) {
			reveal(view, index);
			kt_view_move_to(view, index);
			return true;
		}
	}
	return false;
}

/* ---- columns and cells ---- */

size_t kt_view_columns(const struct kt_view *view, bool all, size_t ret[KT_VIEW_COLUMNS])
{
	size_t count = 0, sorted = kt_view_sorted(view), name = kt_view_name_column(view);

	if (name != KT_NO_COLUMN)
		ret[count++] = name;
	/* a column that is shown only because it is the sort column comes first */
	if (sorted != KT_NO_COLUMN && sorted != name &&
		view->table->columns[sorted].flags &
			(all ? KT_COL_DATA_ONLY : KT_COL_DATA_ONLY | KT_COL_WIDE))
		ret[count++] = sorted;
	for (size_t k = 0; k < view->table->nr_columns && count < KT_VIEW_COLUMNS; k++) {
		unsigned flags = view->table->columns[k].flags;

		if (k == name || (k == sorted && count > 1 && ret[1] == sorted) ||
			flags & (KT_COL_DATA_ONLY | KT_COL_BAR | KT_COL_TEXT_ONLY | view->hidden) ||
			(flags & KT_COL_WIDE && !all))
			continue;
		ret[count++] = k;
	}
	return count;
}

/*
 * A missing value is "-" or the reason's name, never 0. Growth has its sign, so that it is not
 * taken for a size.
 */
void kt_view_cell(const struct kt_column *column, const struct kt_cell *cell, bool exact, char *ret,
	size_t size)
{
	bool change = column->flags & (KT_COL_GROWTH | KT_COL_RATE);
	char human[24], number[KT_HUMAN_COUNT];

	if (cell->state != KT_OK) {
		snprintf(ret, size, "%s",
			cell->state == KT_ABSENT ? "-" : kt_state_name(cell->state));
		return;
	}
	switch (column->type) {
	case KT_CELL_TEXT: snprintf(ret, size, "%s", cell->text); break;
	case KT_CELL_COUNT:
		/* a number that is not summed may be a name */
		if (change || column->flags & (KT_COL_SUM | KT_COL_CHANGE))
			kt_human_count(cell->number, number);
		else
			snprintf(number, sizeof(number), "%lld", (long long)cell->number);
		snprintf(ret, size, "%s%s", change && cell->number > 0 ? "+" : "", number);
		break;
	case KT_CELL_BOOL: snprintf(ret, size, "%s", cell->number ? "yes" : "no"); break;
	case KT_CELL_SHARE: snprintf(ret, size, "%.1f %%", cell->real * 100); break;
	case KT_CELL_REAL: snprintf(ret, size, "%.2f", cell->real); break;
	case KT_CELL_BYTES:
		kt_human_bytes(cell->number, human);
		if (exact)
			snprintf(human, sizeof(human), "%lld", (long long)cell->number);
		snprintf(ret, size, "%s%s", change && cell->number > 0 ? "+" : "", human);
		break;
	}
}
