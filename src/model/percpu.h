// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_PERCPU_H
#define KT_MODEL_PERCPU_H

#include "base/arena.h"

#include <stdbool.h>

/** A chunk of the per-CPU allocator: a piece of the same size for each CPU. Bytes are of one CPU.
 */
struct kt_percpu_chunk {
	bool first, reserved; /* of the first chunk: what is free for all, and for modules */
	int64_t nr_allocs, free_bytes; /* -1: not told */
	int64_t largest_free_bytes;    /* -1 */
	int64_t fragment_bytes;	       /* free below the last allocation; -1 */
};

/** What the per-CPU allocator tells of itself (CONFIG_PERCPU_STATS). Bytes are of one CPU. */
struct kt_percpu {
	int64_t unit_bytes;				     /* 0: there are no statistics */
	int64_t static_bytes, reserved_bytes, dynamic_bytes; /* of the first chunk */
	KT_LIST(struct kt_percpu_chunk) chunks;
	/* sizes of what each memory cgroup has for each CPU, and for each CPU and node; 0: unknown
	 */
	int64_t cgroup_bytes, cgroup_node_bytes;
};

#endif
