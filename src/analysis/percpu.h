// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_PERCPU_H
#define KT_ANALYSIS_PERCPU_H

#include "model/snapshot.h"

/** Parts of per-CPU memory. The first chunk is made at boot, later chunks on demand. */
enum kt_percpu_part_id {
	KT_PERCPU_STATIC,
	KT_PERCPU_MODULES,
	KT_PERCPU_FIRST_USED,
	KT_PERCPU_FIRST_FREE,
	KT_PERCPU_FIRST_REST, /* remainder of the first chunk; all of it without details */
	KT_PERCPU_LATER_USED,
	KT_PERCPU_LATER_FREE, /* unused part of the later chunks, or all of them */
	KT_PERCPU_NR_PARTS,
};

struct kt_percpu_part {
	bool known;
	int64_t bytes; /* of all CPUs; a remainder may be negative, because files are read in turn
			*/
};

struct kt_percpu_view {
	struct kt_percpu_part parts[KT_PERCPU_NR_PARTS];
	struct kt_percpu_part total, first, later; /* rows of the account */
	bool split;				   /* the allocator's statistics are known */
	int64_t nr_cpus;			   /* possible CPUs; may be KT_UNKNOWN */
	/*
	 * Number of memory cgroups and their per-CPU memory. A lower bound, if only memory cgroups
	 * are counted. Each may be KT_UNKNOWN.
	 */
	int64_t nr_cgroups, nr_dying, cgroup_bytes, dying_bytes;
	int64_t bytes_per_cgroup; /* of one CPU, a lower bound; may be KT_UNKNOWN */
	bool at_least;
};

void kt_percpu_view(const struct kt_snapshot *snap, struct kt_percpu_view *ret_view);

#endif
