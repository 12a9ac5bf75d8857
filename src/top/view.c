// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/view.h"

#include "base/human.h"
#include "base/span.h"
#include "model/list.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kt_tab kt_tabs[KT_NR_TABS] = {
	[KT_TAB_ACCOUNT] = { "account", "account", NULL },
	[KT_TAB_SLAB] = { "slab", "slab caches", "slab" },
	[KT_TAB_VMALLOC] = { "vmalloc", "vmalloc", "vmalloc" },
	[KT_TAB_STACKS] = { "stacks", "stacks", "kernel_stacks" },
	[KT_TAB_PAGETABLES] = { "pagetables", "page tables", "page_tables" },
	[KT_TAB_CGROUPS] = { "cgroups", "cgroups", "kernel" },
};

size_t kt_tab_find(const char *name)
{
	size_t i = 0;

	while (i < KT_NR_TABS && strcmp(kt_tabs[i].name, name) != 0)
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

void kt_view_step(struct kt_view *view, const struct kt_options *options, size_t nr_kept)
{
	struct kt_err *err = NULL;

	view->error[0] = '\0';
	if (!view->watch)
		err = kt_watch_new(options, view->tab->name, nr_kept, &view->watch);
	if (!err)
		err = kt_watch_step(view->watch);
	if (err)
		snprintf(view->error, sizeof(view->error), "%s", kt_err_text(err));
	kt_err_free(err);
	kt_view_refresh(view);
}

/* ---- what is shown ---- */

static uint64_t hash_of(const char *key)
{
	return kt_span_hash(KT_HASH_START, kt_span_str(key)) | 1; /* 0 is no row */
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

/* A row of the account that once had an amount keeps its place. */
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

static bool named_like(const char *name, const char *filter)
{
	return !*filter || fnmatch(filter, name, 0) == 0 || strcasestr(name, filter);
}

static void copy_rows(struct kt_view *view, const struct kt_table *from)
{
	size_t name = kt_table_column(from, KT_COL_TREE);

	for (size_t i = 0; i < from->rows.count; i++) {
		const struct kt_report_row *row = &from->rows.items[i];
		struct kt_report_row *copy;

		if (is_account(view) && name != KT_NO_COLUMN &&
			(!has_amount(
				 view, from, row, kt_watch_key(&view->shown.arena, from, row)) ||
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

static void sort_rows(struct kt_view *view)
{
	struct kt_table *table = view->table;
	struct kt_list_opts opts = {
		.sort = kt_table_column_named(table, view->sort) == KT_NO_COLUMN ? rank_of(table)
										 : view->sort,
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

/* The row may have moved, or gone: then its place stays. */
static void find_cursor(struct kt_view *view)
{
	size_t count = kt_view_nr(view);

	if (!view->row)
		view->at = 0;
	for (size_t i = 0; view->row && i < count; i++) {
		if (hash_of(kt_view_key(view, i)) == view->row) {
			view->at = i;
			return;
		}
	}
	if (view->at >= count)
		view->at = count ? count - 1 : 0;
}

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
	if (from->list)
		sort_rows(view);
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
	return kt_watch_key((struct kt_arena *)&view->shown.arena, view->table,
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

/* ---- what the user does ---- */

void kt_view_move_to(struct kt_view *view, size_t index)
{
	size_t count = kt_view_nr(view);

	view->at = index >= count ? (count ? count - 1 : 0) : index;
	/* at the top, the cursor stays there whichever row is first */
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

bool kt_view_search(struct kt_view *view, const char *text, size_t from)
{
	size_t count = kt_view_nr(view);

	for (size_t i = 0; i < count && *text; i++) {
		size_t index = (from + i) % count;

		if (strcasestr(kt_view_name(view, index), text)) {
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
	/* one that is seen only because it is sorted by stands first */
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

void kt_view_cell(const struct kt_column *column, const struct kt_cell *cell, bool exact, char *ret,
	size_t size)
{
	bool change = column->flags & (KT_COL_GROWTH | KT_COL_RATE);
	char human[24];

	if (cell->state != KT_OK) {
		snprintf(ret, size, "%s",
			cell->state == KT_ABSENT ? "-" : kt_state_name(cell->state));
		return;
	}
	switch (column->type) {
	case KT_CELL_TEXT: snprintf(ret, size, "%s", cell->text); break;
	case KT_CELL_COUNT:
		snprintf(ret, size, "%s%lld", change && cell->number > 0 ? "+" : "",
			(long long)cell->number);
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
