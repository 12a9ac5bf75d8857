// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/picture/page_map.h"

#include "base/human.h"
#include "base/when.h"
#include "output/output.h"
#include "output/palette.h"
#include "output/picture/curve.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAP_MAX	   1024 /* pixels; smaller maps are enlarged up to this size */
#define MARGIN	   36
#define HEAD	   104 /* pixels above the map: title and description */
#define LABELS	   108 /* pixels left of the map: addresses */
#define GAP	   44  /* pixels between map and legend */
#define LEGEND	   (44 * KT_TEXT_ADVANCE)
#define LEGEND_ROW 30
#define SCALES	   3
#define LINE	   26

static const struct kt_color ground = { 0x0b, 0x0f, 0x16 }, bright = { 0xf0, 0xf4, 0xf8 },
			     plain = { 0xb8, 0xc2, 0xcc }, faint = { 0x6f, 0x7b, 0x88 },
			     empty = { 0x11, 0x17, 0x20 };

/*
 * Classes that are rows of the account have the colours of these rows. Free memory is dark, so that
 * used memory stands out.
 */
static const struct {
	const char *row; /* NULL: a colour of its own */
	struct kt_color own;
} looks[KT_PAGE_CLASSES] = {
	[KT_PAGE_FREE] = { NULL, { 0x1d, 0x2b, 0x3a } },
	[KT_PAGE_ANON] = { "anonymous", { 0 } },
	[KT_PAGE_SHMEM] = { "shmem", { 0 } },
	[KT_PAGE_FILE] = { "page_cache", { 0 } },
	[KT_PAGE_UNMAPPED] = { "swap_cache", { 0 } },
	[KT_PAGE_HUGETLB] = { "hugetlb", { 0 } },
	[KT_PAGE_SLAB] = { "slab", { 0 } },
	[KT_PAGE_TABLE] = { "page_tables", { 0 } },
	[KT_PAGE_MAPPED] = { NULL, { 0xff, 0x9d, 0x5c } },
	[KT_PAGE_COMPOUND] = { "direct", { 0 } },
	[KT_PAGE_NONE] = { "unattributed", { 0 } },
	[KT_PAGE_OTHER] = { NULL, { 0xd5, 0x5e, 0x00 } },
	[KT_PAGE_ZERO] = { NULL, { 0xd0, 0xd0, 0xb0 } },
	[KT_PAGE_OFFLINE] = { "given_away", { 0 } },
	[KT_PAGE_POISONED] = { NULL, { 0xff, 0x30, 0x60 } },
	[KT_PAGE_RESERVED] = { "boot", { 0 } },
	[KT_PAGE_HOLE] = { NULL, { 0x11, 0x17, 0x20 } },
	[KT_PAGE_UNREAD] = { NULL, { 0x11, 0x17, 0x20 } },
	[KT_PAGE_KMALLOC] = { NULL, { 0x33, 0x93, 0xd0 } },
	[KT_PAGE_ZSMALLOC] = { "zsmalloc", { 0 } },
	[KT_PAGE_UNACCEPTED] = { NULL, { 0x2a, 0x3d, 0x52 } },
	[KT_PAGE_UNINITIALISED] = { NULL, { 0x16, 0x20, 0x2c } },
	[KT_PAGE_UNREFERENCED] = { NULL, { 0x3a, 0x55, 0x6f } },
};

struct drawing {
	const struct kt_snapshot *snap;
	const struct kt_census *census;
	struct kt_canvas *canvas; /* NULL: draws into `svg` */
	struct kt_buf *svg;
	struct kt_color colors[KT_PAGE_CLASSES];
	struct kt_curve curve;
	int zoom;	   /* pixels per cell, in both directions */
	int width, height; /* of the map, in pixels */
	int64_t cell_bytes;
};

/* ---- pens: letters and boxes, as pixels or as elements ---- */

static void put_box(
	const struct drawing *draw, int x, int y, int width, int height, struct kt_color color)
{
	if (draw->canvas)
		kt_canvas_box(draw->canvas, x, y, width, height, color);
	else
		kt_buf_printf(draw->svg,
			"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			"fill=\"#%02x%02x%02x\"/>\n",
			x, y, width, height, color.r, color.g, color.b);
}

