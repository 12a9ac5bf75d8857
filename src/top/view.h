// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_VIEW_H
#define KT_TOP_VIEW_H

#include "account/row.h"
#include "top/settings/marks.h"
#include "watch/watch.h"

#define KT_VIEW_COLUMNS 64
#define KT_VIEW_FILTER	64
#define KT_VIEW_SEEN	128
#define KT_VIEW_TREE	512 /* rows of the account that are drawn */

/** Names of the tabs, in their order. */
#define KT_TAB_NAMES "account slab vmalloc stacks pagetables cgroups"

/** One tab: a command, and the part of its list that the user sees. */
struct kt_tab {
	const struct kt_cmd *cmd;
	const char *title;
	enum kt_row_id row; /* row that explains the list; KT_ROW_NONE: no row does */
};

enum {
	KT_TAB_ACCOUNT,
	KT_TAB_SLAB,
	KT_TAB_VMALLOC,
	KT_TAB_STACKS,
	KT_TAB_PAGETABLES,
	KT_TAB_CGROUPS,
	KT_NR_TABS
};
extern const struct kt_tab kt_tabs[KT_NR_TABS];
/** Index of the tab with this name; KT_NR_TABS: none. */
size_t kt_tab_find(const char *name);

struct kt_view {
	const struct kt_tab *tab;
	struct kt_watch *watch;
	char error[512]; /* of the last step; empty: success */
	struct kt_report shown;
	struct kt_table *table; /* of `shown`: sorted and filtered; NULL: nothing yet */
	char sort[32], filter[KT_VIEW_FILTER];
	int64_t top;	      /* rows; 0: all; the cut rows are added up in one */
	unsigned hidden;      /* flags of columns without values here: growth in a single sample */
	bool inverted, empty; /* `empty`: also rows without an amount */
	size_t at, first;     /* row under the cursor; first row on the screen */
	uint64_t row;	/* hash of the key of the row under the cursor; 0: the first row, any key */
	size_t skipped; /* columns scrolled away */
	int widths[KT_VIEW_COLUMNS]; /* largest widths so far, so that columns do not jump */
	uint64_t seen[KT_VIEW_SEEN]; /* account rows that had an amount, also against jumps */
	size_t nr_seen;
	struct kt_marks *marks;	 /* folded rows of the account, pinned rows of a list; NULL: none */
	bool away[KT_VIEW_TREE]; /* row of the account below a folded row: not drawn */
};

void kt_view_init(struct kt_view *view, const struct kt_tab *tab);
/** Frees the view's memory, the watch included. */
void kt_view_fini(struct kt_view *view);

/** Runs the command; `error` has its error. */
void kt_view_step(struct kt_view *view, const struct kt_call *call, size_t nr_kept);
/** Sorts and filters the last report. The cursor stays on its row. */
void kt_view_refresh(struct kt_view *view);

size_t kt_view_nr(const struct kt_view *view);
/** Key of the row for kt_watch_value(); NULL: none. */
const char *kt_view_key(const struct kt_view *view, size_t index);
/** Displayed name of the row. */
const char *kt_view_name(const struct kt_view *view, size_t index);
size_t kt_view_name_column(const struct kt_view *view);
/** The sort column; KT_NO_COLUMN: none. */
size_t kt_view_sorted(const struct kt_view *view);

/** True if the row is below a folded row of the account, so that it is not drawn. */
bool kt_view_is_away(const struct kt_view *view, size_t index);
/** True if the row has rows below it that are not drawn. */
bool kt_view_is_folded(const struct kt_view *view, size_t index);
bool kt_view_has_children(const struct kt_view *view, size_t index);
/** Index of the row above it in the tree; `index` itself: there is none. */
size_t kt_view_parent(const struct kt_view *view, size_t index);
/** Number of drawn rows before a row, and the row with that number; the number of rows: none. */
size_t kt_view_place(const struct kt_view *view, size_t index);
size_t kt_view_at_place(const struct kt_view *view, size_t place);

/** Binds the cursor to its row even if that is the first: it follows it to another place. */
void kt_view_follow(struct kt_view *view);
/** Moves the cursor; a row that is not drawn stands for the folded row above it. */
void kt_view_move_to(struct kt_view *view, size_t index);
/** Sorts by a column; false, with nothing sorted, if the list has no such column. */
bool kt_view_sort(struct kt_view *view, const char *key);
/** Finds the next row from `from` whose name contains `text`, wrapping around; false: none. */
bool kt_view_search(struct kt_view *view, const char *text, size_t from);

/** Columns that can be shown, the name first; returns their number. */
size_t kt_view_columns(const struct kt_view *view, bool all, size_t ret[KT_VIEW_COLUMNS]);
/** Writes an amount for reading; `exact`: in bytes. */
void kt_view_cell(const struct kt_column *column, const struct kt_cell *cell, bool exact, char *ret,
	size_t size);

#endif
