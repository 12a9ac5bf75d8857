// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_FREE_BYTES_H
#define KT_TEST_FREE_BYTES_H

/**
 * A kernel made by hand with two nodes, their zones, free blocks in the buddy lists, and free
 * blocks that CPUs keep. All pages are in use at first.
 */

#include "kernel_bytes.h"

#include "memory/pages/free_lists.h"

#define FREE_BASE   0xffff888000000000ull
#define FREE_BYTES  (1u << 16)
#define FREE_STEP   0x4000u /* from the memory of a CPU to the memory of the next one */
#define FREE_CPUS   2u
#define FREE_MAP    0xffffea0000000000ull
#define FREE_PAGES  4096u
#define FREE_ORDERS 11u
#define FREE_TYPES  4u /* migratetypes */

/* Places of members. */
enum {
	FPAGE_LIST = 8,
	FPAGE_ORDER = 40,
	FPAGE_TYPE = 48,
	FPAGE_COUNT = 52,
	FPAGE_BYTES = 64,
	AREA_NR_FREE = FREE_TYPES * 16,
	AREA_BYTES = AREA_NR_FREE + 8,
	ZONE_NODE = 8,
	ZONE_CPUS = 16,
	ZONE_FIRST = 24,
	ZONE_SPANNED = 32,
	ZONE_PRESENT = 40,
	ZONE_NAME = 48,
	ZONE_AREAS = 64,
	ZONE_BYTES = 896,
	NODE_NR_ZONES = 3,
	NODE_REFS = NODE_NR_ZONES * ZONE_BYTES,
	NODE_NR_REFS = 6,
	NODE_BYTES = NODE_REFS + 2 * NODE_NR_REFS * 16,
	OLD_PCP = 8, /* of struct per_cpu_pages in struct per_cpu_pageset */
	PCP_COUNT = 4,
	PCP_LISTS = 16,
};

enum free_form {
	FREE_OLD, /* 5.13: single pages */
	FREE_NEW, /* 6.18: orders, and two lists of huge pages */
	FREE_FORMS
};

/* The zones with pages; the other ones of their nodes are empty. */
enum free_zone {
	FREE_DMA,
	FREE_NORMAL,
	FREE_NORMAL_1, /* of the second node */
	FREE_ZONES
};

struct free_bytes {
	enum free_form form;
	char *memory, *map, *types;
	uint32_t used, cpu_used;
	uint64_t nodes[2], zones[FREE_ZONES], cpu_lists[FREE_ZONES];
	struct kt_target_piece pieces[2];
	struct kt_target *target;
	struct kt_memmap memmap;
	struct kt_pfn_range range;
};

static inline char *free_at(struct free_bytes *bytes, uint64_t address)
{
	return address >= FREE_MAP ? bytes->map + (address - FREE_MAP)
				   : bytes->memory + (address - FREE_BASE);
}

static inline void free_set(struct free_bytes *bytes, uint64_t address, uint64_t value, size_t size)
{
	memcpy(free_at(bytes, address), &value, size);
}

static inline uint64_t free_get(struct free_bytes *bytes, uint64_t address, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, free_at(bytes, address), size);
	return value;
}

static inline uint64_t free_take(struct free_bytes *bytes, uint32_t size)
{
	uint64_t address = FREE_BASE + bytes->used;

	bytes->used += (size + 63) / 64 * 64;
	if (bytes->used > FREE_STEP * 2)
		abort();
	return address;
}

static inline void free_list(struct free_bytes *bytes, uint64_t head)
{
	free_set(bytes, head, head, 8);
	free_set(bytes, head + 8, head, 8);
}

/* Puts an element at the end of a list. */
static inline void free_link(struct free_bytes *bytes, uint64_t head, uint64_t element)
{
	uint64_t last = free_get(bytes, head + 8, 8);

	free_set(bytes, element, head, 8);
	free_set(bytes, element + 8, last, 8);
	free_set(bytes, last, element, 8);
	free_set(bytes, head + 8, element, 8);
}

static inline uint64_t free_page(uint64_t pfn)
{
	return FREE_MAP + pfn * FPAGE_BYTES;
}

