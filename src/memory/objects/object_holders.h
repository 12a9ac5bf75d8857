// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_OBJECT_HOLDERS_H
#define KT_MEMORY_OBJECT_HOLDERS_H

#include "kernel/symbol_table.h"
#include "memory/place_names.h"
#include "memory/slab_objects.h"
#include "model/snapshot.h"

/**
 * Names objects of one cache that point to nothing with a name: by what points to them. All
 * allocated objects, large kmalloc, struct pages, the kernel's own data, per-CPU memory and areas
 * of vmalloc are searched for pointers; a list of objects is followed to its first one
 * (object_links.h). Stacks are left out: they keep addresses of objects that are gone.
 *
 * What holds an object in a register, in encoded form or in pages of its own is not found.
 */
struct kt_object_holders;

#define KT_HELD_OBJECTS_MAX (1u << 20) /* of which holders are looked for */

/** Starts to note objects of a cache, which must outlive it. NOMEM */
struct kt_err *kt_object_holders_new(
	const struct kt_slub_cache *cache, struct kt_object_holders **ret_holders) KT_MUST_CHECK;
/** Notes an object; those beyond KT_HELD_OBJECTS_MAX are only counted. */
void kt_object_holders_add(struct kt_object_holders *holders, uint64_t address);
/**
 * Finds what holds the objects, and appends to snap->object_holders, largest first. Nothing, if
 * they are few: less than 1 MiB, and less than 5 % of `nr_objects` of the cache.
 */
struct kt_err *kt_object_holders_find(struct kt_object_holders *holders, struct kt_memmap *memmap,
	struct kt_slub *slub, const struct kt_symbol_table *symbols, struct kt_place_names *names,
	uint64_t nr_objects, struct kt_snapshot *snap) KT_MUST_CHECK;
/** NULL is allowed. */
void kt_object_holders_free(struct kt_object_holders *holders);
void kt_object_holders_cleanup(struct kt_object_holders **holders);

#endif