/* `y` is the top of the letters, of which the base line is most of their height below it. */
static void put_letters(const struct drawing *draw, int x, int y, int times, struct kt_color color,
	const char *text, bool right)
{
	if (draw->canvas && right)
		kt_canvas_text_right(draw->canvas, x, y, times, color, text);
	else if (draw->canvas)
		kt_canvas_text(draw->canvas, x, y, times, color, text);
	if (draw->canvas)
		return;
	kt_buf_printf(draw->svg,
		"<text x=\"%d\" y=\"%d\" font-size=\"%d\" fill=\"#%02x%02x%02x\"%s>", x,
		y + KT_TEXT_HEIGHT * times * 4 / 5, KT_TEXT_HEIGHT * times, color.r, color.g,
		color.b, right ? " text-anchor=\"end\"" : "");
	kt_output_escape(draw->svg, text, SIZE_MAX);
	kt_buf_puts(draw->svg, "</text>\n");
}

static void put_text(const struct drawing *draw, int x, int y, int times, struct kt_color color,
	const char *text)
{
	put_letters(draw, x, y, times, color, text, false);
}

static void put_text_right(const struct drawing *draw, int x, int y, int times,
	struct kt_color color, const char *text)
{
	put_letters(draw, x, y, times, color, text, true);
}

/* ---- the map ---- */

static unsigned root_of(unsigned square)
{
	unsigned root = 0;

	for (unsigned bit = 128; bit; bit /= 2)
		root += (root + bit) * (root + bit) <= square ? bit : 0;
	return root;
}

/* Adds up light, not the encoded values; squares approximate gamma closely enough. */
static struct kt_color blend(const struct drawing *draw, const uint8_t *shares)
{
	unsigned r = 0, g = 0, b = 0, all = 0;

	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++) {
		const struct kt_color *color = &draw->colors[i];

		r += shares[i] * (unsigned)color->r * color->r;
		g += shares[i] * (unsigned)color->g * color->g;
		b += shares[i] * (unsigned)color->b * color->b;
		all += shares[i];
	}
	if (!all)
		return empty;
	return (struct kt_color){ (uint8_t)root_of(r / all), (uint8_t)root_of(g / all),
		(uint8_t)root_of(b / all) };
}

/* Draws the cells, `zoom` pixels wide and high. */
static void draw_cells(
	const struct drawing *draw, struct kt_canvas *canvas, int left, int top, int zoom)
{
	const struct kt_census_map *map = draw->census->map;

	for (size_t i = 0; i < map->nr_cells; i++) {
		size_t x, y;

		kt_curve_place(&draw->curve, i, &x, &y);
		kt_canvas_box(canvas, left + (int)x * zoom, top + (int)y * zoom, zoom, zoom,
			blend(draw, map->shares[i]));
	}
}

/* Physical address of a page counted along the curve. */
static uint64_t address_of(const struct drawing *draw, uint64_t page)
{
	const struct kt_census *census = draw->census;

	for (size_t i = 0; i < census->ranges.count; i++) {
		const struct kt_census_range *range = &census->ranges.items[i];

		if (page < range->end - range->start)
			return (range->start + page) * (uint64_t)draw->snap->host.page_bytes;
		page -= range->end - range->start;
	}
	return 0;
}

/* Labels each row of tiles with its first address and its direction. */
static void draw_addresses(const struct drawing *draw, int left, int top)
{
	int side = draw->zoom << draw->curve.order;

	for (size_t row = 0; row < draw->curve.rows; row++) {
		uint64_t cell = row * draw->curve.columns << (2 * draw->curve.order);
		uint64_t address = address_of(draw, cell << draw->census->map->shift);
		int y = top + (int)row * side;
		char text[24], human[24];

		if (side < 2 * KT_TEXT_HEIGHT && row)
			return;
		if (address >= INT64_MAX)
			continue;
		kt_human_bytes((int64_t)address, human);
		snprintf(text, sizeof(text), "%s", human);
		put_text_right(draw, left - 14, y + side / 2 - KT_TEXT_HEIGHT / 2, 1, faint,
			row % 2 ? "<--" : "-->");
		put_text_right(draw, left - 14, y + 2, 1, plain, text);
	}
}

/* ---- the legend ---- */

static void draw_class(
	const struct drawing *draw, enum kt_page_class class, int left, int y, int64_t bytes)
{
	double share = (double)draw->census->pages.nr[class] / (double)draw->census->nr_pages;
	char size[24], percent[24];

	put_box(draw, left, y - 2, 20, 20, draw->colors[class]);
	put_text(draw, left + 32, y, 1, bright, kt_page_class_title(class));
	kt_human_bytes(bytes, size);
	snprintf(percent, sizeof(percent), share >= 0.0995 ? "%.0f %%" : "%.1f %%", share * 100);
	put_text_right(draw, left + LEGEND - 7 * KT_TEXT_ADVANCE, y, 1, plain, size);
	put_text_right(draw, left + LEGEND, y, 1, faint, percent);
}

