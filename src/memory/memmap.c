// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/memmap.h"

#include "base/attr.h"

#include <stdlib.h>

#define BLOCK_BYTES (1u << 20) /* struct pages that are read at once */
#define PFN_MAX	    (1ull << 46)

static struct kt_err *find_members(struct kt_memmap *memmap)
{
	const struct kt_types *types = &memmap->target->types;
	const char *slab = kt_types_size(types, "slab") ? "slab" : "page";

	memmap->page_struct_bytes = kt_types_size(types, "page");
	if (!memmap->page_struct_bytes || memmap->page_struct_bytes > KT_PAGE_STRUCT_MAX ||
		(!kt_types_field(types, "page", "flags.f", &memmap->flags) &&
			!kt_types_field(types, "page", "flags", &memmap->flags)) ||
		!kt_types_field(types, slab, "slab_cache", &memmap->slab_cache) ||
		!kt_types_field(types, slab, "freelist", &memmap->freelist) ||
		!kt_types_field(types, slab, "objects", &memmap->objects) ||
		!kt_types_field(types, slab, "inuse", &memmap->inuse))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data does not describe struct page and struct slab");
	kt_types_field(types, "page", "page_type", &memmap->page_type);
	kt_types_field(types, "page", "_refcount", &memmap->refcount);
	if (!kt_types_field(types, "page", "compound_info", &memmap->head))
		kt_types_field(types, "page", "compound_head", &memmap->head);
	return kt_page_types_find(types, &memmap->types);
}

/* x86: variables hold both addresses where they differ at each boot (RANDOMIZE_MEMORY). */
static bool find_by_symbols(struct kt_memmap *memmap)
{
	struct kt_target *target = memmap->target;
	uint64_t at;

	if (!kt_symbols_find(&target->symbols, "vmemmap_base", &at) ||
		!kt_target_pointer(target, at, &memmap->base))
		return false;
	memmap->has_direct = kt_symbols_find(&target->symbols, "page_offset_base", &at) &&
			     kt_target_pointer(target, at, &memmap->direct);
	return true;
}

/* Where it is a constant of the kernel's configuration: arm64, x86 without RANDOMIZE_MEMORY. */
static bool find_by_target(struct kt_memmap *memmap)
{
	struct kt_target *target = memmap->target;

	memmap->has_direct = target->ops->memory_map &&
			     target->ops->memory_map(target, memmap->page_struct_bytes,
				     &memmap->direct, &memmap->base);
	return memmap->has_direct;
}

struct kt_err *kt_memmap_open(struct kt_target *target, const struct kt_page_sample *sample,
	const struct kt_pfn_range *ranges, size_t nr_ranges, struct kt_memmap *ret_memmap)
{
	struct kt_err *err;

	*ret_memmap =
		(struct kt_memmap){ .target = target, .ranges = ranges, .nr_ranges = nr_ranges };
	err = find_members(ret_memmap);
	if (err)
		return err;
	if (sample->address)
		ret_memmap->base = sample->address - sample->pfn * ret_memmap->page_struct_bytes;
	else if (!find_by_symbols(ret_memmap) && !find_by_target(ret_memmap))
		return kt_err_new(KT_ERR_ABSENT,
			"the memory map cannot be found (CONFIG_KALLSYMS_ALL, or BPF)");
	return NULL;
}

uint64_t kt_memmap_end(const struct kt_memmap *memmap)
{
	uint64_t end = 0;

	for (size_t i = 0; i < memmap->nr_ranges; i++)
		end = memmap->ranges[i].end > end ? memmap->ranges[i].end : end;
	return end;
}

static bool is_slab(const struct kt_memmap *memmap, const char *page, uint64_t cache)
{
	uint32_t bytes = memmap->page_struct_bytes;
	uint64_t owner = kt_field_get(&memmap->slab_cache, page, bytes);

	if (cache ? owner != cache : !owner)
		return false;
	return kt_page_type_of(&memmap->types,
		       (uint32_t)kt_field_get(&memmap->page_type, page, bytes),
		       kt_field_get(&memmap->flags, page, bytes)) == KT_TYPE_SLAB;
}

/* Called for each struct page of a walk. */
struct visit {
	kt_memmap_page fn;
	void *arg;
	bool ended; /* a page was the last one wanted */
};

/* Reads a block; where it has a hole, its halves, down to single struct pages. */
static uint64_t scan(
	struct kt_memmap *memmap, char *block, uint64_t first, uint64_t count, struct visit *visit)
{
	uint32_t bytes = memmap->page_struct_bytes;
	uint64_t unread = 0;

	if (visit->ended)
		return 0;
	if (!kt_target_read(memmap->target, memmap->base + first * bytes, block, count * bytes)) {
		if (count == 1)
			return 1;
		unread = scan(memmap, block, first, count / 2, visit);
		return unread + scan(memmap, block, first + count / 2, count - count / 2, visit);
	}
	for (uint64_t i = 0; i < count && !visit->ended; i++)
		visit->ended = !visit->fn(visit->arg, first + i, block + i * bytes);
	return 0;
}

static uint64_t scan_range(
	struct kt_memmap *memmap, uint64_t first, uint64_t end, struct visit *visit)
{
	uint64_t per_block = BLOCK_BYTES / memmap->page_struct_bytes, unread = 0;
	char *block;

