// SPDX-License-Identifier: GPL-2.0-or-later
//
// A CPU's lists of a zone are pcp.lists[], one for each migratetype that it keeps and each order:
// list = order * MIGRATE_PCPTYPES + migratetype. Up to 5.13 all blocks are single pages; since then
// (44042b449872) there are orders up to PAGE_ALLOC_COSTLY_ORDER, and lists after those have blocks
// as large as a transparent huge page. pcp.count is in pages, so it decides how large those are.
//
// A CPU takes blocks from the front of a list and puts them there; only when it has too many do
// some leave from the end. So a list is read from its end, and steps back where it has changed.

#include "memory/pages/free_lists.h"

#include "base/attr.h"
#include "memory/pages/zones.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TRIES	     8u
#define COSTLY_ORDER 3u /* PAGE_ALLOC_COSTLY_ORDER */
#define PCP_TYPES    3	/* MIGRATE_PCPTYPES, if the type data does not have it */
#define LISTS_MAX    256u
#define SET_MAX	     8192u /* bytes of a struct per_cpu_pages */
#define SLACK	     1024u /* blocks that a CPU may take while its lists are read */
#define RESERVE_MAX  (1u << 20)
#define AGAIN_MAX    1024u /* times that one list is looked at again */
#define SAME_MAX     4u	   /* times that it then leads to the same page */
#define ORDER_MARK   63u   /* of a block whose order only the counter shows */

struct layout {
	struct kt_field count, lists; /* of a set, from its per-CPU address */
	struct kt_field link;	      /* of struct page */
	uint32_t bytes;		      /* of a set, to the end of its lists */
};

/* A free block: its PFN, and in the low bits its order subtracted from ORDER_MARK. */
#define ORDER_BITS  6
#define BLOCKS_STEP 4096u

struct walk {
	struct kt_memmap *memmap;
	struct kt_target *target;
	struct layout layout;
	struct kt_zones zones;
	struct kt_free_lists_sum *sum;
	uint32_t nr_types; /* lists of one order */
	uint64_t nr_ram;   /* pages */
	uint64_t *blocks;
	size_t nr_blocks, room;
	uint64_t nr_sets; /* sets that could be read */
	bool failed;	  /* out of memory */
};

/* One reading of the lists of a CPU in a zone. */
struct reading {
	size_t first;	     /* block; they go on to the last one */
	uint64_t count;	     /* pages, by the counter */
	uint64_t nr_pages;   /* on the lists; without the blocks whose order is not known yet */
	uint64_t nr_unsized; /* these blocks */
	bool linked;	     /* each list leads back to its head */
};

/* ---- blocks ---- */

static uint64_t block_of(uint64_t pfn, uint32_t order)
{
	return pfn << ORDER_BITS | (ORDER_MARK - order);
}

static uint32_t order_of(uint64_t block)
{
	return ORDER_MARK - (uint32_t)(block & ORDER_MARK);
}

/*
 * Makes room before the lists are read, and writes to it: a page fault meanwhile would take a page
 * from these very lists.
 */
static bool reserve(struct walk *walk, uint64_t more)
{
	size_t room = walk->nr_blocks + more + BLOCKS_STEP;
	uint64_t *blocks;

	if (walk->room - walk->nr_blocks >= more)
		return true;
	blocks = realloc(walk->blocks, room * sizeof(*blocks));
	if (!blocks) {
		walk->failed = true;
		return false;
	}
	memset(blocks + walk->nr_blocks, 0, (room - walk->nr_blocks) * sizeof(*blocks));
	walk->blocks = blocks;
	walk->room = room;
	return true;
}

static bool push(struct walk *walk, uint64_t block)
{
	if (walk->nr_blocks >= walk->room && !reserve(walk, walk->nr_blocks / 2 + 1))
		return false;
	walk->blocks[walk->nr_blocks++] = block;
	return true;
}

/* ---- the lists of a CPU ---- */

/* The order of the blocks on a list; ORDER_MARK: one of a huge page. */
static uint32_t order_of_list(const struct walk *walk, uint32_t list)
{
	uint32_t order = list / walk->nr_types;

	return order <= COSTLY_ORDER ? order : ORDER_MARK;
}

static uint64_t pointer_at(const struct walk *walk, const char *copy, uint32_t offset, size_t size)
{
	struct kt_field pointer = { .exists = true,
		.offset = offset,
		.size = walk->target->types.pointer_bytes,
		.count = 1 };

	return kt_field_get(&pointer, copy, size);
}

