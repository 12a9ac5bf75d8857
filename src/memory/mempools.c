// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/mempools.h"

#include "base/attr.h"
#include "base/kernel_files.h"
#include "base/map.h"
#include "memory/image.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES  KT_IMAGE_BLOCK
#define POOLS_MAX    65536u
#define ELEMENTS_MAX (1u << 24)
#define ELEMENT_MAX  (64u << 20) /* bytes */
#define ORDER_MAX    20u
#define STRUCT_MAX   256u
#define NR_KINDS     4u

/* Functions that belong together, mm/mempool.c, and the meaning of pool_data with them. */
static const struct {
	const char *alloc, *free;
	enum kt_mempool_kind kind;
} kinds[NR_KINDS] = {
	{ "mempool_alloc_slab", "mempool_free_slab", KT_MEMPOOL_SLAB },
	{ "mempool_kmalloc", "mempool_kfree", KT_MEMPOOL_KMALLOC },
	{ "mempool_kvmalloc", "mempool_kvfree", KT_MEMPOOL_KVMALLOC },
	{ "mempool_alloc_pages", "mempool_free_pages", KT_MEMPOOL_PAGES },
};

struct cache {
	const char *name;
	uint64_t slot_bytes;
};

struct walk {
	struct kt_target *target;
	struct kt_memmap *memmap;
	struct kt_slub *slub;
	struct kt_snapshot *snap;
	struct kt_mempools_sum *sum;
	struct kt_field min_nr, curr_nr, elements, pool_data, alloc, free;
	uint32_t pool_bytes;
	uint64_t allocs[NR_KINDS], frees[NR_KINDS]; /* 0: this kernel has none */
	char *block;
	struct kt_arena arena;
	struct kt_map elements_seen;
	struct kt_map indices; /* address of a cache -> index, plus 1 */
	KT_LIST(struct cache) caches;
	/* where the block is from */
	const char *place; /* name of a slab cache; NULL: the kernel's own data */
	uint64_t slot_bytes, objects_at;
};

/* ---- one pool ---- */

/* Reads what an element takes; false: the pool's data does not fit to its functions. */
static bool take_element(
	struct walk *walk, enum kt_mempool_kind kind, uint64_t data, struct kt_mempool *pool)
{
	struct kt_slub_cache cache;

	switch (kind) {
	case KT_MEMPOOL_SLAB:
		if (!kt_slub_read_cache(walk->slub, data, &walk->snap->arena, &cache))
			return false;
		pool->element = cache.memory.name;
		pool->element_bytes = cache.size;
		return true;
	case KT_MEMPOOL_PAGES:
		pool->element_bytes =
			data <= ORDER_MAX ? (int64_t)walk->target->page_bytes << data : KT_UNKNOWN;
		return data <= ORDER_MAX;
	default: pool->element_bytes = (int64_t)data; return data && data <= ELEMENT_MAX;
	}
}

/*
 * Freed parts of the kernel's image become pages like any other, and on many kernels are still
 * mapped at their old address too. The array of its elements is a pool's own, so it shows a pool
 * that was found before; a pool that keeps nothing has none.
 */
static bool is_known(struct walk *walk, uint64_t elements)
{
	struct kt_span key = { (const char *)&elements, sizeof(elements) };
	bool added = true;

	if (elements >= walk->target->page_bytes)
		kt_map_add(&walk->elements_seen, key, &walk->arena, &added);
	return !added;
}

/* Checks a struct in a copy of its own, whose alloc member is the function of a kind. */
static void take_pool(struct walk *walk, uint64_t address, unsigned kind)
{
	char copy[STRUCT_MAX];
	struct kt_mempool pool = { .address = address, .kind = kinds[kind].kind }, *slot;

	if (walk->snap->mempools.count >= POOLS_MAX ||
		!kt_target_read(walk->target, address, copy, walk->pool_bytes))
		return;
	pool.min_objs = (int32_t)kt_field_get(&walk->min_nr, copy, walk->pool_bytes);
	pool.objs = (int32_t)kt_field_get(&walk->curr_nr, copy, walk->pool_bytes);
	/* a pool that was given up has no elements any more */
	if (kt_field_get(&walk->free, copy, walk->pool_bytes) != walk->frees[kind] ||
		!kt_field_get(&walk->elements, copy, walk->pool_bytes) || pool.min_objs < 0 ||
		pool.min_objs > (int64_t)ELEMENTS_MAX || pool.objs < 0 ||
		pool.objs > (pool.min_objs ? pool.min_objs : 1) ||
		!take_element(walk, pool.kind,
			kt_field_get(&walk->pool_data, copy, walk->pool_bytes), &pool))
		return;
	if (is_known(walk, kt_field_get(&walk->elements, copy, walk->pool_bytes)))
		return;
	pool.place = walk->place;
	pool.place_offset = walk->slot_bytes && address >= walk->objects_at
				    ? (int64_t)((address - walk->objects_at) % walk->slot_bytes)
				    : KT_UNKNOWN;
	slot = kt_list_push(&walk->snap->arena, &walk->snap->mempools);
	if (slot)
		*slot = pool;
}

/* Searches a block for the address of a function that allocates for a pool. */
static void search(struct walk *walk, uint64_t address, size_t bytes)
{
	walk->sum->nr_bytes += bytes;
	for (size_t at = 0; at + sizeof(uint64_t) <= bytes; at += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, walk->block + at, sizeof(word));
		if (word < 4096)
			continue;
		for (unsigned i = 0; i < NR_KINDS; i++) {
			if (word == walk->allocs[i])
				take_pool(walk, address + at - walk->alloc.offset, i);
		}
	}
}

