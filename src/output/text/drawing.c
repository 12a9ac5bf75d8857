// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slabs in a terminal. A row has 64 characters, each of which is an equal part of the slab. The
// last character of a slot is half empty, so that slots can be counted. If slots are smaller than a
// character, its height is the share of its slots in use.
//
// The pictures differ in their characters alone: colours add nothing that is not there without.

#include "output/text/drawing.h"

#include "base/printable.h"
#include "model/cache.h"
#include "output/slot_looks.h"
#include "output/text/style.h"

#include <string.h>

#define COLUMNS	 KT_DRAWING_COLUMNS
#define LEFT	 9 /* columns of the scale */
#define HEAD_MAX 80u

struct pen {
	const struct kt_drawing *drawing;
	const struct kt_output_opts *opts;
	struct kt_buf *buf;
	struct kt_drawing_grid grid;
	int color; /* of the last character; -1: none */
};

static void set_color(struct pen *pen, int color)
{
	if (!pen->opts->color || color == pen->color)
		return;
	if (color < 0)
		kt_buf_puts(pen->buf, KT_TEXT_PLAIN);
	else
		kt_buf_printf(pen->buf, "\033[38;5;%dm", color);
	pen->color = color;
}

static void put_name(const struct pen *pen, const char *text)
{
	kt_buf_printable(pen->buf, kt_span_str(text), 0);
}

/* ---- characters ---- */

/* The last character of a slot, if the slot has several. */
static bool is_last(const struct pen *pen, const struct kt_drawing_slab *slab, int64_t at)
{
	const struct kt_drawing *drawing = pen->drawing;
	int64_t next = at - slab->start + pen->grid.column_bytes;

	return drawing->slot_bytes >= 2 * pen->grid.column_bytes &&
	       next / drawing->slot_bytes != (at - slab->start) / drawing->slot_bytes;
}

static void put_slot(struct pen *pen, char letter, bool last)
{
	const struct kt_slot_look *look = kt_slot_look(letter);

	set_color(pen, look->terminal);
	if (pen->opts->unicode)
		kt_buf_puts(pen->buf, last ? look->last : look->sign);
	else
		kt_buf_printf(pen->buf, "%c", last ? ' ' : look->ascii);
}

