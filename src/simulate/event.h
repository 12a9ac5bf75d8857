// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_EVENT_H
#define KT_SIMULATE_EVENT_H

#include "base/err.h"
#include "events/events.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Allocations and frees, in order, as a model of an allocator replays them. Objects have small
 * numbers instead of addresses: a number is given again after its object was freed.
 */

enum kt_sim_kind {
	KT_SIM_ALLOC,
	KT_SIM_FREE,
	KT_SIM_REAP, /* memory is short: allocators give back what they can */
	KT_SIM_MARK, /* a phase ends; `object` is its index in the stream's phases */
	KT_SIM_OLD,  /* an object from before the events; `bytes`: index of its slab */
	KT_SIM_NR_KINDS
};

struct kt_sim_event {
	uint32_t object;
	uint32_t bytes; /* requested */
	uint16_t cache; /* index in the stream's caches */
	uint16_t cpu;
	uint16_t kind;	/* enum kt_sim_kind */
	uint16_t later; /* of a free: after a grace period of RCU */
};

#define KT_SIM_OBJECTS_MAX (1u << 26) /* in use at the same time */
#define KT_SIM_CACHES_MAX  4096u
#define KT_SIM_CPUS_MAX	   4096u
#define KT_SIM_LISTS_MAX \
	(1u << 21) /* caches times CPUs, each of which a model may keep lists for */
#define KT_SIM_PHASES_MAX 64u
#define KT_SIM_BYTES_MAX  (1u << 30) /* of one object */

/** A type of object. The numbers of SLUB are as the traced kernel has them; 0: computed. */
struct kt_sim_cache {
	const char *name;
	uint32_t bytes;	     /* of an object; 0: of any size */
	uint32_t align;	     /* bytes; 0: by default */
	bool generic;	     /* kmalloc(): the object belongs to no type */
	bool constructed;    /* its objects keep their state while they are free */
	uint32_t slot_bytes; /* object with what the allocator adds */
	uint32_t pages_per_slab;
	uint32_t objs_per_slab;
	uint32_t min_partial; /* empty slabs are kept below so many partial ones */
	uint32_t cpu_partial; /* free objects in the partial slabs of a CPU */
	uint32_t cpu_partial_slabs;
	uint32_t sheaf_capacity; /* objects */
	/* the numbers above, 0 included, are the kernel's; KT_SIM_NONE: it lacks this one */
	bool counted;
};

/** The machine that the events are from. */
struct kt_sim_machine {
	uint32_t page_bytes;
	uint32_t word_bytes; /* of a pointer */
	uint32_t nr_cpus;
	bool partial_by_objects; /* CPUs count objects, not slabs, of their partial slabs */
};

#define KT_SIM_NONE UINT32_MAX

/** Where slabs, and free objects in sheaves, are before the first event. */
struct kt_sim_start {
	const struct kt_events_slab *slabs;
	size_t nr_slabs;
	const struct kt_events_sheaf *sheaves;
	size_t nr_sheaves;
};

struct kt_sim_buddy;

/** A source of events. Its texts and caches outlive the reading. */
struct kt_sim_stream {
	struct kt_sim_machine machine;
	const struct kt_sim_cache *caches;
	size_t nr_caches;
	const char *const *phases;
	size_t nr_phases;
	struct kt_sim_start start;
	struct kt_sim_buddy *buddy; /* below the model that is opened; NULL: none */
	/** Reads up to `room` events; 0 of them: the end. */
	struct kt_err *(*read)(
		void *arg, struct kt_sim_event *ret_events, size_t room, size_t *ret_count);
	void *arg;
};

#endif
