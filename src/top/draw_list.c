// SPDX-License-Identifier: GPL-2.0-or-later
//
// Draws the lower part of the screen: the tabs, and the list of the open tab.

#include "top/draw.h"

#include "top/past.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX    40	 /* columns of a text that is not the name */
#define PIN	    "* " /* before the name of a pinned row */
#define PIN_COLUMNS 2

/* ---- tabs ---- */

static int tab_columns(size_t tab, bool titles)
{
	return (int)strlen(titles ? kt_tabs[tab].title : kt_tabs[tab].cmd->name) + (titles ? 4 : 2);
}

static int columns_of_tabs(size_t from, size_t to, bool titles)
{
	int sum = 0;

	for (size_t i = from; i < to; i++)
		sum += tab_columns(i, titles);
	return sum;
}

void kt_draw_tabs(struct kt_top *top, int y)
{
	struct kt_screen *screen = &top->screen;
	bool titles = columns_of_tabs(0, KT_NR_TABS, true) <= screen->width;
	size_t first = 0;
	int x = 0;

	memset(top->tab_to, 0, sizeof(top->tab_to));
	/* if not all tabs fit, at least the open tab must */
	while (first < top->open && columns_of_tabs(first, top->open + 1, titles) > screen->width)
		first++;
	for (size_t i = first; i < KT_NR_TABS && x < screen->width; i++) {
		enum kt_style style = i == top->open ? KT_STYLE_OPEN : KT_STYLE_TAB;
		int width = tab_columns(i, titles);
		char text[32];

		if (titles)
			snprintf(text, sizeof(text), " %zu %s ", i + 1, kt_tabs[i].title);
		else
			snprintf(text, sizeof(text), " %s ", kt_tabs[i].cmd->name);
		kt_screen_put(screen, y, x, screen->width - x, style, text);
		top->tab_from[i] = x;
		x += width;
		top->tab_to[i] = x;
	}
	kt_screen_paint(screen, y, x, screen->width - x, KT_STYLE_TAB);
}

/* ---- columns ---- */

struct columns {
	const struct kt_table *table;
	size_t index[KT_VIEW_COLUMNS]; /* the name first */
	int widths[KT_VIEW_COLUMNS];
	struct kt_list_fit fit;
	size_t nr_first; /* columns after the name; the history and further columns follow */
};

/*
 * Widths are fixed for amounts, as far as possible: a column must not become wider while it is
 * read.
 */
static int width_of(const struct kt_top *top, const struct kt_view *view, size_t k)
{
	const struct kt_column *column = &view->table->columns[k];
	int width = (int)strlen(column->title) + (k == kt_view_sorted(view)),
	    held = view->widths[k];

	/* the width that amounts reach over time */
	if (column->type == KT_CELL_BYTES)
		held = column->flags & (KT_COL_GROWTH | KT_COL_RATE) ? 10 : held < 9 ? 9 : held;
	if (column->type == KT_CELL_BYTES && top->exact)
		held = 14;
	if (column->type == KT_CELL_SHARE)
		held = held < 7 ? 7 : held;
	if (column->type == KT_CELL_TEXT && held > TEXT_MAX)
		held = TEXT_MAX;
	return width > held ? width : held;
}

/* A column without any value, such as a counter that this kernel lacks, only takes room. */
static bool is_known(const struct kt_view *view, size_t k)
{
	for (size_t i = 0; i < kt_view_nr(view); i++) {
		if (view->table->rows.items[i].cells[k].state == KT_OK)
			return true;
	}
	return false;
}

/* Adds at the end, on a wide terminal, the columns that otherwise have no room. */
static size_t add_wide(const struct kt_view *view, size_t count, size_t found[KT_VIEW_COLUMNS])
{
	size_t all[KT_VIEW_COLUMNS], nr_all = kt_view_columns(view, true, all);
	size_t first = count;

	for (size_t i = 0; i < nr_all && count < KT_VIEW_COLUMNS; i++) {
		bool there = false;

		for (size_t k = 0; k < first; k++)
			there |= found[k] == all[i];
		if (!there && is_known(view, all[i]))
			found[count++] = all[i];
	}
	return count;
}

/*
 * Finds the name and the columns that are not scrolled away; `ret_first`: without the columns added
 * at the end.
 */
