// SPDX-License-Identifier: GPL-2.0-or-later
//
// The objects of the slab cache that the user named, in kernel memory: grouped by what they are or
// point to, how full their slabs are, some of these slabs, and what evicting them would free. They
// are no part of a capture: objects have contents, and a capture does not know the cache.

#include "memory/objects/evictions.h"
#include "memory/objects/object_groups.h"
#include "memory/slab_objects.h"
#include "memory/slab_sample.h"

#include "source/lists/slabs.h"
#include "source/memory/open.h"
#include "source/memory/seen_mounts.h"
#include "target/live.h"

/* Opens kernel memory and finds its map and the names of the cache. */
static struct kt_err *open_cache(struct kt_root *root, struct kt_snapshot *snap,
	struct kt_memory *ret_memory, struct kt_memmap *ret_memmap,
	const char *names[KT_CACHE_NAMES_MAX + 1])
{
	struct kt_err *err;

	if (!kt_root_has_memory(root))
		return kt_err_new(
			KT_ERR_ABSENT, "objects are read of the running machine or of a dump");
	if (!snap->asked_cache)
		return kt_err_new(KT_ERR_ABSENT, "objects are read of one cache, which is named");
	err = kt_memory_open(root, snap, ret_memory);
	if (!err)
		err = kt_memory_map(ret_memory, ret_memmap);
	if (!err)
		kt_slabs_names(snap, snap->asked_cache, names);
	return err;
}

static struct kt_err *read_groups(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(memory) struct kt_memory memory = { 0 };
	const struct kt_symbol_table *symbols;
	const char *names[KT_CACHE_NAMES_MAX + 1];
	struct kt_slab_objects objects;
	struct kt_memmap memmap;
	struct kt_err *err = open_cache(root, snap, &memory, &memmap, names);

	if (!err)
		err = kt_memory_symbols(&memory, &symbols);
	if (err)
		return err;
	kt_seen_mounts_read(root, snap);
	err = kt_object_groups(&memmap, &memory.slub, names, symbols, snap, &objects);
	if (!err)
		kt_memory_unread(snap, objects.nr_unread);
	return err;
}

static struct kt_err *read_occupancy(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(memory) struct kt_memory memory = { 0 };
	const char *names[KT_CACHE_NAMES_MAX + 1];
	struct kt_slab_occupancy occupancy, *slot;
	struct kt_memmap memmap;
	struct kt_err *err = open_cache(root, snap, &memory, &memmap, names);

	if (!err)
		err = kt_slab_occupancy(&memmap, &memory.slub, names, &occupancy);
	if (err)
		return err;
	slot = kt_list_push(&snap->arena, &snap->occupancies);
	if (slot)
		*slot = occupancy;
	return NULL;
}

static struct kt_err *read_drawing(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(memory) struct kt_memory memory = { 0 };
	const char *names[KT_CACHE_NAMES_MAX + 1];
	struct kt_slab_drawing drawing, *slot;
	struct kt_memmap memmap;
	struct kt_err *err = open_cache(root, snap, &memory, &memmap, names);

	if (!err)
		err = kt_slab_sample(&memmap, &memory.slub, names, &snap->arena, &drawing);
	if (err)
		return err;
	slot = kt_list_push(&snap->arena, &snap->slab_drawings);
	if (slot)
		*slot = drawing;
	return NULL;
}

static struct kt_err *read_evictions(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(memory) struct kt_memory memory = { 0 };
	const char *names[KT_CACHE_NAMES_MAX + 1];
	struct kt_memmap memmap;
	struct kt_err *err = open_cache(root, snap, &memory, &memmap, names);

	if (err)
		return err;
	kt_seen_mounts_read(root, snap);
	return kt_slab_evictions(&memmap, &memory.slub, names, snap);
}

const struct kt_source kt_source_objects = {
	.name = "objects",
	.summary = "objects of one slab cache, by what they are, in kernel memory",
	.paths = { "ktally/objects" }, /* no capture has it */
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally slab CACHE --objects' is not possible",
	.gives = KT_MEMORY_GIVES,
	.read = read_groups,
};

const struct kt_source kt_source_occupancy = {
	.name = "occupancy",
	.summary = "how full the slabs of one cache are, in kernel memory",
	.paths = { "ktally/occupancy" }, /* no capture has it */
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally slab CACHE --exact' does not show how full slabs are",
	.gives = KT_MEMORY_GIVES,
	.read = read_occupancy,
};

const struct kt_source kt_source_slab_drawing = {
	.name = "slab_drawing",
	.summary = "some slabs of one cache, object by object, in kernel memory",
	.paths = { "ktally/slab_drawing" }, /* no capture has it */
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally slab CACHE --draw' is not possible",
	.gives = KT_MEMORY_GIVES,
	.read = read_drawing,
};

const struct kt_source kt_source_evictions = {
	.name = "evictions",
	.summary = "what evicting unused dentries or inodes would free, in kernel memory",
	.paths = { "ktally/evictions" }, /* no capture has it */
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally whatif --exact slab-reclaim' does not know the kernel's order",
	.gives = KT_MEMORY_GIVES,
	.read = read_evictions,
};
