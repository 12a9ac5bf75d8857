// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/pages/direct_pages.h"

#include "base/attr.h"
#include "memory/image.h"
#include "memory/pages/fragments.h"
#include "memory/pages/free_lists.h"
#include "memory/pages/page_walk.h"
#include "memory/place_names.h"

#include <stdlib.h>
#include <string.h>

#define NODE_PASSES   3u /* objects without a name in a row */
#define LIST_ENDS_MAX (1u << 20)
/* include/linux/poison.h: LIST_POISON2; PP_SIGNATURE without the bits that hold an index for DMA */
#define LIST_POISON 0xdead000000000122ull
#define POOL_MARK   0xdead000000000040ull
#define POOL_BITS   ((0xffffffffull << 7) | 3)

/* ---- which pages ---- */

static bool is_wanted(enum kt_page_class class)
{
	/* no counter has the huge page of zeros that processes read */
	return class == KT_PAGE_NONE || class == KT_PAGE_COMPOUND || class == KT_PAGE_OTHER ||
	       class == KT_PAGE_MAPPED || class == KT_PAGE_UNREFERENCED || class == KT_PAGE_ZERO;
}

static void take_large(struct kt_page_walk *walk, uint64_t pfn, bool tail)
{
	struct kt_page_block *last = walk->large.count ? &walk->large.items[walk->large.count - 1]
						       : NULL,
			     *slot;

	walk->nr_large++;
	walk->nr_large_blocks += !tail;
	if (tail && last && last->pfn + last->nr_pages == pfn) {
		last->nr_pages++;
		return;
	}
	slot = !tail && walk->large.count < KT_PAGE_BLOCKS_MAX
		       ? kt_list_push(&walk->arena, &walk->large)
		       : NULL;
	if (slot)
		*slot = (struct kt_page_block){ pfn, 1 };
}

static void take_words(
	struct kt_page_walk *walk, struct kt_page_words *words, uint64_t first, uint64_t end)
{
	struct kt_page_reader reader = { 0 };
	const uint64_t *word;

	kt_page_words_begin(words);
	while (first < end) {
		size_t count = kt_page_words_read(words, first, (size_t)(end - first), &word);

		if (!count)
			return;
		for (size_t i = 0; i < count; i++) {
			kt_page_read(&reader, word[i]);
			if (is_wanted(reader.class))
				kt_page_set_add(&walk->claims.set, first + i);
			else if (reader.class == KT_PAGE_KMALLOC)
				take_large(walk, first + i, word[i] & KT_PAGE_WORD_TAIL);
		}
		walk->sum->nr_pages += count;
		first += count;
	}
}

static struct kt_err *find_pages(struct kt_page_walk *walk)
{
	KT_CLEANUP(page_words) struct kt_page_words *words = NULL;
	struct kt_err *err = kt_page_words_new(walk->memmap, KT_PAGE_WORDS_MAX, &words);

	for (size_t i = 0; !err && i < walk->memmap->nr_ranges; i++)
		take_words(walk, words, walk->memmap->ranges[i].first, walk->memmap->ranges[i].end);
	return err ? err : kt_page_claims_end(&walk->claims);
}

/* ---- what their struct pages say ---- */

bool kt_page_walk_is_info(const struct kt_page_walk *walk, uint64_t pointer)
{
	return pointer >= walk->memmap->base &&
	       pointer - walk->memmap->base <
		       walk->claims.pfn_end * walk->memmap->page_struct_bytes;
}

static void take_list_end(struct kt_page_walk *walk, uint64_t pfn, const char *page)
{
	struct kt_list_end *slot;
	uint64_t next;

	memcpy(&next, page + walk->lru.offset, sizeof(next));
	/* poison of a page that is on no list is no address: not all of its highest bits are set */
	if (next >> 56 != 0xff || next % sizeof(uint64_t) || kt_page_walk_is_info(walk, next) ||
		walk->ends.count >= LIST_ENDS_MAX)
		return;
	slot = kt_list_push(&walk->arena, &walk->ends);
	if (slot)
		*slot = (struct kt_list_end){ pfn, next };
}

