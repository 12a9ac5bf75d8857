// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/pages/page_walk.h"

#include "base/attr.h"
#include "memory/image.h"
#include "memory/pages/direct_pages.h"

#include <string.h>

#define THROUGH_STEPS 3u /* pages that point to pages, in a row */

/* ---- lists of pages ---- */

/* The object of a slab cache that has an address, in the walk's buffer. */
static bool read_object(struct kt_page_walk *walk, uint64_t address, struct kt_slub_cache *cache,
	struct kt_holder *ret_holder)
{
	char page[KT_PAGE_STRUCT_MAX];
	uint64_t at, head, base, index;
	uint32_t bytes = walk->memmap->page_struct_bytes;

	if (!kt_memmap_cache_of(walk->memmap, address, &at) ||
		!kt_slub_read_cache(walk->slub, at, &walk->arena, cache) || cache->size <= 0 ||
		cache->size > KT_IMAGE_BLOCK)
		return false;
	at = walk->memmap->base +
	     (address - walk->memmap->direct) / walk->target->page_bytes * bytes;
	if (!kt_target_read(walk->target, at, page, bytes))
		return false;
	head = kt_memmap_head(at, kt_field_get(&walk->memmap->head, page, bytes));
	base = kt_memmap_virtual(walk->memmap, (head - walk->memmap->base) / bytes) +
	       cache->red_left_pad;
	index = (address - base) / (uint64_t)cache->size;
	*ret_holder = (struct kt_holder){ .kind = KT_HOLDER_OBJECT,
		.cache = cache,
		.address = base + index * (uint64_t)cache->size,
		.bytes = walk->buffer,
		.size = (size_t)cache->size };
	return address >= base &&
	       kt_target_read(walk->target, ret_holder->address, walk->buffer, ret_holder->size);
}

/* Number of who has the head of a list; 0: unknown. */
static uint32_t owner_of_head(struct kt_page_walk *walk, uint64_t head)
{
	struct kt_slub_cache cache;
	struct kt_holder holder = { .kind = KT_HOLDER_DATA, .address = head };
	uint64_t end = walk->holders.text_end;

	holder.area = walk->has_areas ? kt_areas_find(&walk->areas, head) : NULL;
	if (holder.area)
		holder.kind = KT_HOLDER_AREA;
	else if (read_object(walk, head, &cache, &holder))
		holder.kind = KT_HOLDER_OBJECT;
	else if (head < end || head - end > 1ull << 30)
		return 0;
	return kt_holders_of(&walk->holders, &holder, head);
}

/*
 * Claims the pages of a list, from its last one back to its head; owner 0: unknown. Each page must
 * lead to the one after it, so no page is met twice.
 */
static void claim_list(struct kt_page_walk *walk, const struct kt_list_end *end, uint32_t owner)
{
	const struct kt_memmap *memmap = walk->memmap;
	uint32_t bytes = memmap->page_struct_bytes, index;
	uint64_t at = memmap->base + end->pfn * bytes + walk->lru.offset, next = end->head,
		 links[2];
	enum kt_claim_rank rank = owner & KT_HOLDER_NODE ? KT_CLAIM_NAMELESS : KT_CLAIM_LIST;

	for (uint32_t i = 0; i <= walk->claims.set.count; i++) {
		uint64_t info = at - walk->lru.offset;

		if (!kt_page_walk_is_info(walk, info) || (info - memmap->base) % bytes ||
			!kt_page_set_find(
				&walk->claims.set, (info - memmap->base) / bytes, &index) ||
			!kt_target_read(memmap->target, at, links, sizeof(links)) ||
			links[0] != next)
			break;
		/* a page on a list was allocated alone */
		walk->claims.of[index].inner = false;
		if (owner)
			kt_page_claims_put(&walk->claims, index, owner, rank);
		if (links[1] == end->head)
			return;
		next = at;
		at = links[1];
	}
	walk->sum->nr_torn += owner != 0;
}

/* Whether the page is on a CPU's list, which memory/pages/free_lists.h has read. */
static bool is_cpu_free(const struct kt_page_walk *walk, uint64_t pfn)
{
	uint32_t index;

	return kt_page_set_find(&walk->claims.set, pfn, &index) &&
	       walk->claims.of[index].rank == KT_CLAIM_FREE;
}

void kt_page_walk_lists(struct kt_page_walk *walk)
{
	for (size_t i = 0; i < walk->ends.count; i++) {
		const struct kt_list_end *end = &walk->ends.items[i];
		uint64_t links[2], at = walk->memmap->base +
					end->pfn * walk->memmap->page_struct_bytes +
					walk->lru.offset;

		/* a list's head points back to its last page */
		if (is_cpu_free(walk, end->pfn) ||
			!kt_target_read(walk->target, end->head, links, sizeof(links)) ||
			links[1] != at)
			continue;
		claim_list(walk, end, owner_of_head(walk, end->head));
	}
}

/* ---- pages that point to pages ---- */

struct through {
	struct kt_page_walk *walk;
	uint32_t owner; /* of the block */
	bool found;
};

static void search_page(struct through *through)
{
	struct kt_page_walk *walk = through->walk;
	uint32_t index;

	for (size_t at = 0; at < walk->target->page_bytes; at += sizeof(uint64_t)) {
		uint64_t word, pfn;
		bool exact;

		memcpy(&word, walk->buffer + at, sizeof(word));
		if (!(word >> 63) || !kt_page_claims_pfn(&walk->claims, word, &pfn, &exact) ||
			!exact || !kt_page_set_find(&walk->claims.set, pfn, &index))
			continue;
		index = kt_page_claims_first(&walk->claims, pfn, index);
		if (walk->claims.of[index].rank >= KT_CLAIM_THROUGH)
			continue;
		kt_page_claims_put(&walk->claims, index, through->owner, KT_CLAIM_THROUGH);
		through->found = true;
	}
}

static void pass_through(void *arg, uint64_t pfn, uint32_t index)
{
	struct through *through = arg;
	struct kt_page_walk *walk = through->walk;
	const struct kt_page_claim *claim = &walk->claims.of[index];

	if (!claim->tail)
		through->owner = claim->rank >= KT_CLAIM_THROUGH && claim->rank < KT_CLAIM_MAPPED
					 ? kt_holders_resolve(&walk->holders, claim->owner)
					 : 0;
	if (through->owner && kt_target_read(walk->target, kt_memmap_virtual(walk->memmap, pfn),
				      walk->buffer, walk->target->page_bytes))
		search_page(through);
}

void kt_page_walk_through(struct kt_page_walk *walk)
{
	struct through through = { .walk = walk, .found = true };

	for (unsigned i = 0; i < THROUGH_STEPS && through.found; i++) {
		through.found = false;
		kt_page_set_each(&walk->claims.set, pass_through, &through);
	}
}
