// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_FILES_LIST_LRUS_H
#define KT_MEMORY_FILES_LIST_LRUS_H

#include "kernel/target.h"

/**
 * Memory of a file system's lists of unused dentries and inodes: one list for each node, and in
 * file systems whose objects are charged, for each cgroup that ever had one in it.
 */
struct kt_list_lrus {
	struct kt_target *target;
	/** Bytes of the slab slot that an object is in; 0: it is in none. */
	int64_t (*slot)(void *arg, uint64_t object);
	void *arg;
	struct kt_field dentries, inodes; /* of struct super_block */
	struct kt_field node, head;	  /* of struct list_lru; head: of its tree of cgroups */
	struct kt_field shift, slots;	  /* of struct xa_node */
};

/** False: this kernel keeps them in another way. */
bool kt_list_lrus_init(struct kt_list_lrus *lrus, struct kt_target *target,
	int64_t (*slot)(void *arg, uint64_t object), void *arg);
/** Bytes for the super block at an address; KT_UNKNOWN: it changed meanwhile. */
int64_t kt_list_lrus_of(struct kt_list_lrus *lrus, uint64_t super);

#endif