/* ---- slabs ---- */

static void add_cache(void *arg, struct kt_slub_cache *cache)
{
	struct walk *walk = arg;
	struct kt_span key = { (const char *)&cache->address, sizeof(cache->address) };
	struct cache *slot = kt_list_push(&walk->arena, &walk->caches);
	uint32_t *index = slot ? kt_map_add(&walk->indices, key, &walk->arena, NULL) : NULL;

	if (!index)
		return;
	*slot = (struct cache){ cache->memory.name, (uint64_t)cache->size };
	*index = (uint32_t)walk->caches.count;
}

static void take_slab(void *arg, uint64_t pfn, const char *page)
{
	struct walk *walk = arg;
	const struct kt_memmap *memmap = walk->memmap;
	uint64_t owner = kt_field_get(&memmap->slab_cache, page, memmap->page_struct_bytes);
	uint64_t objects = kt_field_get(&memmap->objects, page, memmap->page_struct_bytes);
	uint64_t base = kt_memmap_virtual(memmap, pfn), bytes;
	const uint32_t *index =
		kt_map_find(&walk->indices, (struct kt_span){ (char *)&owner, sizeof(owner) });
	const struct cache *cache;

	if (!index || !*index)
		return;
	cache = &walk->caches.items[*index - 1];
	bytes = objects * cache->slot_bytes;
	if (bytes > BLOCK_BYTES || !kt_target_read(walk->target, base, walk->block, bytes)) {
		walk->sum->nr_unread++;
		return;
	}
	walk->place = cache->name;
	walk->slot_bytes = cache->slot_bytes;
	walk->objects_at = base;
	search(walk, base, bytes);
}

/* ---- the kernel's own data ---- */

static void take_image(void *arg, uint64_t address, const char *bytes, size_t size)
{
	(void)bytes; /* it is the walk's block */
	search(arg, address, size);
}

/* ---- all ---- */

static struct kt_err *find_members(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	unsigned nr_kinds = 0;

	walk->pool_bytes = kt_types_size(types, "mempool_t");
	if (!walk->pool_bytes || walk->pool_bytes > STRUCT_MAX ||
		!kt_types_field(types, "mempool_t", "min_nr", &walk->min_nr) ||
		!kt_types_field(types, "mempool_t", "curr_nr", &walk->curr_nr) ||
		!kt_types_field(types, "mempool_t", "elements", &walk->elements) ||
		!kt_types_field(types, "mempool_t", "pool_data", &walk->pool_data) ||
		!kt_types_field(types, "mempool_t", "alloc", &walk->alloc) ||
		!kt_types_field(types, "mempool_t", "free", &walk->free))
		return kt_err_new(
			KT_ERR_ABSENT, "the kernel's type data does not describe mempool_t");
	for (unsigned i = 0; i < NR_KINDS; i++) {
		if (kt_symbols_find(&walk->target->symbols, kinds[i].alloc, &walk->allocs[i]) &&
			kt_symbols_find(&walk->target->symbols, kinds[i].free, &walk->frees[i]))
			nr_kinds++;
		else
			walk->allocs[i] = 0;
	}
	return nr_kinds ? NULL
			: kt_err_new(KT_ERR_ABSENT,
				  "/" KT_FILE_KALLSYMS " does not show the functions of mempools");
}

static struct kt_err *run(struct walk *walk)
{
	size_t after_head;
	bool whole = false;
	struct kt_err *err;

	for (unsigned i = 0; i < KT_SLUB_TRIES && !whole; i++) {
		walk->caches.count = 0;
		kt_map_clear(&walk->indices);
		whole = kt_slub_each(walk->slub, &walk->arena, add_cache, walk, &after_head);
	}
	if (!whole)
		return kt_err_new(
			KT_ERR_ABSENT, "the list of slab caches cannot be read in kernel memory");
	err = kt_memmap_find_direct(walk->memmap);
	if (err)
		return err;
	walk->sum->nr_unread += kt_memmap_slabs(walk->memmap, 0, take_slab, walk);
	walk->place = NULL;
	walk->slot_bytes = 0;
	walk->sum->has_image = kt_image_each(walk->target, walk->block, take_image, walk);
	return NULL;
}

struct kt_err *kt_mempools_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	struct kt_snapshot *snap, struct kt_mempools_sum *ret_sum)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	struct walk walk = {
		.target = memmap->target, .memmap = memmap, .snap = snap, .sum = ret_sum
	};
	struct kt_err *err = kt_slub_new(memmap->target, opts, &slub);

	*ret_sum = (struct kt_mempools_sum){ 0 };
	walk.slub = slub;
	walk.block = malloc(BLOCK_BYTES);
	if (!err && !walk.block)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		err = find_members(&walk);
	if (!err)
		err = run(&walk);
	if (!err && (walk.arena.failed || walk.indices.failed || walk.elements_seen.failed))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	/* names of caches are in the walk's memory */
	for (size_t i = 0; i < snap->mempools.count; i++) {
		struct kt_mempool *pool = &snap->mempools.items[i];

		if (pool->place)
			pool->place = kt_arena_name(&snap->arena, kt_span_str(pool->place));
	}
	kt_map_fini(&walk.indices);
	kt_map_fini(&walk.elements_seen);
	kt_arena_fini(&walk.arena);
	free(walk.block);
	return err;
}