static bool take_struct(void *arg, uint64_t pfn, const char *page)
{
	struct kt_page_walk *walk = arg;
	const struct kt_memmap *memmap = walk->memmap;
	uint32_t bytes = memmap->page_struct_bytes, index;
	struct kt_page_claim *claim;

	if (!kt_page_set_find(&walk->claims.set, pfn, &index))
		return true;
	claim = &walk->claims.of[index];
	claim->tail = kt_field_get(&memmap->head, page, bytes) & 1;
	claim->unreferenced = !claim->tail && !kt_field_get(&memmap->refcount, page, bytes);
	if (claim->tail)
		return true;
	if (walk->lru.exists) {
		uint64_t links[2];

		/* only the first page of a block was taken off a list */
		memcpy(links, page + walk->lru.offset, sizeof(links));
		claim->inner = links[1] != LIST_POISON;
	}
	if (walk->mark.exists && (kt_field_get(&walk->mark, page, bytes) & ~POOL_BITS) == POOL_MARK)
		kt_page_claims_put(&walk->claims, index,
			kt_holders_owner(&walk->holders, KT_OWNER_POOL, NULL), KT_CLAIM_MAPPED);
	else if (walk->lru.exists)
		take_list_end(walk, pfn, page);
	return true;
}

static void take_cpu_free(void *arg, uint64_t pfn, uint64_t nr_pages)
{
	struct kt_page_walk *walk = arg;
	uint32_t owner = kt_holders_owner(&walk->holders, KT_OWNER_CPU_FREE, NULL), index;

	for (uint64_t i = 0; i < nr_pages; i++) {
		if (kt_page_set_find(&walk->claims.set, pfn + i, &index))
			kt_page_claims_put(&walk->claims, index, owner, KT_CLAIM_FREE);
	}
}

static void find_cpu_free(struct kt_page_walk *walk)
{
	struct kt_free_lists_sum sum;
	KT_CLEANUP(err)
	struct kt_err *err = kt_free_lists_walk(walk->memmap, take_cpu_free, walk, &sum);

	walk->sum->has_free_lists = !err;
	if (err)
		return;
	walk->sum->nr_torn += sum.nr_torn;
	walk->sum->nr_cpu_free = sum.nr_cpu_free;
	walk->sum->nr_cpu_counted = sum.nr_cpu_counted;
}

/* ---- what changed meanwhile ---- */

/*
 * A page may have been freed, or given to a process or to the page cache, since it was looked at.
 * A page that had no reference then is free, unless it has an owner or is in a block.
 */
static void look_again(void *arg, uint64_t pfn, uint32_t index)
{
	struct kt_page_walk *walk = arg;
	const struct kt_page_claim *claim = &walk->claims.of[index];
	enum kt_page_class class;

	if (claim->rank >= KT_CLAIM_MAPPED)
		return;
	class = kt_holder_search_class(&walk->search, pfn);
	if (!is_wanted(class) || (class == KT_PAGE_UNREFERENCED &&
					 !(claim->unreferenced && (claim->rank || claim->tail))))
		kt_page_claims_put(&walk->claims, index,
			kt_holders_owner(&walk->holders, KT_OWNER_CHANGED, NULL), KT_CLAIM_MAPPED);
}

/*
 * Page cache waits in a batch of its CPU for the LRU list, and so for the mark of one. The node of
 * the file's tree points to it, and it points to the file.
 */
static void take_cached(void *arg, uint64_t pfn, uint32_t index)
{
	struct kt_page_walk *walk = arg;
	const struct kt_page_claim *claim = &walk->claims.of[index];
	const char *name;
	uint64_t mapping;

	if (claim->tail || claim->rank != KT_CLAIM_POINTER || (claim->owner & KT_HOLDER_NODE))
		return;
	name = walk->holders.owners.items[claim->owner - 1].name;
	if (name && strcmp(name, "radix_tree_node") == 0 &&
		kt_target_pointer(walk->target,
			walk->memmap->base + pfn * walk->memmap->page_struct_bytes +
				walk->mapping.offset,
			&mapping) &&
		mapping >> 63)
		kt_page_claims_put(&walk->claims, index,
			kt_holders_owner(&walk->holders, KT_OWNER_CHANGED, NULL), KT_CLAIM_MAPPED);
}

