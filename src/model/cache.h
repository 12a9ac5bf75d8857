// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_CACHE_H
#define KT_MODEL_CACHE_H

#include "base/arena.h"

#include <stdint.h>

/**
 * One slab cache, as /proc/slabinfo or the list of an OOM report ("Unreclaimable slab
 * info") has it. Several caches may have the same name. A number is -1 where the file does
 * not tell it; kt_cache_unknown() is a record in which nothing is known.
 */
struct kt_cache {
	const char *name; /* safe to print */
	int64_t active_objs, nr_objs;
	int64_t slot_bytes; /* from one object to the next, metadata included */
	int64_t objs_per_slab, pages_per_slab;
	int64_t nr_slabs;
	/* Where there are no counts of slabs: (active_objs, nr_objs) x slot_bytes, rounded */
	int64_t used_bytes, total_bytes;
	int reclaimable; /* 0 or 1 */
};

/**
 * One folder of /sys/kernel/slab. Caches that are alike are merged into one at their birth;
 * slabinfo shows the name of the first, links to the folder have all of them.
 */
struct kt_cache_folder {
	const char *name;	     /* ":aA-0000192", or that of its only cache */
	const char *path;	     /* the same as it is on disk; not to print */
	KT_LIST(const char *) names; /* links to it */
	int64_t object_bytes, slot_bytes, align_bytes, user_bytes;
	int64_t order, objs_per_slab;
	int64_t nr_slabs, nr_objs, nr_partial, nr_cpu_slabs;
	int64_t cpu_partial, sheaf_capacity; /* objects */
	/* 0 or 1 */
	int64_t reclaimable, dma, hwcache_align, rcu, red_zone, poison, store_user, checks;
	const char *ctor; /* symbol, "init_once+0x0/0x10 [ext4]"; NULL: none or not known */
};

static inline struct kt_cache kt_cache_unknown(const char *name)
{
	return (struct kt_cache){ name, -1, -1, -1, -1, -1, -1, -1, -1, -1 };
}

#endif
