// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_SLAB_LAYOUT_H
#define KT_ANALYSIS_SLAB_LAYOUT_H

#include "analysis/slab.h"

/** Use of a range of bytes of a slot. */
enum kt_slot_part {
	KT_SLOT_OBJECT,
	KT_SLOT_POINTER_INSIDE, /* freelist pointer in the object while it is free */
	KT_SLOT_POINTER,	/* freelist pointer after an object that must stay intact */
	KT_SLOT_POINTER_MAYBE,	/* room for it, if the cache has not chosen a place in the object */
	KT_SLOT_RED_ZONE,
	KT_SLOT_TRACKING, /* record of allocation and free */
	KT_SLOT_PADDING,
	KT_SLOT_WHOLE, /* object and its surroundings together */
};

struct kt_slot_piece {
	enum kt_slot_part part;
	int64_t start, bytes;
};

#define KT_SLOT_PIECES 8

/** The pieces are in order, without gaps, and add up to the slot. */
struct kt_slab_layout {
	struct kt_slot_piece pieces[KT_SLOT_PIECES];
	size_t nr_pieces;
};

/**
 * Follows calculate_sizes() of mm/slub.c. No pieces if the slot's size is unknown. `pointer_at`:
 * place in an object of the freelist pointer, by kernel memory; KT_UNKNOWN: by its rules.
 */
void kt_slab_lay_out(
	const struct kt_slab_use *use, int64_t pointer_at, struct kt_slab_layout *ret_layout);
const char *kt_slot_part_name(enum kt_slot_part part);

#endif
