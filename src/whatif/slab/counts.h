// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_WHATIF_SLAB_COUNTS_H
#define KT_WHATIF_SLAB_COUNTS_H

#include "model/snapshot.h"
#include "whatif/size_classes.h"
#include "whatif/whatif.h"

/** Numbers of slab caches that several what-ifs need. */

/** The CPUs and nodes that have slabs of their own; nr_cpus may be KT_UNKNOWN. */
struct kt_slabs_of kt_slabs_machine(const struct kt_snapshot *snap);

/** Whether there are so many names that comparing them all takes too long; no machine has. */
bool kt_slabs_are_too_many(const struct kt_snapshot *snap);
#define KT_SLABS_TOO_MANY "there are more names of slab caches than any machine has"

/** The cache of a directory in the list; NULL: it has none of its names. */
const struct kt_cache *kt_slab_cache_of(
	const struct kt_snapshot *snap, const struct kt_cache_folder *folder);

/** One slab cache with all of its numbers. */
struct kt_slab_counts {
	const char *name;
	int64_t slot_bytes, nr_slabs, objs_per_slab, pages_per_slab;
	int64_t nr_slots;   /* of all slabs */
	int64_t used_objs;  /* allocated; without kernel memory, objects that CPUs keep ready too */
	int64_t least_objs; /* allocated at least */
	bool is_exact;	    /* counted in kernel memory */
};

/**
 * Takes the numbers from kernel memory, or else from the list. False: a number is missing or
 * impossible.
 */
bool kt_slab_counts(const struct kt_snapshot *snap, const struct kt_cache *cache,
	struct kt_slab_counts *ret_counts);

/**
 * Objects that sheaves of a cache hold at most: three of each CPU, and the barn of each node;
 * KT_UNKNOWN: the capacity or the number of CPUs is not known.
 */
int64_t kt_slab_sheaves_most(const struct kt_snapshot *snap, int64_t sheaf_capacity);

/** Caches whose objects could be in the same slabs; 0 at first. */
struct kt_slab_pool {
	size_t nr_caches; /* that have slabs */
	int64_t objs_per_slab, pages_per_slab;
	int64_t nr_slabs, used_objs, least_objs;
	int64_t most_free; /* free slots of the cache that has most of them */
};

/** False: the cache has slabs of another size, or a sum is too large. */
bool kt_slab_pool_add(struct kt_slab_pool *pool, const struct kt_slab_counts *counts);
/** Slabs of the pool, if it keeps as many free slots as the cache with most of them. */
int64_t kt_slab_pool_likely(const struct kt_slab_pool *pool);
/** Slabs of the pool at least, without a free slot. */
int64_t kt_slab_pool_least(const struct kt_slab_pool *pool);

#endif
