// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_SCREEN_H
#define KT_TOP_SCREEN_H

#include "base/buf.h"
#include "base/err.h"
#include "output/palette.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Screen content: a grid of characters with a style each. The terminal turns styles into colours,
 * batch mode prints plain lines. All drawing goes through a screen, so it can be tested without a
 * terminal.
 */
enum kt_style {
	KT_STYLE_PLAIN,
	KT_STYLE_DIM,
	KT_STYLE_BOLD,
	KT_STYLE_HEAD,	   /* titles of columns */
	KT_STYLE_SORTED,   /* title of the sort column */
	KT_STYLE_SELECTED, /* the row under the cursor */
	KT_STYLE_TAB,
	KT_STYLE_OPEN, /* the open tab */
	KT_STYLE_LABEL,
	KT_STYLE_BAR,
	KT_STYLE_FREE,
	KT_STYLE_GROWS,
	KT_STYLE_SHRINKS,
	KT_STYLE_WASTE,
	KT_STYLE_PAST,
	KT_STYLE_ALERT,
	KT_STYLE_ROW, /* and a colour of the palette */
	KT_NR_STYLES = KT_STYLE_ROW + KT_PALETTE_MAX
};

struct kt_glyph {
	uint32_t code; /* 0: the right half of the wide character before it */
	uint32_t style;
};

struct kt_screen {
	int width, height;
	bool unicode; /* false: only ASCII reaches the cells */
	struct kt_glyph *cells;
};

#define KT_SCREEN_WIDTH_MAX  1000
#define KT_SCREEN_HEIGHT_MAX 2000

/** Empties the screen and sets its size, limited to 1 and the maximum. */
struct kt_err *kt_screen_size(struct kt_screen *screen, int width, int height) KT_MUST_CHECK;
void kt_screen_cleanup(struct kt_screen *screen);

/** Columns of a character: 0, 1 or 2; control characters have none. */
int kt_char_columns(uint32_t code);
/** Takes one character of UTF-8; an invalid byte becomes U+FFFD. */
uint32_t kt_char_take(const char **text);
int kt_text_columns(const char *text);
/**
 * Shortens the text to `room` columns: a long text loses its middle, so that names with different
 * ends stay distinguishable.
 */
void kt_text_shorten(const char *text, int room, bool unicode, char *ret, size_t size);

/** Draws text at a position, at most `room` columns of it; returns the columns used. */
int kt_screen_put(
	struct kt_screen *screen, int y, int x, int room, enum kt_style style, const char *text);
/** Draws a sentence over the rows from `y` to `end`, wrapped at blanks. */
void kt_screen_put_wrapped(
	struct kt_screen *screen, int y, int end, enum kt_style style, const char *text);
/** Draws text in one row, shortened, ending at x + room. */
void kt_screen_put_right(
	struct kt_screen *screen, int y, int x, int room, enum kt_style style, const char *text);
void kt_screen_put_char(struct kt_screen *screen, int y, int x, enum kt_style style, uint32_t code);
/** Sets the style of `n` columns of a row. */
void kt_screen_paint(struct kt_screen *screen, int y, int x, int n, enum kt_style style);
/** Draws a bar of a fraction of `room`, in eighths of a column. */
void kt_screen_bar(
	struct kt_screen *screen, int y, int x, int room, enum kt_style style, double share);

/** Writes the rows as lines, without trailing blanks. */
void kt_screen_text(const struct kt_screen *screen, struct kt_buf *ret_text);

#endif
