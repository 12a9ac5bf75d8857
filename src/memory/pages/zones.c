// SPDX-License-Identifier: GPL-2.0-or-later
//
// A node (struct pglist_data) has an array of its zones, and a list of the zones of all nodes, for
// allocations that find no page in their own. So one zone leads to all of them.
//
// A kernel that names no variables shows a zone by a free block: the first struct page of the block
// is on a list with others of its order and migratetype, whose head in zone.free_area[] is the only
// element outside of the memory map. Lists of large blocks are short, so those are tried first.

#include "memory/pages/zones.h"

#include "base/attr.h"

#include <stddef.h>
#include <stdlib.h>

#define NODES_MAX      1024u /* CONFIG_NODES_SHIFT is at most 10 */
#define NEIGHBOURS_MAX (NODES_MAX * 8u)
#define ZONE_BYTES_MAX (1u << 16) /* of struct zone */
#define NAME_BYTES     16u
#define PFN_MAX	       (1ull << 46)
#define PAGES_READ_MAX (1u << 19) /* struct pages that the search reads */
#define LIST_READ_MAX  (1u << 17) /* of them on one list, in each direction */
#define MORE_READ_MAX  (1u << 12) /* of them once a node is known */

#define AT(member) offsetof(struct kt_zone_layout, member)

static const struct kt_field_want wants[] = {
	{ "zone", "name", AT(name), true },
	{ "zone", "zone_start_pfn", AT(first), true },
	{ "zone", "spanned_pages", AT(spanned), true },
	{ "zone", "present_pages", AT(present), true },
	{ "zone", "zone_pgdat", AT(node), true },
	{ "zone", "free_area", AT(areas), true },
	{ "free_area", "free_list", AT(lists), true },
	{ "free_area", "nr_free", AT(nr_free), true },
	{ "pglist_data", "node_zones", AT(zones), true },
	{ "pglist_data", "node_zonelists._zonerefs", AT(neighbours), false },
	{ "page", "private", AT(order), true },
};

/* Older names: of the list of a free page, and of the lists that a zone has for each CPU. */
static const struct kt_field_want older_link = { "page", "lru", AT(link), true };
static const struct kt_field_want older_cpu_lists = { "zone", "pageset", AT(cpu_lists), true };

struct search {
	struct kt_memmap *memmap;
	struct kt_target *target;
	struct kt_zones *zones;
	const struct kt_zone_layout *layout;
	KT_LIST(uint64_t) nodes;
	char *copy;	  /* of a struct zone */
	uint64_t map_end; /* PFN; the map is not known from there on */
	uint64_t nr_left; /* struct pages that may still be read */
};

/* ---- members ---- */

static struct kt_err *find_layout(const struct kt_types *types, struct kt_zone_layout *ret)
{
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), ret);

	if (!err && !kt_types_field(types, "page", "buddy_list", &ret->link))
		err = kt_types_fields(types, &older_link, 1, ret);
	ret->has_pagesets = !kt_types_field(types, "zone", "per_cpu_pageset", &ret->cpu_lists);
	if (!err && ret->has_pagesets)
		err = kt_types_fields(types, &older_cpu_lists, 1, ret);
	if (err)
		return err;
	if (!ret->zones.size || ret->zones.size > ZONE_BYTES_MAX || !ret->zones.count ||
		!ret->areas.size || !ret->areas.count || !ret->lists.size || !ret->lists.count ||
		ret->areas.count > 64)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has a struct zone that is not understood");
	return NULL;
}

/* ---- one zone ---- */

enum verdict {
	NO_ZONE,
	EMPTY_ZONE,
	ZONE,
};

static uint64_t get(const struct search *search, const struct kt_field *field)
{
	return kt_field_get(field, search->copy, search->layout->zones.size);
}

/* Whether an element of the node's array of zones begins at the address. */
static bool is_in_node(const struct search *search, uint64_t node, uint64_t address)
{
	const struct kt_field *zones = &search->layout->zones;
	uint64_t place = address - (node + zones->offset);

	return node && address >= node && place % zones->size == 0 &&
	       place / zones->size < zones->count;
}

/* Reads the zone at an address, which may be anything, and the node that it says it is in. */
static enum verdict read_zone(
	struct search *search, uint64_t address, struct kt_zone_place *ret, uint64_t *ret_node)
{
	const struct kt_zone_layout *layout = search->layout;
	uint64_t spanned, present;
	char name[NAME_BYTES];

