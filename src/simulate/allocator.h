// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_ALLOCATOR_H
#define KT_SIMULATE_ALLOCATOR_H

#include "model/cache.h"
#include "simulate/event.h"

/**
 * A model of an allocator: it decides as the original does which page an object is in, and keeps no
 * memory for the objects themselves. One file is one allocator, one entry of kt_sim_allocators.
 */

struct kt_sim_model;

/** A number that says how an allocator worked, such as slabs that were made. */
struct kt_sim_count {
	const char *name;
	uint64_t count;
};
#define KT_SIM_COUNTS_MAX 8

struct kt_sim_held {
	uint64_t pages;
	uint64_t table_bytes; /* tables outside these pages */
	size_t nr_counts;
	struct kt_sim_count counts[KT_SIM_COUNTS_MAX];
};

/** How the slabs of a cache are laid out. */
struct kt_sim_slab_form {
	uint32_t pages_per_slab, objs_per_slab, slot_bytes;
};
#define KT_SIM_DRAWN_OBJS_MAX 32767u

struct kt_sim_slab_view {
	uint32_t cache;
	uint32_t stamp; /* no other slab has it */
	uint32_t nr_objs;
	uint32_t nr_free;  /* on the slab's own list */
	uint32_t nr_ready; /* on the list of the CPU whose slab it is */
	uint32_t cpu;	   /* KT_SIM_NONE: none */
	uint32_t colour_bytes;
	enum kt_slab_state state;
};

/** Free objects of a slab that CPUs and nodes keep. */
struct kt_sim_away {
	uint32_t nr_sheaf, nr_node, nr_rcu, nr_magazine;
};

struct kt_sim_allocator {
	const char *name;
	const char *title;
	bool by_cache;	/* its pages belong to caches */
	bool by_blocks; /* it takes its pages from the buddy of the stream, if there is one */
	struct kt_sim_model *(*open)(const struct kt_sim_stream *stream); /* NULL: no memory */
	void (*close)(struct kt_sim_model *model);			  /* NULL is allowed */
	/**
	 * Both get events that were checked: caches, CPUs and objects exist, and a free has the
	 * bytes and the cache of the allocation. False when out of memory.
	 */
	bool (*alloc)(struct kt_sim_model *model, const struct kt_sim_event *event);
	bool (*free)(struct kt_sim_model *model, const struct kt_sim_event *event);
	/**
	 * Puts an object into a slab of the stream's start, which open() made. NULL: what the start
	 * has means nothing to the allocator, and the object is allocated.
	 */
	bool (*old)(struct kt_sim_model *model, const struct kt_sim_event *event);
	void (*reap)(struct kt_sim_model *model); /* NULL: it never gives memory back */
	/**
	 * `ret_pages`: a number for each cache of the stream, zeroed, for pages of allocators by
	 * cache. Pages that belong to no cache of the stream are only in the total.
	 */
	void (*measure)(
		const struct kt_sim_model *model, struct kt_sim_held *ret, uint64_t *ret_pages);

	/* ---- for drawings of slabs; NULL: it has no slabs ---- */

	/** False: the objects of the cache have many sizes, or are too many for a slab. */
	bool (*form)(
		const struct kt_sim_model *model, uint32_t cache, struct kt_sim_slab_form *ret);
	uint32_t (*nr_slabs)(const struct kt_sim_model *model); /* they are below this number */
	/** False: no slab has this number. */
	bool (*look)(const struct kt_sim_model *model, uint32_t slab, struct kt_sim_slab_view *ret);
	/** The slab of an object in use, or of one that was freed last. */
	uint32_t (*slab_of)(const struct kt_sim_model *model, uint32_t object);
	/** Counts free objects of a cache by slab. NULL: none is away from its slab. */
	void (*count_away)(
		const struct kt_sim_model *model, uint32_t cache, struct kt_sim_away *ret_by_slab);
};

extern const struct kt_sim_allocator *const kt_sim_allocators[];
extern const size_t kt_nr_sim_allocators;

/** Finds an allocator by its name; NULL: none has it. */
const struct kt_sim_allocator *kt_sim_allocator_find(const char *name);

extern const struct kt_sim_allocator kt_sim_slub, kt_sim_sheaves, kt_sim_slab, kt_sim_magazines;
extern const struct kt_sim_allocator kt_sim_bsd, kt_sim_svr4, kt_sim_sunos, kt_sim_slob;

/* ---- for the files of the allocators ---- */

/** Numbers by object: where it is. */
struct kt_sim_places {
	uint32_t *items;
	uint32_t room;
};

/** Makes room for an object's number. False when out of memory. */
bool kt_sim_places_grow(struct kt_sim_places *places, uint32_t object);

static inline bool kt_sim_place(struct kt_sim_places *places, uint32_t object, uint32_t place)
{
	if (object >= places->room && !kt_sim_places_grow(places, object))
		return false;
	places->items[object] = place;
	return true;
}

/** Makes room for one more of `count` elements; the new room is zeroed. NULL: no memory. */
void *kt_sim_more(void *items, uint32_t count, uint32_t *room, size_t element_size);

static inline uint64_t kt_sim_round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

static inline uint64_t kt_sim_pages(uint64_t bytes, uint32_t page_bytes)
{
	return (bytes + page_bytes - 1) / page_bytes;
}

#endif
