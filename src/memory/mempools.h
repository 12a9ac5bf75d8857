// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_MEMPOOLS_H
#define KT_MEMORY_MEMPOOLS_H

#include "memory/memmap.h"
#include "memory/slub_cache.h"
#include "model/snapshot.h"

/**
 * Finds mempools: reserves of objects that drivers keep, so that they can go on when memory is
 * short. The kernel has no list of them. A struct is one if its functions to allocate and to free
 * belong together, and its other members fit to them. All slabs are searched, and the kernel's own
 * data. Pools in memory of vmalloc, in large kmalloc, in modules, and pools with functions of their
 * own are not found.
 */
struct kt_mempools_sum {
	uint64_t nr_bytes;  /* that were searched */
	uint64_t nr_unread; /* pages and slabs that cannot be read */
	bool has_image;	    /* the kernel's own data was searched too */
};

/** Appends to snap->mempools. */
struct kt_err *kt_mempools_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	struct kt_snapshot *snap, struct kt_mempools_sum *ret_sum) KT_MUST_CHECK;

#endif
