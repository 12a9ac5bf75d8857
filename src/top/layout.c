// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pure arithmetic, apart from drawing so that every size can be tested. Parts are left out in a
// fixed order as the terminal shrinks, and the list keeps at least one row.

#include "top/layout.h"

#include <stdio.h>

#define NAME_MIN   16
#define PANEL_NAME 25
#define PANEL_LONG 34
#define AMOUNT	   10 /* "1023.9 MiB", "+999.9 MiB" */
#define SHARE	   7  /* "100.0 %" */
#define BAR_MIN	   11 /* also fits "± 380.0 KiB" */
#define BAR_MAX	   24
#define PAST_MIN   8
#define PANEL_PAST 12
#define PAST_MAX   60
#define NAME_LONG  20 /* columns to which a name is shortened before the history is left out */
#define NAME_WIDE  34 /* columns of a name before more columns are shown */
#define LAST_MIN   10 /* columns of "LAST 2 MIN" */

/*
 * The account gets at most half of the rows, so that the list, which is the part that scrolls,
 * keeps the rest.
 */
struct kt_layout kt_layout_for(int height, int nr_rows, bool alone)
{
	struct kt_layout l = { -1, -1, -1, -1, 0, -1, -1, -1, 0, -1, -1 };
	bool title = height >= 6, whole = height >= 12, panel_head = height >= 14 && !alone;
	bool total = height >= 20 && !alone;
	int left = height - title - whole - panel_head - total, at = 0, nr_panel;

	/* tabs, head and footer, which small screens leave out in this order */
	left -= height >= 3 ? 3 : height - 1;
	left = left < 1 ? 1 : left;
	nr_panel = alone || height < 8 ? 0 : (left + 1) / 2;
	nr_panel = nr_panel > nr_rows ? nr_rows : nr_panel;
	l.nr_panel = nr_panel;
	l.nr_list = left - nr_panel;
	l.title = title ? at++ : -1;
	l.whole = whole ? at++ : -1;
	l.panel_head = panel_head ? at++ : -1;
	l.panel = at;
	at += nr_panel;
	l.tabs = height >= 4 ? at++ : -1;
	l.head = height >= 3 ? at++ : -1;
	l.list = at;
	if (height == 3)
		l.nr_list = 1;
	at += l.nr_list;
	l.total = total ? at++ : -1;
	l.footer = height >= 2 ? height - 1 : -1;
	return l;
}

void kt_layout_lower(struct kt_layout *layout)
{
	int *const rows[] = { &layout->title, &layout->whole, &layout->panel_head, &layout->panel,
		&layout->tabs, &layout->head, &layout->list, &layout->total, &layout->footer };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		*rows[i] += *rows[i] >= 0;
}

/* Takes a column with a blank before it, if it fits. */
static int take(int *left, int width)
{
	if (*left < width + 1)
		return 0;
	*left -= width + 1;
	return width;
}

static void grow(int *left, int *width, int max)
{
	int more = max - *width < *left ? max - *width : *left;

	if (!*width || more <= 0)
		return;
	*width += more;
	*left -= more;
}

/*
 * The order of the lines is the order of importance: size, growth and share before history and bar;
 * the remaining columns widen the name and the history in turns.
 */
struct kt_panel_widths kt_panel_fit(int width, bool followed)
{
	struct kt_panel_widths w = { 0 };
	int left = width - NAME_MIN;

	if (left < 0) {
		w.name = width;
		return w;
	}
	w.name = NAME_MIN;
	w.size = take(&left, AMOUNT);
	w.growth = followed ? take(&left, AMOUNT) : 0;
	w.share = take(&left, SHARE);
	w.past = followed ? take(&left, PANEL_PAST) : 0;
	w.bar = take(&left, BAR_MIN);
	grow(&left, &w.name, PANEL_NAME);
	w.rate = followed ? take(&left, AMOUNT) : 0;
	grow(&left, &w.past, PAST_MAX / 2);
	grow(&left, &w.name, PANEL_LONG);
	grow(&left, &w.bar, BAR_MAX);
	grow(&left, &w.past, PAST_MAX);
	return w;
}

/* A column is shown whole or not at all: a cut number is a wrong number. A name may be cut. */
struct kt_list_fit kt_list_fit(
	int width, int name, const int *widths, size_t nr_first, size_t nr, bool past_wanted)
{
	int least = name < NAME_MIN ? name : NAME_MIN, left;
	struct kt_list_fit fit = { .name = least < width ? least : width };

	left = width - fit.name;
	while (fit.nr < nr_first && widths[fit.nr] + 1 <= left)
		left -= widths[fit.nr++] + 1;
	grow(&left, &fit.name, name < NAME_LONG ? name : NAME_LONG);
	if (fit.nr < nr_first) {
		grow(&left, &fit.name, name);
		return fit;
	}
	/* the history has a margin on its side */
	if (past_wanted && left >= PAST_MIN + 2) {
		fit.past = PAST_MIN;
		left -= PAST_MIN + 2;
	}
	grow(&left, &fit.name, name < NAME_WIDE ? name : NAME_WIDE);
	grow(&left, &fit.past, PAST_MAX / 2);
	while (fit.nr < nr && widths[fit.nr] + 1 <= left)
		left -= widths[fit.nr++] + 1;
	grow(&left, &fit.name, name);
	grow(&left, &fit.past, PAST_MAX);
	return fit;
}

/* A step shorter than the interval would leave points without a sample. */
int64_t kt_top_past_step_ms(int nr_dots, int window_s, double interval_s)
{
	int64_t dots = nr_dots > 0 ? nr_dots : 1,
		step = ((int64_t)window_s * 1000 + dots - 1) / dots;
	int64_t interval = (int64_t)(interval_s * 1000);

	return step > interval ? step : interval;
}

void kt_top_past_title(int nr_dots, double interval_s, char *ret, size_t size)
{
	int64_t step_ms = kt_top_past_step_ms(nr_dots, KT_TOP_PAST_WINDOW_S, interval_s);
	int64_t seconds = (nr_dots * step_ms + 500) / 1000;
	const char *last = nr_dots < 2 * LAST_MIN ? "" : "LAST ";

	if (seconds % 60 == 0)
		snprintf(ret, size, "%s%lld MIN", last, (long long)(seconds / 60));
	else
		snprintf(ret, size, "%s%.1f MIN", last, (double)seconds / 60);
}

/* Scrolls as little as possible, and never leaves room below the last row unused. */
size_t kt_scroll_to(size_t first, size_t at, size_t room, size_t count)
{
	if (!room || count <= room)
		return 0;
	if (first > count - room)
		first = count - room;
	if (at < first)
		return at;
	return at >= first + room ? at - room + 1 : first;
}
