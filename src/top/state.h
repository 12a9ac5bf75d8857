// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_STATE_H
#define KT_TOP_STATE_H

#include "top/layout.h"
#include "top/page.h"
#include "top/view.h"

/** All that the terminal view is at a moment; keys change it, drawing reads it. */

#define KT_TOP_KEPT 600 /* samples that are remembered */

enum kt_mode {
	KT_MODE_LIST,
	KT_MODE_SEARCH, /* a line is being typed */
	KT_MODE_FILTER,
	KT_MODE_SORT, /* a column is being chosen */
	KT_MODE_PAGE, /* something is being read */
};

struct kt_moments;

struct kt_top {
	struct kt_options options; /* of what is run */
	struct kt_view views[KT_NR_TABS];
	size_t open;
	struct kt_screen screen;
	struct kt_layout layout; /* of the last drawing */
	double interval_s;
	bool live; /* the machine is watched; else a moment is looked at */
	bool frozen, exact, done;
	bool cursor; /* a row is marked as the one that keys are about */
	enum kt_mode mode;
	char input[KT_VIEW_FILTER];
	char message[512]; /* in place of the keys, until the next one */
	size_t chosen;	   /* of the columns to sort by */
	struct kt_page page;
	char page_key[256];	    /* row whose past is drawn above the page; empty: none */
	struct kt_moments *moments; /* of a recording; NULL: there are none to step through */
	char source[512];	    /* "FILE@TIME" of the moment that is looked at */
};

static inline struct kt_view *kt_top_view(struct kt_top *top)
{
	return &top->views[top->open];
}

/** Takes a sample of what is on the screen. */
void kt_top_step(struct kt_top *top);
/** Opens a tab, which takes its first sample where it has none. */
void kt_top_open(struct kt_top *top, size_t tab);
/** Goes to another sample of the recording; says so where that cannot be. */
void kt_top_travel(struct kt_top *top, int by);

/** Opens the page about the row under the cursor, or that of the keys. */
void kt_top_explain(struct kt_top *top);
void kt_top_help(struct kt_top *top);

/** What a key does; `key`: a character, or enum kt_key. */
void kt_top_key(struct kt_top *top, int key);

/** Draws all of it into the screen, which has the size of the terminal. */
void kt_top_draw(struct kt_top *top);
/** The same as text, for batch mode: as long as the list is, and what was cut added up. */
struct kt_err *kt_top_draw_batch(
	struct kt_top *top, int width, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
