// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_PERCPU_H
#define KT_ANALYSIS_PERCPU_H

#include "model/snapshot.h"

/** Parts of per-CPU memory. The first chunk was made at boot, the later ones when needed. */
enum kt_percpu_part_id {
	KT_PERCPU_STATIC,
	KT_PERCPU_MODULES,
	KT_PERCPU_FIRST_USED,
	KT_PERCPU_FIRST_FREE,
	KT_PERCPU_FIRST_REST, /* of the first chunk; all of it where nothing tells more */
	KT_PERCPU_LATER_USED,
	KT_PERCPU_LATER_FREE, /* what of the later chunks is not used, or all of them */
	KT_PERCPU_NR_PARTS,
};

struct kt_percpu_part {
	bool known;
	int64_t bytes; /* of all CPUs; a rest may be below zero, of files read one after the other
			*/
};

struct kt_percpu_view {
	struct kt_percpu_part parts[KT_PERCPU_NR_PARTS];
	struct kt_percpu_part total, first, later; /* the account's rows */
	bool split;				   /* there are statistics of the allocator */
	int64_t nr_cpus;			   /* possible ones; 0: not known */
	/*
	 * Memory cgroups, and so much of per-CPU memory is theirs: at least, where the number
	 * is of memory cgroups only. -1: not known.
	 */
	int64_t nr_cgroups, nr_dying, cgroup_bytes, dying_bytes;
	int64_t bytes_per_cgroup; /* of one CPU, at least; 0: not known */
	bool at_least;
};

void kt_percpu_view(const struct kt_snapshot *snap, struct kt_percpu_view *ret_view);

#endif