/* Draws the entry of free memory without flags, if the kernel initialises memory on demand. */
static int draw_deferred(const struct drawing *draw, int left, int y)
{
	struct kt_val free = kt_snapshot_get(draw->snap, KT_FREE_DEFERRED, KT_NO_NODE);
	char size[24];

	if (!kt_ok(free) || !free.value)
		return y;
	kt_human_bytes(free.value, size);
	put_text(draw, left + 32, y, 1, faint, "free, not initialised");
	put_text_right(draw, left + LEGEND - 7 * KT_TEXT_ADVANCE, y, 1, faint, size);
	return y + LEGEND_ROW;
}

static int draw_classes(const struct drawing *draw, int left, int y)
{
	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++) {
		int64_t count = draw->census->pages.nr[i];

		if (!count || i == KT_PAGE_HOLE)
			continue;
		draw_class(draw, i, left, y, count * draw->snap->host.page_bytes);
		y += LEGEND_ROW;
		if (i == KT_PAGE_NONE)
			y = draw_deferred(draw, left, y);
	}
	return y;
}

/* Draws the scale: aligned runs of 4^n cells are squares on the curve. */
static int draw_scale(const struct drawing *draw, int left, int y)
{
	int tallest = 0, x = left;
	char size[24];

	for (unsigned order = draw->curve.order < 6 ? 1 : draw->curve.order - 4, n = 0;
		n < SCALES && order <= draw->curve.order; order += 2, n++) {
		int side = draw->zoom << order, width;

		kt_human_bytes(draw->cell_bytes << (2 * order), size);
		put_box(draw, x, y, side, side, faint);
		if (side > 6)
			put_box(draw, x + 2, y + 2, side - 4, side - 4, empty);
		put_text(draw, x, y + side + 8, 1, plain, size);
		width = (int)strlen(size) * KT_TEXT_ADVANCE;
		x += (side > width ? side : width) + 24;
		tallest = side > tallest ? side : tallest;
	}
	return y + tallest + 8 + LINE;
}

static int draw_lines(const struct drawing *draw, int left, int y, const char *const lines[])
{
	for (; *lines; lines++, y += LINE)
		put_text(draw, left, y, 1, plain, *lines);
	return y;
}

static void draw_legend(const struct drawing *draw, int left, int top)
{
	static const char *const how[] = { "Addresses run from the top left, tile after",
		"tile, in rows of alternating direction;", "inside a tile along a Hilbert curve.",
		"Holes are left out. The color of a pixel is", "the blend of its pages.", NULL };
	int64_t nr_pages = 1ll << draw->census->map->shift;
	char size[24], text[64];
	int y = draw_classes(draw, left, top);

	y += 20;
	kt_human_bytes(draw->cell_bytes, size);
	snprintf(text, sizeof(text), "One %s: %lld page%s, %s", draw->zoom > 1 ? "square" : "pixel",
		(long long)nr_pages, nr_pages == 1 ? "" : "s", size);
	put_text(draw, left, y, 1, bright, text);
	y = draw_scale(draw, left, y + LINE + 8);
	draw_lines(draw, left, y + 12, how);
}

/* ---- the picture ---- */

static void draw_head(const struct drawing *draw)
{
	const struct kt_host *host = &draw->snap->host;
	char text[160], size[24], date[KT_WHEN_ROOM] = "";
	bool dated = host->taken_s > 0;

	if (dated)
		kt_when_local(host->taken_s * 1000, date);
	kt_human_bytes(draw->census->nr_pages * host->page_bytes, size);
	snprintf(text, sizeof(text), "Physical memory%s%.40s", host->name ? " of " : "",
		host->name ? host->name : "");
	put_text(draw, MARGIN, MARGIN - 6, 2, bright, text);
	snprintf(text, sizeof(text), "%s of System RAM%s%.60s%s%s", size,
		host->release ? ", Linux " : "", host->release ? host->release : "",
		dated ? ", " : "", date);
	put_text(draw, MARGIN, MARGIN + 42, 1, plain, text);
}

static int height_of_legend(const struct drawing *draw)
{
	int rows = 1; /* for free memory that is not initialised */

	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++)
		rows += draw->census->pages.nr[i] != 0;
	return rows * LEGEND_ROW + 20 + 3 * LINE + (draw->zoom << draw->curve.order) + 8 + 12 +
	       5 * LINE;
}

