// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reserves of drivers and file systems for times when memory is short (mempool_create() in
// mm/mempool.c). A pool takes its elements when it is made and keeps them, and no counter has them.

#include "whatif/whatif.h"

#include <string.h>

#define CLASS_MIN     8
#define CLASS_LARGEST 8192 /* KMALLOC_MAX_CACHE_SIZE with pages of 4 KiB */

/* Bytes that kmalloc takes for an element: the classes are powers of two, 96 and 192. */
static int64_t kmalloc_slot(int64_t bytes, int64_t page_bytes)
{
	int64_t slot = bytes <= CLASS_LARGEST ? CLASS_MIN : page_bytes;

	if (bytes <= 0 || bytes > KT_AMOUNT_MAX / 2)
		return KT_UNKNOWN;
	if (bytes > 64 && bytes <= 96)
		return 96;
	if (bytes > 128 && bytes <= 192)
		return 192;
	while (slot < bytes)
		slot *= 2;
	return slot;
}

/* Bytes that one element takes; of a slab cache that is not listed, its own size. */
static int64_t slot_of(const struct kt_snapshot *snap, const struct kt_mempool *pool)
{
	if (pool->kind == KT_MEMPOOL_KMALLOC)
		return kmalloc_slot(pool->element_bytes, snap->host.page_bytes);
	for (size_t i = 0; pool->element && i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];

		if (strcmp(cache->name, pool->element) == 0 && cache->slot_bytes > 0)
			return cache->slot_bytes;
	}
	return pool->element_bytes;
}

/* Pools of one kind of elements are one part. */
static struct kt_whatif_part *part_of(
	struct kt_arena *arena, struct kt_whatif_result *ret, const struct kt_mempool *pool)
{
	const char *name = pool->element ? pool->element
			   : pool->kind == KT_MEMPOOL_PAGES
				   ? "pages"
				   : kt_arena_printf(arena, "%lld bytes (kmalloc)",
					     (long long)pool->element_bytes);

	for (size_t i = 0; name && i < ret->parts.count; i++) {
		if (strcmp(ret->parts.items[i].name, name) == 0)
			return &ret->parts.items[i];
	}
	kt_whatif_part(arena, ret, (struct kt_whatif_part){ .name = name });
	return arena->failed ? NULL : &ret->parts.items[ret->parts.count - 1];
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	int64_t sum = 0;

	if (!snap->mempools.count) {
		kt_whatif_lacks(ret, &kt_source_mempools);
		return;
	}
	for (size_t i = 0; i < snap->mempools.count; i++) {
		const struct kt_mempool *pool = &snap->mempools.items[i];
		int64_t bytes = kt_known_times(pool->objs, slot_of(snap, pool));
		struct kt_whatif_part *part = part_of(arena, ret, pool);

		if (!part)
			return;
		if (!kt_known(bytes) || bytes > KT_AMOUNT_MAX - sum) {
			kt_whatif_unknown(ret, "the counts of a reserve are impossible");
			return;
		}
		part->count += pool->objs;
		part->now_bytes += bytes;
		part->saves_bytes += bytes;
		sum += bytes;
	}
	ret->now_bytes = sum;
	kt_whatif_input_count(
		arena, ret, "reserves", (int64_t)snap->mempools.count, "kernel memory");
	kt_whatif_saves(ret, sum, KT_UPPER_BOUND, snap->host.page_bytes);
	kt_whatif_note(arena, ret,
		"a reserve is what a driver needs to write data out when there is no memory");
	kt_whatif_cut(arena, ret, "kinds");
}

const struct kt_whatif kt_whatif_mempools = {
	.name = "mempools",
	.title = "no elements kept in reserve by drivers",
	.needs = KT_WHATIF_KERNEL,
	.how = "fewer devices, or fewer queues of them",
	.algorithm = "For each reserve: the elements that it keeps now, times the memory that one "
		     "takes: the object of its slab cache, or the class of kmalloc. It is an upper "
		     "bound, because slabs that are only partly filled with elements stay.",
	.parts_counted = "elements",
	.sources = KT_SOURCES(&kt_source_slabinfo),
	.exact = KT_SOURCES(&kt_source_iomem, &kt_source_mempools),
	.compute = compute,
};
