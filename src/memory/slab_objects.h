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

/* Where an object is: in use, or free in one of the places that src/memory/slub.c lists. */
enum kt_object_where {
	KT_WHERE_USED,
	KT_WHERE_FREE,	/* on its slab's own list */
	KT_WHERE_CPU,	/* on the list that a CPU took from the slab */
	KT_WHERE_SHEAF, /* in a sheaf of a CPU */
	KT_WHERE_BARN,	/* in a full sheaf of a node */
	KT_WHERE_RCU,	/* in a sheaf of a CPU that waits for a grace period */
};

struct kt_object_place {
	uint8_t where; /* enum kt_object_where */
	uint16_t of;   /* CPU or node that has it */
	uint16_t rank; /* place in its list, from 1; in use: 0 */
};

/** One slab and the places of its objects, in the order of addresses. */
struct kt_slab_view {
	uint64_t pfn, address;
	uint32_t nr_objects, nr_used;
	bool torn; /* its list of free objects changed: objects may be free that count as in use */
	const struct kt_object_place *places;
};

/** Called with each slab; the places are valid until it returns. */
typedef void (*kt_slab_view_fn)(void *arg, const struct kt_slab_view *view);

/** Shows each slab of a cache, in the order of addresses. */
struct kt_err *kt_slab_views(struct kt_slub *slub, struct kt_memmap *memmap,
	const struct kt_slub_cache *cache, kt_slab_view_fn fn, void *arg,
	struct kt_slab_objects *ret_objects) KT_MUST_CHECK;
/** Shows slabs of a cache again, by their first pages; slabs that are gone are left out. */
struct kt_err *kt_slab_views_of(struct kt_slub *slub, struct kt_memmap *memmap,
	const struct kt_slub_cache *cache, const uint64_t *pfns, size_t nr_pfns, kt_slab_view_fn fn,
	void *arg) KT_MUST_CHECK;

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
