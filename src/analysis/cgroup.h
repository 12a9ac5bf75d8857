// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_CGROUP_H
#define KT_ANALYSIS_CGROUP_H

#include "model/snapshot.h"

/** Kernel memory of cgroups by kind. All kinds except SOCK are parts of KERNEL. */
enum kt_cgroup_kind {
	KT_CGROUP_KIND_KERNEL,
	KT_CGROUP_KIND_SLAB,
	KT_CGROUP_KIND_STACKS,
	KT_CGROUP_KIND_TABLES, /* secondary page tables too */
	KT_CGROUP_KIND_PERCPU,
	KT_CGROUP_KIND_VMALLOC,
	KT_CGROUP_KIND_OTHER, /* part of KERNEL without a key: pages allocated directly, zswap */
	KT_CGROUP_KIND_SOCK,
	KT_CGROUP_NR_KINDS,
};

/** Bytes that may be unknown. An own amount may be negative: see kt_cgroup_amounts. */
struct kt_cgroup_amount {
	bool known;
	int64_t bytes;
};

/**
 * One group. `all` includes the groups below it, as the kernel counts. `own` is `all` without the
 * existing groups below it, so that the own amounts of all groups add up to the root's amount. It
 * belongs to the group itself and to removed groups below it. Children are read after their parent,
 * so it can be slightly negative.
 */
struct kt_cgroup_amounts {
	struct kt_cgroup_amount all[KT_CGROUP_NR_KINDS], own[KT_CGROUP_NR_KINDS];
	struct kt_cgroup_amount own_dying; /* number of removed groups directly below it */
	bool has_children;
};

struct kt_cgroup_sums {
	struct kt_cgroup_amounts *groups; /* same number and order as in the snapshot */
	struct kt_cgroup_amount total[KT_CGROUP_NR_KINDS]; /* known only if nothing is missing */
	struct kt_cgroup_amount nr_dying;		   /* of the machine */
	struct kt_cgroup_amounts others;		   /* sum over the folded groups */
	bool kinds;	     /* at least one group has kinds, not only KERNEL */
	bool lower_bound;    /* KERNEL is the sum of the known kinds */
	bool without_tables; /* page tables have a key but are not counted: in OTHER */
};

/**
 * Removed groups of the machine that still hold memory; KT_UNKNOWN where nothing counts them. v1
 * counts all groups, so the ones without a directory are removed; a container sees few directories.
 */
int64_t kt_cgroups_dying(const struct kt_snapshot *snap);

/** Computes the sums. False when out of memory. */
bool kt_cgroup_sums(
	const struct kt_snapshot *snap, struct kt_arena *arena, struct kt_cgroup_sums *ret_sums);

/** Name of at most 28 columns for display: "docker-0123456789ab", "pod01234567/nginx". */
const char *kt_cgroup_name(struct kt_arena *arena, const char *path);

#endif
