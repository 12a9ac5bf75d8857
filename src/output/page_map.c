// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/page_map.h"

#include "base/human.h"
#include "base/when.h"
#include "output/curve.h"

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
 * Palette after Okabe and Ito: distinguishable with every kind of colour vision. Free memory is
 * dark, so that used memory stands out.
 */
static const struct kt_color palette[KT_PAGE_CLASSES] = {
	[KT_PAGE_FREE] = { 0x1d, 0x2b, 0x3a },
	[KT_PAGE_ANON] = { 0x56, 0xb4, 0xe9 },
	[KT_PAGE_SHMEM] = { 0x2f, 0x6f, 0xdb },
	[KT_PAGE_FILE] = { 0x00, 0x9e, 0x73 },
	[KT_PAGE_UNMAPPED] = { 0xa6, 0xd8, 0xf5 },
	[KT_PAGE_HUGETLB] = { 0xcc, 0x79, 0xa7 },
	[KT_PAGE_SLAB] = { 0xf0, 0xe4, 0x42 },
	[KT_PAGE_TABLE] = { 0xff, 0xff, 0xff },
	[KT_PAGE_MAPPED] = { 0xff, 0x9d, 0x5c },
	[KT_PAGE_COMPOUND] = { 0xe6, 0x9f, 0x00 },
	[KT_PAGE_NONE] = { 0xa3, 0x3f, 0x16 },
	[KT_PAGE_OTHER] = { 0xd5, 0x5e, 0x00 },
	[KT_PAGE_ZERO] = { 0xd0, 0xd0, 0xb0 },
	[KT_PAGE_OFFLINE] = { 0x7a, 0x4c, 0xa8 },
	[KT_PAGE_POISONED] = { 0xff, 0x30, 0x60 },
	[KT_PAGE_RESERVED] = { 0x84, 0x8f, 0x9b },
	[KT_PAGE_HOLE] = { 0x11, 0x17, 0x20 },
	[KT_PAGE_UNREAD] = { 0x11, 0x17, 0x20 },
	[KT_PAGE_KMALLOC] = { 0xb8, 0xa8, 0x10 },
	[KT_PAGE_ZSMALLOC] = { 0x8f, 0x5f, 0xd0 },
	[KT_PAGE_UNACCEPTED] = { 0x2a, 0x3d, 0x52 },
	[KT_PAGE_UNINITIALISED] = { 0x16, 0x20, 0x2c },
	[KT_PAGE_UNREFERENCED] = { 0x3a, 0x55, 0x6f },
};

struct drawing {
	const struct kt_snapshot *snap;
	const struct kt_census *census;
	struct kt_canvas *canvas;
	struct kt_curve curve;
	int zoom;	   /* pixels per cell, in both directions */
	int width, height; /* of the map, in pixels */
	int64_t cell_bytes;
};

/* ---- the map ---- */

static unsigned root_of(unsigned square)
{
	unsigned root = 0;

	for (unsigned bit = 128; bit; bit /= 2)
		root += (root + bit) * (root + bit) <= square ? bit : 0;
	return root;
}

/* Adds up light, not the encoded values; squares approximate gamma closely enough. */
static struct kt_color blend(const uint8_t *shares)
{
	unsigned r = 0, g = 0, b = 0, all = 0;

	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++) {
		const struct kt_color *color = &palette[i];

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

static void draw_cells(const struct drawing *draw, int left, int top)
{
	const struct kt_census_map *map = draw->census->map;

	kt_canvas_box(draw->canvas, left, top, draw->width, draw->height, empty);
	for (size_t i = 0; i < map->nr_cells; i++) {
		size_t x, y;

		kt_curve_place(&draw->curve, i, &x, &y);
		kt_canvas_box(draw->canvas, left + (int)x * draw->zoom, top + (int)y * draw->zoom,
			draw->zoom, draw->zoom, blend(map->shares[i]));
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
		kt_canvas_text_right(draw->canvas, left - 14, y + side / 2 - KT_TEXT_HEIGHT / 2, 1,
			faint, row % 2 ? "<--" : "-->");
		kt_canvas_text_right(draw->canvas, left - 14, y + 2, 1, plain, text);
	}
}

/* ---- the legend ---- */

static void draw_class(
	const struct drawing *draw, enum kt_page_class class, int left, int y, int64_t bytes)
{
	double share = (double)draw->census->pages.nr[class] / (double)draw->census->nr_pages;
	char size[24], percent[24];

	kt_canvas_box(draw->canvas, left, y - 2, 20, 20, palette[class]);
	kt_canvas_text(draw->canvas, left + 32, y, 1, bright, kt_page_class_title(class));
	kt_human_bytes(bytes, size);
	snprintf(percent, sizeof(percent), share >= 0.0995 ? "%.0f %%" : "%.1f %%", share * 100);
	kt_canvas_text_right(draw->canvas, left + LEGEND - 7 * KT_TEXT_ADVANCE, y, 1, plain, size);
	kt_canvas_text_right(draw->canvas, left + LEGEND, y, 1, faint, percent);
}

/* Draws the entry of free memory without flags, if the kernel initialises memory on demand. */
static int draw_deferred(const struct drawing *draw, int left, int y)
{
	struct kt_val free = kt_snapshot_get(draw->snap, KT_FREE_DEFERRED, KT_NO_NODE);
	char size[24];

	if (!kt_ok(free) || !free.value)
		return y;
	kt_human_bytes(free.value, size);
	kt_canvas_text(draw->canvas, left + 32, y, 1, faint, "free, not initialised");
	kt_canvas_text_right(draw->canvas, left + LEGEND - 7 * KT_TEXT_ADVANCE, y, 1, faint, size);
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
		kt_canvas_box(draw->canvas, x, y, side, side, faint);
		if (side > 6)
			kt_canvas_box(draw->canvas, x + 2, y + 2, side - 4, side - 4, empty);
		kt_canvas_text(draw->canvas, x, y + side + 8, 1, plain, size);
		width = (int)strlen(size) * KT_TEXT_ADVANCE;
		x += (side > width ? side : width) + 24;
		tallest = side > tallest ? side : tallest;
	}
	return y + tallest + 8 + LINE;
}

static int draw_lines(const struct drawing *draw, int left, int y, const char *const lines[])
{
	for (; *lines; lines++, y += LINE)
		kt_canvas_text(draw->canvas, left, y, 1, plain, *lines);
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
	kt_canvas_text(draw->canvas, left, y, 1, bright, text);
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
	kt_canvas_text(draw->canvas, MARGIN, MARGIN - 6, 2, bright, text);
	snprintf(text, sizeof(text), "%s of System RAM%s%.60s%s%s", size,
		host->release ? ", Linux " : "", host->release ? host->release : "",
		dated ? ", " : "", date);
	kt_canvas_text(draw->canvas, MARGIN, MARGIN + 42, 1, plain, text);
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

struct kt_err *kt_page_map_draw(const struct kt_snapshot *snap, struct kt_canvas *ret_canvas)
{
	struct drawing draw = { .snap = snap, .census = snap->census, .canvas = ret_canvas };
	int left = MARGIN + LABELS, top = MARGIN + HEAD, height;
	struct kt_err *err;

	measure(&draw);
	height = height_of_legend(&draw);
	height = draw.height > height ? draw.height : height;
	err = kt_canvas_new(left + draw.width + GAP + LEGEND + MARGIN, top + height + MARGIN,
		ground, ret_canvas);
	if (err)
		return err;
	draw_head(&draw);
	draw_cells(&draw, left, top);
	draw_addresses(&draw, left, top);
	draw_legend(&draw, left + draw.width + GAP, top);
	return NULL;
}
