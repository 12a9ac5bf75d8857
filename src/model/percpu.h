// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_PERCPU_H
#define KT_MODEL_PERCPU_H

#include "base/arena.h"
#include "model/unknown.h"

#include <stdbool.h>

/**
 * A chunk of the per-CPU allocator, which has a unit of equal size for each CPU. Bytes are per CPU;
 * each number may be KT_UNKNOWN.
 */
struct kt_percpu_chunk {
	bool first, reserved;	 /* of the first chunk: dynamic part; part for modules */
	int64_t size_bytes;	 /* used and free; statistics do not have it */
	int64_t populated_bytes; /* backed by pages; statistics do not have it */
	int64_t nr_allocs, free_bytes;
	int64_t largest_free_bytes;
	int64_t fragment_bytes; /* free bytes below the last allocation */
};

/**
 * Statistics of the per-CPU allocator (CONFIG_PERCPU_STATS). Bytes are per CPU; each number may be
 * KT_UNKNOWN.
 */
struct kt_percpu {
	int64_t unit_bytes;				     /* KT_UNKNOWN: no statistics */
	int64_t static_bytes, reserved_bytes, dynamic_bytes; /* of the first chunk */
	KT_LIST(struct kt_percpu_chunk) chunks;
	/* bytes per memory cgroup for each CPU, and for each CPU and node */
	int64_t cgroup_bytes, cgroup_node_bytes;
	bool cgroup_twice, cgroup_node_twice; /* each cgroup has two structs of this kind */
};

static inline struct kt_percpu kt_percpu_unknown(void)
{
	return (struct kt_percpu){ .unit_bytes = KT_UNKNOWN,
		.static_bytes = KT_UNKNOWN,
		.reserved_bytes = KT_UNKNOWN,
		.dynamic_bytes = KT_UNKNOWN,
		.cgroup_bytes = KT_UNKNOWN,
		.cgroup_node_bytes = KT_UNKNOWN };
}

/** How chunks were read in kernel memory. */
struct kt_percpu_walk {
	int64_t nr_units; /* for which each chunk has memory; KT_UNKNOWN: chunks were not read */
	int64_t nr_first_pages; /* of a unit of the first chunk; KT_UNKNOWN: no symbol says it */
	int64_t nr_torn;	/* chunks and lists that changed each time they were read */
};

static inline struct kt_percpu_walk kt_percpu_walk_unknown(void)
{
	return (struct kt_percpu_walk){ .nr_units = KT_UNKNOWN, .nr_first_pages = KT_UNKNOWN };
}

/** Chunks in kernel memory; the statistics have their own list, in kt_percpu. */
#define KT_PERCPU_LISTS(LIST) LIST(struct kt_percpu_chunk, percpu_chunks)
#define KT_PERCPU_RECORDS(RECORD) \
	RECORD(kt_percpu, percpu) \
	RECORD(kt_percpu_walk, percpu_walk)

#endif
