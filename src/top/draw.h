// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_DRAW_H
#define KT_TOP_DRAW_H

#include "top/state.h"

/** The parts of the screen, each into rows that the layout gives it. */

void kt_draw_title(struct kt_top *top, int y);
void kt_draw_whole(struct kt_top *top, int y);
void kt_draw_panel_head(struct kt_top *top, int y);
#define KT_PANEL_MAX 512
/** Which rows of the account are drawn, as a tree of those alone. */
struct kt_panel {
	size_t index[KT_PANEL_MAX], count;
	size_t first, room; /* of `index`, what is on the screen */
	size_t selected;    /* KT_PANEL_MAX: none */
};
void kt_draw_panel(struct kt_top *top, int y, const struct kt_panel *panel);
/** The rows of the account that fit: those that matter most, in their order. */
void kt_panel_choose(const struct kt_view *account, size_t room, struct kt_panel *ret_panel);
/** How many there are at all that are worth a place. */
size_t kt_panel_nr(const struct kt_view *account);

void kt_draw_tabs(struct kt_top *top, int y);
/** Head, `room` rows, and the total at row `total` where that is not -1. */
void kt_draw_list(struct kt_top *top, int head, int y, int room, int total);
void kt_draw_footer(struct kt_top *top, int y);
/** The columns to sort by, over the list. */
void kt_draw_sort(struct kt_top *top, int y, int room);

/**
 * Growth that is worth a colour: more than what an idle machine moves, and than the error of
 * the row. What it is per second has none: it comes and goes.
 */
enum kt_style kt_growth_style(const struct kt_column *column, const struct kt_report_row *row,
	const struct kt_cell *cell);

#endif
