// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_STATE_H
#define KT_TOP_STATE_H

#include "cmd/users/armed.h"
#include "top/layout.h"
#include "top/page.h"
#include "top/settings/settings.h"
#include "top/settings/settings_file.h"
#include "top/view.h"

/** State of the terminal view; keys change it, drawing reads it. */

#define KT_TOP_KEPT 600 /* kept samples */

enum kt_mode {
	KT_MODE_LIST,
	KT_MODE_SEARCH, /* an input line is open */
	KT_MODE_FILTER,
	KT_MODE_SORT,  /* choosing a column */
	KT_MODE_PAGE,  /* reading a page */
	KT_MODE_TIME,  /* an input line for a time of the recording */
	KT_MODE_WATCH, /* asked whether a watch may begin */
};

/** A watch of who allocates from a row. */
struct kt_top_watching {
	struct kt_armed *armed; /* NULL: nothing was watched yet */
	struct kt_armed_order order;
	size_t time;	/* index in the times to choose from */
	uint32_t shown; /* number of the watch whose result was shown */
	bool stacks;	/* in full */
	bool page;	/* the page is the result */
};

/** The head of a column, as far as a click on it belongs to it. */
struct kt_top_head {
	int from, to;  /* columns of the screen; `to` is after the last */
	size_t column; /* index in the list's table */
};

/** Where settings are kept, and the state at the start, which options may have set. */
struct kt_top_kept {
	struct kt_settings_file file;
	struct kt_buf text; /* of the settings as they were read */
	size_t open;
	double interval_s;
	char sort[KT_NR_TABS][32];
	bool inverted[KT_NR_TABS];
};

struct kt_steps;

struct kt_top {
	struct kt_call call; /* of the commands */
	struct kt_view views[KT_NR_TABS];
	struct kt_settings settings; /* as they were read; marks of rows are changed here */
	struct kt_top_kept kept;
	size_t open;
	struct kt_screen screen;
	struct kt_layout layout;		      /* as last drawn */
	int tab_from[KT_NR_TABS], tab_to[KT_NR_TABS]; /* columns of the tabs, likewise */
	struct kt_top_head heads[KT_VIEW_COLUMNS];    /* of the list, likewise */
	size_t nr_heads;
	double interval_s;
	bool live; /* shows the running machine; false: a sample of a recording */
	bool frozen, exact, done;
	bool cursor; /* a row is selected for the keys */
	enum kt_mode mode;
	char input[KT_VIEW_FILTER];
	char message[512]; /* shown instead of the keys until the next key */
	size_t chosen;	   /* index in the columns to sort by */
	struct kt_page page;
	char page_key[256]; /* row whose history is drawn above the page; empty: none */
	struct kt_top_watching watching;
	struct kt_steps *steps; /* of a recording; NULL: no samples to step through */
};

static inline struct kt_view *kt_top_view(struct kt_top *top)
{
	return &top->views[top->open];
}

/** Takes a sample for the visible list. */
void kt_top_step(struct kt_top *top);
/** Opens a tab, and takes its first sample if it has none. */
void kt_top_open(struct kt_top *top, size_t tab);
/** Goes to another sample of the recording; a message says if that is impossible. */
void kt_top_travel(struct kt_top *top, int by);
/** Goes on by a time, forward or backward, at least by one sample. */
void kt_top_travel_ms(struct kt_top *top, int64_t by_ms);
/** Goes to a time as it is typed. */
void kt_top_travel_to(struct kt_top *top, const char *when);
/**
 * Selects the row, opens the tab, or sorts by the column whose head is at a place of the screen. A
 * second time explains the row, or inverts the order.
 */
void kt_top_click(struct kt_top *top, int y, int x);

/** Opens the page about the row under the cursor, or about the keys. */
void kt_top_explain(struct kt_top *top);
void kt_top_help(struct kt_top *top);
/** Opens the page of all findings; judges the recording now. */
void kt_top_findings(struct kt_top *top);

/**
 * Folds the row of the account under the cursor, or goes to the row above it in the tree; unfolds
 * it; does what changes it.
 */
void kt_top_fold(struct kt_top *top);
void kt_top_unfold(struct kt_top *top);
void kt_top_toggle_fold(struct kt_top *top);
/** Pins the row of a list under the cursor to the top of the list, or takes that back. */
void kt_top_pin(struct kt_top *top);

/** Reads the settings. Call it before the process is confined. */
void kt_top_recall(struct kt_top *top, const struct kt_console *console);
/** Gives the views their settings, before options that come first. */
void kt_top_apply(struct kt_top *top);
/** Notes the state from which changes are the user's. */
void kt_top_remember(struct kt_top *top);
/** Writes the settings if the user has changed any. */
struct kt_err *kt_top_save(struct kt_top *top) KT_MUST_CHECK;

/** Width of the text of pages. */
int kt_top_page_width(const struct kt_top *top);

/** Asks whether the row under the cursor may be watched. */
void kt_top_watch_ask(struct kt_top *top);
void kt_top_watch_question(const struct kt_top *top, char *ret, size_t size);
/** Takes the key that answers. */
void kt_top_watch_key(struct kt_top *top, int key);
/** Whether a watch runs. */
bool kt_top_watches(const struct kt_top *top);
void kt_top_watch_progress(const struct kt_top *top, char *ret, size_t size);
/** Takes news of a watch, and opens the page of a result. */
void kt_top_watch_step(struct kt_top *top);
/** Ends the watch, with the result so far. False: none runs. */
bool kt_top_watch_stop(struct kt_top *top);
/** Opens the page of the last result; again with stacks in full, or without. */
void kt_top_watch_show(struct kt_top *top);
void kt_top_watch_stacks(struct kt_top *top);

/** Runs the action of a key; `key`: a character, or enum kt_key. */
void kt_top_key(struct kt_top *top, int key);

/** Draws everything into the screen, which has the size of the terminal. */
void kt_top_draw(struct kt_top *top);
/** Draws as text for batch mode: the complete list, with the sum of the cut rows. */
struct kt_err *kt_top_draw_batch(
	struct kt_top *top, int width, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
