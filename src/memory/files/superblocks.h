// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_FILES_SUPERBLOCKS_H
#define KT_MEMORY_FILES_SUPERBLOCKS_H

#include "memory/memmap.h"
#include "memory/slub.h"

/**
 * Counts the dentries and inodes of each mounted file system, and the memory that it needs for
 * them. Dentries are on no list of their file system, so every allocated object of their slab cache
 * is looked at; inodes are, but for inodes of pipes and sockets.
 */
struct kt_superblocks_sum {
	uint64_t nr_dentries, nr_inodes; /* all that were counted */
	uint64_t nr_unread;		 /* pages, slabs and objects that cannot be read */
	uint64_t nr_torn;		 /* slabs and lists that changed meanwhile */
};

/** Appends to snap->superblocks, and leaves their mounts to the caller. */
struct kt_err *kt_superblocks_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	struct kt_snapshot *snap, struct kt_superblocks_sum *ret_sum) KT_MUST_CHECK;

/**
 * Counts them also for each mounted directory and those below it, to a depth: appends to
 * snap->directories too, by snap->mounts.
 */
struct kt_err *kt_directories_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	unsigned depth, struct kt_snapshot *snap, struct kt_superblocks_sum *ret_sum) KT_MUST_CHECK;

#endif
