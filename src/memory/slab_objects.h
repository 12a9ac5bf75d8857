// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SLAB_OBJECTS_H
#define KT_MEMORY_SLAB_OBJECTS_H

#include "memory/memmap.h"
#include "memory/slub_cache.h"

/**
 * The allocated objects of one cache, with their contents. A full slab is on no list, so all slabs
 * are found in the memory map. An object is free if it is on its slab's own list, or if a CPU or a
 * node keeps it ready.
 */
struct kt_slab_objects {
	uint64_t nr_slabs, nr_objects,
		nr_unread; /* slabs, allocated objects, pages that are unread */
	uint64_t nr_torn;  /* slabs whose list of free objects changed: each object was passed on */
	struct kt_slab_occupancy occupancy;
};

/**
 * Called with the address of an object, and a copy of it of the cache's slot size. NULL: objects
 * are only counted.
 */
typedef void (*kt_slab_object_fn)(void *arg, uint64_t address, const char *object);

struct kt_err *kt_slab_objects(struct kt_slub *slub, struct kt_memmap *memmap,
	const struct kt_slub_cache *cache, kt_slab_object_fn fn, void *arg,
	struct kt_slab_objects *ret_objects) KT_MUST_CHECK;

/**
 * Called with each allocated object of any cache. The cache is valid until the walk ends, with the
 * same address for all of its objects.
 */
typedef void (*kt_any_object_fn)(
	void *arg, const struct kt_slub_cache *cache, uint64_t address, const char *object);

/** The allocated objects of all caches, in one walk over memory, in no order. */
struct kt_err *kt_slab_objects_all(struct kt_slub *slub, struct kt_memmap *memmap,
	kt_any_object_fn fn, void *arg, struct kt_slab_objects *ret_objects) KT_MUST_CHECK;

/**
 * Counts the slabs of a cache by the share of their slots that is in use. `names`: of the cache,
 * and of those merged with it; NULL ends them. ABSENT: no cache has one of the names.
 */
struct kt_err *kt_slab_occupancy(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const char *const *names, struct kt_slab_occupancy *ret_occupancy) KT_MUST_CHECK;

#endif