static size_t find_columns(
	const struct kt_view *view, size_t found[KT_VIEW_COLUMNS], size_t *ret_first)
{
	size_t count = kt_view_columns(view, view->skipped > 0, found), n = count > 0;

	for (size_t i = 1 + view->skipped; i < count; i++) {
		if (!view->skipped || is_known(view, found[i]))
			found[n++] = found[i];
	}
	*ret_first = n;
	return view->skipped ? n : add_wide(view, n, found);
}

static void choose(const struct kt_top *top, const struct kt_view *view, struct columns *ret)
{
	size_t nr_first, count = find_columns(view, ret->index, &nr_first);

	ret->table = view->table;
	if (!count)
		return;
	for (size_t i = 0; i < count; i++)
		ret->widths[i] = width_of(top, view, ret->index[i]);
	ret->nr_first = nr_first - 1;
	ret->fit = kt_list_fit(top->screen.width, ret->widths[0], ret->widths + 1, ret->nr_first,
		count - 1, top->live && view->watch);
}

static int past_at(const struct columns *columns)
{
	int x = columns->fit.name + 2;

	for (size_t i = 1; i <= columns->nr_first; i++)
		x += columns->widths[i] + 1;
	return x;
}

/* Column where a list column begins; the name begins at 0. */
static int column_at(const struct columns *columns, size_t index)
{
	int x = columns->fit.name + 1;

	for (size_t i = 1; i < index; i++)
		x += columns->widths[i] + 1;
	if (index > columns->nr_first && columns->fit.past)
		x += columns->fit.past + 2;
	return index ? x : 0;
}

/* ---- rows ---- */

static enum kt_style style_of(
	const struct kt_column *column, const struct kt_report_row *row, const struct kt_cell *cell)
{
	bool wasted = strcmp(column->key, "free_bytes") == 0 ||
		      strcmp(column->key, "tail_bytes") == 0 ||
		      strcmp(column->key, "padding_bytes") == 0;

	if (column->flags & (KT_COL_GROWTH | KT_COL_RATE))
		return kt_growth_style(column, row, cell);
	if (cell->state != KT_OK)
		return KT_STYLE_DIM;
	return wasted && cell->number >= 1 << 20 ? KT_STYLE_WASTE : KT_STYLE_PLAIN;
}

static void draw_cells(
	struct kt_top *top, int y, const struct columns *columns, const struct kt_report_row *row)
{
	struct kt_screen *screen = &top->screen;
	char text[512], shorter[512];

	for (size_t i = 0; i <= columns->fit.nr; i++) {
		size_t k = columns->index[i];
		const struct kt_column *column = &columns->table->columns[k];
		int width = i ? columns->widths[i] : columns->fit.name, x = column_at(columns, i);
		bool pinned = !i && row->pinned && width > PIN_COLUMNS;

		kt_view_cell(column, &row->cells[k], top->exact, text, sizeof(text));
		if (pinned) {
			kt_screen_put(screen, y, x, width, KT_STYLE_BOLD, PIN);
			x += PIN_COLUMNS;
			width -= PIN_COLUMNS;
		}
		kt_text_shorten(text, width, screen->unicode, shorter, sizeof(shorter));
		if (column->type == KT_CELL_TEXT)
			kt_screen_put(screen, y, x, width, pinned ? KT_STYLE_BOLD : KT_STYLE_PLAIN,
				shorter);
		else
			kt_screen_put_right(screen, y, x, width,
				style_of(column, row, &row->cells[k]), shorter);
	}
}

static void draw_past(struct kt_top *top, const struct kt_view *view, int y,
	const struct columns *columns, size_t row)
{
	int dots = columns->fit.past * 2;
	struct kt_top_past past;
	int64_t low, high;

	if (!dots)
		return;
	kt_top_past_of(view->watch, kt_view_key(view, row), dots,
		kt_top_past_step_ms(dots, KT_TOP_PAST_WINDOW_S, top->interval_s), &past);
	kt_top_past_draw(&top->screen, y, past_at(columns), dots / 2, 1, &past, &low, &high);
}

static void draw_head(
	struct kt_top *top, const struct kt_view *view, int y, const struct columns *columns)
{
	struct kt_screen *screen = &top->screen;
	size_t sorted = kt_view_sorted(view);
	char text[64];

