// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/slab_layout.h"

#define WORD 8 /* bytes; assumes a 64-bit kernel */

const char *kt_slot_part_name(enum kt_slot_part part)
{
	switch (part) {
	case KT_SLOT_OBJECT: return "object";
	case KT_SLOT_POINTER_INSIDE: return "freelist pointer, while the object is free";
	case KT_SLOT_POINTER: return "freelist pointer";
	case KT_SLOT_POINTER_MAYBE: return "freelist pointer, or padding";
	case KT_SLOT_RED_ZONE: return "red zone";
	case KT_SLOT_TRACKING: return "record of allocation and free";
	case KT_SLOT_PADDING: return "padding";
	case KT_SLOT_WHOLE: return "object and padding together";
	}
	return "?";
}

static int64_t round_up(int64_t value, int64_t to)
{
	return (value + to - 1) / to * to;
}

/* Appends a piece of `bytes`, cut at the end of the slot. */
static void add(struct kt_slab_layout *layout, enum kt_slot_part part, int64_t bytes, int64_t slot)
{
	struct kt_slot_piece *last =
		layout->nr_pieces ? &layout->pieces[layout->nr_pieces - 1] : NULL;
	int64_t start = last ? last->start + last->bytes : 0;

	bytes = bytes > slot - start ? slot - start : bytes;
	if (bytes > 0 && last && last->part == part)
		last->bytes += bytes;
	else if (bytes > 0 && layout->nr_pieces < KT_SLOT_PIECES)
		layout->pieces[layout->nr_pieces++] = (struct kt_slot_piece){ part, start, bytes };
}

static bool is_set(int64_t flag)
{
	return flag > 0;
}

static void add_free_object(
	struct kt_slab_layout *layout, int64_t at, int64_t object_bytes, int64_t slot)
{
	add(layout, KT_SLOT_OBJECT, at, slot);
	add(layout, KT_SLOT_POINTER_INSIDE, WORD, slot);
	add(layout, KT_SLOT_OBJECT, object_bytes - at - WORD, slot);
}

/*
 * Puts the freelist pointer in the middle, where a neighbour is least likely to overwrite it (since
 * Linux 5.7, commit 3202fa62fb43).
 */
static int64_t middle_of(int64_t object_bytes)
{
	return object_bytes / 2 / WORD * WORD;
}

/*
 * A cache of objects for RCU readers may choose a member of the object for the pointer (struct
 * kmem_cache_args, freeptr_offset), which no file shows. Then the room after the object, if there
 * is any, is padding.
 */
static enum kt_slot_part room_after(const struct kt_cache_folder *folder, bool known)
{
	return known || is_set(folder->poison) || folder->ctor ? KT_SLOT_POINTER
							       : KT_SLOT_POINTER_MAYBE;
}

void kt_slab_lay_out(
	const struct kt_slab_use *use, int64_t pointer_at, struct kt_slab_layout *ret_layout)
{
	const struct kt_cache_folder *folder = use->folder;
	int64_t slot = use->slot_bytes, object = use->object_bytes, left = 0, end;
	bool red, intact, outside, known = kt_known(pointer_at);

	*ret_layout = (struct kt_slab_layout){ .nr_pieces = 0 };
	if (slot <= 0)
		return;
	if (object <= 0 || !folder) {
		add(ret_layout, KT_SLOT_WHOLE, slot, slot);
		return;
	}
	red = is_set(folder->red_zone);
	if (red)
		left = round_up(WORD, folder->align_bytes > 0 ? folder->align_bytes : WORD);
	end = round_up(object, WORD);
	if (red && end == object)
		end += WORD;
	/* the free object must stay intact: RCU readers, poison, or a constructor */
	intact = is_set(folder->rcu) || is_set(folder->poison) || folder->ctor;
	outside = (known ? pointer_at >= object : intact) && left + end + WORD <= slot;
	add(ret_layout, KT_SLOT_RED_ZONE, left, slot);
	if (known ? pointer_at + WORD <= object : !intact && object >= WORD && folder->rcu >= 0)
		add_free_object(ret_layout, known ? pointer_at : middle_of(object), object, slot);
	else
		add(ret_layout, KT_SLOT_OBJECT, object, slot);
	add(ret_layout, red ? KT_SLOT_RED_ZONE : KT_SLOT_PADDING, end - object, slot);
	if (outside)
		add(ret_layout, room_after(folder, known), WORD, slot);
	add(ret_layout, is_set(folder->store_user) ? KT_SLOT_TRACKING : KT_SLOT_PADDING, slot,
		slot);
}
