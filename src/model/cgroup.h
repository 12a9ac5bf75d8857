// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_CGROUP_H
#define KT_MODEL_CGROUP_H

#include "base/arena.h"

#include <stdbool.h>

/** What a memory cgroup is charged with, by the keys of memory.stat of cgroup v2. */
enum kt_cgroup_key {
	KT_CGROUP_ANON,
	KT_CGROUP_FILE,
	KT_CGROUP_SHMEM,  /* contained in FILE */
	KT_CGROUP_KERNEL, /* all kernel memory but SOCK */
	KT_CGROUP_STACKS,
	KT_CGROUP_TABLES,
	KT_CGROUP_SEC_TABLES,
	KT_CGROUP_PERCPU,
	KT_CGROUP_VMALLOC,
	KT_CGROUP_SLAB,
	KT_CGROUP_SLAB_R,
	KT_CGROUP_SLAB_U,
	KT_CGROUP_SOCK, /* socket buffers: a charge of their own, beside KERNEL */
	KT_CGROUP_NR_KEYS,
};

#define KT_CGROUP_NO_PARENT SIZE_MAX
#define KT_CGROUP_NO_LIMIT  INT64_MAX

/**
 * One memory cgroup. Sizes are bytes, -1 where the kernel or the capture does not tell.
 * Where `inclusive`, its numbers contain those of the groups below it, removed ones too.
 */
struct kt_cgroup {
	const char *path; /* below the hierarchy; "/": its root */
	size_t parent;	  /* index of the group that it is in; it stands before this one */
	int depth;
	bool inclusive;
	int64_t current, limit;
	int64_t keys[KT_CGROUP_NR_KEYS];
	int64_t nr_dying;      /* removed groups below it that still hold memory; -1 */
	int64_t nr_slab_pages; /* of its own slab caches (v1 before 5.9); -1 */
};

struct kt_cgroups {
	KT_LIST(struct kt_cgroup) groups; /* parents first */
	int64_t nr_live, nr_dying; /* by cgroup.stat of the root of v2, the root included; -1 */
	bool counted_all;   /* those are of all cgroups: some may be without memory controller */
	int64_t nr_counted; /* memory cgroups by proc/cgroups, dying ones too; 0: not known */
	bool v1;
	bool cut; /* there are more than were read */
};

#endif
