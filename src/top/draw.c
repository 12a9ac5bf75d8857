// SPDX-License-Identifier: GPL-2.0-or-later
//
// Assembles the screen from its parts.

#include "top/draw.h"

#include "base/human.h"
#include "top/past.h"

#include <stdio.h>
#include <string.h>

#define PAGE_PAST     4 /* rows of history above a page */
#define PAGE_WINDOW_S 600
#define ERROR_ROWS    8 /* at most, for an error in batch mode */

/* ---- the last row: keys, a message, or an input line ---- */

static const struct {
	const char *key, *label;
	bool live; /* only for the running machine */
} keys[] = { { "F1", "Help" }, { "F10", "Quit" }, { "F4", "Filter" }, { "F3", "Search" },
	{ "F6", "Sort" }, { "F2", "Mark" }, { "F5", "Freeze" }, { "F9", "Who", true },
	{ "F7", "Faster" }, { "F8", "Slower" }, { "Enter", "Explain" } };

/*
 * Draws as many keys as fit, in the order of their numbers; the table has the most important keys
 * first.
 */
static void draw_keys(struct kt_screen *screen, int y, int room, bool live)
{
	static const unsigned char order[] = { 0, 5, 3, 2, 6, 4, 8, 9, 7, 1, 10 };
	size_t fit = 0;
	int x = 0;

	for (; fit < KT_LEN(keys); fit++) {
		if (keys[fit].live && !live)
			continue;
		room -= (int)(strlen(keys[fit].key) + strlen(keys[fit].label)) + (fit > 0);
		if (room < 0)
			break;
	}
	for (size_t i = 0; i < KT_LEN(order); i++) {
		if (order[i] >= fit || (keys[order[i]].live && !live))
			continue;
		x += kt_screen_put(
			screen, y, x, screen->width - x, KT_STYLE_BOLD, keys[order[i]].key);
		x += kt_screen_put(screen, y, x, screen->width - x, KT_STYLE_LABEL,
			     keys[order[i]].label) +
		     1;
	}
}

static void draw_prompt(struct kt_top *top, int y, const char *what)
{
	struct kt_screen *screen = &top->screen;
	int x = kt_screen_put(screen, y, 0, screen->width, KT_STYLE_BOLD, what);

	x += kt_screen_put(screen, y, x, screen->width - x, KT_STYLE_PLAIN, top->input);
	kt_screen_put_char(screen, y, x, KT_STYLE_SELECTED, ' ');
	if (*top->message)
		kt_screen_put(
			screen, y, x + 2, screen->width - x - 2, KT_STYLE_ALERT, top->message);
}

/* Draws how far a watch is; returns the columns that it takes. */
static int draw_watch(struct kt_top *top, int y)
{
	char text[128];
	int columns;

	if (!kt_top_watches(top))
		return 0;
	kt_top_watch_progress(top, text, sizeof(text));
	columns = kt_text_columns(text) + 1;
	columns = columns > top->screen.width ? top->screen.width : columns;
	kt_screen_put_right(
		&top->screen, y, top->screen.width - columns, columns, KT_STYLE_GROWS, text);
	return columns;
}

static void draw_question(struct kt_top *top, int y)
{
	static const char *const answers[] = { "Enter: yes  + -: time  Esc: no",
		"Enter  + -  Esc" };
	struct kt_screen *screen = &top->screen;
	char text[160];
	int x;

	kt_top_watch_question(top, text, sizeof(text));
	x = kt_screen_put(screen, y, 0, screen->width, KT_STYLE_BOLD, text);
	kt_screen_put(screen, y, x, screen->width - x, KT_STYLE_LABEL,
		answers[x + kt_text_columns(answers[0]) > screen->width]);
}

/* Draws the filter while rows are hidden; returns the columns that it takes. */
static int draw_filter(struct kt_top *top, int y)
{
	const char *filter = kt_top_view(top)->filter;
	int columns = *filter ? kt_text_columns(filter) + 9 : 0;
	char text[96];

	if (!columns)
		return 0;
	snprintf(text, sizeof(text), " filter: %s", filter);
	columns = columns > top->screen.width / 2 ? top->screen.width / 2 : columns;
	kt_screen_put_right(
		&top->screen, y, top->screen.width - columns, columns, KT_STYLE_ALERT, text);
	return columns;
}

