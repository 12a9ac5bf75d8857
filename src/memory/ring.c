// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/ring.h"

bool kt_ring_each(struct kt_target *target, const struct kt_ring *ring, char *room,
	kt_ring_element fn, void *arg)
{
	uint32_t word = target->types.pointer_bytes;
	struct kt_field next = { true, ring->offset, word, 1, 0, 0 };
	struct kt_field previous = { true, ring->offset + word, word, 1, 0, 0 };
	uint64_t at, before = ring->head;

	if (!kt_target_pointer(target, ring->head, &at))
		return false;
	for (uint32_t i = 0; at != ring->head; i++) {
		if (i >= ring->max || !at ||
			!kt_target_read(target, at - ring->offset, room, ring->bytes) ||
			kt_field_get(&previous, room, ring->bytes) != before ||
			!fn(arg, at - ring->offset, room))
			return false;
		before = at;
		at = kt_field_get(&next, room, ring->bytes);
	}
	return true;
}
