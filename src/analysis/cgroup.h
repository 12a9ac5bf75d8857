// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_CGROUP_H
#define KT_ANALYSIS_CGROUP_H

#include "model/snapshot.h"

/** Kernel memory of cgroups by kind. All but SOCK are parts of KERNEL. */
enum kt_cgroup_kind {
	KT_CGROUP_KIND_KERNEL,
	KT_CGROUP_KIND_SLAB,
	KT_CGROUP_KIND_STACKS,
	KT_CGROUP_KIND_TABLES, /* secondary ones too */
	KT_CGROUP_KIND_PERCPU,
	KT_CGROUP_KIND_VMALLOC,
	KT_CGROUP_KIND_OTHER, /* what of KERNEL no key names: pages taken directly, zswap */
	KT_CGROUP_KIND_SOCK,
	KT_CGROUP_NR_KINDS,
};

/** Bytes that may not be known. An own amount may be below zero: see kt_cgroup_amounts. */
struct kt_cgroup_amount {
	bool known;
	int64_t bytes;
};

/**
 * One group. `all` has what is below it in it, as the kernel counts. `own` is `all` without
 * the groups that are there below it, so that the own amounts of all groups add up to the
 * root's: it is of the group itself and of removed groups below it. Children are read
 * after their parent, so that it can be a little less than nothing.
 */
struct kt_cgroup_amounts {
	struct kt_cgroup_amount all[KT_CGROUP_NR_KINDS], own[KT_CGROUP_NR_KINDS];
	struct kt_cgroup_amount own_dying; /* removed groups directly below it: a number */
	bool has_children;
};

struct kt_cgroup_sums {
	struct kt_cgroup_amounts *groups; /* as many as the snapshot has, in its order */
	struct kt_cgroup_amount total[KT_CGROUP_NR_KINDS]; /* known only where nothing is missing */
	struct kt_cgroup_amount nr_dying;		   /* of the machine */
	bool kinds;	  /* some group tells kinds, not only KERNEL */
	bool lower_bound; /* KERNEL is the sum of the kinds that the kernel tells */
};

/** False when out of memory. */
bool kt_cgroup_sums(
	const struct kt_snapshot *snap, struct kt_arena *arena, struct kt_cgroup_sums *ret_sums);

/** A name of at most 28 columns for people: "docker-0123456789ab", "pod01234567/nginx". */
const char *kt_cgroup_name(struct kt_arena *arena, const char *path);

#endif
