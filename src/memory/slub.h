// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SLUB_H
#define KT_MEMORY_SLUB_H

#include "memory/slub_cache.h"
#include "model/snapshot.h"

/**
 * Counts the objects of every slab cache in kernel memory: in use, cached for CPUs, free. What
 * moved while it was counted is read again, and then uncertain.
 */
struct kt_slub_sum {
	uint64_t nr_caches, nr_partial; /* caches, slabs on partial lists that were read */
	uint64_t nr_torn;		/* structures that did not hold together after retries */
};

/** Appends to snap->cache_memories. */
struct kt_err *kt_slub_walk(struct kt_target *target, const struct kt_slub_opts *opts,
	struct kt_snapshot *snap, struct kt_slub_sum *ret_sum) KT_MUST_CHECK;

#endif
