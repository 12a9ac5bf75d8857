// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_OBJECTS_EVICTIONS_H
#define KT_MEMORY_OBJECTS_EVICTIONS_H

#include "memory/slab_objects.h"
#include "model/snapshot.h"

/**
 * Finds which objects of a cache of dentries or inodes are unused, in which order the kernel evicts
 * them, and which slabs that frees; and what keeps the other slabs. Appends to
 * snap->slab_evictions and snap->slab_pins; snap->mounts names file systems.
 *
 * A dentry is unused if nothing refers to it but names below it that are unused. An inode is unused
 * if nothing refers to it but unused dentries, and if it has no page cache and nothing to write.
 * Lists of unused objects are put together from the objects themselves, so it does not matter where
 * a kernel keeps their heads. Each list is scanned in proportion to its length, and an object that
 * was used since it came into its list is passed over once.
 *
 * `names`: of the cache, and of those merged with it; NULL ends them. ABSENT: no cache has one of
 * the names, or the kernel keeps no lists of its unused objects.
 */
struct kt_err *kt_slab_evictions(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const char *const *names, struct kt_snapshot *snap) KT_MUST_CHECK;

#endif