/* The number of lists that a CPU has of a zone. */
static inline uint32_t free_nr_lists(enum free_form form)
{
	return form == FREE_OLD ? 3 : 14;
}

/* The struct per_cpu_pages of a CPU in a zone. */
static inline uint64_t free_set_of(
	const struct free_bytes *bytes, enum free_zone zone, unsigned cpu)
{
	return FREE_BASE + 2 * FREE_STEP + cpu * FREE_STEP + bytes->cpu_lists[zone] +
	       (bytes->form == FREE_OLD ? OLD_PCP : 0);
}

static inline uint64_t free_cpu_list(
	const struct free_bytes *bytes, enum free_zone zone, unsigned cpu, unsigned list)
{
	return free_set_of(bytes, zone, cpu) + PCP_LISTS + 16ull * list;
}

/* Puts a block on the buddy lists. */
static inline void free_block(struct free_bytes *bytes, enum free_zone zone, unsigned order,
	unsigned migratetype, uint64_t pfn)
{
	uint64_t area = bytes->zones[zone] + ZONE_AREAS + order * AREA_BYTES;

	free_set(bytes, free_page(pfn) + FPAGE_TYPE, 0xf0000000, 4);
	free_set(bytes, free_page(pfn) + FPAGE_ORDER, order, 8);
	free_set(bytes, free_page(pfn) + FPAGE_COUNT, 0, 4);
	free_link(bytes, area + 16ull * migratetype, free_page(pfn) + FPAGE_LIST);
	free_set(bytes, area + AREA_NR_FREE, free_get(bytes, area + AREA_NR_FREE, 8) + 1, 8);
}

/* Gives a block to a CPU; returns the address of its first struct page. */
static inline uint64_t free_keep(struct free_bytes *bytes, enum free_zone zone, unsigned cpu,
	unsigned list, uint64_t pfn, uint32_t nr_pages)
{
	uint64_t count = free_set_of(bytes, zone, cpu) + PCP_COUNT;

	free_set(bytes, free_page(pfn) + FPAGE_COUNT, 0, 4);
	free_link(bytes, free_cpu_list(bytes, zone, cpu, list), free_page(pfn) + FPAGE_LIST);
	free_set(bytes, count, free_get(bytes, count, 4) + nr_pages, 4);
	return free_page(pfn);
}

static inline void free_page_types(
	struct made_types *made, enum free_form form, uint32_t list, uint32_t word, uint32_t number)
{
	const struct made_member of_page[] = { { "flags", word, 0, 0 },
		{ form == FREE_OLD ? "lru" : "buddy_list", list, FPAGE_LIST * 8, 0 },
		{ form == FREE_OLD ? "index" : "pcp_list", list, FPAGE_LIST * 8, 0 },
		{ "slab_cache", word, 64, 0 }, { "freelist", word, 128, 0 },
		{ "objects", number, 192, 0 }, { "inuse", number, 224, 0 },
		{ "private", word, FPAGE_ORDER * 8, 0 }, { "page_type", number, FPAGE_TYPE * 8, 0 },
		{ "_refcount", number, FPAGE_COUNT * 8, 0 } };
	const struct made_value types[] = { { "PGTY_buddy", 0xf0 }, { "PGTY_slab", 0xf5 } };
	const struct made_value migratetypes[] = { { "MIGRATE_UNMOVABLE", 0 },
		{ "MIGRATE_MOVABLE", 1 }, { "MIGRATE_PCPTYPES", 3 } };

	made_struct(made, "page", FPAGE_BYTES, of_page, KT_LEN(of_page));
	made_values(made, "pagetype", types, KT_LEN(types));
	made_values(made, "migratetype", migratetypes, KT_LEN(migratetypes));
	made_enum(made, "pageflags", "__NR_PAGEFLAGS", 22);
}

static inline void free_cpu_types(
	struct made_types *made, enum free_form form, uint32_t list, uint32_t number)
{
	const struct made_member of_pcp[] = { { "lock", number, 0, 0 },
		{ "count", number, PCP_COUNT * 8, 0 },
		{ "lists", made_array(made, list, free_nr_lists(form)), PCP_LISTS * 8, 0 } };
	uint32_t pcp = made_struct(made, "per_cpu_pages", PCP_LISTS + 16 * free_nr_lists(form),
		of_pcp, KT_LEN(of_pcp));
	const struct made_member of_set[] = { { "pcp", pcp, OLD_PCP * 8, 0 } };