/* Several slots in a character. */
static void put_share(struct pen *pen, const struct kt_drawing_slab *slab, int64_t at)
{
	static const char *const heights[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	const struct kt_drawing *drawing = pen->drawing;
	int64_t first = kt_drawing_slot(drawing, slab, at), used = 0, all = 0;

	for (int64_t i = first; i >= 0 && i < (int64_t)slab->nr_slots &&
				i * drawing->slot_bytes < at - slab->start + pen->grid.column_bytes;
		i++, all++)
		used += slab->map[i] == KT_SLOT_USED;
	set_color(pen, kt_slot_look(used ? KT_SLOT_USED : KT_SLOT_FREE)->terminal);
	if (!all || !used)
		kt_buf_puts(pen->buf, pen->opts->unicode ? "·" : ".");
	else if (pen->opts->unicode)
		kt_buf_puts(pen->buf, heights[used * 8 / all > 0 ? used * 8 / all : 1]);
	else
		kt_buf_printf(pen->buf, "%c", used == all ? '#' : (char)('0' + used * 10 / all));
}

static void put_column(struct pen *pen, const struct kt_drawing_slab *slab, int64_t at)
{
	int64_t middle = at + pen->grid.column_bytes / 2;
	int64_t index = kt_drawing_slot(pen->drawing, slab, middle);

	if (middle >= slab->slab_bytes) {
		kt_buf_puts(pen->buf, " ");
	} else if (index < 0) {
		set_color(pen, kt_slot_look('\0')->terminal);
		kt_buf_puts(pen->buf, pen->opts->unicode ? kt_slot_look('\0')->sign : ":");
	} else if (pen->grid.fine) {
		put_share(pen, slab, at);
	} else
		put_slot(pen, slab->map[index], is_last(pen, slab, middle));
}

static void put_rows(struct pen *pen, const struct kt_drawing_slab *slab)
{
	int64_t rows = kt_drawing_rows(&pen->grid, slab);

	for (int64_t row = 0; row < rows; row++) {
		int64_t at = row * pen->grid.row_bytes;

		if (pen->opts->color)
			kt_buf_puts(pen->buf, KT_TEXT_DIM);
		kt_buf_printf(pen->buf, "%*lld  ", LEFT, (long long)at);
		if (pen->opts->color)
			kt_buf_puts(pen->buf, KT_TEXT_PLAIN);
		pen->color = -1;
		for (int i = 0; i < COLUMNS; i++, at += pen->grid.column_bytes)
			put_column(pen, slab, at);
		set_color(pen, -1);
		while (pen->buf->size && pen->buf->data[pen->buf->size - 1] == ' ')
			pen->buf->size--;
		kt_buf_puts(pen->buf, "\n");
	}
}

/* ---- words ---- */

/* The slot with a place in the slab's own list; nr_slots: none. */
static size_t slot_of(const struct kt_drawing_slab *slab, unsigned rank)
{
	size_t i = 0;

	while (i < slab->nr_slots && (slab->map[i] != KT_SLOT_FREE || slab->rank[i] != rank))
		i++;
	return i;
}

/* The list of free slots as numbers, as far as a line has room. */
static void put_list(struct pen *pen, const struct kt_drawing_slab *slab)
{
	size_t end = pen->buf->size + LEFT + 2 + COLUMNS - 8, slot = slot_of(slab, 1);

	if (pen->grid.fine || slot == slab->nr_slots)
		return;
	kt_buf_printf(pen->buf, "%*s  free:", LEFT, "");
	for (unsigned rank = 2; slot < slab->nr_slots; rank++) {
		if (pen->buf->size > end) {
			kt_buf_puts(pen->buf, pen->opts->unicode ? " …" : " ...");
			break;
		}
		kt_buf_printf(pen->buf, " %zu", slot);
		slot = slot_of(slab, rank);
	}
	kt_buf_puts(pen->buf, "\n");
}

static void put_head(struct pen *pen, const struct kt_drawing_slab *slab)
{
	bool fits =
		strlen(slab->title) + strlen(slab->facts) + strlen(slab->address) + 4 <= HEAD_MAX;

	kt_buf_puts(pen->buf, "\n");
	if (pen->opts->color)
		kt_buf_puts(pen->buf, KT_TEXT_BOLD);
	put_name(pen, slab->title);
	if (pen->opts->color)
		kt_buf_puts(pen->buf, KT_TEXT_PLAIN);
	kt_buf_puts(pen->buf, "  ");
	put_name(pen, slab->facts);
	if (pen->opts->color)
		kt_buf_puts(pen->buf, KT_TEXT_DIM);
	if (*slab->address && fits)
		kt_buf_puts(pen->buf, "  ");
	else if (*slab->address)
		kt_buf_printf(pen->buf, "\n%*s  ", LEFT, "");
	put_name(pen, slab->address);
	if (pen->opts->color)
		kt_buf_puts(pen->buf, KT_TEXT_PLAIN);
	kt_buf_puts(pen->buf, "\n");
}

static void put_legend(struct pen *pen)
{
	const struct kt_drawing *drawing = pen->drawing;

	kt_buf_printf(pen->buf, "\n%*s  a character is %lld bytes\n", LEFT, "",
		(long long)pen->grid.column_bytes);
	if (pen->grid.fine) {
		kt_buf_printf(pen->buf, "%*s  %s\n", LEFT, "",
			pen->opts->unicode ? "its height is the share of its slots in use, · none"
					   : "a digit is the share of its slots in use in tenths, "
					     "# all, . none");
		return;
	}
	for (const char *letter = kt_drawing_letters; *letter; letter++) {
		if (!kt_drawing_has(drawing, *letter))
			continue;
		kt_buf_printf(pen->buf, "%*s  ", LEFT, "");
		put_slot(pen, *letter, false);
		put_slot(pen, *letter, false);
		set_color(pen, -1);
		kt_buf_printf(pen->buf, "  %s\n", kt_drawing_words(*letter));
	}
	if (!kt_drawing_has_rest(drawing))
		return;
	kt_buf_printf(pen->buf, "%*s  ", LEFT, "");
	set_color(pen, kt_slot_look('\0')->terminal);
	kt_buf_puts(pen->buf, pen->opts->unicode ? "··" : "::");
	set_color(pen, -1);
	kt_buf_puts(pen->buf, "  left over: no slot\n");
}

void kt_text_drawing(const struct kt_drawing *drawing, const struct kt_output_opts *opts,
	struct kt_buf *ret_text)
{
	struct pen pen = { .drawing = drawing,
		.opts = opts,
		.buf = ret_text,
		.grid = kt_drawing_grid(drawing),
		.color = -1 };

	if (drawing->slab_bytes <= 0 || drawing->slot_bytes <= 0 || !drawing->slabs.count)
		return;
	kt_buf_puts(ret_text, "\n");
	put_name(&pen, drawing->title);
	kt_buf_puts(ret_text, "\n");
	for (size_t i = 0; i < drawing->slabs.count; i++) {
		put_head(&pen, &drawing->slabs.items[i]);
		put_rows(&pen, &drawing->slabs.items[i]);
		put_list(&pen, &drawing->slabs.items[i]);
	}
	put_legend(&pen);
}
