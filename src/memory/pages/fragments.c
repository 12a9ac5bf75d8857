// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compaction moves pages of processes and of the page cache (mm/compaction.c); a block becomes free
// if it has nothing else. A page of the kernel stays until its user frees it, and one is enough.

#include "memory/pages/fragments.h"

#include "base/map.h"
#include "memory/pages/page_walk.h"

#include <stdlib.h>
#include <string.h>

#define PINS_MAX 65536u

/* Pages of one block, by what they are. */
struct block {
	uint64_t pfn;
	int64_t nr_pages, nr_free, nr_movable, nr_huge, nr_fixed, nr_unread;
	uint64_t fixed[KT_FRAGMENT_FEW];
	enum kt_page_class classes[KT_FRAGMENT_FEW]; /* of the fixed pages */
};

struct fragments {
	struct kt_page_walk *walk;
	struct kt_fragments *ret;
	struct kt_map numbers; /* name of an owner -> its place, plus 1 */
	struct kt_arena arena;
	KT_LIST(struct kt_fragment_pin) pins;
	struct block block;
};

/* ---- owners ---- */

static const char *slab_of(struct fragments *fragments, uint64_t pfn)
{
	struct kt_page_walk *walk = fragments->walk;
	struct kt_slub_cache cache;
	uint64_t address;

	if (!kt_memmap_cache_of(walk->memmap, kt_memmap_virtual(walk->memmap, pfn), &address) ||
		!kt_slub_read_cache(walk->slub, address, &fragments->arena, &cache))
		return "a slab cache";
	return kt_arena_printf(&fragments->arena, "slab %s", cache.memory.name);
}

static const char *kind_of(enum kt_page_owner_kind kind)
{
	static const char *const words[KT_OWNER_KINDS] = { [KT_OWNER_MAPPED] =
								   "mapped by the kernel",
		[KT_OWNER_TABLE] = "page tables of the kernel",
		[KT_OWNER_USER_TABLE] = "page tables of processes",
		[KT_OWNER_MEMMAP] = "struct pages",
		[KT_OWNER_POOL] = "pools of network drivers",
		[KT_OWNER_HASH] = "hash tables of the boot",
		[KT_OWNER_VMALLOC] = "vmalloc",
		[KT_OWNER_STACK] = "kernel stacks",
		[KT_OWNER_PERCPU] = "per-CPU memory" };

	return words[kind];
}

/* The holder that claims the page; NULL: none does. */
static const char *claimed_by(struct fragments *fragments, uint64_t pfn)
{
	struct kt_page_walk *walk = fragments->walk;
	const struct kt_page_claim *claim;
	const struct kt_page_owner *owner;
	uint32_t index, number;
	const char *kind;

	if (!kt_page_set_find(&walk->claims.set, pfn, &index))
		return NULL;
	claim = &walk->claims.of[index];
	number = claim->rank ? kt_holders_resolve(&walk->holders, claim->owner) : 0;
	if (!number)
		return NULL;
	owner = &walk->holders.owners.items[number - 1];
	kind = kind_of(owner->kind);
	if (kind && owner->name)
		return kt_arena_printf(&fragments->arena, "%s: %s", kind, owner->name);
	return kind ? kind : owner->name;
}

static const char *owner_of(struct fragments *fragments, uint64_t pfn, enum kt_page_class class)
{
	const char *name =
		class == KT_PAGE_SLAB ? slab_of(fragments, pfn) : claimed_by(fragments, pfn);

	return name ? name : kt_page_class_title(class);
}

static struct kt_fragment_pin *pin_of(struct fragments *fragments, const char *owner)
{
	struct kt_span key = kt_span_str(owner);
	uint32_t *number = kt_map_find(&fragments->numbers, key);
	struct kt_fragment_pin *slot;

	if (number)
		return &fragments->pins.items[*number - 1];
	if (fragments->pins.count >= PINS_MAX)
		return NULL;
	slot = kt_list_push(&fragments->arena, &fragments->pins);
	number = slot ? kt_map_add(&fragments->numbers, key, &fragments->arena, NULL) : NULL;
	if (!number)
		return NULL;
	*slot = (struct kt_fragment_pin){ .owner = owner };
	*number = (uint32_t)fragments->pins.count;
	return slot;
}

/* The place of the first fixed page before this one that has the same owner; its own: none has. */
static int64_t first_of(const char *const *owners, int64_t i)
{
	int64_t first = 0;

	while (strcmp(owners[first], owners[i]) != 0)
		first++;
	return first;
}

static void count_pins(struct fragments *fragments)
{
	const struct block *block = &fragments->block;
	const char *owners[KT_FRAGMENT_FEW];
	struct kt_fragment_pin *pin = NULL;
	bool alone = true;

	for (int64_t i = 0; i < block->nr_fixed; i++) {
		owners[i] = owner_of(fragments, block->fixed[i], block->classes[i]);
		pin = owners[i] ? pin_of(fragments, owners[i]) : NULL;
		if (!pin)
			return;
		alone &= !first_of(owners, i);
		pin->nr_blocks += first_of(owners, i) == i;
		pin->nr_pages++;
	}
	if (!pin || !alone)
		return;
	pin->nr_alone++;
	pin->nr_alone_pages += block->nr_fixed;
	pin->nr_clear += !block->nr_movable;
	pin->nr_clear_pages += block->nr_movable ? 0 : block->nr_fixed;
}