/* Keys or a message, and at the right how far a watch is, or the filter. */
static void draw_usual(struct kt_top *top, int y)
{
	struct kt_screen *screen = &top->screen;
	int room = screen->width - draw_watch(top, y);

	if (*top->message)
		kt_screen_put(screen, y, 0, room, KT_STYLE_ALERT, top->message);
	else
		draw_keys(screen, y, room < screen->width ? room : room - draw_filter(top, y),
			top->live);
}

void kt_draw_footer(struct kt_top *top, int y)
{
	struct kt_screen *screen = &top->screen;

	if (top->mode == KT_MODE_SEARCH)
		draw_prompt(top, y, "Search: ");
	else if (top->mode == KT_MODE_FILTER)
		draw_prompt(top, y, "Filter: ");
	else if (top->mode == KT_MODE_TIME)
		draw_prompt(top, y, "Time (23:59, 2026-01-31T23:59, -2h): ");
	else if (top->mode == KT_MODE_WATCH && !*top->message)
		draw_question(top, y);
	else if (top->mode == KT_MODE_PAGE && !*top->message)
		kt_screen_put(screen, y, 0, screen->width, KT_STYLE_LABEL,
			top->watching.page
				? "Up Down PgUp PgDn: scroll   s: stacks   Esc q: back   F10: quit"
				: "Up Down PgUp PgDn: scroll   Esc q: back   F10: quit");
	else if (top->mode == KT_MODE_SORT && !*top->message)
		kt_screen_put(screen, y, 0, screen->width, KT_STYLE_LABEL,
			"Up Down: column   Enter: sort by it   Esc: back");
	else
		draw_usual(top, y);
}

void kt_draw_sort(struct kt_top *top, int y, int room)
{
	const struct kt_view *view = kt_top_view(top);
	size_t index[KT_VIEW_COLUMNS], count, first;

	if (!view->table)
		return;
	count = kt_view_columns(view, true, index);
	/* with a title, or the columns would be taken for the names of the rows */
	if (room > 1) {
		kt_screen_put(&top->screen, y++, 0, 22, KT_STYLE_OPEN, " SORT BY COLUMN      ");
		room--;
	}
	room = (size_t)room > count + 1 ? (int)count + 1 : room;
	first = kt_scroll_to(0, top->chosen, (size_t)room, count);
	for (int i = 0; i < room; i++) {
		size_t at = first + (size_t)i;
		char text[32];

		snprintf(text, sizeof(text), " %-18.18s %s",
			at < count ? view->table->columns[index[at]].title : "------------------",
			top->screen.unicode ? "│" : "|");
		kt_screen_put(&top->screen, y + i, 0, 22,
			at == top->chosen ? KT_STYLE_SELECTED : KT_STYLE_TAB, text);
	}
}

/* ---- pages ---- */

/* Draws the history of the page's row above its text. */
static int draw_page_past(struct kt_top *top, int y)
{
	const struct kt_view *view = kt_top_view(top);
	struct kt_screen *screen = &top->screen;
	int width = screen->width - 12, dots = width * 2;
	char low_text[24], high_text[24];
	struct kt_top_past past;
	int64_t low, high;

	if (!*top->page_key || !top->live || screen->height < 16 || width < 8 || !view->watch)
		return y;
	kt_top_past_of(view->watch, top->page_key, dots > KT_TOP_PAST_MAX ? KT_TOP_PAST_MAX : dots,
		kt_top_past_step_ms(dots, PAGE_WINDOW_S, top->interval_s), &past);
	kt_top_past_draw(screen, y, 12, width, PAGE_PAST, &past, &low, &high);
	if (low == KT_TOP_PAST_MISSING)
		return y;
	kt_human_bytes(high, high_text);
	kt_human_bytes(low, low_text);
	kt_screen_put_right(screen, y, 0, 11, KT_STYLE_DIM, high_text);
	kt_screen_put_right(screen, y + PAGE_PAST - 1, 0, 11, KT_STYLE_DIM, low_text);
	return y + PAGE_PAST + 1;
}