	if (form == FREE_OLD)
		made_struct(made, "per_cpu_pageset", 128, of_set, 1);
}

static inline void free_zone_types(
	struct made_types *made, enum free_form form, uint32_t list, uint32_t word, uint32_t number)
{
	const struct made_member of_area[] = { { "free_list", made_array(made, list, FREE_TYPES), 0,
						       0 },
		{ "nr_free", word, AREA_NR_FREE * 8, 0 } };
	uint32_t area = made_struct(made, "free_area", AREA_BYTES, of_area, 2);
	const struct made_member of_zone[] = { { "zone_pgdat", word, ZONE_NODE * 8, 0 },
		{ form == FREE_OLD ? "pageset" : "per_cpu_pageset", word, ZONE_CPUS * 8, 0 },
		{ "zone_start_pfn", word, ZONE_FIRST * 8, 0 },
		{ "spanned_pages", word, ZONE_SPANNED * 8, 0 },
		{ "present_pages", word, ZONE_PRESENT * 8, 0 }, { "name", word, ZONE_NAME * 8, 0 },
		{ "free_area", made_array(made, area, FREE_ORDERS), ZONE_AREAS * 8, 0 } };
	uint32_t zone = made_struct(made, "zone", ZONE_BYTES, of_zone, KT_LEN(of_zone));
	const struct made_member of_ref[] = { { "zone", word, 0, 0 },
		{ "zone_idx", number, 64, 0 } };
	uint32_t ref = made_struct(made, "zoneref", 16, of_ref, 2);
	const struct made_member of_refs[] = { { "_zonerefs", made_array(made, ref, NODE_NR_REFS),
		0, 0 } };
	uint32_t refs = made_struct(made, "zonelist", 16 * NODE_NR_REFS, of_refs, 1);
	const struct made_member of_node[] = {
		{ "node_zones", made_array(made, zone, NODE_NR_ZONES), 0, 0 },
		{ "node_zonelists", made_array(made, refs, 2), NODE_REFS * 8, 0 }
	};

	made_struct(made, "pglist_data", NODE_BYTES, of_node, 2);
}

