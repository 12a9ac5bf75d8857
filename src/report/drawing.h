// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_DRAWING_H
#define KT_REPORT_DRAWING_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Slabs of a cache with all their slots, for outputs that draw them to scale. */

#define KT_DRAWING_COLUMNS 64 /* a row of a slab has so many equal parts */

struct kt_drawing_slab {
	const char *title;   /* "38 of 42 in use" */
	const char *facts;   /* why it is drawn, node, state */
	const char *address; /* hexadecimal digits */
	size_t nr_slots;
	int64_t start;	      /* byte of the first slot: the colour of the slab */
	const char *map;      /* a letter for each slot, KT_SLOT_USED and so on */
	const uint16_t *rank; /* place of a free slot in its list, from 1 */
	int64_t slab_bytes;
};

struct kt_drawing {
	const char *key, *title;
	int64_t slab_bytes; /* of a slab that is as large as planned */
	int64_t slot_bytes, object_bytes;
	int64_t object_at;  /* place of the object in its slot */
	int64_t pointer_at; /* place in a free object of the pointer to the next one */
	KT_LIST(struct kt_drawing_slab) slabs;
};

/** How a drawing is laid out in rows. */
struct kt_drawing_grid {
	int64_t row_bytes, column_bytes; /* a column may be less than a byte: then 1 */
	bool fine;			 /* a column has several slots */
};

/** Lays a drawing out: a row is a page or more, or less where slots are small. */
struct kt_drawing_grid kt_drawing_grid(const struct kt_drawing *drawing);
/** Number of rows of a slab. */
int64_t kt_drawing_rows(const struct kt_drawing_grid *grid, const struct kt_drawing_slab *slab);
/** Index of the slot with a byte of the slab; -1: in none. */
int64_t kt_drawing_slot(
	const struct kt_drawing *drawing, const struct kt_drawing_slab *slab, int64_t at);
/** True if a slot of any slab has this letter. */
bool kt_drawing_has(const struct kt_drawing *drawing, char letter);

/** True if a slab has bytes before its first or after its last slot. */
bool kt_drawing_has_rest(const struct kt_drawing *drawing);

/** The letters of maps in the order of legends; ends with 0. */
extern const char kt_drawing_letters[];
/** Words for the slots with a letter: "free, on the list of its slab". */
const char *kt_drawing_words(char letter);

#endif
