// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_OBJECT_GROUPS_H
#define KT_MEMORY_OBJECT_GROUPS_H

#include "kernel/symbol_table.h"
#include "memory/slab_objects.h"
#include "model/snapshot.h"

/**
 * Groups the allocated objects of a cache: by what they are, where a rule knows it
 * (object_rules.h), else by what they point to. That is functions of the kernel and of modules, and
 * structs of the kernel's own data, at the same offsets: objects that one driver made for one
 * purpose share these pointers, also in caches that many callers share. memory/place_names.h says
 * how they are named.
 *
 * `names`: of the cache, and of those merged with it; NULL ends them. Appends to
 * snap->object_groups, largest first; snap->mounts names file systems. ABSENT: no cache has one of
 * the names.
 */
struct kt_err *kt_object_groups(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const char *const *names, const struct kt_symbol_table *symbols, struct kt_snapshot *snap,
	struct kt_slab_objects *ret_objects) KT_MUST_CHECK;

#endif
