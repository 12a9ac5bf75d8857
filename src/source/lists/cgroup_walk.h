// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_CGROUP_WALK_H
#define KT_SOURCE_CGROUP_WALK_H

#include "source/lists/cgroup_keep.h"
#include "source/source.h"

#define KT_CGROUP_DEPTH_MAX  64	      /* levels below the root */
#define KT_CGROUP_PATH_MAX   480u     /* bytes; longest path of a directory, as in a bundle */
#define KT_CGROUP_LISTED_MAX 50000u   /* groups of a list; the rest is folded */
#define KT_CGROUP_FOUND_MAX  1000000u /* groups; the kernel has only 65,535 identifiers */

/**
 * Walks the memory cgroups of a root, one group a step, so that a recorder can continue in the next
 * sample. A group that is created meanwhile may be missing.
 */
struct kt_cgroup_walk;

/** Facts from the files of a hierarchy so far. */
struct kt_cgroup_reader {
	struct kt_root *root;
	bool v1, caches;	  /* v1: a file of v1 was found; caches: a group had slab caches */
	size_t nr_without_caches; /* groups whose file of slab caches is empty */
};

struct kt_cgroup_found {
	bool v1, caches;
	bool too_deep; /* some groups are deeper, or have longer paths, than the walk reads */
	bool cut;      /* more groups exist than the walk reads */
	size_t nr_groups;
};

/** `keep` takes the groups, and must outlive the walk; NULL: groups are read and not kept. */
struct kt_cgroup_walk *kt_cgroup_walk_new(struct kt_root *root, struct kt_cgroup_keep *keep);
/** Reads the files of the next group; false: no group is left, or memory is out. */
bool kt_cgroup_walk_step(struct kt_cgroup_walk *walk);
const struct kt_cgroup_found *kt_cgroup_walk_found(const struct kt_cgroup_walk *walk);
bool kt_cgroup_walk_failed(const struct kt_cgroup_walk *walk); /* memory ran out */
void kt_cgroup_walk_free(struct kt_cgroup_walk *walk);	       /* accepts NULL */
void kt_cgroup_walk_cleanup(struct kt_cgroup_walk **walk);

/** Reads the files in a group's directory; false: it is not a memory cgroup. */
bool kt_cgroup_read(struct kt_cgroup_reader *reader, const char *directory,
	const struct kt_cgroup *parent, struct kt_cgroup *group);
struct kt_cgroup kt_cgroup_unknown(void);
/** Reads the cgroups of a root and lists the `max` largest. Exposed for tests. */
struct kt_err *kt_cgroups_read(
	struct kt_root *root, struct kt_snapshot *snap, size_t max) KT_MUST_CHECK;

#endif
