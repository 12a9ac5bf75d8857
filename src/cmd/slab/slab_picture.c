// SPDX-License-Identifier: GPL-2.0-or-later
//
// Draws a slab and one of its slots to scale. The strips have 64 characters, so a character is a
// power of two of bytes if the slab is.
//
// A picture shows at once why a cache wastes memory: a tail that is almost a slot, or padding as
// large as the object. One character has one value, so small pieces vanish in the strip of the
// slab; each piece of a slot gets at least one.

#include "base/buf.h"
#include "cmd/slab/slab.h"

#include <string.h>

#define SIGNS	 64
#define ROWS_MIN 4
#define ROWS_MAX 8
#define MARGIN	 "           "

#define OBJECT	"█"
#define OTHER	"▒"
#define PADDING "░"
#define TAIL	"·"

static const struct kt_column line_columns[] = { { .key = "line", .title = "" } };

static const struct kt_column piece_columns[] = {
	{ .key = "sign", .title = "", .flags = KT_COL_TEXT_ONLY },
	{ .key = "start_bytes", .title = "FROM", .type = KT_CELL_COUNT },
	{ .key = "bytes", .title = "BYTES", .type = KT_CELL_COUNT },
	{ .key = "part", .title = "WHAT", .flags = KT_COL_WRAP | KT_COL_SET },
};

/* Letters are for what the allocator adds: the list of free slots, and debugging. */
static const char *sign_of(enum kt_slot_part part)
{
	switch (part) {
	case KT_SLOT_OBJECT: return OBJECT;
	case KT_SLOT_POINTER_INSIDE: return "p";
	case KT_SLOT_POINTER: return "P";
	case KT_SLOT_POINTER_MAYBE: return "?";
	case KT_SLOT_RED_ZONE: return "R";
	case KT_SLOT_TRACKING: return "T";
	case KT_SLOT_PADDING: return PADDING;
	case KT_SLOT_WHOLE: return OBJECT;
	}
	return "?";
}

/* Lines of text as a table without titles. */
static struct kt_table *picture(struct kt_report *report, const char *key, const char *title)
{
	struct kt_table *table =
		kt_report_table(report, key, title, line_columns, KT_LEN(line_columns));

	if (table)
		table->text_only = true;
	return table;
}

static void put_line(struct kt_report *report, struct kt_table *table, const char *line)
{
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;

	if (row)
		row->cells[0] = kt_cell_text(line);
}

/* ---- the slab ---- */

/*
 * The strip that a slab is drawn in. Sizes in bytes. The strip has 64 characters in each of 4 to 8
 * rows.
 */
struct strip {
	int64_t rows, bytes_per_sign;
	bool fine; /* objects are too small to be drawn one by one */
};

static struct strip strip_for(const struct kt_slab_use *use)
{
	int64_t rows = use->cache->pages_per_slab;
	struct strip strip = { .rows = rows < ROWS_MIN	 ? ROWS_MIN
				       : rows > ROWS_MAX ? ROWS_MAX
							 : rows };

	strip.bytes_per_sign = use->slab_bytes / strip.rows / SIGNS;
	strip.fine = use->slot_bytes < 2 * strip.bytes_per_sign;
	return strip;
}

/* Returns the letter of the object with this byte; adjacent objects have different letters. */
static const char *sign_at(const struct kt_slab_use *use, bool fine, int64_t at)
{
	int64_t index = at / use->slot_bytes, inside = at % use->slot_bytes;

	if (index >= use->cache->objs_per_slab)
		return TAIL;
	if (fine)
		return OTHER;
	if (use->object_bytes > 0 && inside >= use->object_bytes)
		return PADDING;
	return index % 2 ? OTHER : OBJECT;
}

static const char *slab_title(struct kt_report *report, const struct kt_slab_use *use)
{
	const struct kt_cache *cache = use->cache;

	const char *pages = "";

	if (cache->pages_per_slab >= 0)
		pages = kt_arena_printf(&report->arena, "%lld page%s, ",
			(long long)cache->pages_per_slab, cache->pages_per_slab == 1 ? "" : "s");
	return kt_arena_printf(&report->arena,
		"One slab: %s%lld bytes, %lld object%s of %lld bytes, %lld left over", pages,
		(long long)use->slab_bytes, (long long)cache->objs_per_slab,
		cache->objs_per_slab == 1 ? "" : "s", (long long)use->slot_bytes,
		(long long)use->tail_per_slab);
}

static const char *legend(
	struct kt_report *report, const struct kt_slab_use *use, const struct strip *strip)
{
	bool padded = use->object_bytes > 0 && use->object_bytes < use->slot_bytes;

