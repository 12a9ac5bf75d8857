// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulate/models/slub_node.h"

#include "base/attr.h"
#include "whatif/size_classes.h"

#include <stdlib.h>

#define MIN_PARTIAL 5
#define MAX_PARTIAL 10

/* The sizes of kmalloc(): kmalloc_info[] of mm/slab_common.c. */
static const uint32_t classes[SLUB_CLASSES] = { 8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048,
	4096, SLUB_CLASS_MOST };

/* calculate_sizes() without debugging: a word is the least alignment. */
static uint32_t slot_of(const struct kt_sim_cache *cache)
{
	uint32_t align = cache->align > 8 ? cache->align : 8;

	return (uint32_t)kt_sim_round_up(cache->bytes > 8 ? cache->bytes : 8, align);
}

/* do_kmem_cache_create() of mm/slub.c: half the binary logarithm of the size. */
static uint32_t min_partial_of(uint32_t slot)
{
	uint32_t bits = 0;

	while (slot > 1) {
		slot >>= 1;
		bits++;
	}
	bits /= 2;
	return bits < MIN_PARTIAL ? MIN_PARTIAL : bits > MAX_PARTIAL ? MAX_PARTIAL : bits;
}

/* set_cpu_partial() of mm/slub.c: free objects that the partial slabs of a CPU should have. */
static uint32_t cpu_partial_of(uint32_t slot, uint32_t page_bytes)
{
	return slot >= page_bytes ? 6 : slot >= 1024 ? 24 : slot >= 256 ? 52 : 120;
}

/*
 * calculate_sheaf_capacity() of mm/slub.c: the sheaf, a header of 32 bytes and its pointers, fills
 * a size of kmalloc().
 */
static uint32_t capacity_of(uint32_t slot)
{
	return slot >= 4096 ? 4 : slot >= 1024 ? 12 : slot >= 256 ? 28 : 60;
}

static void lay_out(struct slub_cache *ret, uint32_t slot, const struct kt_sim_machine *machine)
{
	struct kt_packing packing = kt_slub_packing(slot, machine->nr_cpus, machine->page_bytes);

	*ret = (struct slub_cache){ .partial = KT_SIM_EMPTY_LIST };
	ret->by_size = packing.objs_per_slab <= 0;
	ret->pages_per_slab = (uint32_t)packing.pages_per_slab;
	ret->objs_per_slab = (uint32_t)packing.objs_per_slab;
	ret->slot_bytes = slot;
	ret->min_partial = min_partial_of(slot);
	ret->cpu_partial_objs = cpu_partial_of(slot, machine->page_bytes);
	ret->sheaf_capacity = capacity_of(slot);
}

static uint32_t known(uint32_t number, uint32_t else_number)
{
	return number == KT_SIM_NONE ? else_number : number;
}

static void init_cache(struct slub_cache *ret, const struct kt_sim_cache *cache,
	const struct kt_sim_machine *machine)
{
	lay_out(ret, slot_of(cache), machine);
	ret->by_size |= !cache->bytes;
	if (cache->counted && cache->objs_per_slab) {
		ret->by_size = false;
		ret->pages_per_slab = cache->pages_per_slab;
		ret->objs_per_slab = cache->objs_per_slab;
		if (cache->slot_bytes)
			ret->slot_bytes = known(cache->slot_bytes, ret->slot_bytes);
		ret->min_partial = known(cache->min_partial, ret->min_partial);
		ret->cpu_partial_objs = known(cache->cpu_partial, ret->cpu_partial_objs);
		ret->cpu_partial_slabs = known(cache->cpu_partial_slabs, 0);
		ret->sheaf_capacity = known(cache->sheaf_capacity, ret->sheaf_capacity);
	}
}

/* slub_set_cpu_partial() of mm/slub.c: slabs are assumed to be half full. */
static void set_partial_slabs(struct slub_cache *cache)
{
	if (cache->objs_per_slab && !cache->cpu_partial_slabs)
		cache->cpu_partial_slabs =
			(2 * cache->cpu_partial_objs + cache->objs_per_slab - 1) /
			cache->objs_per_slab;
}

