// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_ALLOC_WATCH_H
#define KT_SOURCE_ALLOC_WATCH_H

#include "model/snapshot.h"
#include "root/root.h"
#include "trace/pool.h"

/**
 * Watches one pool of the running kernel's memory for some time: who allocates from it, and what is
 * not freed. In the first half allocations and frees are seen, in the second half frees only. At
 * the end, what is left is looked up in kernel memory, where the watch may have missed a free.
 */
struct kt_alloc_watch;

struct kt_alloc_watch_opts {
	enum kt_trace_pool pool;
	const char *cache; /* only this slab cache; NULL: all of the pool */
	const char *topic; /* for the report */
	double seconds;
	double cpu_share; /* of one CPU that it may take, over ten minutes at least: 0.01 */
};

/** Opens memory and makes the programs. DENIED, ABSENT: says what is missing. */
struct kt_err *kt_alloc_watch_open(struct kt_root *root, struct kt_snapshot *snap,
	const struct kt_alloc_watch_opts *opts, struct kt_alloc_watch **ret_watch) KT_MUST_CHECK;
/** Attaches everything; the time begins. All times are of the boot clock, as samples have it. */
struct kt_err *kt_alloc_watch_start(struct kt_alloc_watch *watch, uint64_t now_ns) KT_MUST_CHECK;
/** Takes samples; call it every 100 ms. False: the time is over, or what it may take. */
bool kt_alloc_watch_step(struct kt_alloc_watch *watch, uint64_t now_ns);

/** How far a watch has come. */
struct kt_alloc_progress {
	uint64_t elapsed_ns;
	int64_t nr_samples; /* so far, freed or not */
	uint64_t cpu_ns;    /* that the programs took */
	bool frees_only;    /* allocations are no longer seen */
};
/** Asks the kernel about each program: call it at most once a second. */
struct kt_alloc_progress kt_alloc_watch_progress(struct kt_alloc_watch *watch, uint64_t now_ns);
/** Detaches everything. Appends to snap->watched, largest first, and to snap->watches. */
struct kt_err *kt_alloc_watch_end(struct kt_alloc_watch *watch, uint64_t now_ns) KT_MUST_CHECK;
/** NULL is allowed. */
void kt_alloc_watch_free(struct kt_alloc_watch *watch);
void kt_alloc_watch_cleanup(struct kt_alloc_watch **watch);

#endif