	if (strip->fine)
		return kt_arena_printf(&report->arena, MARGIN "a character is %.1f objects",
			(double)strip->bytes_per_sign / (double)use->slot_bytes);
	return kt_arena_printf(&report->arena,
		MARGIN "a character is %lld bytes; " OBJECT " " OTHER " objects in turn%s%s",
		(long long)strip->bytes_per_sign, padded ? ", " PADDING " padding" : "",
		use->tail_per_slab ? ", " TAIL " tail" : "");
}

/*
 * Slabs with fewer bytes than characters, or without a known size, are not drawn. Each character
 * shows the byte in the middle of its range.
 */
static void put_slab(struct kt_report *report, const struct kt_slab_use *use)
{
	struct kt_table *table;
	struct strip strip;

	if (use->slab_bytes < (int64_t)ROWS_MAX * SIGNS || use->slot_bytes <= 0 ||
		use->tail_per_slab < 0)
		return;
	strip = strip_for(use);
	table = picture(report, "picture", slab_title(report, use));
	for (int64_t row = 0; row < strip.rows; row++) {
		int64_t at = row * strip.bytes_per_sign * SIGNS;
		struct kt_buf line = { 0 };

		kt_buf_printf(&line, "%9lld  ", (long long)at);
		for (int i = 0; i < SIGNS; i++, at += strip.bytes_per_sign)
			kt_buf_puts(&line, sign_at(use, strip.fine, at + strip.bytes_per_sign / 2));
		put_line(report, table, kt_arena_text(&report->arena, &line));
	}
	put_line(report, table, legend(report, use, &strip));
}

/* ---- one slot ---- */

/* Number of characters for a piece: its share of the strip, and at least one. */
static int64_t signs_for(const struct kt_slab_layout *layout, size_t i, int64_t slot_bytes)
{
	const struct kt_slot_piece *piece = &layout->pieces[i];
	int64_t from = piece->start * SIGNS / slot_bytes;
	int64_t to = (piece->start + piece->bytes) * SIGNS / slot_bytes;

	return to > from ? to - from : 1;
}

/*
 * Small pieces take a character more than their share, and the widest piece gives them up, so that
 * the strip keeps its length.
 */
static void put_strip(struct kt_report *report, const struct kt_slab_use *use,
	const struct kt_slab_layout *layout)
{
	struct kt_buf line = { 0 };
	int64_t spare = -SIGNS;
	size_t widest = 0;
	struct kt_table *table = picture(report, "strip",
		kt_arena_printf(
			&report->arena, "One slot of %lld bytes", (long long)use->slot_bytes));

	for (size_t i = 0; i < layout->nr_pieces; i++) {
		spare += signs_for(layout, i, use->slot_bytes);
		widest = layout->pieces[i].bytes > layout->pieces[widest].bytes ? i : widest;
	}
	kt_buf_printf(&line, "%9d  ", 0);
	for (size_t i = 0; i < layout->nr_pieces; i++) {
		int64_t n = signs_for(layout, i, use->slot_bytes) - (i == widest ? spare : 0);

		for (; n > 0; n--)
			kt_buf_puts(&line, sign_of(layout->pieces[i].part));
	}
	put_line(report, table, kt_arena_text(&report->arena, &line));
}

void kt_slab_put_slot(struct kt_report *report, const struct kt_slab_use *use, int64_t pointer_at)
{
	struct kt_slab_layout layout;
	struct kt_table *table;

	kt_slab_lay_out(use, pointer_at, &layout);
	if (layout.nr_pieces > 1)
		put_strip(report, use, &layout);
	table = kt_report_table(report, "slot", NULL, piece_columns, KT_LEN(piece_columns));
	if (table && layout.nr_pieces < 2)
		table->data_only = true;
	for (size_t i = 0; table && i < layout.nr_pieces; i++) {
		const struct kt_slot_piece *piece = &layout.pieces[i];
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[0] = kt_cell_text(
			kt_arena_printf(&report->arena, "          %s", sign_of(piece->part)));
		row->cells[1] = kt_cell_number(piece->start);
		row->cells[2] = kt_cell_number(piece->bytes);
		row->cells[3] = kt_cell_text(kt_slot_part_name(piece->part));
	}
}

const struct kt_part kt_slab_slot_part = {
	.key = "slot",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(piece_columns),
	.help = "The pieces of a slot, in order; they add up to slot_bytes.",
};

void kt_slab_picture(struct kt_report *report, const struct kt_slab_use *use)
{
	put_slab(report, use);
	kt_slab_put_slot(report, use, KT_UNKNOWN);
}