static void find_rest(struct kt_page_walk *walk)
{
	if (walk->mapping.exists)
		kt_page_set_each(&walk->claims.set, take_cached, walk);
	kt_page_walk_tables(walk);
	kt_page_claims_spread(&walk->claims);
	kt_page_set_each(&walk->claims.set, look_again, walk);
}

/* ---- the result ---- */

static void count_page(void *arg, uint64_t pfn, uint32_t index)
{
	struct kt_page_walk *walk = arg;
	const struct kt_page_claim *claim = &walk->claims.of[index];
	uint32_t owner = claim->rank ? kt_holders_resolve(&walk->holders, claim->owner) : 0;
	struct kt_page_owner *slot;

	(void)pfn;
	if (!owner)
		owner = kt_holders_owner(
			&walk->holders, claim->rank ? KT_OWNER_NAMELESS : KT_OWNER_NOBODY, NULL);
	if (!owner)
		return;
	slot = &walk->holders.owners.items[owner - 1];
	slot->nr_pages++;
	slot->nr_blocks += !claim->tail;
}

static void put_large(struct kt_page_walk *walk)
{
	struct kt_page_owner *slot =
		walk->nr_large ? kt_list_push(&walk->snap->arena, &walk->snap->page_owners) : NULL;

	if (slot)
		*slot = (struct kt_page_owner){ .kind = KT_OWNER_KMALLOC,
			.nr_pages = walk->nr_large,
			.nr_blocks = walk->nr_large_blocks };
}

static void put_owners(struct kt_page_walk *walk)
{
	kt_page_set_each(&walk->claims.set, count_page, walk);
	for (size_t i = 0; i < walk->holders.owners.count; i++) {
		const struct kt_page_owner *owner = &walk->holders.owners.items[i];
		struct kt_page_owner *slot =
			owner->nr_pages ? kt_list_push(&walk->snap->arena, &walk->snap->page_owners)
					: NULL;

		if (!slot)
			continue;
		*slot = *owner;
		if (owner->name)
			slot->name = kt_arena_name(&walk->snap->arena, kt_span_str(owner->name));
	}
	walk->sum->truncated = walk->holders.truncated;
	put_large(walk);
}

/* ---- all ---- */

/* Names objects by what points to them, until that gives nothing more. */
static struct kt_err *name_nodes(struct kt_page_walk *walk)
{
	size_t nr_unnamed = 0, nr_nodes = 0;

	walk->pass = KT_PASS_NODES;
	for (unsigned i = 0; i < NODE_PASSES; i++) {
		struct kt_err *err;

		kt_holders_sort(&walk->holders, 0);
		if (!walk->holders.by_address.count ||
			(walk->holders.by_address.count == nr_unnamed &&
				walk->holders.nodes.count == nr_nodes))
			return NULL;
		nr_unnamed = walk->holders.by_address.count;
		nr_nodes = walk->holders.nodes.count;
		err = kt_page_walk_search(walk);
		if (err)
			return err;
		kt_holders_follow(&walk->holders);
	}
	return NULL;
}

/* A claim of an object that got no name is weaker than any name. */
static void lower_claim(void *arg, uint64_t pfn, uint32_t index)
{
	struct kt_page_walk *walk = arg;
	struct kt_page_claim *claim = &walk->claims.of[index];

	(void)pfn;
	if (claim->rank == KT_CLAIM_NAMELESS && !kt_holders_resolve(&walk->holders, claim->owner))
		claim->rank = KT_CLAIM_INSIDE_NAMELESS;
}

static void decide_contests(struct kt_page_walk *walk)
{
	for (size_t i = 0; i < walk->contests.contests.count; i++) {
		const struct kt_page_contest *contest = &walk->contests.contests.items[i];
		struct kt_page_claim *claim = &walk->claims.of[contest->index];
		uint32_t has = kt_holders_resolve(&walk->holders, claim->owner);

		if (claim->rank == (unsigned char)contest->rank &&
			kt_page_contests_wins(&walk->contests, contest, has))
			claim->owner = contest->owner;
	}
}