	if (address % search->target->types.pointer_bytes ||
		!kt_target_read(search->target, address, search->copy, layout->zones.size))
		return NO_ZONE;
	*ret_node = get(search, &layout->node);
	spanned = get(search, &layout->spanned);
	present = get(search, &layout->present);
	*ret = (struct kt_zone_place){ .address = address,
		.first = get(search, &layout->first),
		.cpu_lists = get(search, &layout->cpu_lists) };
	if (!is_in_node(search, *ret_node, address) || spanned > PFN_MAX || ret->first > PFN_MAX ||
		present > spanned ||
		!kt_target_text(search->target, get(search, &layout->name), name, sizeof(name)))
		return NO_ZONE;
	ret->end = ret->first + spanned;
	return present ? ZONE : EMPTY_ZONE;
}

/* ---- nodes ---- */

static void add_node(struct search *search, uint64_t node)
{
	uint64_t *slot;

	for (size_t i = 0; i < search->nodes.count; i++) {
		if (search->nodes.items[i] == node)
			return;
	}
	if (search->nodes.count >= NODES_MAX)
		return;
	slot = kt_list_push(&search->zones->arena, &search->nodes);
	if (slot)
		*slot = node;
}

/* Takes the zones of a node; false: it is none. */
static bool take_zones(struct search *search, uint64_t node)
{
	const struct kt_field *zones = &search->layout->zones;
	size_t before = search->zones->places.count;
	uint64_t nr_wrong = 0;

	for (uint32_t i = 0; i < zones->count; i++) {
		struct kt_zone_place zone, *slot;
		uint64_t its_node;
		enum verdict verdict = read_zone(
			search, node + zones->offset + (uint64_t)i * zones->size, &zone, &its_node);

		nr_wrong += verdict == NO_ZONE || its_node != node;
		if (verdict != ZONE || its_node != node)
			continue;
		slot = kt_list_push(&search->zones->arena, &search->zones->places);
		if (slot)
			*slot = zone;
	}
	if (search->zones->places.count == before)
		return false;
	search->zones->nr_torn += nr_wrong;
	return true;
}

/* Adds the nodes of the zones that a node's allocations may go to. */
static void add_neighbours(struct search *search, uint64_t node)
{
	const struct kt_field *field = &search->layout->neighbours;
	uint32_t count = field->count < NEIGHBOURS_MAX ? field->count : NEIGHBOURS_MAX;
	struct kt_zone_place zone;
	uint64_t at, other;

	if (!field->exists)
		return;
	for (uint32_t i = 0; i < count; i++) {
		if (!kt_target_pointer(search->target,
			    node + field->offset + (uint64_t)i * field->size, &at) ||
			!at || read_zone(search, at, &zone, &other) == NO_ZONE)
			return;
		add_node(search, other);
	}
}

/* Takes a node's zones, and the zones of all nodes that it leads to. */
static bool take_node(struct search *search, uint64_t node)
{
	size_t before = search->nodes.count;
	bool any = false;

	add_node(search, node);
	for (size_t i = before; i < search->nodes.count; i++) {
		if (!take_zones(search, search->nodes.items[i]))
			continue;
		any = true;
		add_neighbours(search, search->nodes.items[i]);
	}
	if (any && search->nr_left > MORE_READ_MAX)
		search->nr_left = MORE_READ_MAX;
	return any;
}

static void take_symbols(struct search *search)
{
	const struct kt_symbols *symbols = &search->target->symbols;
	uint64_t at, node;

	if (kt_symbols_find(symbols, "contig_page_data", &at))
		take_node(search, at);
	if (!kt_symbols_find(symbols, "node_data", &at))
		return;
	for (unsigned i = 0; i < NODES_MAX; i++) {
		if (!kt_target_pointer(search->target,
			    at + (uint64_t)i * search->target->types.pointer_bytes, &node))
			return;
		if (node && take_node(search, node) && search->layout->neighbours.exists)
			return;
	}
}

/* ---- free blocks ---- */

/* Reads a struct page if it is the first one of a free block. */
static bool read_free(struct search *search, uint64_t address, char *page, uint64_t *ret_order)
{
	const struct kt_memmap *memmap = search->memmap;
	uint32_t bytes = memmap->page_struct_bytes;

	if (!search->nr_left)
		return false;
	search->nr_left--;
	if (!kt_target_read(search->target, address, page, bytes) ||
		kt_page_type_of(&memmap->types,
			(uint32_t)kt_field_get(&memmap->page_type, page, bytes),
			kt_field_get(&memmap->flags, page, bytes)) != KT_TYPE_BUDDY)
		return false;
	*ret_order = kt_field_get(&search->layout->order, page, bytes);
	return *ret_order < search->layout->areas.count;
}

