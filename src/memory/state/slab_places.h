// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SLAB_PLACES_H
#define KT_MEMORY_SLAB_PLACES_H

#include "memory/memmap.h"
#include "memory/slub_cache.h"

/**
 * Where every slab of every cache is at one time: with a CPU, on a list of partial slabs, or full;
 * and which slabs the objects in sheaves are from. All that decides which slab an allocation is
 * served from.
 */

/** In the order in which allocations look for a slab. */
enum kt_slab_at_where {
	KT_AT_CPU,	   /* a CPU allocates from it */
	KT_AT_CPU_PARTIAL, /* waits for a CPU */
	KT_AT_NODE,	   /* on the list of a node */
	KT_AT_NO_LIST,	   /* on no list */
};

struct kt_slab_at {
	uint64_t pfn;
	uint32_t cache; /* index */
	uint32_t nr_objs;
	uint32_t nr_free;  /* that any CPU may take */
	uint32_t nr_ready; /* that only its CPU may take */
	uint32_t where;	   /* enum kt_slab_at_where */
	uint32_t of;	   /* CPU */
	uint32_t rank;	   /* place in its list, from 0: the first one is taken next */
};

enum kt_sheaf_where { KT_SHEAF_MAIN, KT_SHEAF_SPARE, KT_SHEAF_RCU, KT_SHEAF_BARN };

/** A free object in a sheaf. Objects of the same sheaf come one after the other, first in first. */
struct kt_sheaf_at {
	uint32_t cache, slab; /* indexes */
	uint32_t where;	      /* enum kt_sheaf_where */
	uint32_t of;	      /* CPU; of a barn: number of the sheaf in it, the next one first */
};

/** A cache with the numbers that its allocator works with; KT_UNKNOWN: the kernel lacks them. */
struct kt_cache_at {
	uint64_t address;
	const char *name;
	int64_t object_bytes, slot_bytes, objs_per_slab, pages_per_slab;
	int64_t min_partial, cpu_partial_objs, cpu_partial_slabs, sheaf_capacity;
};

struct kt_slab_places {
	struct kt_arena arena;
	KT_LIST(struct kt_cache_at) caches;
	KT_LIST(struct kt_slab_at) slabs; /* sorted by cache, where, of, rank */
	KT_LIST(struct kt_sheaf_at) sheaves;
	uint32_t nr_nodes;
	uint64_t nr_unread; /* pages and lists that cannot be read, slabs that moved meanwhile */
};

/** Reads the caches only. */
struct kt_err *kt_slab_places_caches(
	struct kt_slub *slub, struct kt_slab_places *ret_places) KT_MUST_CHECK;
/** Reads all of it. The caller frees *ret_places with kt_slab_places_fini(), after an error too. */
struct kt_err *kt_slab_places(struct kt_slub *slub, struct kt_memmap *memmap,
	struct kt_slab_places *ret_places) KT_MUST_CHECK;
void kt_slab_places_fini(struct kt_slab_places *places);

#endif
