// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_SCREEN_H
#define KT_TOP_SCREEN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * What the terminal is to show: a grid of signs with a meaning each, from which the terminal
 * makes colours and batch mode plain lines. Everything is drawn into one of these, so that
 * what is drawn can be tested without a terminal.
 */
enum kt_style {
	KT_STYLE_PLAIN,
	KT_STYLE_DIM,
	KT_STYLE_BOLD,
	KT_STYLE_HEAD,	   /* titles of columns */
	KT_STYLE_SORTED,   /* the title of the column that is sorted by */
	KT_STYLE_SELECTED, /* the row under the cursor */
	KT_STYLE_TAB,
	KT_STYLE_OPEN, /* the tab that is open */
	KT_STYLE_LABEL,
	KT_STYLE_BAR,
	KT_STYLE_BOOT,
	KT_STYLE_KERNEL,
	KT_STYLE_USERS,
	KT_STYLE_FREE,
	KT_STYLE_GROWS,
	KT_STYLE_SHRINKS,
	KT_STYLE_WASTE,
	KT_STYLE_PAST,
	KT_STYLE_ALERT,
	KT_NR_STYLES
};

struct kt_glyph {
	uint32_t code; /* 0: the right half of the wide sign before it */
	uint32_t style;
};

struct kt_screen {
	int width, height;
	bool unicode; /* else only ASCII reaches the cells */
	struct kt_glyph *cells;
};

#define KT_SCREEN_WIDTH_MAX  1000
#define KT_SCREEN_HEIGHT_MAX 2000

/** Empties the screen, at a size within 1 and the maximum. */
struct kt_err *kt_screen_size(struct kt_screen *screen, int width, int height) KT_MUST_CHECK;
void kt_screen_cleanup(struct kt_screen *screen);

/** Columns that a character takes: 0, 1 or 2; control characters none. */
int kt_char_columns(uint32_t code);
/** Takes one character of UTF-8; what is none is U+FFFD, one byte. */
uint32_t kt_char_take(const char **text);
int kt_text_columns(const char *text);
/** The text in `room` columns: what is too long loses its middle, so that ends can be told apart.
 */
void kt_text_shorten(const char *text, int room, bool unicode, char *ret, size_t size);

/** Puts text at a place, no more than `room` columns of it; gives the columns it took. */
int kt_screen_put(
	struct kt_screen *screen, int y, int x, int room, enum kt_style style, const char *text);
/** A sentence over the rows from `y` to `end`, broken at blanks. */
void kt_screen_put_wrapped(
	struct kt_screen *screen, int y, int end, enum kt_style style, const char *text);
/** The same in one row, ending at x + room, shortened. */
void kt_screen_put_right(
	struct kt_screen *screen, int y, int x, int room, enum kt_style style, const char *text);
void kt_screen_put_char(struct kt_screen *screen, int y, int x, enum kt_style style, uint32_t code);
/** `n` columns of a row in another style. */
void kt_screen_paint(struct kt_screen *screen, int y, int x, int n, enum kt_style style);
/** A bar of a share of `room`, in eighths of a column. */
void kt_screen_bar(
	struct kt_screen *screen, int y, int x, int room, enum kt_style style, double share);

/** The rows as lines, without blanks at their ends. */
void kt_screen_text(const struct kt_screen *screen, struct kt_buf *ret_text);

#endif
