// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/drawing.h"

#include "model/cache.h"

#include <string.h>

#define ROWS_USUAL 8
#define ROWS_MAX   16

const char kt_drawing_letters[] = { KT_SLOT_USED, KT_SLOT_CPU, KT_SLOT_SHEAF, KT_SLOT_NODE,
	KT_SLOT_RCU, KT_SLOT_MAGAZINE, KT_SLOT_FREE, '\0' };

const char *kt_drawing_words(char letter)
{
	switch (letter) {
	case KT_SLOT_USED: return "in use";
	case KT_SLOT_FREE: return "free, on the list of its slab";
	case KT_SLOT_CPU: return "free, on the list of a CPU";
	case KT_SLOT_SHEAF: return "free, in a sheaf of a CPU";
	case KT_SLOT_NODE: return "free, in a sheaf of a node";
	case KT_SLOT_MAGAZINE: return "free, in a magazine";
	case KT_SLOT_RCU: return "freed, waits for RCU";
	}
	return "unknown";
}

/* A row of at most 8 is a page or several; small slots get more rows, so that each has a column. */
struct kt_drawing_grid kt_drawing_grid(const struct kt_drawing *drawing)
{
	struct kt_drawing_grid grid = { .row_bytes = drawing->slab_bytes };
	int64_t rows = 1;

	while (rows < ROWS_USUAL && grid.row_bytes / 2 / KT_DRAWING_COLUMNS >= 64) {
		rows *= 2;
		grid.row_bytes /= 2;
	}
	while (rows < ROWS_MAX && grid.row_bytes / KT_DRAWING_COLUMNS > drawing->slot_bytes) {
		rows *= 2;
		grid.row_bytes /= 2;
	}
	if (grid.row_bytes < KT_DRAWING_COLUMNS)
		grid.row_bytes = KT_DRAWING_COLUMNS;
	grid.column_bytes = grid.row_bytes / KT_DRAWING_COLUMNS;
	grid.fine = grid.column_bytes > drawing->slot_bytes;
	return grid;
}

int64_t kt_drawing_rows(const struct kt_drawing_grid *grid, const struct kt_drawing_slab *slab)
{
	int64_t rows = (slab->slab_bytes + grid->row_bytes - 1) / grid->row_bytes;

	return rows > ROWS_MAX ? ROWS_MAX : rows;
}

int64_t kt_drawing_slot(
	const struct kt_drawing *drawing, const struct kt_drawing_slab *slab, int64_t at)
{
	int64_t index;

	at -= slab->start;
	if (at < 0 || drawing->slot_bytes <= 0)
		return -1;
	index = at / drawing->slot_bytes;
	return index < (int64_t)slab->nr_slots ? index : -1;
}

bool kt_drawing_has(const struct kt_drawing *drawing, char letter)
{
	for (size_t i = 0; i < drawing->slabs.count; i++) {
		const struct kt_drawing_slab *slab = &drawing->slabs.items[i];

		if (memchr(slab->map, letter, slab->nr_slots))
			return true;
	}
	return false;
}

bool kt_drawing_has_rest(const struct kt_drawing *drawing)
{
	for (size_t i = 0; i < drawing->slabs.count; i++) {
		const struct kt_drawing_slab *slab = &drawing->slabs.items[i];

		if (slab->start || (int64_t)slab->nr_slots * drawing->slot_bytes < slab->slab_bytes)
			return true;
	}
	return false;
}