static inline char *free_types(enum free_form form, size_t *ret_size)
{
	struct made_types made = { 0 };
	uint32_t number = made_int(&made, "int", 4), word = made_int(&made, "long", 8);
	uint32_t pointer = made_pointer(&made, 0);
	const struct made_member of_list[] = { { "next", pointer, 0, 0 },
		{ "prev", pointer, 64, 0 } };
	uint32_t list = made_struct(&made, "list_head", 16, of_list, 2);
	char *file;

	free_page_types(&made, form, list, word, number);
	free_cpu_types(&made, form, list, number);
	free_zone_types(&made, form, list, word, number);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

/* A zone with its lists, all of them empty. */
static inline uint64_t free_zone(struct free_bytes *bytes, unsigned node, unsigned index,
	const char *name, uint64_t first, uint64_t end)
{
	uint64_t zone = bytes->nodes[node] + index * ZONE_BYTES, text = free_take(bytes, 16);

	memcpy(free_at(bytes, text), name, strlen(name));
	free_set(bytes, zone + ZONE_NODE, bytes->nodes[node], 8);
	free_set(bytes, zone + ZONE_NAME, text, 8);
	free_set(bytes, zone + ZONE_FIRST, first, 8);
	free_set(bytes, zone + ZONE_SPANNED, end - first, 8);
	free_set(bytes, zone + ZONE_PRESENT, end - first, 8);
	for (unsigned i = 0; i < FREE_ORDERS * FREE_TYPES; i++)
		free_list(bytes,
			zone + ZONE_AREAS + i / FREE_TYPES * AREA_BYTES + i % FREE_TYPES * 16);
	return zone;
}

static inline void free_cpus(struct free_bytes *bytes, enum free_zone zone)
{
	bytes->cpu_lists[zone] = bytes->cpu_used;
	bytes->cpu_used += 512;
	free_set(bytes, bytes->zones[zone] + ZONE_CPUS, bytes->cpu_lists[zone], 8);
	for (unsigned cpu = 0; cpu < FREE_CPUS; cpu++) {
		for (unsigned i = 0; i < free_nr_lists(bytes->form); i++)
			free_list(bytes, free_cpu_list(bytes, zone, cpu, i));
	}
}

/* The zones, and the list of them that each node has. */
static inline void free_zones(struct free_bytes *bytes)
{
	bytes->nodes[0] = free_take(bytes, NODE_BYTES);
	bytes->nodes[1] = free_take(bytes, NODE_BYTES);
	bytes->zones[FREE_DMA] = free_zone(bytes, 0, 0, "DMA", 1, 1024);
	bytes->zones[FREE_NORMAL] = free_zone(bytes, 0, 1, "Normal", 1024, 3072);
	free_zone(bytes, 0, 2, "Movable", 0, 0);
	free_zone(bytes, 1, 0, "DMA", 0, 0);
	bytes->zones[FREE_NORMAL_1] = free_zone(bytes, 1, 1, "Normal", 3072, 4096);
	free_zone(bytes, 1, 2, "Movable", 0, 0);
	for (unsigned i = 0; i < FREE_ZONES; i++) {
		free_cpus(bytes, (enum free_zone)i);
		free_set(bytes, bytes->nodes[0] + NODE_REFS + 16ull * i, bytes->zones[i], 8);
		free_set(bytes, bytes->nodes[1] + NODE_REFS + 16ull * i,
			bytes->zones[FREE_ZONES - 1 - i], 8);
	}
}

/* `symbols`: the kernel names the array of its nodes. */
static inline void free_init(struct free_bytes *bytes, enum free_form form, bool symbols)
{
	struct kt_page_sample sample = { 0, FREE_MAP };
	uint64_t offsets, nodes;
	size_t size;

	*bytes = (struct free_bytes){ .form = form,
		.memory = calloc(1, FREE_BYTES),
		.map = calloc(FREE_PAGES, FPAGE_BYTES),
		.used = 64,
		.cpu_used = 64,
		.range = { 1, FREE_PAGES } };
	bytes->types = free_types(form, &size);
	bytes->pieces[0] = (struct kt_target_piece){ FREE_BASE, bytes->memory, FREE_BYTES };
	bytes->pieces[1] =
		(struct kt_target_piece){ FREE_MAP, bytes->map, (size_t)FREE_PAGES * FPAGE_BYTES };
	if (!bytes->memory || !bytes->map || kt_target_of_bytes(bytes->pieces, 2, &bytes->target) ||
		kt_types_init(&bytes->target->types, (struct kt_span){ bytes->types, size }, 8))
		abort();
	bytes->target->page_bytes = 4096;
	bytes->target->nr_cpus = FREE_CPUS;
	for (uint64_t i = 0; i < FREE_PAGES; i++)
		free_set(bytes, free_page(i) + FPAGE_TYPE, 1ull << 32 | UINT32_MAX, 8);
	free_zones(bytes);
	offsets = free_take(bytes, FREE_CPUS * 8);
	for (unsigned i = 0; i < FREE_CPUS; i++)
		free_set(bytes, offsets + 8ull * i, FREE_BASE + (2 + i) * FREE_STEP, 8);
	kt_symbols_add(&bytes->target->symbols, KT_SPAN("__per_cpu_offset"), offsets);
	nodes = free_take(bytes, 64);
	free_set(bytes, nodes, bytes->nodes[0], 8);
	free_set(bytes, nodes + 8, bytes->nodes[1], 8);
	if (symbols)
		kt_symbols_add(&bytes->target->symbols, KT_SPAN("node_data"), nodes);
	if (kt_memmap_open(bytes->target, &sample, &bytes->range, 1, &bytes->memmap))
		abort();
}

static inline void free_fini(struct free_bytes *bytes)
{
	kt_target_close(bytes->target);
	free(bytes->memory);
	free(bytes->map);
	free(bytes->types);
}

#endif
