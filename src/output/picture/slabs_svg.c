// SPDX-License-Identifier: GPL-2.0-or-later
//
// Draws slabs to scale. A box is a slot; the part of it that is no object is hatched. An arrow
// follows the list of free objects from each slot to the next one, so a list that the kernel
// shuffled looks shuffled. Colours have their meaning in words in the legend, and each slot has a
// text that is shown when the pointer is on it.

#include "output/picture/slabs_svg.h"

#include "model/cache.h"
#include "output/slot_looks.h"

#include <string.h>

#define WIDTH	   1000
#define LEFT	   92
#define RIGHT	   28
#define ROOM	   (WIDTH - LEFT - RIGHT) /* pixels of a row */
#define HEAD	   76			  /* pixels above the legend */
#define LEGEND	   22
#define SLAB_HEAD  42 /* pixels above the rows of a slab */
#define ARCS	   34 /* further pixels, for the arcs of a list in one row */
#define ROW	   30
#define ROW_GAP	   4
#define BOW	   40 /* pixels to the side of arrows between slots in a column */
#define ARROWS_MAX 64u
#define NUMBER_MIN 22 /* pixels of a slot that shows its number */
#define SMALL_MAX  4  /* pixels; a slot up to here has square corners and no gap */

struct picture {
	const struct kt_drawing *drawing;
	struct kt_drawing_grid grid;
	struct kt_buf *buf;
};

/* A part of a slot in one row, in pixels. */
struct part {
	double x, width;
	int y;
};

static double pixels(const struct picture *picture, int64_t bytes)
{
	return (double)bytes * ROOM / (double)picture->grid.row_bytes;
}

/* Finds the part of a range that is in a row; false: none is. */
static bool part_of(const struct picture *picture, int64_t from, int64_t to, int64_t row, int top,
	struct part *ret)
{
	int64_t start = row * picture->grid.row_bytes, end = start + picture->grid.row_bytes;

	from = from < start ? start : from;
	to = to > end ? end : to;
	if (from >= to)
		return false;
	*ret = (struct part){ .x = LEFT + pixels(picture, from - start),
		.width = pixels(picture, to - from),
		.y = top + (int)row * (ROW + ROW_GAP) };
	return true;
}

static void put_box(const struct picture *picture, const struct part *part, const char *style)
{
	double gap = part->width > SMALL_MAX ? 1 : 0;

	kt_buf_printf(picture->buf,
		"<rect class=\"%s\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" rx=\"%d\"/>",
		style, part->x, part->y, part->width - gap, ROW, gap > 0 ? 3 : 0);
}

/* A range of bytes, which may go over several rows. */
static void put_range(
	const struct picture *picture, int64_t from, int64_t to, int top, const char *style)
{
	int64_t last = (to - 1) / picture->grid.row_bytes;

	for (int64_t row = from / picture->grid.row_bytes; row <= last; row++) {
		struct part part;

		if (part_of(picture, from, to, row, top, &part))
			put_box(picture, &part, style);
	}
}

/* ---- a slot ---- */

static void put_tip(const struct picture *picture, const struct kt_drawing_slab *slab, size_t i)
{
	int64_t at = slab->start + (int64_t)i * picture->drawing->slot_bytes;

	kt_buf_printf(picture->buf, "<title>slot %zu at byte %lld: %s", i, (long long)at,
		kt_drawing_words(slab->map[i]));
	if (slab->rank[i])
		kt_buf_printf(picture->buf, ", place %u", slab->rank[i]);
	kt_buf_puts(picture->buf, "</title>");
}

static void put_number(const struct picture *picture, const struct kt_drawing_slab *slab, size_t i,
	int top, const char *style)
{
	int64_t from = slab->start + (int64_t)i * picture->drawing->slot_bytes;
	int64_t row = from / picture->grid.row_bytes;
	struct part part;

	if (!part_of(picture, from, from + picture->drawing->slot_bytes, row, top, &part) ||
		part.width < NUMBER_MIN)
		return;
	kt_buf_printf(picture->buf,
		"<text class=\"number n%s\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%zu</text>",
		style, part.x + part.width / 2, part.y + ROW / 2 + 4, i);
}

static void put_slot(
	const struct picture *picture, const struct kt_drawing_slab *slab, size_t i, int top)
{
	const struct kt_drawing *drawing = picture->drawing;
	const char *style = kt_slot_look(slab->map[i])->style;
	int64_t from = slab->start + (int64_t)i * drawing->slot_bytes;
	int64_t to = from + drawing->slot_bytes;
	int64_t object = from + drawing->object_at, after = object + drawing->object_bytes;

	kt_buf_puts(picture->buf, "<g>");
	put_tip(picture, slab, i);
	put_range(picture, from, to, top, style);
	if (object > from && object < to)
		put_range(picture, from, object, top, "padding");
	if (drawing->object_bytes > 0 && after < to)
		put_range(picture, after, to, top, "padding");
	put_number(picture, slab, i, top, style);
	kt_buf_puts(picture->buf, "</g>\n");
}

/* ---- lists of free objects ---- */