	if (end - first < per_block)
		per_block = end - first;
	block = malloc(per_block * memmap->page_struct_bytes);
	if (!block || !per_block || end > PFN_MAX) {
		free(block);
		return end - first;
	}
	for (uint64_t at = first; at < end; at += per_block)
		unread +=
			scan(memmap, block, at, end - at < per_block ? end - at : per_block, visit);
	free(block);
	return unread;
}

uint64_t kt_memmap_pages(struct kt_memmap *memmap, kt_memmap_page fn, void *arg)
{
	struct visit visit = { .fn = fn, .arg = arg };
	uint64_t unread = 0;

	for (size_t i = 0; i < memmap->nr_ranges && !visit.ended; i++)
		unread +=
			scan_range(memmap, memmap->ranges[i].first, memmap->ranges[i].end, &visit);
	return unread;
}

struct slabs {
	const struct kt_memmap *memmap;
	uint64_t cache;
	kt_memmap_slab fn;
	void *arg;
};

static bool visit_slab(void *arg, uint64_t pfn, const char *page)
{
	const struct slabs *slabs = arg;

	if (is_slab(slabs->memmap, page, slabs->cache))
		slabs->fn(slabs->arg, pfn, page);
	return true;
}

uint64_t kt_memmap_slabs(struct kt_memmap *memmap, uint64_t cache, kt_memmap_slab fn, void *arg)
{
	struct slabs slabs = { memmap, cache, fn, arg };

	return kt_memmap_pages(memmap, visit_slab, &slabs);
}

static bool take_cache(void *arg, uint64_t pfn, const char *page)
{
	struct slabs *slabs = arg;

	(void)pfn;
	if (is_slab(slabs->memmap, page, 0))
		slabs->cache = kt_field_get(
			&slabs->memmap->slab_cache, page, slabs->memmap->page_struct_bytes);
	return !slabs->cache;
}

bool kt_memmap_any_cache(struct kt_memmap *memmap, uint64_t *ret_cache)
{
	struct slabs slabs = { .memmap = memmap };

	kt_memmap_pages(memmap, take_cache, &slabs);
	*ret_cache = slabs.cache;
	return slabs.cache != 0;
}

bool kt_memmap_read_slab(struct kt_memmap *memmap, uint64_t pfn, char *ret_page)
{
	return kt_target_read(memmap->target, memmap->base + pfn * memmap->page_struct_bytes,
		       ret_page, memmap->page_struct_bytes) &&
	       is_slab(memmap, ret_page, 0);
}

/* ---- the direct map ---- */

#define SAMPLES	    16u /* slabs that have to agree */
#define STEP_PFNS   (1u << 16)
#define ALIGN_BYTES (1u << 20) /* the direct map begins at a multiple; a slab is smaller */

struct sampling {
	struct kt_memmap *memmap;
	unsigned nr_samples;
	bool differ;
};

static void take_sample(void *arg, uint64_t pfn, const char *page)
{
	struct sampling *sampling = arg;
	struct kt_memmap *memmap = sampling->memmap;
	uint64_t object = kt_field_get(&memmap->freelist, page, memmap->page_struct_bytes);
	uint64_t direct = object - pfn * memmap->target->page_bytes;

	if (!object || sampling->nr_samples >= SAMPLES)
		return;
	direct -= direct % ALIGN_BYTES;
	if (sampling->nr_samples++)
		sampling->differ |= direct != memmap->direct;
	else
		memmap->direct = direct;
}

struct kt_err *kt_memmap_find_direct(struct kt_memmap *memmap)
{
	struct sampling sampling = { .memmap = memmap };
	struct slabs slabs = { memmap, 0, take_sample, &sampling };
	struct visit visit = { .fn = visit_slab, .arg = &slabs };

	if (memmap->has_direct)
		return NULL;
	for (size_t i = 0; i < memmap->nr_ranges; i++) {
		uint64_t at = memmap->ranges[i].first, end = memmap->ranges[i].end;

		for (; at < end && sampling.nr_samples < SAMPLES; at += STEP_PFNS)
			scan_range(memmap, at, end - at < STEP_PFNS ? end : at + STEP_PFNS, &visit);
	}
	memmap->has_direct = sampling.nr_samples && !sampling.differ;
	return memmap->has_direct
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT,
				 "the kernel's map of all memory cannot be found from slabs");
}

/*
 * A tail page has the address of its head plus one, or from 7.1, where struct page is a power of
 * two in size, a mask plus one, which gives the head.
 */
uint64_t kt_memmap_head(uint64_t page, uint64_t value)
{
	uint64_t inverse = ~(value & ~1ull) + 1;

	if (!(value & 1))
		return page;
	return inverse && !(inverse & (inverse - 1)) && inverse < 1ull << 32
		       ? page & (value & ~1ull)
		       : value - 1;
}

bool kt_memmap_cache_of(struct kt_memmap *memmap, uint64_t address, uint64_t *ret_cache)
{
	uint32_t bytes = memmap->page_struct_bytes;
	char page[KT_PAGE_STRUCT_MAX];
	uint64_t at, head;

	if (!memmap->has_direct || address < memmap->direct)
		return false;
	at = memmap->base + (address - memmap->direct) / memmap->target->page_bytes * bytes;
	if (!kt_target_read(memmap->target, at, page, bytes))
		return false;
	head = kt_memmap_head(at, kt_field_get(&memmap->head, page, bytes));
	if (head != at && !kt_target_read(memmap->target, head, page, bytes))
		return false;
	if (!is_slab(memmap, page, 0))
		return false;
	*ret_cache = kt_field_get(&memmap->slab_cache, page, bytes);
	return true;
}