static void draw_page(struct kt_top *top)
{
	struct kt_screen *screen = &top->screen;
	int y = 0;

	if (screen->height >= 6) {
		kt_screen_paint(screen, 0, 0, screen->width, KT_STYLE_HEAD);
		kt_screen_put(screen, 0, 0, screen->width, KT_STYLE_HEAD, top->page.title);
		y = draw_page_past(top, 1);
	}
	top->layout.nr_list = screen->height - 1 - y > 0 ? screen->height - 1 - y : 1;
	kt_page_draw(&top->page, screen, y, top->layout.nr_list);
	if (screen->height > 1)
		kt_draw_footer(top, screen->height - 1);
}

/* ---- the whole screen ---- */

void kt_top_draw(struct kt_top *top)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT];
	bool alone = top->open == KT_TAB_ACCOUNT;
	struct kt_layout *l = &top->layout;
	struct kt_panel panel;
	bool finding, pressure;

	if (top->mode == KT_MODE_PAGE) {
		draw_page(top);
		return;
	}
	finding = kt_top_has_finding(top);
	pressure = kt_top_has_pressure(top);
	*l = kt_layout_for(
		top->screen.height - finding - pressure, (int)kt_panel_nr(account), alone);
	if (finding) {
		kt_layout_lower(l);
		kt_draw_finding(top, 0);
	}
	if (pressure) { /* below the title */
		kt_layout_lower(l);
		l->title--;
		kt_draw_pressure(top, l->title + 1);
	}
	if (l->title >= 0)
		kt_draw_title(top, l->title);
	if (l->whole >= 0)
		kt_draw_whole(top, l->whole);
	if (l->panel_head >= 0 && account->table)
		kt_draw_panel_head(top, l->panel_head);
	if (*account->error && !alone)
		kt_screen_put_wrapped(&top->screen, l->panel, l->panel + l->nr_panel,
			KT_STYLE_ALERT, account->error);
	else if (account->table && l->nr_panel) {
		kt_panel_choose(account, (size_t)l->nr_panel, &panel);
		kt_draw_panel(top, l->panel, &panel);
	}
	if (l->tabs >= 0)
		kt_draw_tabs(top, l->tabs);
	kt_draw_list(top, l->head, l->list, l->nr_list, l->total);
	if (top->mode == KT_MODE_SORT)
		kt_draw_sort(top, l->list, l->nr_list);
	if (l->footer >= 0)
		kt_draw_footer(top, l->footer);
}

/* Writes the screen as text, without empty rows at the end. */
static void put_text(const struct kt_top *top, struct kt_buf *ret_text)
{
	kt_screen_text(&top->screen, ret_text);
	while (ret_text->size > 1 && ret_text->data[ret_text->size - 1] == '\n' &&
		ret_text->data[ret_text->size - 2] == '\n')
		ret_text->size--;
}

struct kt_err *kt_top_draw_batch(struct kt_top *top, int width, struct kt_buf *ret_text)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT], *view = kt_top_view(top);
	bool alone = top->open == KT_TAB_ACCOUNT, rest = view->table && view->table->rest;
	int nr_panel = alone ? 0 : (int)kt_panel_nr(account), nr_list = (int)kt_view_nr(view);
	struct kt_panel panel;
	struct kt_err *err;
	int y = 3;

	if (nr_list < 1)
		nr_list = *view->error ? ERROR_ROWS : 1;
	err = kt_screen_size(&top->screen, width, nr_panel + nr_list + (alone ? 3 : 6) + rest);
	if (err)
		return err;
	kt_draw_title(top, 0);
	kt_draw_whole(top, 1);
	if (!alone && account->table) {
		kt_draw_panel_head(top, 2);
		kt_panel_choose(account, (size_t)nr_panel, &panel);
		kt_draw_panel(top, y, &panel);
		y += nr_panel + 1;
	}
	if (alone)
		kt_draw_list(top, 2, 3, nr_list, -1);
	else
		kt_draw_list(top, y, y + 1, nr_list, y + 1 + nr_list);
	put_text(top, ret_text);
	if (!*top->message)
		return NULL;
	err = kt_screen_size(&top->screen, width, ERROR_ROWS);
	if (err)
		return err;
	kt_screen_put_wrapped(&top->screen, 0, ERROR_ROWS, KT_STYLE_PLAIN, top->message);
	top->message[0] = '\0';
	put_text(top, ret_text);
	return NULL;
}
