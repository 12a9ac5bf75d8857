// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_MODELS_SLUB_NODE_H
#define KT_SIMULATE_MODELS_SLUB_NODE_H

#include "simulate/models/slabs.h"

/**
 * The parts that all kinds of SLUB have: caches with their orders, sizes of kmalloc(), and the list
 * of partial slabs of a node. CPUs keep slabs (slub.c) or objects (sheaves.c) above it.
 *
 * The model has one node, and makes no slab that is smaller than its cache's order asks for.
 */

/* States of a slab: SLAB_NODE is on the list of partial slabs. */
enum slub_state { SLAB_FULL, SLAB_NODE, SLAB_CPU, SLAB_CPU_PARTIAL };

struct slub_cache {
	uint32_t pages_per_slab, objs_per_slab, slot_bytes;
	uint32_t min_partial;
	uint32_t cpu_partial_objs, cpu_partial_slabs; /* 0: none */
	uint32_t sheaf_capacity;
	bool by_size; /* each request has its own size: kmalloc() */
	uint64_t nr_slabs;
	struct kt_sim_slab_list partial;
};

#define SLUB_CLASSES	13u
#define SLUB_CLASS_MOST 8192u /* bytes; larger requests are pages */

struct slub_node {
	struct kt_sim_slabs slabs;
	struct kt_sim_places places; /* slabs by object */
	struct slub_cache *caches;   /* of the stream, then one for each size of kmalloc() */
	uint32_t nr_caches, nr_of_stream;
	uint32_t page_bytes;
	uint64_t nr_discarded;
	uint64_t large_pages;
	uint16_t by_size[SLUB_CLASS_MOST / 8 + 1]; /* cache by size in words, rounded up */
};

/** False when out of memory. */
bool slub_node_init(struct slub_node *node, const struct kt_sim_stream *stream);
/**
 * Makes the slabs of a start, with the same numbers; slabs of a node's list are on it. False
 * when out of memory.
 */
bool slub_node_start(struct slub_node *node, const struct kt_sim_start *start);
void slub_node_fini(struct slub_node *node);
void slub_node_measure(const struct slub_node *node, struct kt_sim_held *ret, uint64_t *ret_pages);

/** Index of the cache of an object; KT_SIM_NONE: it is pages of its own. */
static inline uint32_t slub_cache_of(const struct slub_node *node, const struct kt_sim_event *event)
{
	if (!node->caches[event->cache].by_size)
		return event->cache;
	if (event->bytes > SLUB_CLASS_MOST)
		return KT_SIM_NONE;
	return node->by_size[(event->bytes + 7) / 8];
}

/** For kt_sim_allocator.form. */
bool slub_form_of(const struct slub_node *node, uint32_t cache, struct kt_sim_slab_form *ret);
/** Takes pages for an object of its own: a power of two. False when out of memory. */
bool slub_large_take(struct slub_node *node, const struct kt_sim_event *event);
void slub_large_give(struct slub_node *node, const struct kt_sim_event *event);

/** Makes a slab whose objects are free; it is on no list. KT_SIM_NONE: out of memory. */
uint32_t slub_slab_new(struct slub_node *node, uint32_t cache);
/** Gives back a slab that is on no list. */
void slub_slab_discard(struct slub_node *node, uint32_t slab);

/** Puts a slab with free objects on the list of its cache. */
static inline void slub_partial_add(struct slub_node *node, uint32_t slab)
{
	struct kt_sim_slab_record *record = &node->slabs.items[slab];

	record->state = SLAB_NODE;
	kt_sim_list_tail(&node->slabs, &node->caches[record->cache].partial, slab);
}

/** Takes a slab off the list of its cache. */
static inline void slub_partial_remove(struct slub_node *node, uint32_t slab)
{
	struct kt_sim_slab_record *record = &node->slabs.items[slab];

	kt_sim_list_remove(&node->slabs, &node->caches[record->cache].partial, slab);
}

/** True if a slab without objects in use is not kept. */
static inline bool slub_is_spare(const struct slub_node *node, uint32_t slab)
{
	const struct kt_sim_slab_record *record = &node->slabs.items[slab];
	const struct slub_cache *cache = &node->caches[record->cache];

	return record->nr_free == record->nr_objs && cache->partial.count >= cache->min_partial;
}

#endif
