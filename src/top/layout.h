// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_LAYOUT_H
#define KT_TOP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Which row of the screen is what; -1: there is no room for it. Pure arithmetic. */
struct kt_layout {
	int title, whole; /* the bar of all memory */
	int panel_head, panel, nr_panel;
	int tabs, head, list, nr_list, total;
	int footer;
};

/**
 * For a terminal of `height` rows, of whose account `nr_rows` are worth showing. `alone`: the
 * account is what is open, and stands where the list would.
 */
struct kt_layout kt_layout_for(int height, int nr_rows, bool alone);

/** Widths of the account's columns; 0: not shown. */
struct kt_panel_widths {
	int name, size, share, growth, rate, bar, past;
};

/** `followed`: there is growth to show. */
struct kt_panel_widths kt_panel_fit(int width, bool followed);

/** How the columns of a list share a row. */
struct kt_list_fit {
	int name;
	size_t nr; /* of the columns that were asked for */
	int past;  /* 0: no room for the past */
};

/**
 * A name of `name` columns at most, then `nr` columns of these widths, as many as fit from the
 * first. The past, where it is wanted, comes before the columns behind the first `nr_first`.
 */
struct kt_list_fit kt_list_fit(
	int width, int name, const int *widths, size_t nr_first, size_t nr, bool past_wanted);

#define KT_PAST_WINDOW_S 120 /* what the past of a row shows */
/** Time that a dot stands for, so that `nr_dots` are the window; never less than a sample. */
int64_t kt_past_step_ms(int nr_dots, int window_s, double interval_s);
/** "LAST 2 MIN", or where there is little room "2 MIN". */
void kt_past_title(int nr_dots, double interval_s, char *ret, size_t size);

/** First row to show of `count`, so that row `at` is among the `room` that are shown. */
size_t kt_scroll_to(size_t first, size_t at, size_t room, size_t count);

#endif
