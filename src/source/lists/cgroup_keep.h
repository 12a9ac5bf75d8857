// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_CGROUP_KEEP_H
#define KT_SOURCE_CGROUP_KEEP_H

#include "model/snapshot.h"

/**
 * Keeps the largest of the cgroups that a walk finds, in bounded memory, and folds the rest. A
 * group with unlisted groups below it gets one child without a path, which has their sums. So
 * nothing is lost and nothing is counted twice.
 */
struct kt_cgroup_keep {
	size_t max; /* groups that are listed in the end; the caller sets it */
	struct kt_arena arena;
	KT_LIST(struct kt_cgroup) groups; /* parents first; folded groups too */
	size_t nr_listed;		  /* listed groups, without folded groups */
};

/** Adds a group; its path is copied. NULL when out of memory. */
struct kt_cgroup *kt_cgroup_keep_add(struct kt_cgroup_keep *keep, const struct kt_cgroup *group);
/**
 * Folds the smallest groups if there are many more than `max`. The groups at the indices `open`,
 * parents first, stay, because they may get more children; the indices are updated.
 */
void kt_cgroup_keep_trim(struct kt_cgroup_keep *keep, size_t *open, size_t nr_open);
/** Folds the groups beyond `max` and moves all groups to the snapshot. */
void kt_cgroup_keep_finish(struct kt_cgroup_keep *keep, struct kt_snapshot *snap);
void kt_cgroup_keep_fini(struct kt_cgroup_keep *keep);

#endif