/* Reads a page on a list; false: it is none of this zone, or it is not free, or no longer. */
static bool read_page(struct walk *walk, const struct kt_zone_place *zone, uint64_t address,
	char *page, uint64_t *ret_pfn)
{
	const struct kt_memmap *memmap = walk->memmap;
	uint32_t bytes = memmap->page_struct_bytes;
	uint64_t place = address - memmap->base;

	*ret_pfn = place / bytes; /* beyond each zone, if the address is below the map */
	return place % bytes == 0 && *ret_pfn >= zone->first && *ret_pfn < zone->end &&
	       kt_target_read(walk->target, address, page, bytes) &&
	       !kt_field_get(&memmap->refcount, page, bytes) &&
	       kt_page_type_of(&memmap->types,
		       (uint32_t)kt_field_get(&memmap->page_type, page, bytes),
		       kt_field_get(&memmap->flags, page, bytes)) == KT_TYPE_NONE;
}

/* A list that is followed from its last block to its first. */
struct list {
	uint64_t head;
	uint64_t at, after; /* elements: the next one to read, and the one that led to it */
	uint64_t pages;	    /* of a block */
	uint32_t order;
	size_t first; /* block of the list in walk.blocks */
	unsigned nr_same, nr_again;
};

/* Takes the block at `list->at`; false: it is none of this list, or no longer. */
static bool take_block(struct walk *walk, const struct kt_zone_place *zone, struct list *list)
{
	uint32_t link = walk->layout.link.offset, bytes = walk->memmap->page_struct_bytes;
	uint64_t pfn;
	char page[KT_PAGE_STRUCT_MAX];

	if (!read_page(walk, zone, list->at - link, page, &pfn) || pfn % list->pages ||
		list->pages > zone->end - pfn ||
		pointer_at(walk, page, link, bytes) != list->after ||
		!push(walk, block_of(pfn, list->order)))
		return false;
	list->after = list->at;
	list->at = pointer_at(walk, page, link + walk->target->types.pointer_bytes, bytes);
	list->nr_same = 0;
	return true;
}

/*
 * Reads again where a list goes on, after a block on it was taken away. The block that led there
 * may be gone too, and those before it. False: the list does not hold together.
 */
static bool look_again(struct walk *walk, const struct kt_zone_place *zone, struct list *list)
{
	uint32_t link = walk->layout.link.offset, pointer = walk->target->types.pointer_bytes;
	uint64_t before = list->at, pfn;
	char page[KT_PAGE_STRUCT_MAX];

	while (list->nr_again++ < AGAIN_MAX) {
		if (list->after == list->head)
			return kt_target_pointer(walk->target, list->head + pointer, &list->at) &&
			       (list->at != before || list->nr_same++ < SAME_MAX);
		if (read_page(walk, zone, list->after - link, page, &pfn)) {
			list->at = pointer_at(
				walk, page, link + pointer, walk->memmap->page_struct_bytes);
			return list->at != before || list->nr_same++ < SAME_MAX;
		}
		before = list->after;
		walk->nr_blocks--;
		list->after = list->head;
		if (walk->nr_blocks > list->first)
			list->after = walk->memmap->base + link +
				      (walk->blocks[walk->nr_blocks - 1] >> ORDER_BITS) *
					      walk->memmap->page_struct_bytes;
	}
	return false;
}

/*
 * Follows a list back from its last block, which `last` leads to; false: it leads elsewhere. The
 * CPU takes blocks from the front of the list, and puts them there.
 */
static bool read_list(struct walk *walk, const struct kt_zone_place *zone, uint64_t head,
	uint64_t last, uint32_t order, struct reading *reading)
{
	struct list list = { .head = head,
		.at = last,
		.after = head,
		.pages = order == ORDER_MARK ? 1 : 1ull << order,
		.order = order,
		.first = walk->nr_blocks };
	uint64_t nr_blocks;
	bool linked = true;

	while (linked && list.at != head) {
		if (walk->nr_blocks - reading->first >= reading->count + SLACK)
			linked = false;
		else if (!take_block(walk, zone, &list))
			linked = look_again(walk, zone, &list);
	}
	nr_blocks = walk->nr_blocks - list.first;
	if (order == ORDER_MARK)
		reading->nr_unsized += nr_blocks;
	else
		reading->nr_pages += nr_blocks * list.pages;
	return linked;
}

/* Whether all unsized blocks of a reading can have this order. */
static bool may_be(const struct walk *walk, const struct kt_zone_place *zone,
	const struct reading *reading, uint32_t order)
{
	for (size_t i = reading->first; i < walk->nr_blocks; i++) {
		uint64_t pfn = walk->blocks[i] >> ORDER_BITS;

		if (order_of(walk->blocks[i]) == ORDER_MARK &&
			((pfn & ((1ull << order) - 1)) || 1ull << order > zone->end - pfn))
			return false;
	}
	return true;
}