bool slub_node_init(struct slub_node *node, const struct kt_sim_stream *stream)
{
	uint32_t class = 0;

	*node = (struct slub_node){ .nr_of_stream = (uint32_t)stream->nr_caches,
		.page_bytes = stream->machine.page_bytes,
		.slabs.buddy = stream->buddy };
	node->nr_caches = node->nr_of_stream + SLUB_CLASSES;
	node->caches = calloc(node->nr_caches, sizeof(*node->caches));
	if (!node->caches)
		return false;
	for (uint32_t i = 0; i < node->nr_of_stream; i++)
		init_cache(&node->caches[i], &stream->caches[i], &stream->machine);
	for (uint32_t i = 0; i < SLUB_CLASSES; i++)
		lay_out(&node->caches[node->nr_of_stream + i], classes[i], &stream->machine);
	for (uint32_t i = 0; i < node->nr_caches; i++)
		set_partial_slabs(&node->caches[i]);
	for (uint32_t i = 0; i < KT_LEN(node->by_size); i++) {
		while (i * 8 > classes[class])
			class ++;
		node->by_size[i] = (uint16_t)(node->nr_of_stream + class);
	}
	return true;
}

void slub_node_fini(struct slub_node *node)
{
	kt_sim_slabs_fini(&node->slabs);
	free(node->places.items);
	free(node->caches);
}

bool slub_form_of(const struct slub_node *node, uint32_t cache, struct kt_sim_slab_form *ret)
{
	const struct slub_cache *info = &node->caches[cache];

	*ret = (struct kt_sim_slab_form){ info->pages_per_slab, info->objs_per_slab,
		info->slot_bytes };
	return !info->by_size && info->objs_per_slab <= KT_SIM_DRAWN_OBJS_MAX &&
	       (uint64_t)info->objs_per_slab * info->slot_bytes <=
		       (uint64_t)info->pages_per_slab * node->page_bytes;
}

static uint64_t large_pages(const struct slub_node *node, uint32_t bytes)
{
	uint64_t pages = 1;

	while (pages * node->page_bytes < bytes)
		pages *= 2;
	return pages;
}

bool slub_large_take(struct slub_node *node, const struct kt_sim_event *event)
{
	uint64_t pages = large_pages(node, event->bytes);

	node->large_pages += pages;
	return kt_sim_large_take(&node->slabs, &node->places, event->object, pages);
}

/*
 * Only pages that slub_large_take() counted come back: an object of the start is not among them,
 * since its cache has a number of objects in a slab (kept.c refuses others), so that it has slabs.
 */
void slub_large_give(struct slub_node *node, const struct kt_sim_event *event)
{
	node->large_pages -= large_pages(node, event->bytes);
	kt_sim_large_give(&node->slabs, &node->places, event->object);
}

bool slub_node_start(struct slub_node *node, const struct kt_sim_start *start)
{
	for (size_t i = 0; i < start->nr_slabs; i++) {
		const struct kt_events_slab *from = &start->slabs[i];
		uint32_t slab = kt_sim_slab_new(&node->slabs, from->cache, from->nr_objs,
			node->caches[from->cache].pages_per_slab);

		if (slab == KT_SIM_NONE)
			return false;
		node->slabs.items[slab].nr_free = from->nr_free;
		node->slabs.items[slab].state = SLAB_FULL;
		node->caches[from->cache].nr_slabs++;
		if (from->where == KT_EVENTS_NODE)
			slub_partial_add(node, slab);
	}
	node->slabs.nr_made = 0;
	return true;
}

uint32_t slub_slab_new(struct slub_node *node, uint32_t cache)
{
	uint32_t slab = kt_sim_slab_new(&node->slabs, cache, node->caches[cache].objs_per_slab,
		node->caches[cache].pages_per_slab);

	if (slab != KT_SIM_NONE)
		node->caches[cache].nr_slabs++;
	return slab;
}

void slub_slab_discard(struct slub_node *node, uint32_t slab)
{
	node->caches[node->slabs.items[slab].cache].nr_slabs--;
	node->nr_discarded++;
	kt_sim_slab_free(&node->slabs, slab);
}

/* Index of the cache of the stream that requests of any size are from. */
static uint32_t sizes_of_stream(const struct slub_node *node)
{
	for (uint32_t i = 0; i < node->nr_of_stream; i++) {
		if (node->caches[i].by_size)
			return i;
	}
	return 0; /* then no request has its own size */
}

void slub_node_measure(const struct slub_node *node, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	uint32_t by_size = sizes_of_stream(node);

	for (uint32_t i = 0; i < node->nr_caches; i++) {
		uint64_t pages = node->caches[i].nr_slabs * node->caches[i].pages_per_slab;

		ret->pages += pages;
		ret_pages[i < node->nr_of_stream ? i : by_size] += pages;
	}
	ret->pages += node->large_pages;
	ret_pages[by_size] += node->large_pages;
	ret->counts[ret->nr_counts++] = (struct kt_sim_count){ "slabs made", node->slabs.nr_made };
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "slabs given back", node->nr_discarded };
}
