// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_LAYOUT_H
#define KT_TOP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Row of each part of the screen; -1: no room. Pure arithmetic. */
struct kt_layout {
	int title, whole; /* `whole`: the bar of all memory */
	int panel_head, panel, nr_panel;
	int tabs, head, list, nr_list, total;
	int footer;
};

/**
 * Lays out a terminal of `height` rows, with an account of `nr_rows` rows to show. `alone`: the tab
 * of the account is open, and takes the place of the list.
 */
struct kt_layout kt_layout_for(int height, int nr_rows, bool alone);

/** Moves every part down by one row, for a line above all of them. */
void kt_layout_lower(struct kt_layout *layout);

/** Widths of the account's columns; 0: hidden. */
struct kt_panel_widths {
	int name, size, share, growth, rate, bar, past;
};

/** Widths for a terminal; `followed`: growth is shown. */
struct kt_panel_widths kt_panel_fit(int width, bool followed);

/** Widths of a list's columns in a row. */
struct kt_list_fit {
	int name;
	size_t nr; /* number of requested columns that fit */
	int past;  /* 0: no room for the history */
};

/**
 * Fits a name of at most `name` columns, then as many as possible of `nr` columns of these widths,
 * from the first. The history, if it is wanted, comes after the first `nr_first` columns.
 */
struct kt_list_fit kt_list_fit(
	int width, int name, const int *widths, size_t nr_first, size_t nr, bool past_wanted);

#define KT_TOP_PAST_WINDOW_S 120 /* seconds that the history of a row shows */
/**
 * Time per point, so that `nr_dots` points cover the window; at least the time between two samples.
 */
int64_t kt_top_past_step_ms(int nr_dots, int window_s, double interval_s);
/** Writes "LAST 2 MIN", or "2 MIN" if there is little room. */
void kt_top_past_title(int nr_dots, double interval_s, char *ret, size_t size);

/** First row to show of `count`, so that row `at` is among the `room` visible rows. */
size_t kt_scroll_to(size_t first, size_t at, size_t room, size_t count);

#endif
