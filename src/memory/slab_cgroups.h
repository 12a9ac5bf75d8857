// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SLAB_CGROUPS_H
#define KT_MEMORY_SLAB_CGROUPS_H

#include "memory/memmap.h"
#include "memory/slub.h"

/**
 * Counts the objects of each slab cache by the memory cgroup that they are charged to. A slab with
 * accounted objects has a pointer for each object (since 5.9, commit 286e04b8ed7a): to the cgroup's
 * obj_cgroup, or 0. The pointer becomes 0 when the object is freed, except in sheaves that wait for
 * a grace period: those objects are charged until it ends.
 */
struct kt_slab_cgroups_sum {
	uint64_t nr_slabs;  /* slabs with pointers to cgroups */
	uint64_t nr_unread; /* pages and slabs that cannot be read */
	uint64_t nr_torn;   /* slabs that changed in each reading */
};

/** Appends to snap->slab_charges. */
struct kt_err *kt_slab_cgroups_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	struct kt_snapshot *snap, struct kt_slab_cgroups_sum *ret_sum) KT_MUST_CHECK;

#endif
