// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SLUB_LAYOUT_H
#define KT_MEMORY_SLUB_LAYOUT_H

#include "kernel/target.h"

/**
 * Where the members of SLUB's structs are in this kernel; private to src/memory. Kernels differ in
 * what they have: a member that does not exist is a part of the allocator that does not exist.
 */
struct kt_slub_layout {
	/* struct kmem_cache */
	struct kt_field size, object_size, offset, oo, list, name, random, red_left_pad, flags;
	uint64_t reclaim_flag;	     /* of a cache that is reclaimable; 0: not known */
	struct kt_field cpu_slab;    /* until 7.0 */
	struct kt_field cpu_sheaves; /* from 6.18 */
	struct kt_field sheaf_capacity;
	struct kt_field node;	  /* node[]: pointers */
	struct kt_field per_node; /* from 7.1: structs of pointers */
	struct kt_field per_node_node, per_node_barn;
	/* struct kmem_cache_cpu */
	struct kt_field freelist, tid, slab, partial;
	/* struct kmem_cache_node */
	struct kt_field nr_partial, partial_list, nr_slabs, total_objects, barn;
	/* struct slab; before 5.17 these members were in struct page */
	struct kt_field slab_list, next, inuse, objects, slab_cache;
	/* sheaves */
	struct kt_field main, spare, rcu_free, sheaf_size, sheaf_objects, barn_list, sheaf_cache;
	struct kt_field sheaves_full;
	uint32_t cpu_bytes, node_bytes, slab_bytes, sheaves_bytes, sheaf_bytes;
};

/** Finds the members; ABSENT: the kernel has no SLUB, or one that is not understood. */
struct kt_err *kt_slub_layout(
	const struct kt_types *types, struct kt_slub_layout *ret_layout) KT_MUST_CHECK;

#endif
