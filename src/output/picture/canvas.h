// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_PICTURE_CANVAS_H
#define KT_OUTPUT_PICTURE_CANVAS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/** A picture being drawn, three bytes per pixel. Drawing outside of it is clipped. */
struct kt_canvas {
	int width, height;
	uint8_t *rgb;
};

struct kt_color {
	uint8_t r, g, b;
};

#define KT_CANVAS_MAX 8192 /* pixels, width and height */

#define KT_FONT_GLYPHS 95 /* from ' ' to '~' */
#define KT_FONT_WIDTH  5
#define KT_FONT_HEIGHT 9
extern const unsigned char kt_font[KT_FONT_GLYPHS][KT_FONT_HEIGHT];

/** Text is drawn at twice the size of the font, with smoothed corners. */
#define KT_TEXT_ADVANCE 12 /* pixels from one letter to the next */
#define KT_TEXT_HEIGHT	18

struct kt_err *kt_canvas_new(
	int width, int height, struct kt_color ground, struct kt_canvas *ret_canvas) KT_MUST_CHECK;
void kt_canvas_cleanup(struct kt_canvas *canvas);

void kt_canvas_dot(struct kt_canvas *canvas, int x, int y, struct kt_color color);
void kt_canvas_box(
	struct kt_canvas *canvas, int x, int y, int width, int height, struct kt_color color);
/** Draws text; `times` enlarges the letters. Characters other than printable ASCII become '?'. */
void kt_canvas_text(
	struct kt_canvas *canvas, int x, int y, int times, struct kt_color color, const char *text);
/** Draws text that ends at x. */
void kt_canvas_text_right(
	struct kt_canvas *canvas, int x, int y, int times, struct kt_color color, const char *text);

/** Loads libpng early, for processes that cannot open a library later. */
struct kt_err *kt_canvas_prepare(void) KT_MUST_CHECK;
/** Encodes the picture as a PNG file; loads libpng. */
struct kt_err *kt_canvas_png(const struct kt_canvas *canvas, struct kt_buf *ret_png) KT_MUST_CHECK;

#endif
