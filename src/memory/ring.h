// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_RING_H
#define KT_MEMORY_RING_H

#include "kernel/target.h"

/** Lists of the kernel: struct list_head, a ring of a head and of a member of each element. */
struct kt_ring {
	uint64_t head;	 /* address of the struct list_head that is in no element */
	uint32_t offset; /* bytes of the member in its element */
	uint32_t bytes;	 /* of an element that are read */
	uint32_t max;	 /* elements */
};

/** Called with each element: its address, and a copy of it; false ends the walk. */
typedef bool (*kt_ring_element)(void *arg, uint64_t address, const char *copy);

/**
 * Walks a list. Each element has to point back to the one before it. `room`: of `bytes`, for the
 * copy. False: it does not hold together, is too long, or `fn` ended it.
 */
bool kt_ring_each(struct kt_target *target, const struct kt_ring *ring, char *room,
	kt_ring_element fn, void *arg);

/**
 * Walks a list of memory at rest; where it does not hold together, also from its end back to there.
 * No element comes twice. False: elements between may be missing.
 */
bool kt_ring_ends(struct kt_target *target, const struct kt_ring *ring, char *room,
	kt_ring_element fn, void *arg);

#endif
