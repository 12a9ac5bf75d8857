// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SITES_STACK_DEPOT_H
#define KT_MEMORY_SITES_STACK_DEPOT_H

#include "kernel/target.h"

/**
 * The stacks that the kernel keeps once for all allocations with the same one (CONFIG_STACKDEPOT,
 * lib/stackdepot.c). A handle has the number of a pool and a place in it.
 */
struct kt_depot {
	struct kt_target *target;
	struct kt_field pool, offset;	      /* of a handle */
	struct kt_field size, handle, frames; /* of a record */
	uint32_t mask;			      /* of a handle: bits that say where the stack is */
	uint64_t pools;			      /* address of the addresses of pools */
	int form;			      /* that the first stack was found by; -1: none yet */
};

#define KT_DEPOT_FRAMES 64u

/** False: the kernel has no such stacks, or does not name their pools. */
bool kt_depot_open(struct kt_target *target, struct kt_depot *ret_depot);
/** Copies the addresses of a stack, innermost first; returns their number; 0: there is none. */
uint32_t kt_depot_stack(
	struct kt_depot *depot, uint32_t handle, uint64_t ret_frames[KT_DEPOT_FRAMES]);
/** The same of the record at an address, whose handle is not known. */
uint32_t kt_depot_record(
	struct kt_depot *depot, uint64_t record, uint64_t ret_frames[KT_DEPOT_FRAMES]);

#endif
