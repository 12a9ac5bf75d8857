// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/pages/page_walk.h"

#include "base/attr.h"
#include "memory/image.h"
#include "memory/pages/direct_pages.h"
#include "memory/slab_objects.h"

#include <string.h>

/* ---- pointers ---- */

static enum kt_claim_rank rank_of(const struct kt_holder *holder, uint32_t owner, bool exact)
{
	bool scratch = holder->kind == KT_HOLDER_DATA || holder->kind == KT_HOLDER_CPU;

	if (owner & KT_HOLDER_NODE)
		return exact ? KT_CLAIM_NAMELESS : KT_CLAIM_INSIDE_NAMELESS;
	if (!exact)
		return KT_CLAIM_INSIDE;
	return scratch ? KT_CLAIM_DATA : KT_CLAIM_POINTER;
}

static void note_named(
	struct kt_page_walk *walk, struct kt_holder *holder, uint64_t at, uint64_t pfn)
{
	struct kt_named_page *slot;
	uint32_t owner;

	if (walk->pass != KT_PASS_AGAIN || holder->kind != KT_HOLDER_DATA ||
		walk->named_pages.count >= KT_PAGE_BLOCKS_MAX)
		return;
	owner = kt_holders_of(&walk->holders, holder, at);
	slot = owner ? kt_list_push(&walk->arena, &walk->named_pages) : NULL;
	if (slot)
		*slot = (struct kt_named_page){ pfn, owner };
}

/* Objects have names now: a page that several of them point to is contested. */
static void note_contest(
	struct kt_page_walk *walk, struct kt_holder *holder, uint64_t at, uint32_t index)
{
	const struct kt_page_claim *claim = &walk->claims.of[index];
	uint32_t owner = kt_holders_of(&walk->holders, holder, at), resolved;
	struct kt_page_contest pointer = { .index = index };

	resolved = kt_holders_resolve(&walk->holders, owner);
	if (!resolved)
		return;
	pointer.owner = resolved;
	pointer.rank = rank_of(holder, owner, true);
	kt_page_contests_note(&walk->contests, &walk->arena, pointer,
		claim->rank ? kt_holders_resolve(&walk->holders, claim->owner) : 0,
		(enum kt_claim_rank)claim->rank);
}

static bool is_range(const struct kt_memmap *memmap, uint64_t pfn)
{
	for (size_t i = 0; i < memmap->nr_ranges; i++) {
		if (memmap->ranges[i].first == pfn)
			return true;
	}
	return false;
}

void kt_page_walk_pointer(void *arg, struct kt_holder *holder, uint64_t at, uint64_t word)
{
	struct kt_page_walk *walk = arg;
	uint32_t index, owner, node;
	uint64_t pfn;
	bool exact;

	if (walk->pass == KT_PASS_NODES) {
		if (kt_holders_node(&walk->holders, word, &node) &&
			holder->address != walk->holders.nodes.items[node].address)
			kt_holders_link(
				&walk->holders, kt_holders_of(&walk->holders, holder, at), node);
		return;
	}
	if (!kt_page_claims_pfn(&walk->claims, word, &pfn, &exact) ||
		!kt_page_set_find(&walk->claims.set, pfn, &index))
		return;
	/* a range of memory begins there: its address may stand for the range */
	exact = exact && !is_range(walk->memmap, pfn);
	if (exact)
		note_named(walk, holder, at, pfn);
	index = kt_page_claims_first(&walk->claims, pfn, index);
	if (exact && walk->pass == KT_PASS_AGAIN)
		note_contest(walk, holder, at, index);
	if (walk->claims.of[index].rank >= (exact ? KT_CLAIM_POINTER : KT_CLAIM_INSIDE))
		return;
	owner = kt_holders_of(&walk->holders, holder, at);
	/* an object that got no name claims nothing more */
	if (walk->pass == KT_PASS_AGAIN && !kt_holders_resolve(&walk->holders, owner))
		return;
	if (owner)
		kt_page_claims_put(&walk->claims, index, owner, rank_of(holder, owner, exact));
}

static void take_object(
	void *arg, const struct kt_slub_cache *cache, uint64_t address, const char *object)
{
	struct kt_page_walk *walk = arg;

	if (walk->pass == KT_PASS_PAGES && walk->has_areas)
		kt_areas_take(&walk->areas, object, (uint64_t)cache->size);
	kt_holder_search_object(&walk->search, cache, address, object);
}

static struct kt_err *search_slabs(struct kt_page_walk *walk)
{
	struct kt_slab_objects objects;
	struct kt_err *err =
		kt_slab_objects_all(walk->slub, walk->memmap, take_object, walk, &objects);

	if (walk->pass == KT_PASS_PAGES) {
		walk->sum->nr_torn += objects.nr_torn;
		walk->sum->nr_unread += objects.nr_unread;
	}
	return err;
}

static void search_large(struct kt_page_walk *walk)
{
	for (size_t i = 0; i < walk->large.count; i++)
		kt_holder_search_large(
			&walk->search, walk->large.items[i].pfn, walk->large.items[i].nr_pages);
}

/* ---- areas of vmalloc ---- */

static void search_mapped(struct kt_page_walk *walk)
{
	struct kt_holder holder = {
		.kind = KT_HOLDER_AREA, .bytes = walk->buffer, .size = walk->target->page_bytes
	};

	for (size_t i = 0; i < walk->mapped.count; i++) {
		const struct kt_mapped_page *page = &walk->mapped.items[i];

		holder.address = page->address;
		holder.area = kt_areas_find(&walk->areas, page->address);
		if (holder.area &&
			kt_target_read(walk->target, kt_memmap_virtual(walk->memmap, page->pfn),
				walk->buffer, holder.size))
			kt_holder_search(&walk->search, &holder);
	}
}

/* ---- all ---- */

struct kt_err *kt_page_walk_search(struct kt_page_walk *walk)
{
	struct kt_err *err = search_slabs(walk);

	if (err)
		return err;
	if (walk->pass == KT_PASS_PAGES) {
		err = kt_areas_end(&walk->areas);
		if (err)
			return err;
		kt_page_walk_mapped(walk);
	}
	search_mapped(walk);
	if (!kt_holder_search_image(&walk->search))
		walk->sum->nr_unread++;
	kt_holder_search_cpus(&walk->search);
	search_large(walk);
	return NULL;
}
