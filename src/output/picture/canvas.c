// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/picture/canvas.h"

#include <stdlib.h>
#include <string.h>

struct kt_err *kt_canvas_new(
	int width, int height, struct kt_color ground, struct kt_canvas *ret_canvas)
{
	*ret_canvas = (struct kt_canvas){ width, height, NULL };
	if (width < 1 || height < 1 || width > KT_CANVAS_MAX || height > KT_CANVAS_MAX)
		return kt_err_new(KT_ERR_LIMIT,
			"cannot draw a picture of %d x %d pixels: at most 8192 x 8192", width,
			height);
	ret_canvas->rgb = malloc((size_t)width * (size_t)height * 3);
	if (!ret_canvas->rgb)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_canvas_box(ret_canvas, 0, 0, width, height, ground);
	return NULL;
}

void kt_canvas_cleanup(struct kt_canvas *canvas)
{
	free(canvas->rgb);
	canvas->rgb = NULL;
}

void kt_canvas_dot(struct kt_canvas *canvas, int x, int y, struct kt_color color)
{
	uint8_t *at;

	if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
		return;
	at = canvas->rgb + ((size_t)y * (size_t)canvas->width + (size_t)x) * 3;
	at[0] = color.r;
	at[1] = color.g;
	at[2] = color.b;
}

void kt_canvas_box(
	struct kt_canvas *canvas, int x, int y, int width, int height, struct kt_color color)
{
	for (int row = y; row < y + height; row++) {
		for (int column = x; column < x + width; column++)
			kt_canvas_dot(canvas, column, row, color);
	}
}

static bool lit(const unsigned char *glyph, int x, int y)
{
	return x >= 0 && y >= 0 && x < KT_FONT_WIDTH && y < KT_FONT_HEIGHT &&
	       glyph[y] >> (KT_FONT_WIDTH - 1 - x) & 1;
}

/*
 * True if the quarter (dx, dy: -1 or 1) of a pixel of the font is lit at twice the size. It takes
 * the value of its two neighbours if they are equal and their opposites are not (Scale2x), so that
 * slants become smooth.
 */
static bool quarter_lit(const unsigned char *glyph, int x, int y, int dx, int dy)
{
	bool beside = lit(glyph, x + dx, y), above = lit(glyph, x, y + dy);

	if (beside == above && beside != lit(glyph, x - dx, y) && above != lit(glyph, x, y - dy))
		return beside;
	return lit(glyph, x, y);
}

static void draw_glyph(struct kt_canvas *canvas, int x, int y, int times, struct kt_color color,
	const unsigned char *glyph)
{
	for (int row = 0; row < 2 * KT_FONT_HEIGHT; row++) {
		for (int column = 0; column < 2 * KT_FONT_WIDTH; column++) {
			if (quarter_lit(glyph, column / 2, row / 2, column % 2 ? 1 : -1,
				    row % 2 ? 1 : -1))
				kt_canvas_box(canvas, x + column * times, y + row * times, times,
					times, color);
		}
	}
}

void kt_canvas_text(
	struct kt_canvas *canvas, int x, int y, int times, struct kt_color color, const char *text)
{
	for (; *text; text++, x += KT_TEXT_ADVANCE * times) {
		unsigned char letter = (unsigned char)*text;

		if (letter < ' ' || letter > '~')
			letter = '?';
		draw_glyph(canvas, x, y, times, color, kt_font[letter - ' ']);
	}
}

void kt_canvas_text_right(
	struct kt_canvas *canvas, int x, int y, int times, struct kt_color color, const char *text)
{
	int width = ((int)strlen(text) * KT_TEXT_ADVANCE - 2) * times;

	kt_canvas_text(canvas, x - width, y, times, color, text);
}
