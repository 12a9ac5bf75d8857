// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_CGROUP_H
#define KT_MODEL_CGROUP_H

#include "base/arena.h"
#include "model/unknown.h"

/** Memory charged to a cgroup, by the keys of memory.stat of cgroup v2. */
enum kt_cgroup_key {
	KT_CGROUP_ANON,
	KT_CGROUP_FILE,
	KT_CGROUP_SHMEM,  /* contained in FILE */
	KT_CGROUP_KERNEL, /* all kernel memory except SOCK */
	KT_CGROUP_STACKS,
	KT_CGROUP_TABLES,
	KT_CGROUP_SEC_TABLES,
	KT_CGROUP_PERCPU,
	KT_CGROUP_VMALLOC,
	KT_CGROUP_SLAB,
	KT_CGROUP_SLAB_R,
	KT_CGROUP_SLAB_U,
	KT_CGROUP_SOCK, /* socket buffers, charged separately from KERNEL */
	KT_CGROUP_NR_KEYS,
};

#define KT_CGROUP_NO_PARENT SIZE_MAX
#define KT_CGROUP_NO_LIMIT  INT64_MAX
#define KT_CGROUP_OTHERS    "(smaller cgroups)"
/**
 * Path of the recorder's file with the time at which it read the cgroups; their numbers are of that
 * time.
 */
#define KT_CGROUP_TIMES "ktally/cgroups"

/**
 * One memory cgroup. Sizes are in bytes or KT_UNKNOWN. If `inclusive`, its numbers include the
 * groups below it, removed groups too.
 */
struct kt_cgroup {
	const char *path; /* path below the hierarchy; "/": the root */
	size_t parent;	  /* index of its parent group, which comes earlier in the list */
	int depth;
	bool inclusive;
	int64_t current, limit;
	int64_t keys[KT_CGROUP_NR_KEYS];
	int64_t nr_dying;      /* removed groups below it that still hold memory */
	int64_t nr_slab_pages; /* pages of its own slab caches (v1 before 5.9) */
	int64_t nr_folded;     /* groups below the parent that it stands for; 0: it is one group */
};

struct kt_cgroups {
	KT_LIST(struct kt_cgroup) groups; /* parents first */
	int64_t nr_live, nr_dying;	  /* from cgroup.stat of the v2 root, the root included */
	bool counted_all;   /* all cgroups are listed, even those without memory controller */
	int64_t nr_counted; /* memory cgroups in proc/cgroups, dying ones included */
	int64_t nr_folded;  /* groups that have no element of their own */
	/* seconds since 1970; when a recorder began and ended to read them; 0: live */
	int64_t taken_s, read_s;
	int64_t nr_unrecorded; /* groups that a recording left out because they are small */
	bool reading;	       /* a recorder was reading them for the first time and was not done */
	bool v1;
	bool whole; /* v1: the first group is the machine's root, not a container's; false: unknown
		     */
	bool cut;   /* more groups exist than were read */
};

/** Returns the number of groups, including groups that have no element of their own. */
static inline int64_t kt_cgroups_count(const struct kt_cgroups *cgroups)
{
	int64_t count = (int64_t)cgroups->groups.count + cgroups->nr_folded;

	for (size_t i = 0; i < cgroups->groups.count && cgroups->nr_folded; i++)
		count -= cgroups->groups.items[i].nr_folded > 0;
	return count;
}

static inline struct kt_cgroups kt_cgroups_unknown(void)
{
	return (struct kt_cgroups){
		.nr_live = KT_UNKNOWN, .nr_dying = KT_UNKNOWN, .nr_counted = KT_UNKNOWN
	};
}

#define KT_CGROUP_RECORDS(RECORD) RECORD(kt_cgroups, cgroups)

#endif
