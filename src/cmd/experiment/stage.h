// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_EXPERIMENT_STAGE_H
#define KT_CMD_EXPERIMENT_STAGE_H

#include "base/arena.h"
#include "cli/cmd.h"

/** One cache at one time. Each number may be KT_UNKNOWN. */
struct kt_stage_cache {
	const char *name;
	int64_t objects; /* in use; by kernel memory, objects that CPUs keep ready are not */
	int64_t pages, bytes;
	bool files; /* dentries or inodes */
};

/** Bytes that so many evictions free. */
struct kt_forecast_point {
	int64_t evicted;	       /* objects */
	int64_t low_bytes, high_bytes; /* random order at least, emptiest slab first */
};

/** One cache before something is freed, as the what-if slab-reclaim sees it. */
struct kt_forecast {
	const char *cache;
	const char *why;			  /* it is not known; NULL: it is */
	int64_t objects, bytes;			  /* in use; of their slabs */
	KT_LIST(struct kt_forecast_point) points; /* by evicted objects, ascending */
};

/** Slab caches at one time of an experiment. */
struct kt_stage {
	const char *label;
	bool exact; /* objects were counted in kernel memory */
	int64_t slab_bytes, in_use_bytes,
		waste_bytes; /* waste: free, padding, tail, kept by CPUs */
	int64_t files_bytes; /* caches of dentries and inodes */
	int64_t total_bytes, free_bytes, available_bytes; /* of memory */
	KT_LIST(struct kt_stage_cache) caches;
	KT_LIST(struct kt_forecast) forecasts;
};

/** Measures all caches, by kernel memory if it can be read. Texts are in `arena`. */
struct kt_err *kt_stage_measure(const struct kt_machine_opts *opts, struct kt_arena *arena,
	const char *label, struct kt_stage *ret_stage) KT_MUST_CHECK;
/** Forecasts what evicting objects of dentry and of the largest cache of inodes would free. */
struct kt_err *kt_stage_forecast(const struct kt_machine_opts *opts, struct kt_arena *arena,
	struct kt_stage *stage) KT_MUST_CHECK;
/** Finds a cache by its name; NULL: there is none. */
const struct kt_stage_cache *kt_stage_find(const struct kt_stage *stage, const char *name);

#endif