static bool is_in_map(const struct search *search, uint64_t address)
{
	const struct kt_memmap *memmap = search->memmap;
	uint64_t place = address - memmap->base;

	return address >= memmap->base && place % memmap->page_struct_bytes == 0 &&
	       place / memmap->page_struct_bytes < search->map_end;
}

/* Follows the list of a free block, in one direction, to the head. */
static bool find_head(
	struct search *search, uint64_t page, uint64_t order, bool back, uint64_t *ret_head)
{
	struct kt_field link = search->layout->link;
	char copy[KT_PAGE_STRUCT_MAX];
	uint64_t its_order;

	link.size = search->target->types.pointer_bytes;
	link.count = 1;
	for (unsigned i = 0; i < LIST_READ_MAX; i++) {
		struct kt_field to = link;

		if (!read_free(search, page, copy, &its_order) || its_order != order)
			return false;
		to.offset += back ? link.size : 0;
		*ret_head = kt_field_get(&to, copy, search->memmap->page_struct_bytes);
		page = *ret_head - link.offset;
		if (!is_in_map(search, page))
			return true;
	}
	return false;
}

/* The zone has a head for each migratetype; which one it is, the zone itself must show. */
static bool take_head(struct search *search, uint64_t head, uint64_t order, uint64_t pfn)
{
	const struct kt_zone_layout *layout = search->layout;
	struct kt_zone_place zone;
	uint64_t node;

	head -= layout->areas.offset + order * layout->areas.size + layout->lists.offset;
	for (uint32_t i = 0; i < layout->lists.count; i++) {
		if (read_zone(search, head - (uint64_t)i * layout->lists.size, &zone, &node) ==
				ZONE &&
			pfn >= zone.first && pfn < zone.end)
			return take_node(search, node);
	}
	return false;
}

/* The end of the known zone that has the page; 0: none has. */
static uint64_t end_of_known(const struct search *search, uint64_t pfn)
{
	for (size_t i = 0; i < search->zones->places.count; i++) {
		const struct kt_zone_place *zone = &search->zones->places.items[i];

		if (pfn >= zone->first && pfn < zone->end)
			return zone->end;
	}
	return 0;
}

/* Tries the pages of a range at which a block of the order, or a larger one, may begin. */
static void search_range(struct search *search, const struct kt_pfn_range *range, uint32_t order)
{
	const struct kt_memmap *memmap = search->memmap;
	uint64_t step = 1ull << order, end = range->end < PFN_MAX ? range->end : PFN_MAX;
	uint64_t pfn = (range->first + step - 1) & ~(step - 1), known, head, its_order;
	char page[KT_PAGE_STRUCT_MAX];

	while (pfn < end && search->nr_left) {
		uint64_t at = memmap->base + pfn * memmap->page_struct_bytes;

		known = end_of_known(search, pfn);
		if (known) {
			pfn = (known + step - 1) & ~(step - 1);
			continue;
		}
		if (read_free(search, at, page, &its_order) && its_order >= order &&
			(find_head(search, at, its_order, false, &head) ||
				find_head(search, at, its_order, true, &head)) &&
			take_head(search, head, its_order, pfn))
			continue; /* the zone is known now */
		pfn += step;
	}
}

/* A node that no other one leads to is found from a page of its own. */
static void search_blocks(struct search *search)
{
	for (uint32_t order = search->layout->areas.count; order-- > 0;) {
		for (size_t i = 0; i < search->memmap->nr_ranges; i++)
			search_range(search, &search->memmap->ranges[i], order);
	}
}

/* ---- all ---- */

struct kt_err *kt_zones_find(struct kt_memmap *memmap, struct kt_zones *ret_zones)
{
	struct search search = { .memmap = memmap,
		.target = memmap->target,
		.zones = ret_zones,
		.layout = &ret_zones->layout,
		.nr_left = PAGES_READ_MAX };
	struct kt_err *err;

	*ret_zones = (struct kt_zones){ 0 };
	err = find_layout(&memmap->target->types, &ret_zones->layout);
	if (err)
		return err;
	search.map_end = kt_memmap_end(memmap);
	if (search.map_end > PFN_MAX)
		search.map_end = PFN_MAX;
	search.copy = kt_arena_alloc(&ret_zones->arena, ret_zones->layout.zones.size);
	if (search.copy) {
		take_symbols(&search);
		search_blocks(&search);
	}
	if (ret_zones->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	return ret_zones->places.count
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT,
				 "the zones of memory cannot be found: no symbol leads to them "
				 "(CONFIG_KALLSYMS_ALL), and no free block does");
}

void kt_zones_cleanup(struct kt_zones *zones)
{
	kt_arena_fini(&zones->arena);
}