static void measure(struct drawing *draw)
{
	int side;

	draw->curve = kt_curve_for(draw->census->map->nr_cells);
	side = (int)draw->curve.columns << draw->curve.order;
	draw->zoom = side < MAP_MAX ? MAP_MAX / side : 1;
	draw->width = side * draw->zoom;
	draw->height = (int)(draw->curve.rows << draw->curve.order) * draw->zoom;
	draw->cell_bytes = draw->snap->host.page_bytes << draw->census->map->shift;
}

static struct drawing begin(const struct kt_snapshot *snap)
{
	struct drawing draw = { .snap = snap, .census = snap->census };

	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++) {
		int color = kt_palette_row(looks[i].row);
		unsigned rgb = color < 0 ? 0 : kt_palette_rgb(color);

		draw.colors[i] = looks[i].own;
		if (color >= 0)
			draw.colors[i] = (struct kt_color){ (uint8_t)(rgb >> 16),
				(uint8_t)(rgb >> 8), (uint8_t)rgb };
	}
	measure(&draw);
	return draw;
}

static void size_of(const struct drawing *draw, int *ret_width, int *ret_height)
{
	int height = height_of_legend(draw);

	*ret_width = MARGIN + LABELS + draw->width + GAP + LEGEND + MARGIN;
	*ret_height = MARGIN + HEAD + (draw->height > height ? draw->height : height) + MARGIN;
}

static void draw_words(const struct drawing *draw)
{
	int left = MARGIN + LABELS, top = MARGIN + HEAD;

	draw_head(draw);
	draw_addresses(draw, left, top);
	draw_legend(draw, left + draw->width + GAP, top);
}

struct kt_err *kt_page_map_draw(const struct kt_snapshot *snap, struct kt_canvas *ret_canvas)
{
	struct drawing draw = begin(snap);
	int width, height;
	struct kt_err *err;

	size_of(&draw, &width, &height);
	err = kt_canvas_new(width, height, ground, ret_canvas);
	if (err)
		return err;
	draw.canvas = ret_canvas;
	put_box(&draw, MARGIN + LABELS, MARGIN + HEAD, draw.width, draw.height, empty);
	draw_cells(&draw, ret_canvas, MARGIN + LABELS, MARGIN + HEAD, draw.zoom);
	draw_words(&draw);
	return NULL;
}

static void put_base64(struct kt_buf *text, const struct kt_buf *bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes->size; i += 3) {
		size_t n = bytes->size - i < 3 ? bytes->size - i : 3;
		uint32_t group = 0;
		char out[4];

		for (size_t k = 0; k < 3; k++)
			group = group << 8 | (k < n ? (uint8_t)bytes->data[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			out[k] = k <= n ? digits[group >> (18 - 6 * k) & 63] : '=';
		kt_buf_add(text, out, sizeof(out));
	}
}

/* The raster has a pixel for each cell, and the reader's program enlarges it. */
struct kt_err *kt_page_map_svg(
	const struct kt_snapshot *snap, int *ret_width, int *ret_height, struct kt_buf *ret_svg)
{
	KT_CLEANUP(canvas) struct kt_canvas cells = { 0 };
	KT_CLEANUP(buf) struct kt_buf png = { 0 };
	struct drawing draw = begin(snap);
	struct kt_err *err =
		kt_canvas_new(draw.width / draw.zoom, draw.height / draw.zoom, empty, &cells);

	if (!err) {
		draw_cells(&draw, &cells, 0, 0, 1);
		err = kt_canvas_png(&cells, &png);
	}
	if (err)
		return err;
	draw.svg = ret_svg;
	size_of(&draw, ret_width, ret_height);
	kt_buf_printf(ret_svg,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" role=\"img\" font-family=\"system-ui,sans-serif\">\n",
		*ret_width, *ret_height, *ret_width, *ret_height);
	put_box(&draw, 0, 0, *ret_width, *ret_height, ground);
	kt_buf_printf(ret_svg,
		"<image x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		"style=\"image-rendering:pixelated\" href=\"data:image/png;base64,",
		MARGIN + LABELS, MARGIN + HEAD, draw.width, draw.height);
	put_base64(ret_svg, &png);
	kt_buf_puts(ret_svg, "\"/>\n");
	draw_words(&draw);
	kt_buf_puts(ret_svg, "</svg>\n");
	return NULL;
}
