// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_FILES_KERNFS_NODES_H
#define KT_MEMORY_FILES_KERNFS_NODES_H

#include "memory/memmap.h"
#include "memory/slub_cache.h"

/**
 * Nodes of kernfs: the kernel's own tree of sysfs and of each hierarchy of cgroups, which exists
 * whether its files are looked at or not. All trees share a slab cache.
 */
struct kt_kernfs_nodes {
	struct kt_memmap *memmap;
	struct kt_slub *slub;
	/** A number for the super block at an address; 0: there is none. */
	uint32_t (*super)(void *arg, uint64_t address);
	/** Takes a node of the tree that a super block shows. */
	void (*take)(void *arg, uint32_t super, int64_t bytes);
	void *arg;
};

/** ABSENT: the kernel has no such nodes, or its types do not show what they are. */
struct kt_err *kt_kernfs_nodes_find(const struct kt_kernfs_nodes *nodes) KT_MUST_CHECK;
/**
 * Calls `take` for each node. A tree that several super blocks show is of the first of them, and
 * one that none shows of none. `ret_unread`: pages, slabs and nodes that could not be read.
 */
struct kt_err *kt_kernfs_nodes_count(
	const struct kt_kernfs_nodes *nodes, uint64_t *ret_unread) KT_MUST_CHECK;

#endif
