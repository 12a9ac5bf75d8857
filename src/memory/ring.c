// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/ring.h"

/* A walk in one direction; an element has both neighbours, so each direction checks itself. */
struct way {
	uint32_t on, back; /* places of the neighbours in a struct list_head */
	uint64_t last;	   /* the element where it ended; the head: it saw none, or all */
};

/* Walks up to the element `end`. */
static bool walk(struct kt_target *target, const struct kt_ring *ring, uint64_t end,
	struct way *way, char *room, kt_ring_element fn, void *arg)
{
	uint32_t word = target->types.pointer_bytes;
	struct kt_field on = { true, ring->offset + way->on, word, 1, 0, 0 };
	struct kt_field back = { true, ring->offset + way->back, word, 1, 0, 0 };
	uint64_t at;

	way->last = ring->head;
	if (!kt_target_pointer(target, ring->head + way->on, &at))
		return false;
	for (uint32_t i = 0; at != end; i++) {
		if (i >= ring->max || !at || at == ring->head ||
			!kt_target_read(target, at - ring->offset, room, ring->bytes) ||
			kt_field_get(&back, room, ring->bytes) != way->last ||
			!fn(arg, at - ring->offset, room))
			return false;
		way->last = at;
		at = kt_field_get(&on, room, ring->bytes);
	}
	return true;
}

bool kt_ring_each(struct kt_target *target, const struct kt_ring *ring, char *room,
	kt_ring_element fn, void *arg)
{
	struct way forward = { .back = target->types.pointer_bytes };

	return walk(target, ring, ring->head, &forward, room, fn, arg);
}

/*
 * Each element of the way back has the one after it as its next. So the way back meets an element
 * of the way forward first at the last of these, and ends there.
 */
bool kt_ring_ends(struct kt_target *target, const struct kt_ring *ring, char *room,
	kt_ring_element fn, void *arg)
{
	struct way forward = { .back = target->types.pointer_bytes };
	struct way backward = { .on = target->types.pointer_bytes };

	if (walk(target, ring, ring->head, &forward, room, fn, arg))
		return true;
	walk(target, ring, forward.last, &backward, room, fn, arg);
	return false;
}
