// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_VIEW_H
#define KT_TOP_VIEW_H

#include "watch/watch.h"

#define KT_VIEW_COLUMNS 64
#define KT_VIEW_FILTER	64
#define KT_VIEW_SEEN	128

/** One tab: a command, and what of its list the user looks at. */
struct kt_tab {
	const char *name, *title;
	const char *row; /* of the account, that explains what is in the list */
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
/** KT_NR_TABS where no tab has that name. */
size_t kt_tab_find(const char *name);

struct kt_view {
	const struct kt_tab *tab;
	struct kt_watch *watch;
	char error[512]; /* of the last step; empty: it went well */
	struct kt_report shown;
	struct kt_table *table; /* of `shown`: sorted and filtered; NULL: nothing yet */
	char sort[32], filter[KT_VIEW_FILTER];
	int64_t top;	      /* rows, 0: all; the others are added up in one */
	unsigned hidden;      /* flags of columns that say nothing here: growth of a moment */
	bool inverted, empty; /* empty: rows without an amount as well */
	size_t at, first;     /* row under the cursor, and first one on the screen */
	uint64_t row;	/* hash of the key of the row under the cursor; 0: the first, whichever */
	size_t skipped; /* columns that are scrolled away */
	int widths[KT_VIEW_COLUMNS]; /* as wide as they ever were, so that nothing jumps */
	uint64_t seen[KT_VIEW_SEEN]; /* rows of the account that had an amount, for the same end */
	size_t nr_seen;
};

void kt_view_init(struct kt_view *view, const struct kt_tab *tab);
/** Frees what the view owns; the watch too. */
void kt_view_fini(struct kt_view *view);

/** Runs the command; what goes wrong is in `error`. */
void kt_view_step(struct kt_view *view, const struct kt_options *options, size_t nr_kept);
/** Sorts and filters what the last step found. The cursor stays on its row. */
void kt_view_refresh(struct kt_view *view);

size_t kt_view_nr(const struct kt_view *view);
/** The row's key, as kt_watch_value() takes it; NULL where there is none. */
const char *kt_view_key(const struct kt_view *view, size_t index);
/** What the row is called. */
const char *kt_view_name(const struct kt_view *view, size_t index);
size_t kt_view_name_column(const struct kt_view *view);
/** The column that rows are sorted by, or KT_NO_COLUMN. */
size_t kt_view_sorted(const struct kt_view *view);

void kt_view_move_to(struct kt_view *view, size_t index);
/** False, and nothing sorted, where the list has no such column. */
bool kt_view_sort(struct kt_view *view, const char *key);
/** The next row from `from` on whose name has `text` in it, around the end; false: none. */
bool kt_view_search(struct kt_view *view, const char *text, size_t from);

/** Columns that can be shown, the name first; gives how many. */
size_t kt_view_columns(const struct kt_view *view, bool all, size_t ret[KT_VIEW_COLUMNS]);
/** An amount as people read it; `exact`: bytes. */
void kt_view_cell(const struct kt_column *column, const struct kt_cell *cell, bool exact, char *ret,
	size_t size);

#endif