/*
 * Finds the order of huge blocks by the counter. If none fits it, the lists have changed, and the
 * blocks are as large as an entry of the second level of the page table: HPAGE_PMD_ORDER.
 */
static uint32_t find_order(
	const struct walk *walk, const struct kt_zone_place *zone, const struct reading *reading)
{
	uint64_t entries = walk->target->page_bytes / walk->target->types.pointer_bytes;
	uint32_t huge = 0;

	for (uint32_t i = COSTLY_ORDER + 1; i < walk->zones.layout.areas.count; i++) {
		if (reading->nr_pages + (reading->nr_unsized << i) == reading->count &&
			may_be(walk, zone, reading, i))
			return i;
		if (1ull << i == entries)
			huge = i;
	}
	return huge && may_be(walk, zone, reading, huge) ? huge : ORDER_MARK;
}

/* Gives the unsized blocks their order, or leaves them out. */
static void settle(struct walk *walk, const struct kt_zone_place *zone, struct reading *reading)
{
	uint32_t order = find_order(walk, zone, reading);
	size_t to = reading->first;

	for (size_t i = reading->first; i < walk->nr_blocks; i++) {
		uint64_t block = walk->blocks[i];

		if (order_of(block) != ORDER_MARK)
			walk->blocks[to++] = block;
		else if (order != ORDER_MARK)
			walk->blocks[to++] = block_of(block >> ORDER_BITS, order);
	}
	walk->nr_blocks = to;
	if (order == ORDER_MARK)
		reading->linked = false;
	else
		reading->nr_pages += reading->nr_unsized << order;
}

/* Reads the counter and the heads of a set at once; false: unreadable, or no set. */
static bool read_heads(struct walk *walk, uint64_t set, char *ret_copy, uint64_t *ret_count)
{
	const struct layout *layout = &walk->layout;

	if (!kt_target_read(walk->target, set, ret_copy, layout->bytes))
		return false;
	*ret_count = kt_field_get(&layout->count, ret_copy, layout->bytes);
	return *ret_count <= walk->nr_ram;
}

static uint64_t distance(const struct reading *reading)
{
	return reading->nr_pages < reading->count ? reading->count - reading->nr_pages
						  : reading->nr_pages - reading->count;
}

/* Reads the lists of a CPU in a zone once; false: not even their heads. */
static bool read_set(
	struct walk *walk, const struct kt_zone_place *zone, uint64_t set, struct reading *reading)
{
	const struct kt_field *lists = &walk->layout.lists;
	char copy[SET_MAX];
	struct reading later;
	uint64_t count;

	*reading = (struct reading){ .first = walk->nr_blocks, .linked = true };
	if (!read_heads(walk, set, copy, &count) ||
		!reserve(walk, (count < RESERVE_MAX ? count : RESERVE_MAX) + SLACK) ||
		!read_heads(walk, set, copy, &reading->count))
		return false;
	for (uint32_t i = 0; i < lists->count; i++) {
		uint32_t at = lists->offset + i * lists->size;

		reading->linked &= read_list(walk, zone, set + at,
			pointer_at(walk, copy, at + walk->target->types.pointer_bytes,
				walk->layout.bytes),
			order_of_list(walk, i), reading);
	}
	settle(walk, zone, reading);
	later = *reading;
	if (read_heads(walk, set, copy, &later.count) && distance(&later) < distance(reading))
		reading->count = later.count;
	return true;
}

/* Reads a set until the pages on its lists are as many as its counter says. */
static void take_set(struct walk *walk, const struct kt_zone_place *zone, uint64_t set)
{
	struct reading best = { 0 }, reading;
	size_t first = walk->nr_blocks, nr_blocks;
	bool any = false, whole = false;

	for (unsigned i = 0; i < TRIES && !whole; i++) {
		if (!read_set(walk, zone, set, &reading))
			continue;
		nr_blocks = walk->nr_blocks - reading.first;
		walk->nr_blocks = reading.first;
		if (any && distance(&reading) >= distance(&best))
			continue;
		memmove(walk->blocks + first, walk->blocks + reading.first,
			nr_blocks * sizeof(*walk->blocks));
		walk->nr_blocks = first + nr_blocks;
		best = reading;
		any = true;
		whole = best.linked && !distance(&best);
	}
	walk->nr_sets += any;
	walk->sum->nr_torn += !whole;
	walk->sum->nr_cpu_counted += best.count;
}

/* ---- all ---- */