/* The slot with a place in the slab's own list; nr_slots: none. */
static size_t slot_of_rank(const struct kt_drawing_slab *slab, unsigned rank)
{
	size_t i = 0;

	while (i < slab->nr_slots && (slab->map[i] != KT_SLOT_FREE || slab->rank[i] != rank))
		i++;
	return i;
}

static void middle_of(const struct picture *picture, const struct kt_drawing_slab *slab, size_t i,
	int top, double *ret_x, double *ret_y)
{
	int64_t slot_bytes = picture->drawing->slot_bytes;
	int64_t at = slab->start + (int64_t)i * slot_bytes + slot_bytes / 2;
	int64_t row = at / picture->grid.row_bytes;

	*ret_x = LEFT + pixels(picture, at - row * picture->grid.row_bytes);
	*ret_y = top + (double)row * (ROW + ROW_GAP) + ROW / 2.0;
}

/* True if the list has at least two slots, in the only row. */
static bool is_arched(const struct picture *picture, const struct kt_drawing_slab *slab)
{
	return !picture->grid.fine && kt_drawing_rows(&picture->grid, slab) == 1 &&
	       slot_of_rank(slab, 2) < slab->nr_slots;
}

/* Arcs above a single row, the wider the higher; straight lines if there are several rows. */
static void put_arrow(const struct picture *picture, const struct kt_drawing_slab *slab,
	size_t from, size_t to, int top)
{
	double x, y, to_x, to_y, lift = 0, bow = 0;
	bool arc = is_arched(picture, slab);

	middle_of(picture, slab, from, top, &x, &y);
	middle_of(picture, slab, to, top, &to_x, &to_y);
	if (arc) {
		y = to_y = top - 1;
		lift = ARCS * (0.35 + 0.65 * (to_x > x ? to_x - x : x - to_x) / ROOM);
	}
	/* one above the other: down on the right, up on the left */
	if (x - to_x < BOW && to_x - x < BOW)
		bow = to_y > y ? BOW + (to_y - y) / 2 : -BOW - (y - to_y) / 2;
	if (arc)
		bow = 0;
	kt_buf_printf(picture->buf,
		"<path class=\"list\" d=\"M%.1f %.1fQ%.1f %.1f %.1f %.1f\" "
		"marker-end=\"url(#tip)\"/>\n",
		x, y, (x + to_x) / 2 + bow, (y + to_y) / 2 - lift * 2, to_x, to_y);
}

static void put_arrows(const struct picture *picture, const struct kt_drawing_slab *slab, int top)
{
	size_t at = slot_of_rank(slab, 1), next;

	if (picture->grid.fine || at == slab->nr_slots)
		return;
	for (unsigned rank = 2; rank <= ARROWS_MAX; rank++, at = next) {
		next = slot_of_rank(slab, rank);
		if (next == slab->nr_slots)
			return;
		put_arrow(picture, slab, at, next, top);
	}
}

/* ---- a slab ---- */

static int height_of(const struct picture *picture, const struct kt_drawing_slab *slab)
{
	return SLAB_HEAD + (is_arched(picture, slab) ? ARCS : 0) +
	       (int)kt_drawing_rows(&picture->grid, slab) * (ROW + ROW_GAP);
}

static void put_text(
	const struct picture *picture, int x, int y, const char *style, const char *text)
{
	kt_buf_printf(picture->buf, "<text class=\"%s\" x=\"%d\" y=\"%d\">", style, x, y);
	kt_output_escape(picture->buf, text, SIZE_MAX);
	kt_buf_puts(picture->buf, "</text>\n");
}

static void put_scale(const struct picture *picture, int64_t row, int rows_at)
{
	int64_t at = row * picture->grid.row_bytes;

	kt_buf_printf(picture->buf,
		"<text class=\"quiet\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%lld</text>\n",
		LEFT - 10, rows_at + (int)row * (ROW + ROW_GAP) + ROW / 2 + 4, (long long)at);
}

static void put_slab(const struct picture *picture, const struct kt_drawing_slab *slab, int top)
{
	int64_t used = slab->start + (int64_t)slab->nr_slots * picture->drawing->slot_bytes;
	int rows_at = top + SLAB_HEAD + (is_arched(picture, slab) ? ARCS : 0);

	put_text(picture, LEFT, top + 16, "name", slab->title);
	kt_buf_printf(picture->buf, "<text class=\"quiet\" x=\"%d\" y=\"%d\" text-anchor=\"end\">",
		WIDTH - RIGHT, top + 16);
	kt_output_escape(picture->buf, slab->address, SIZE_MAX);
	kt_buf_puts(picture->buf, "</text>\n");
	put_text(picture, LEFT, top + 33, "quiet", slab->facts);
	for (int64_t row = 0; row < kt_drawing_rows(&picture->grid, slab); row++)
		put_scale(picture, row, rows_at);
	for (size_t i = 0; i < slab->nr_slots; i++)
		put_slot(picture, slab, i, rows_at);
	if (slab->start) {
		kt_buf_printf(picture->buf, "<g><title>colour: %lld bytes</title>",
			(long long)slab->start);
		put_range(picture, 0, slab->start, rows_at, "rest");
		kt_buf_puts(picture->buf, "</g>\n");
	}
	if (used < slab->slab_bytes) {
		kt_buf_printf(picture->buf, "<g><title>left over: %lld bytes</title>",
			(long long)(slab->slab_bytes - used));
		put_range(picture, used, slab->slab_bytes, rows_at, "rest");
		kt_buf_puts(picture->buf, "</g>\n");
	}
	put_arrows(picture, slab, rows_at);
}

