// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/pages/page_walk.h"

#include "base/attr.h"
#include "memory/image.h"
#include "memory/pages/direct_pages.h"
#include "memory/slab_objects.h"

#include <string.h>

#define CPU_REST      65536u /* bytes after the per-CPU variables: the first chunk's dynamic part */
#define CPU_BYTES_MAX (4u << 20)

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

static void take_pointer(
	struct kt_page_walk *walk, struct kt_holder *holder, uint64_t at, uint64_t word)
{
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

/* Any word may be a pointer. */
static const struct kt_holder_cache untyped;

/*
 * `known`: of an object whose type may be known, where other words than pointers may be left from a
 * former object.
 */
static void search(
	struct kt_page_walk *walk, struct kt_holder *holder, const struct kt_holder_cache *known)
{
	for (size_t i = 0; i < holder->size / sizeof(uint64_t); i++) {
		size_t at = i * sizeof(uint64_t);
		uint64_t word;

		memcpy(&word, holder->bytes + at, sizeof(word));
		/* another cache may have this address by now, with longer objects */
		if ((i >= known->nr_words || known->words[i]) && word >> 63)
			take_pointer(walk, holder, holder->address + at, word);
	}
}

static void take_object(
	void *arg, const struct kt_slub_cache *cache, uint64_t address, const char *object)
{
	struct kt_page_walk *walk = arg;
	struct kt_holder holder = { .kind = KT_HOLDER_OBJECT,
		.cache = cache,
		.address = address,
		.bytes = object,
		.size = (size_t)cache->size };
	const struct kt_holder_cache *known = kt_holders_cache(&walk->holders, cache);

	if (walk->pass == KT_PASS_PAGES && walk->has_areas)
		kt_areas_take(&walk->areas, object, holder.size);
	if (known && known->count.exists && !kt_field_get(&known->count, object, holder.size))
		return;
	search(walk, &holder, known ? known : &untyped);
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

/* Freed parts of the kernel's image are pages like any other, still mapped at their old address. */
static bool is_freed(struct kt_page_walk *walk, uint64_t address)
{
	uint64_t pfn, nr_pages;

	return walk->table.form && kt_page_table_look(&walk->table, address, &pfn, &nr_pages) &&
	       kt_page_walk_class(walk, pfn) != KT_PAGE_RESERVED;
}

static void take_image(void *arg, uint64_t address, const char *bytes, size_t size)
{
	struct kt_page_walk *walk = arg;
	struct kt_holder holder = { .kind = KT_HOLDER_DATA, .size = walk->target->page_bytes };

	for (size_t at = 0; at + holder.size <= size; at += holder.size) {
		holder.address = address + at;
		holder.bytes = bytes + at;
		if (!is_freed(walk, holder.address))
			search(walk, &holder, &untyped);
	}
}

/* Per-CPU variables, and what follows them: the first chunk of per-CPU memory. */
static void search_cpus(struct kt_page_walk *walk)
{
	struct kt_holder holder = { .kind = KT_HOLDER_CPU, .bytes = walk->buffer };
	uint64_t first = 0, end;

	/* a symbol whose address is 0 is none */
	kt_symbols_find(&walk->target->symbols, "__per_cpu_start", &first);
	if (!kt_symbols_find(&walk->target->symbols, "__per_cpu_end", &end) || end < first ||
		end - first > CPU_BYTES_MAX)
		return;
	for (uint32_t cpu = 0; cpu < walk->slub->nr_cpus; cpu++) {
		uint64_t offset = walk->slub->cpu_offsets[cpu];

		holder.size = walk->target->page_bytes;
		for (uint64_t at = first - first % holder.size; at < end + CPU_REST;
			at += holder.size) {
			holder.address = at + offset;
			if (kt_target_read(walk->target, holder.address, walk->buffer, holder.size))
				search(walk, &holder, &untyped);
		}
	}
}

static void search_large(struct kt_page_walk *walk)
{
	for (size_t i = 0; i < walk->large.count; i++) {
		const struct kt_page_block *block = &walk->large.items[i];
		struct kt_holder holder = { .kind = KT_HOLDER_LARGE,
			.address = kt_memmap_virtual(walk->memmap, block->pfn),
			.bytes = walk->buffer,
			.size = (size_t)block->nr_pages * walk->target->page_bytes };
		size_t whole = holder.size;

		/* by parts; the first one names the block */
		for (size_t at = 0; at < whole; at += KT_IMAGE_BLOCK) {
			uint64_t address = holder.address;

			holder.size = whole - at < KT_IMAGE_BLOCK ? whole - at : KT_IMAGE_BLOCK;
			if (!kt_target_read(walk->target, address + at, walk->buffer, holder.size))
				break;
			search(walk, &holder, &untyped);
		}
	}
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
			search(walk, &holder, &untyped);
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
	if (!kt_image_each(walk->target, walk->buffer, take_image, walk))
		walk->sum->nr_unread++;
	search_cpus(walk);
	search_large(walk);
	return NULL;
}