/* Objects have names now, and the first one that pointed to a page may have got none. */
static struct kt_err *name_rest(struct kt_page_walk *walk)
{
	struct kt_err *err;

	kt_page_set_each(&walk->claims.set, lower_claim, walk);
	walk->pass = KT_PASS_AGAIN;
	err = kt_page_walk_search(walk);
	if (!err)
		decide_contests(walk);
	return err;
}

/* Blocks are only looked at where they are asked for. */
static struct kt_err *find_fragments(struct kt_page_walk *walk)
{
	KT_CLEANUP(page_words) struct kt_page_words *words = NULL;
	struct kt_err *err;

	if (!walk->snap->fragments.count)
		return NULL;
	err = kt_page_words_new(walk->memmap, KT_PAGE_WORDS_MAX, &words);
	if (!err)
		kt_page_walk_fragments(walk, words);
	return err;
}

static struct kt_err *run(struct kt_page_walk *walk)
{
	struct kt_err *err = kt_memmap_find_direct(walk->memmap);

	if (!err)
		err = find_pages(walk);
	if (err)
		return err;
	kt_memmap_pages(walk->memmap, take_struct, walk);
	find_cpu_free(walk);
	walk->pass = KT_PASS_PAGES;
	err = kt_page_walk_search(walk);
	if (err)
		return err;
	kt_page_walk_lists(walk);
	err = name_nodes(walk);
	if (!err)
		err = name_rest(walk);
	if (err)
		return err;
	kt_page_walk_through(walk);
	kt_page_walk_hashes(walk);
	find_rest(walk);
	put_owners(walk);
	return find_fragments(walk);
}

static void find_members(struct kt_page_walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	KT_CLEANUP(err) struct kt_err *err = kt_areas_init(&walk->areas, walk->target);

	walk->has_areas = !err;
	kt_types_field(types, "page", "lru", &walk->lru);
	kt_types_field(types, "page", "pp_magic", &walk->mark);
	kt_types_field(types, "page", "mapping", &walk->mapping);
	if (walk->lru.offset + 2 * sizeof(uint64_t) > walk->memmap->page_struct_bytes)
		walk->lru.exists = false;
}

struct kt_err *kt_direct_pages_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const struct kt_symbol_table *symbols, struct kt_snapshot *snap,
	struct kt_direct_pages_sum *ret_sum)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	KT_CLEANUP(place_names) struct kt_place_names *names = NULL;
	KT_CLEANUP(page_words) struct kt_page_words *words = NULL;
	struct kt_page_walk walk = {
		.target = memmap->target, .memmap = memmap, .snap = snap, .sum = ret_sum
	};
	struct kt_err *err = kt_slub_new(memmap->target, opts, &slub);

	*ret_sum = (struct kt_direct_pages_sum){ 0 };
	walk.slub = slub;
	walk.buffer = malloc(KT_IMAGE_BLOCK);
	if (!err && !walk.buffer)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		err = kt_page_words_new(memmap, 1, &words);
	if (!err)
		err = kt_place_names_new(memmap->target, symbols, &names);
	if (!err)
		err = kt_holders_init(&walk.holders, memmap->target, symbols, names);
	if (!err) {
		find_members(&walk);
		err = kt_page_claims_init(&walk.claims, memmap);
	}
	walk.search = (struct kt_holder_search){ .target = memmap->target,
		.memmap = memmap,
		.slub = slub,
		.holders = &walk.holders,
		.table = &walk.table,
		.words = words,
		.buffer = walk.buffer,
		.take = kt_page_walk_pointer,
		.arg = &walk };
	if (!err)
		err = run(&walk);
	if (!err && (walk.arena.failed || kt_holders_failed(&walk.holders)))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_page_claims_fini(&walk.claims);
	kt_holders_fini(&walk.holders);
	kt_areas_fini(&walk.areas);
	kt_arena_fini(&walk.arena);
	free(walk.buffer);
	return err;
}