/* ---- the picture ---- */

static void put_key(const struct picture *picture, int y, const char *style, const char *text)
{
	kt_buf_printf(picture->buf,
		"<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"24\" height=\"14\" rx=\"3\"/>", style,
		LEFT, y - 11);
	put_text(picture, LEFT + 34, y, "quiet", text);
}

static int put_legend(const struct picture *picture)
{
	const struct kt_drawing *drawing = picture->drawing;
	int y = HEAD;

	for (const char *letter = kt_drawing_letters; *letter; letter++) {
		if (!kt_drawing_has(drawing, *letter))
			continue;
		put_key(picture, y, kt_slot_look(*letter)->style, kt_drawing_words(*letter));
		y += LEGEND;
	}
	if (drawing->object_at > 0 || drawing->object_bytes < drawing->slot_bytes) {
		put_key(picture, y, "used", "");
		put_key(picture, y, "padding", "part of a slot that is no object");
		y += LEGEND;
	}
	if (kt_drawing_has_rest(drawing)) {
		put_key(picture, y, "rest", "left over: no slot");
		y += LEGEND;
	}
	if (!kt_drawing_has(drawing, KT_SLOT_FREE) || picture->grid.fine)
		return y;
	kt_buf_printf(picture->buf,
		"<path class=\"list\" d=\"M%d %dH%d\" marker-end=\"url(#tip)\"/>", LEFT, y - 4,
		LEFT + 24);
	put_text(picture, LEFT + 34, y, "quiet",
		"from a free object to the next one on its slab's list");
	return y + LEGEND;
}

static const char head[] =
	"<style>svg{background:#fff}text{font:13px system-ui,sans-serif;fill:#1b1f24}"
	".title{font-size:17px;font-weight:600}.name{font-weight:600}"
	".quiet{fill:#66707b;font-size:12px}"
	".number{font-size:11px;fill:#66707b}.nused{fill:#fff}.ncpu{fill:#1b1f24}"
	".used{fill:#0072b2}.cpu{fill:#e69f00}.sheaf{fill:#009e73}.node{fill:#56b4e9}"
	".rcu{fill:#cc79a7}.free{fill:#66707b;fill-opacity:.2}"
	".rest{fill:url(#hatch)}.padding{fill:url(#grains)}"
	".hatch{stroke:#66707b;stroke-opacity:.55}.grain{fill:#fff;fill-opacity:.6}"
	".list{fill:none;stroke:#d55e00;stroke-width:1.3;stroke-opacity:.85}.tip{fill:#d55e00}"
	"@media(prefers-color-scheme:dark){svg{background:#14171b}text{fill:#e8eaed}"
	".quiet{fill:#9aa4af}.number{fill:#9aa4af}.nused{fill:#fff}.ncpu{fill:#1b1f24}"
	".grain{fill:#14171b}}</style>\n"
	"<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V6\"/></pattern>"
	"<pattern id=\"grains\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">"
	"<rect class=\"grain\" width=\"2.4\" height=\"4\"/></pattern>"
	"<marker id=\"tip\" viewBox=\"0 0 6 6\" refX=\"5\" refY=\"3\" markerWidth=\"6\" "
	"markerHeight=\"6\" orient=\"auto\"><path class=\"tip\" d=\"M0 0L6 3L0 6Z\"/></marker>"
	"</defs>\n";

void kt_slabs_svg(const struct kt_drawing *drawing, const char *headline, struct kt_buf *ret_text)
{
	KT_CLEANUP(buf) struct kt_buf body = { 0 };
	struct picture picture = { drawing, kt_drawing_grid(drawing), &body };
	bool drawable = drawing->slab_bytes > 0 && drawing->slot_bytes > 0;
	int y;

	put_text(&picture, LEFT, 28, "title", headline);
	put_text(&picture, LEFT, 48, "quiet", drawing->title);
	y = drawable ? put_legend(&picture) : HEAD;
	for (size_t i = 0; drawable && i < drawing->slabs.count; i++) {
		put_slab(&picture, &drawing->slabs.items[i], y);
		y += height_of(&picture, &drawing->slabs.items[i]) + 8;
	}
	kt_buf_printf(ret_text,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" role=\"img\">\n",
		WIDTH, y + 12, WIDTH, y + 12);
	kt_buf_puts(ret_text, head);
	if (body.size)
		kt_buf_add(ret_text, body.data, body.size);
	ret_text->failed |= body.failed;
	kt_buf_puts(ret_text, "</svg>\n");
}
