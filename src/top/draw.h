// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_DRAW_H
#define KT_TOP_DRAW_H

#include "top/state.h"

/** The parts of the screen; each draws into rows that the layout assigns. */

void kt_draw_title(struct kt_top *top, int y);
void kt_draw_whole(struct kt_top *top, int y);
void kt_draw_panel_head(struct kt_top *top, int y);
#define KT_PANEL_MAX KT_VIEW_TREE
/** Rows of the account that are drawn, as a tree of only these rows. */
struct kt_panel {
	size_t index[KT_PANEL_MAX], count;
	size_t first, room; /* part of `index` that is on the screen */
	size_t selected;    /* KT_PANEL_MAX: none */
};
void kt_draw_panel(struct kt_top *top, int y, const struct kt_panel *panel);
/** Chooses the rows of the account that fit: the most important rows, in the account's order. */
void kt_panel_choose(const struct kt_view *account, size_t room, struct kt_panel *ret_panel);
/** Number of rows that deserve a place. */
size_t kt_panel_nr(const struct kt_view *account);

void kt_draw_tabs(struct kt_top *top, int y);
/** Draws the head, `room` rows, and the total at row `total`; -1: no total. */
void kt_draw_list(struct kt_top *top, int head, int y, int room, int total);
void kt_draw_footer(struct kt_top *top, int y);
/** Draws the columns to sort by over the list. */
void kt_draw_sort(struct kt_top *top, int y, int room);

/**
 * Style of growth: coloured if it exceeds both the changes of an idle machine and the row's error.
 * Growth per second is never coloured, because it fluctuates.
 */
enum kt_style kt_growth_style(const struct kt_column *column, const struct kt_report_row *row,
	const struct kt_cell *cell);

/** Whether there is a line above all else: the gravest finding, or that nothing is wrong. */
bool kt_top_has_finding(const struct kt_top *top);
void kt_draw_finding(struct kt_top *top, int y);
/** Whether there is a line that says if memory is short; small terminals have no room for it. */
bool kt_top_has_pressure(const struct kt_top *top);
void kt_draw_pressure(struct kt_top *top, int y);

#endif