	kt_screen_paint(screen, y, 0, screen->width, KT_STYLE_HEAD);
	for (size_t i = 0; i <= columns->fit.nr; i++) {
		size_t k = columns->index[i];
		const struct kt_column *column = &columns->table->columns[k];
		int width = i ? columns->widths[i] : columns->fit.name, x = column_at(columns, i);
		enum kt_style style = k == sorted ? KT_STYLE_SORTED : KT_STYLE_HEAD;

		top->heads[top->nr_heads++] = (struct kt_top_head){ x, x + width, k };
		snprintf(text, sizeof(text), "%s%s", column->title,
			k != sorted	 ? ""
			: view->inverted ? "▲"
					 : "▼");
		if (column->type == KT_CELL_TEXT)
			kt_screen_put(screen, y, x, width, style, text);
		else
			kt_screen_put_right(screen, y, x, width, style, text);
	}
	if (!columns->fit.past)
		return;
	kt_top_past_title(columns->fit.past * 2, top->interval_s, text, sizeof(text));
	kt_screen_put(screen, y, past_at(columns), columns->fit.past, KT_STYLE_HEAD, text);
}

static void draw_sum(struct kt_top *top, int y, const struct columns *columns,
	const struct kt_report_row *row, enum kt_style style)
{
	if (!row)
		return;
	draw_cells(top, y, columns, row);
	kt_screen_paint(&top->screen, y, 0, top->screen.width, style);
}

/*
 * A terminal has one line for both sums. With a filter it shows the hidden rows, so that no reader
 * takes a part for the total.
 */
static void draw_sums(
	struct kt_top *top, const struct kt_view *view, int y, const struct columns *columns)
{
	const struct kt_report_row *rest = view->table->rest, *total = view->table->total;

	if (top->cursor) {
		draw_sum(top, y, columns, *view->filter && rest ? rest : total, KT_STYLE_BOLD);
		return;
	}
	draw_sum(top, y, columns, rest, KT_STYLE_DIM);
	draw_sum(top, y + (rest != NULL), columns, total, KT_STYLE_BOLD);
}

/* Draws the account in place of the list if its tab is open. */
static void draw_account(struct kt_top *top, int head, int y, int room)
{
	struct kt_view *view = kt_top_view(top);
	struct kt_panel panel = { .room = (size_t)room };
	size_t at = kt_view_place(view, view->at);

	for (size_t i = 0; i < kt_view_nr(view) && panel.count < KT_PANEL_MAX; i++) {
		if (!kt_view_is_away(view, i))
			panel.index[panel.count++] = i;
	}
	view->first = kt_scroll_to(view->first, at, panel.room, panel.count);
	panel.first = view->first;
	panel.selected = top->cursor ? at : KT_PANEL_MAX;
	if (head >= 0) {
		kt_draw_panel_head(top, head);
		kt_screen_paint(&top->screen, head, 0, top->screen.width, KT_STYLE_HEAD);
	}
	kt_draw_panel(top, y, &panel);
}

void kt_draw_list(struct kt_top *top, int head, int y, int room, int total)
{
	struct kt_view *view = kt_top_view(top);
	struct columns columns = { 0 };

	top->nr_heads = 0;
	if (*view->error || !view->table) {
		kt_screen_put_wrapped(&top->screen, y, y + room, KT_STYLE_ALERT, view->error);
		return;
	}
	if (top->open == KT_TAB_ACCOUNT) {
		draw_account(top, head, y, room);
		return;
	}
	choose(top, view, &columns);
	view->first = kt_scroll_to(view->first, view->at, (size_t)room, kt_view_nr(view));
	if (head >= 0)
		draw_head(top, view, head, &columns);
	for (int i = 0; i < room && view->first + (size_t)i < kt_view_nr(view); i++) {
		size_t row = view->first + (size_t)i;

		draw_cells(top, y + i, &columns, &view->table->rows.items[row]);
		draw_past(top, view, y + i, &columns, row);
		if (row == view->at && top->cursor)
			kt_screen_paint(
				&top->screen, y + i, 0, top->screen.width, KT_STYLE_SELECTED);
	}
	if (!kt_view_nr(view))
		kt_screen_put(&top->screen, y, 0, top->screen.width, KT_STYLE_DIM,
			*view->filter ? "no row's name contains the filter's text" : "no rows");
	if (total >= 0)
		draw_sums(top, view, total, &columns);
}