static struct kt_err *take_sets(struct walk *walk)
{
	for (uint32_t cpu = 0; cpu < walk->target->nr_cpus; cpu++) {
		uint64_t offset;

		if (!kt_target_cpu_offset(walk->target, cpu, &offset))
			return kt_err_new(KT_ERR_ABSENT,
				"the memory of CPUs cannot be found (CONFIG_KALLSYMS_ALL, or BPF)");
		for (size_t i = 0; i < walk->zones.places.count; i++)
			take_set(walk, &walk->zones.places.items[i],
				walk->zones.places.items[i].cpu_lists + offset);
	}
	return walk->nr_sets ? NULL
			     : kt_err_new(KT_ERR_ABSENT,
				       "the lists of free pages of the CPUs cannot be read");
}

static void count_buddies(struct walk *walk, const struct kt_zone_place *zone)
{
	const struct kt_zone_layout *layout = &walk->zones.layout;

	for (uint32_t i = 0; i < layout->areas.count; i++) {
		uint64_t at = zone->address + layout->areas.offset +
			      (uint64_t)i * layout->areas.size + layout->nr_free.offset,
			 nr_free;

		if (!kt_target_number(walk->target, at, layout->nr_free.size, &nr_free) ||
			nr_free > (zone->end - zone->first) >> i)
			walk->sum->nr_torn++;
		else
			walk->sum->nr_free += nr_free << i;
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * A page that one CPU gave to another one meanwhile may have been seen twice. Blocks begin at
 * multiples of their size, so of two that overlap one contains the other, and is first.
 */
static void give_blocks(struct walk *walk, kt_cpu_free_fn fn, void *arg)
{
	uint64_t end = 0;

	if (walk->nr_blocks)
		qsort(walk->blocks, walk->nr_blocks, sizeof(*walk->blocks), compare);
	for (size_t i = 0; i < walk->nr_blocks; i++) {
		uint64_t pfn = walk->blocks[i] >> ORDER_BITS;
		uint64_t nr_pages = 1ull << order_of(walk->blocks[i]);

		if (pfn < end)
			continue;
		end = pfn + nr_pages;
		walk->sum->nr_cpu_free += nr_pages;
		fn(arg, pfn, nr_pages);
	}
}

static struct kt_err *find_layout(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	struct layout *layout = &walk->layout;
	bool older = walk->zones.layout.has_pagesets;
	const char *set = older ? "per_cpu_pageset" : "per_cpu_pages";
	const struct kt_field_want wants[] = {
		{ set, older ? "pcp.count" : "count", offsetof(struct layout, count), true },
		{ set, older ? "pcp.lists" : "lists", offsetof(struct layout, lists), true },
	};
	const struct kt_field_want older_link = { "page", "lru", offsetof(struct layout, link),
		true };
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), layout);
	int64_t nr_types;

	if (!err && !kt_types_field(types, "page", "pcp_list", &layout->link))
		err = kt_types_fields(types, &older_link, 1, layout);
	if (err)
		return err;
	layout->bytes = layout->lists.offset + layout->lists.size * layout->lists.count;
	if (!layout->lists.count || layout->lists.count > LISTS_MAX || layout->bytes > SET_MAX ||
		!walk->memmap->refcount.exists)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has a struct %s that is not understood", set);
	walk->nr_types = PCP_TYPES;
	if (kt_types_enum(types, "migratetype", "MIGRATE_PCPTYPES", &nr_types) && nr_types > 0 &&
		nr_types < (int64_t)LISTS_MAX)
		walk->nr_types = (uint32_t)nr_types;
	return NULL;
}

static struct kt_err *run(struct walk *walk)
{
	struct kt_err *err = kt_zones_find(walk->memmap, &walk->zones);

	if (!err)
		err = find_layout(walk);
	if (err)
		return err;
	for (size_t i = 0; i < walk->memmap->nr_ranges; i++)
		walk->nr_ram += walk->memmap->ranges[i].end - walk->memmap->ranges[i].first;
	walk->sum->nr_zones = walk->zones.places.count;
	walk->sum->nr_torn = walk->zones.nr_torn;
	for (size_t i = 0; i < walk->zones.places.count; i++)
		count_buddies(walk, &walk->zones.places.items[i]);
	err = take_sets(walk);
	if (!err && walk->failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err;
}

struct kt_err *kt_free_lists_walk(
	struct kt_memmap *memmap, kt_cpu_free_fn fn, void *arg, struct kt_free_lists_sum *ret_sum)
{
	struct walk walk = { .memmap = memmap, .target = memmap->target, .sum = ret_sum };
	struct kt_err *err;

	*ret_sum = (struct kt_free_lists_sum){ 0 };
	err = run(&walk);
	if (!err)
		give_blocks(&walk, fn, arg);
	free(walk.blocks);
	kt_zones_cleanup(&walk.zones);
	return err;
}