/* ---- blocks ---- */

static void finish_block(struct fragments *fragments)
{
	const struct block *block = &fragments->block;
	struct kt_fragments *ret = fragments->ret;
	size_t step = 0;

	ret->nr_unread += block->nr_unread;
	if (block->nr_pages != ret->block_pages || block->nr_unread)
		return;
	ret->nr_blocks++;
	if (block->nr_huge == block->nr_pages) {
		ret->nr_huge++;
		return;
	}
	ret->nr_free += block->nr_free == block->nr_pages;
	ret->nr_spare_pages += block->nr_free == block->nr_pages ? 0 : block->nr_free;
	if (!block->nr_fixed) {
		ret->nr_movable += block->nr_free < block->nr_pages;
		return;
	}
	while (step + 1 < KT_FRAGMENT_STEPS && block->nr_fixed > 1ll << step)
		step++;
	ret->steps[step].nr_blocks++;
	ret->steps[step].nr_pages += block->nr_fixed;
	ret->steps[step].nr_clear += !block->nr_movable;
	ret->steps[step].nr_clear_pages += block->nr_movable ? 0 : block->nr_fixed;
	if (block->nr_fixed <= KT_FRAGMENT_FEW)
		count_pins(fragments);
}

/* Pages that CPUs keep are free, though no flag says so. */
static bool is_kept_free(const struct kt_page_walk *walk, uint64_t pfn)
{
	uint32_t index, number;

	if (!kt_page_set_find(&walk->claims.set, pfn, &index) || !walk->claims.of[index].rank)
		return false;
	number = kt_holders_resolve(&walk->holders, walk->claims.of[index].owner);
	return number && walk->holders.owners.items[number - 1].kind == KT_OWNER_CPU_FREE;
}

static void take_page(struct fragments *fragments, uint64_t pfn, enum kt_page_class class)
{
	struct block *block = &fragments->block;

	switch (class) {
	case KT_PAGE_UNINITIALISED:
	case KT_PAGE_FREE: block->nr_free++; return;
	case KT_PAGE_ANON:
	case KT_PAGE_SHMEM:
	case KT_PAGE_FILE:
	case KT_PAGE_ZSMALLOC:
	case KT_PAGE_UNMAPPED: block->nr_movable++; return;
	case KT_PAGE_HUGETLB: block->nr_huge++; return;
	case KT_PAGE_UNREAD: block->nr_unread++; return;
	default: break;
	}
	if (is_kept_free(fragments->walk, pfn)) {
		block->nr_free++;
		return;
	}
	if (block->nr_fixed < KT_FRAGMENT_FEW) {
		block->fixed[block->nr_fixed] = pfn;
		block->classes[block->nr_fixed] = class;
	}
	block->nr_fixed++;
}

static void take_range(
	struct fragments *fragments, struct kt_page_words *words, const struct kt_pfn_range *range)
{
	uint64_t pfn = range->first, size = (uint64_t)fragments->ret->block_pages;
	struct kt_page_reader reader = { 0 };
	const uint64_t *word;

	kt_page_words_begin(words);
	while (pfn < range->end) {
		size_t count = kt_page_words_read(words, pfn, (size_t)(range->end - pfn), &word);

		if (!count)
			return;
		for (size_t i = 0; i < count; i++, pfn++) {
			if (pfn / size != fragments->block.pfn / size) {
				finish_block(fragments);
				fragments->block = (struct block){ .pfn = pfn };
			}
			kt_page_read(&reader, word[i]);
			fragments->block.nr_pages++;
			take_page(fragments, pfn, reader.class);
		}
	}
}

static void put_pins(struct fragments *fragments)
{
	struct kt_snapshot *snap = fragments->walk->snap;

	for (size_t i = 0; i < fragments->pins.count; i++) {
		struct kt_fragment_pin *slot = kt_list_push(&snap->arena, &snap->fragment_pins);

		if (!slot)
			return;
		*slot = fragments->pins.items[i];
		slot->owner = kt_arena_name(&snap->arena, kt_span_str(slot->owner));
	}
}

void kt_page_walk_fragments(struct kt_page_walk *walk, struct kt_page_words *words)
{
	struct fragments fragments = { .walk = walk, .ret = walk->snap->fragments.items };
	int64_t block_pages = fragments.ret->block_pages;

	if (block_pages <= KT_FRAGMENT_FEW)
		return;
	*fragments.ret = (struct kt_fragments){ .block_pages = block_pages };
	fragments.block.pfn = UINT64_MAX;
	for (size_t i = 0; i < walk->memmap->nr_ranges; i++)
		take_range(&fragments, words, &walk->memmap->ranges[i]);
	finish_block(&fragments);
	put_pins(&fragments);
	if (fragments.numbers.failed || fragments.arena.failed)
		walk->arena.failed = true;
	kt_map_fini(&fragments.numbers);
	kt_arena_fini(&fragments.arena);
}
