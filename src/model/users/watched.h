// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_WATCHED_H
#define KT_MODEL_WATCHED_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Allocations that were seen while they were watched for some time. Sums are of a sample: each
 * sampled allocation stands for 1/p, where p is the probability that it was drawn.
 */

/* Lifetimes by powers of two of milliseconds: 0: below 1 ms, 1: below 2 ms ... */
#define KT_WATCHED_AGES 32u

/** A sum of a sample: its estimate, and what its error follows from. */
struct kt_sampled_sum {
	int64_t nr;	   /* samples in it */
	double seen_bytes; /* of the samples themselves */
	double objects;	   /* sum of 1/p */
	double bytes;	   /* sum of bytes/p */
	/* estimated: sums of (1-p)/p^2, and of bytes^2 * (1-p)/p^2 */
	double objects_variance, bytes_variance;
};

/** On whose behalf memory was allocated, as far as the stack shows it. */
enum kt_watched_by {
	KT_BY_TASK,	 /* the task that ran asked for it */
	KT_BY_INTERRUPT, /* in an interrupt: the task that ran has nothing to do with it */
	KT_BY_WORK,	 /* a kernel thread, for a work item */
};

/** Allocations with one stack. */
struct kt_watched {
	const char *const *frames; /* "foo+0x1/0x20 [module]", innermost first */
	uint32_t nr_frames;
	bool cut; /* the stack has more frames */
	enum kt_watched_by by;
	const char *work; /* function of the work item; NULL: none */
	const char *comm; /* name of the task with most samples; NULL: none */
	int64_t pid;
	bool others;		    /* samples of other tasks are here too */
	int64_t cgroup;		    /* id, of most samples; KT_UNKNOWN: none */
	const char *path;	    /* of the cgroup; NULL: unknown */
	struct kt_sampled_sum all;  /* allocated while it was watched */
	struct kt_sampled_sum held; /* of these, still allocated at the end */
	struct kt_sampled_sum
		requested; /* of held: bytes that were asked for, where they are known */
	int64_t nr_unseen; /* samples that memory says are free, although no free was seen */
	int64_t nr_other;  /* samples that belong to something else */
	/* weights of objects: of freed ones by their age then, of the rest by their age at the end
	 */
	double ended[KT_WATCHED_AGES], lasting[KT_WATCHED_AGES];
};

/** Why a number is not known, or a place was not watched. */
struct kt_watched_gap {
	const char *what; /* "frees by kfree_rcu()" */
	const char *why;  /* sentence without a full stop */
};

#define KT_WATCH_GAPS 16u

/** The watch as a whole. Unknown numbers are KT_UNKNOWN. */
struct kt_watched_whole {
	const char *topic; /* name of the cache, or "pages", "percpu", "vmalloc", "slab" */
	bool is_cache;
	int64_t alloc_ms, watch_ms; /* allocations were seen so long, frees so long */
	/* exact counts of the cache's objects in memory: at the start, when allocations were no
	 * longer seen, and at the end */
	int64_t objs_before, objs_middle, objs_after;
	/* events of the watched memory in the first part; KT_UNKNOWN: events do not name the cache
	 */
	int64_t nr_allocs, nr_frees;
	int64_t alloc_bytes;
	int64_t nr_samples, nr_freed;		 /* samples; of them, seen to be freed */
	int64_t nr_unseen;			 /* freed, but not seen */
	bool verified;				 /* the rest was looked up in memory */
	int64_t nr_lost, nr_no_stack, nr_nested; /* no room, no stack, not seen by a program */
	int64_t cpu_ns, kernel_bytes;		 /* that the watch itself took */
	bool over_budget;			 /* it ended early */
	struct kt_watched_gap gaps[KT_WATCH_GAPS];
	uint32_t nr_gaps;
	const char *closed; /* places beyond tracepoints that were watched; NULL: none */
};

#define KT_WATCHED_LISTS(LIST)                                      \
	LIST(struct kt_watched, watched) /* allocations by stack */ \
	LIST(struct kt_watched_whole, watches)

#endif
