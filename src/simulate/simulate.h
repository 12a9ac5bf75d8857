// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_SIMULATE_H
#define KT_SIMULATE_SIMULATE_H

#include "base/arena.h"
#include "simulate/allocator.h"
#include "simulate/buddy.h"

/** Memory of one allocator when a phase ends. */
struct kt_sim_figures {
	uint64_t held_bytes; /* in whole pages, and tables outside them */
	uint64_t pages;
	uint64_t *cache_pages; /* by cache; NULL: its pages belong to no cache */
};

/** Name of an end that is of no phase. */
#define KT_SIM_LAST_END "end"

/** The end of a phase. */
struct kt_sim_end {
	const char *phase; /* NULL: the end of the stream, after its last phase */
	uint64_t nr_objs, asked_bytes;
	uint64_t *cache_objs, *cache_bytes; /* by cache: in use, requested */
	struct kt_sim_figures *figures;	    /* by allocator */
};

#define KT_SIM_ALLOCATORS_MAX 16u

struct kt_sim_result {
	uint64_t nr_allocs, nr_frees;
	uint64_t most_objs; /* in use at the same time */
	KT_LIST(struct kt_sim_end) ends;
	struct kt_sim_held held[KT_SIM_ALLOCATORS_MAX]; /* at the end, by allocator */
	struct kt_sim_blocks blocks[KT_SIM_ALLOCATORS_MAX];
	struct kt_slab_drawing drawing; /* of the first allocator */
	bool looked;			/* further results are there */
};

/** Further results, of one end. */
struct kt_sim_wants {
	const char *phase; /* the end of this phase; NULL: the last end */
	bool buddy;	   /* a page allocator below each model that takes blocks of pages */
	const char *drawn; /* cache whose slabs of the first allocator are drawn; NULL: none */
	bool shuffled;	   /* with the free objects of new slabs in a random order */
};

/**
 * Replays a stream with allocators, all at the same time, and checks each event. The result is in
 * the arena. `wants`: NULL is nothing. PARSE: an event cannot be, such as the free of an object
 * that is not in use.
 */
struct kt_err *kt_simulate(struct kt_arena *arena, const struct kt_sim_stream *stream,
	const struct kt_sim_allocator *const *allocators, size_t nr_allocators,
	const struct kt_sim_wants *wants, struct kt_sim_result *ret) KT_MUST_CHECK;

#endif
