// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_MODELS_SLAB_LAYER_H
#define KT_SIMULATE_MODELS_SLAB_LAYER_H

#include "simulate/models/slabs.h"

/**
 * The slab allocator of SunOS 5.4 (Bonwick 1994): caches of constructed objects, small slabs with
 * their data inside, large ones with it in caches of its own and a hash of buffers, slabs coloured,
 * empty slabs kept until memory is short.
 */

struct layer_cache {
	uint32_t chunk_bytes;
	uint32_t pages_per_slab, objs_per_slab;
	uint32_t waste_bytes; /* of a slab: room for its colour */
	uint32_t next_colour;
	bool off_slab;	  /* slab and bufctls are objects of other caches */
	bool constructed; /* objects keep their state while they are free */
	bool by_size;	  /* each request has its own size: kmem_alloc() */
	uint32_t hash_entries;
	uint64_t nr_slabs, nr_objs;
	struct kt_sim_slab_list partial, empty; /* slabs; full ones are on no list */
	uint32_t least_empty;			/* since memory was short */
};

struct slab_layer {
	struct kt_sim_slabs slabs;
	uint32_t **bufctls; /* by slab: the slabs of its bufctls and of itself; NULL: inside */
	uint32_t nr_bufctls;
	struct layer_cache *caches; /* of the stream, of slabs, of bufctls, of kmem_alloc() */
	uint32_t nr_caches, nr_of_stream;
	uint32_t of_slabs, of_bufctls; /* caches */
	uint32_t page_bytes, word_bytes;
	bool eager; /* empty slabs are given back at once: something above keeps objects */
	uint64_t large_pages, nr_reaped, nr_constructed, nr_coloured;
};

#define LAYER_MAGAZINES 4u /* caches for magazines, after all others */

/** False when out of memory. */
bool layer_init(struct slab_layer *layer, const struct kt_sim_stream *stream);
void layer_fini(struct slab_layer *layer);
/** Index of the cache of an object; KT_SIM_NONE: it is pages of its own. */
uint32_t layer_cache_of(const struct slab_layer *layer, const struct kt_sim_event *event);
/** For kt_sim_allocator.form and look. */
bool layer_form(const struct slab_layer *layer, uint32_t cache, struct kt_sim_slab_form *ret);
bool layer_look(const struct slab_layer *layer, uint32_t slab, struct kt_sim_slab_view *ret);
/** Takes pages for an object of its own. False when out of memory. */
bool layer_large_take(
	struct slab_layer *layer, struct kt_sim_places *places, const struct kt_sim_event *event);
void layer_large_give(struct slab_layer *layer, const struct kt_sim_places *places,
	const struct kt_sim_event *event);
/** Takes an object; returns its slab, KT_SIM_NONE when out of memory. */
uint32_t layer_take(struct slab_layer *layer, uint32_t cache);
void layer_give(struct slab_layer *layer, uint32_t slab);
/** Gives back slabs that stayed empty since the last call. */
void layer_reap(struct slab_layer *layer);
void layer_measure(const struct slab_layer *layer, struct kt_sim_held *ret, uint64_t *ret_pages);

/** Index of the cache of magazines with so many rounds, which are set once. */
uint32_t layer_magazine_cache(struct slab_layer *layer, uint32_t number, uint32_t rounds);

#endif
