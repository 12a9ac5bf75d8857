// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_DIRECT_BYTES_H
#define KT_TEST_DIRECT_BYTES_H

/**
 * A kernel made by hand with direct pages: 256 pages of memory with their memory map, slabs of
 * three caches, the kernel's data with variables, a zone whose free pages CPUs keep, and a page
 * table of x86-64. Pages are reserved until a test uses them.
 */

#include "slub_bytes.h"

#include "memory/pages/direct_pages.h"

#define DIRECT_MAP    0xffffea0000000000ull
#define DIRECT_PAGES  (SLUB_BYTES / 4096)
#define DIRECT_TEXT   0xffffffff81000000ull
#define DIRECT_DATA   0xffffffff81001000ull /* the code ends here */
#define DIRECT_AREA   0xffffc90000000000ull /* of vmalloc */
#define DIRECT_ORDERS 11u
#define DIRECT_USED   16u /* slots in use of each slab; the other slots are free */

/* PFNs. Structs are before DIRECT_CPU, and again in the memory of each CPU. */
enum {
	DIRECT_CPU = 20, /* per-CPU variables */
	DIRECT_TABLES = 168,
	DIRECT_SLABS = 192,
	DIRECT_FIRST = 200, /* pages that tests use */
};

/* Places of members. */
enum {
	DPAGE_LRU = 8,
	DPAGE_PRIVATE = 40,
	DPAGE_TYPE = 48,
	DPAGE_COUNT = 52,
	DPAGE_BYTES = 64,
	DUSER_NUMBER = 0, /* no pointer */
	DUSER_PAGE = 8,
	DUSER_ADDRESS = 16,
	DUSER_LIST = 24,
	DUSER_AFTER = 64, /* after the struct: it may be anything */
	DUSER_BYTES = 128,
	DMM_COUNT = 40,
	DVMAP_BYTES = 40,
	DVM_ADDR = 8,
	DVM_SIZE = 16,
	DVM_FLAGS = 24,
	DVM_CALLER = 32,
	DVM_BYTES = 48,
	DZONE_NODE = 8,
	DZONE_CPUS = 16,
	DZONE_FIRST = 24,
	DZONE_SPANNED = 32,
	DZONE_PRESENT = 40,
	DZONE_NAME = 48,
	DZONE_AREAS = 64,
	DZONE_BYTES = 384,
	DSET_COUNT = 4,
	DSET_LISTS = 16,
	DSET_BYTES = 64,
};

#define DIRECT_POISON	0xdead000000000100ull /* LIST_POISON1; LIST_POISON2 is 0x22 more */
#define DIRECT_RESERVED (1u << 13)
#define DIRECT_COMPOUND (1u << 6)

/* Variables, 64 bytes each. */
#define DIRECT_SYMBOLS                                                                   \
	"ffffffff81000000 T _stext\nffffffff81000100 t driver_function\n"                \
	"ffffffff81000200 t area_function\nffffffff81000300 t alloc_thread_stack_node\n" \
	"ffffffff81001000 D page_variable\nffffffff81001040 d list_variable\n"           \
	"ffffffff81001080 d mount_hashtable\nffffffff810010c0 d other_variable\n"

enum direct_variable { DIRECT_PAGE, DIRECT_LIST, DIRECT_HASH, DIRECT_OTHER };

struct direct_bytes {
	struct slub_bytes slub;
	char *map, *data;
	struct kt_target_piece pieces[3];
	struct kt_symbol_table symbols;
	struct kt_pfn_range range;
	uint64_t users, kmalloc, areas;		     /* caches */
	uint64_t user_slab, kmalloc_slab, area_slab; /* addresses */
	uint64_t zone, root, init_mm;
	uint32_t next_slab, next_table, nr_areas;
	int64_t nr_used; /* pages that tests use */
};

static inline char *direct_at(struct direct_bytes *direct, uint64_t address)
{
	if (address >= DIRECT_DATA)
		return direct->data + (address - DIRECT_DATA);
	return address >= DIRECT_MAP ? direct->map + (address - DIRECT_MAP)
				     : direct->slub.memory + (address - SLUB_BASE);
}

static inline void direct_set(
	struct direct_bytes *direct, uint64_t address, uint64_t value, size_t size)
{
	memcpy(direct_at(direct, address), &value, size);
}

static inline void direct_set64(struct direct_bytes *direct, uint64_t address, uint64_t value)
{
	direct_set(direct, address, value, 8);
}

static inline uint64_t direct_get64(struct direct_bytes *direct, uint64_t address)
{
	uint64_t value;

	memcpy(&value, direct_at(direct, address), 8);
	return value;
}

/** Address of the struct page. */
static inline uint64_t direct_info(uint64_t pfn)
{
	return DIRECT_MAP + pfn * DPAGE_BYTES;
}

/** Address of the page. */
static inline uint64_t direct_page(uint64_t pfn)
{
	return SLUB_BASE + pfn * 4096;
}

static inline uint64_t direct_variable(enum direct_variable variable)
{
	return DIRECT_DATA + 64ull * variable;
}

static inline uint64_t direct_user(const struct direct_bytes *direct, unsigned slot)
{
	return direct->user_slab + (uint64_t)slot * DUSER_BYTES;
}

static inline uint64_t direct_kmalloc(const struct direct_bytes *direct, unsigned slot)
{
	return direct->kmalloc_slab + (uint64_t)slot * DUSER_BYTES;
}

static inline void direct_list(struct direct_bytes *direct, uint64_t head)
{
	direct_set64(direct, head, head);
	direct_set64(direct, head + 8, head);
}

/** Puts an element at the end of a list. */
static inline void direct_link(struct direct_bytes *direct, uint64_t head, uint64_t element)
{
	uint64_t last = direct_get64(direct, head + 8);

	direct_set64(direct, element, head);
	direct_set64(direct, element + 8, last);
	direct_set64(direct, last, element);
	direct_set64(direct, head + 8, element);
}

/* ---- types ---- */

static inline void direct_page_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_mark[] = { { "pp_magic", ids->word, 0, 0 } };
	uint32_t mark = made_struct(made, "", 8, of_mark, 1);
	const struct made_member of_page[] = { { "flags", ids->word, 0, 0 },
		{ "lru", ids->list, DPAGE_LRU * 8, 0 },
		{ "buddy_list", ids->list, DPAGE_LRU * 8, 0 },
		{ "pcp_list", ids->list, DPAGE_LRU * 8, 0 }, { "", mark, DPAGE_LRU * 8, 0 },
		{ "compound_head", ids->word, DPAGE_LRU * 8, 0 },
		{ "mapping", ids->pointer, 24 * 8, 0 },
		{ "private", ids->word, DPAGE_PRIVATE * 8, 0 },
		{ "page_type", ids->number, DPAGE_TYPE * 8, 0 },
		{ "_refcount", ids->number, DPAGE_COUNT * 8, 0 } };
	const struct made_member of_folio[] = { { "_large_mapcount", ids->number,
		(DPAGE_BYTES + 24) * 8, 0 } };
	const struct made_value flags[] = { { "PG_lru", 5 }, { "PG_head", 6 },
		{ "PG_reserved", 13 } };
	const struct made_value types[] = { { "PGTY_buddy", 0xf0 }, { "PGTY_table", 0xf2 },
		{ "PGTY_slab", 0xf5 }, { "PGTY_large_kmalloc", 0xf8 } };

	made_struct(made, "page", DPAGE_BYTES, of_page, KT_LEN(of_page));
	made_struct(made, "folio", 3 * DPAGE_BYTES, of_folio, 1);
	made_values(made, "pageflags", flags, KT_LEN(flags));
	made_values(made, "pagetype", types, KT_LEN(types));
}

static inline void direct_zone_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_area[] = { { "free_list", made_array(made, ids->list, 1), 0,
						       0 },
		{ "nr_free", ids->word, 16 * 8, 0 } };
	uint32_t area = made_struct(made, "free_area", 24, of_area, 2);
	const struct made_member of_zone[] = { { "zone_pgdat", ids->word, DZONE_NODE * 8, 0 },
		{ "per_cpu_pageset", ids->word, DZONE_CPUS * 8, 0 },
		{ "zone_start_pfn", ids->word, DZONE_FIRST * 8, 0 },
		{ "spanned_pages", ids->word, DZONE_SPANNED * 8, 0 },
		{ "present_pages", ids->word, DZONE_PRESENT * 8, 0 },
		{ "name", ids->word, DZONE_NAME * 8, 0 },
		{ "free_area", made_array(made, area, DIRECT_ORDERS), DZONE_AREAS * 8, 0 } };
	uint32_t zone = made_struct(made, "zone", DZONE_BYTES, of_zone, KT_LEN(of_zone));
	const struct made_member of_node[] = { { "node_zones", made_array(made, zone, 1), 0, 0 } };
	const struct made_member of_set[] = { { "count", ids->number, DSET_COUNT * 8, 0 },
		{ "lists", made_array(made, ids->list, 3), DSET_LISTS * 8, 0 } };

	made_struct(made, "pglist_data", DZONE_BYTES, of_node, 1);
	made_struct(made, "per_cpu_pages", DSET_BYTES, of_set, 2);
	made_enum(made, "migratetype", "MIGRATE_PCPTYPES", 3);
}

static inline void direct_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_user[] = { { "number", ids->word, DUSER_NUMBER * 8, 0 },
		{ "page", ids->pointer, DUSER_PAGE * 8, 0 },
		{ "address", ids->pointer, DUSER_ADDRESS * 8, 0 },
		{ "list", ids->list, DUSER_LIST * 8, 0 } };
	const struct made_member of_vmap[] = { { "va_start", ids->word, 0, 0 },
		{ "va_end", ids->word, 64, 0 }, { "vm", ids->pointer, 128, 0 } };
	const struct made_member of_vm[] = { { "addr", ids->pointer, DVM_ADDR * 8, 0 },
		{ "size", ids->word, DVM_SIZE * 8, 0 }, { "flags", ids->word, DVM_FLAGS * 8, 0 },
		{ "caller", ids->pointer, DVM_CALLER * 8, 0 } };
	const struct made_member of_count[] = { { "counter", ids->number, 0, 0 } };
	uint32_t count = made_struct(made, "atomic_t", 4, of_count, 1);
	const struct made_member of_mm[] = { { "pgd", ids->pointer, 64, 0 },
		{ "mm_count", count, DMM_COUNT * 8, 0 } };

	direct_page_types(made, ids);
	direct_zone_types(made, ids);
	made_struct(made, "direct_user", DUSER_AFTER, of_user, KT_LEN(of_user));
	made_struct(made, "vmap_area", DVMAP_BYTES, of_vmap, KT_LEN(of_vmap));
	made_struct(made, "vm_struct", DVM_BYTES, of_vm, KT_LEN(of_vm));
	made_struct(made, "mm_struct", 64, of_mm, 2);
	made_struct(made, "x86_hw_tss", 64, of_mm, 2);
}

/* ---- pages ---- */

/** A page that the kernel uses, as the page allocator gives it. */
static inline void direct_use(struct direct_bytes *direct, uint64_t pfn)
{
	uint64_t at = direct_info(pfn);

	direct_set64(direct, at, 0);
	direct_set64(direct, at + DPAGE_LRU, DIRECT_POISON);
	direct_set64(direct, at + DPAGE_LRU + 8, DIRECT_POISON + 0x22);
	direct_set(direct, at + DPAGE_TYPE, UINT32_MAX, 4);
	direct_set(direct, at + DPAGE_COUNT, 1, 4);
	direct->nr_used++;
}

/** Pages that are not marked as one; all but the first one have no reference. */
static inline void direct_block(struct direct_bytes *direct, uint64_t pfn, unsigned nr_pages)
{
	for (unsigned i = 0; i < nr_pages; i++) {
		direct_use(direct, pfn + i);
		if (i)
			direct_set(direct, direct_info(pfn + i) + DPAGE_COUNT, 0, 4);
	}
}

/** Pages as alloc_pages_exact() gives them: each has a reference, and a list that was never used.
 */
static inline void direct_exact(struct direct_bytes *direct, uint64_t pfn, unsigned nr_pages)
{
	for (unsigned i = 0; i < nr_pages; i++) {
		direct_use(direct, pfn + i);
		if (i)
			direct_list(direct, direct_info(pfn + i) + DPAGE_LRU);
	}
}

/** A compound page. */
static inline void direct_compound(struct direct_bytes *direct, uint64_t pfn, unsigned nr_pages)
{
	for (unsigned i = 0; i < nr_pages; i++) {
		direct_use(direct, pfn + i);
		if (i) {
			direct_set64(
				direct, direct_info(pfn + i) + DPAGE_LRU, direct_info(pfn) | 1);
			direct_set(direct, direct_info(pfn + i) + DPAGE_COUNT, 0, 4);
		}
	}
	direct_set64(direct, direct_info(pfn), DIRECT_COMPOUND);
	direct_set(direct, direct_info(pfn + 1) + 24, UINT32_MAX, 4);
}

/** A page that a CPU keeps; it is free, and has no mark. */
static inline void direct_keep(struct direct_bytes *direct, unsigned cpu, uint64_t pfn)
{
	uint64_t set = direct_get64(direct, direct->zone + DZONE_CPUS) +
		       direct_get64(direct, SLUB_BASE + 8 * cpu);
	uint64_t count = direct_get64(direct, set) + (1ull << 32);

	direct_use(direct, pfn);
	direct_set(direct, direct_info(pfn) + DPAGE_COUNT, 0, 4);
	direct_link(direct, set + DSET_LISTS, direct_info(pfn) + DPAGE_LRU);
	direct_set64(direct, set, count);
}

/* ---- slabs ---- */

/* A page with DIRECT_USED empty objects; the other ones are on the slab's list. */
static inline uint64_t direct_slab(struct direct_bytes *direct, uint64_t cache, uint32_t size)
{
	uint64_t pfn = direct->next_slab++, at = direct_page(pfn), info = direct_info(pfn),
		 next = 0;
	uint64_t random = direct_get64(direct, cache + CACHE_RANDOM);

	for (uint32_t i = 4096 / size; i-- > DIRECT_USED;) {
		uint64_t object = at + (uint64_t)i * size;

		direct_set64(direct, object, next ^ random ^ __builtin_bswap64(object));
		next = object;
	}
	direct_set64(direct, info, 0);
	direct_set64(direct, info + SLAB_CACHE, cache);
	direct_set64(direct, info + 32, next);
	direct_set(direct, info + SLAB_COUNTERS, DIRECT_USED | (4096 / size) << 16, 4);
	direct_set(direct, info + DPAGE_TYPE, 0xf5u << 24, 4);
	return at;
}

/* ---- the page table ---- */

static inline void direct_map(struct direct_bytes *direct, uint64_t address, uint64_t pfn)
{
	uint64_t table = direct->root;

	for (unsigned shift = 39;; shift -= 9) {
		uint64_t at = table + 8 * (address >> shift & 511),
			 entry = direct_get64(direct, at);

		if (shift == 12) {
			direct_set64(direct, at, pfn << 12 | 3);
			return;
		}
		if (!entry) {
			if (direct->next_table >= DIRECT_SLABS)
				abort();
			entry = (uint64_t)direct->next_table++ << 12 | 3;
			direct_set64(direct, at, entry);
		}
		table = direct_page(entry >> 12);
	}
}

/** Gives the kernel a page table that maps all memory. */
static inline void direct_map_all(struct direct_bytes *direct)
{
	direct->root = direct_page(direct->next_table++);
	direct_set64(direct, direct->init_mm + 8, direct->root);
	for (uint64_t i = 0; i < DIRECT_PAGES; i++)
		direct_map(direct, direct_page(i), i);
	direct_map(direct, DIRECT_TEXT, DIRECT_PAGES); /* the image, in no page that is looked at */
	kt_symbols_add(&direct->slub.target->symbols, KT_SPAN("init_mm"), direct->init_mm);
}

/** An area of vmalloc, without its pages; `flags`: 2: its pages are of vmalloc itself. */
static inline void direct_area(struct direct_bytes *direct, uint64_t start, uint64_t nr_pages,
	uint64_t flags, uint64_t caller)
{
	uint64_t at = direct->area_slab + 64ull * direct->nr_areas++;
	uint64_t vm = slub_take(&direct->slub, DVM_BYTES), bytes = (nr_pages + 1) * 4096;

	direct_set64(direct, at, start);
	direct_set64(direct, at + 8, start + bytes);
	direct_set64(direct, at + 16, vm);
	direct_set64(direct, vm + DVM_ADDR, start);
	direct_set64(direct, vm + DVM_SIZE, bytes);
	direct_set64(direct, vm + DVM_FLAGS, flags);
	direct_set64(direct, vm + DVM_CALLER, caller);
}

/* ---- all ---- */

static inline void direct_zone(struct direct_bytes *direct)
{
	struct slub_bytes *slub = &direct->slub;
	uint64_t zone = slub_take(slub, DZONE_BYTES), name = slub_take(slub, 16);
	uint64_t sets = slub_take(slub, DSET_BYTES);

	direct->zone = zone;
	memcpy(direct_at(direct, name), "Normal", 7);
	direct_set64(direct, zone + DZONE_NODE, zone);
	direct_set64(direct, zone + DZONE_CPUS, sets);
	direct_set64(direct, zone + DZONE_SPANNED, DIRECT_PAGES);
	direct_set64(direct, zone + DZONE_PRESENT, DIRECT_PAGES);
	direct_set64(direct, zone + DZONE_NAME, name);
	for (unsigned i = 0; i < DIRECT_ORDERS; i++)
		direct_list(direct, zone + DZONE_AREAS + 24ull * i);
	for (unsigned cpu = 0; cpu < SLUB_CPUS; cpu++) {
		for (unsigned i = 0; i < 3; i++)
			direct_list(direct, sets + direct_get64(direct, SLUB_BASE + 8 * cpu) +
						    DSET_LISTS + 16 * i);
	}
	kt_symbols_add(&slub->target->symbols, KT_SPAN("contig_page_data"), zone);
}

static inline void direct_symbols(struct direct_bytes *direct, bool named)
{
	struct kt_symbols *symbols = &direct->slub.target->symbols;
	uint64_t cpu = direct_page(DIRECT_CPU);

	slub_list(&direct->slub, SLUB_BASE + SLUB_HEAD);
	if (named)
		kt_symbols_add(symbols, KT_SPAN("slab_caches"), SLUB_BASE + SLUB_HEAD);
	kt_symbols_add(symbols, KT_SPAN("__per_cpu_offset"), SLUB_BASE);
	for (unsigned i = 0; i < SLUB_CPUS; i++)
		direct_set64(direct, SLUB_BASE + 8 * i, (i + 1ull) * SLUB_STEP);
	kt_symbols_add(symbols, KT_SPAN("_stext"), DIRECT_TEXT);
	kt_symbols_add(symbols, KT_SPAN("_etext"), DIRECT_DATA);
	kt_symbols_add(symbols, KT_SPAN("__per_cpu_start"), cpu);
	kt_symbols_add(symbols, KT_SPAN("__per_cpu_end"), cpu + 64);
	kt_symbol_table_take(&direct->symbols, KT_SPAN(DIRECT_SYMBOLS));
	if (kt_symbol_table_end(&direct->symbols))
		abort();
}

/* `named`: the kernel names its variables. */
static inline void direct_init(struct direct_bytes *direct, bool named)
{
	struct slub_bytes *slub = &direct->slub;
	size_t size;

	*direct = (struct direct_bytes){ .map = calloc(DIRECT_PAGES, DPAGE_BYTES),
		.data = calloc(4, 4096),
		.range = { 0, DIRECT_PAGES },
		.next_slab = DIRECT_SLABS,
		.next_table = DIRECT_TABLES };
	slub_init_with(slub, false, true, direct_types, &size);
	kt_target_close(slub->target);
	direct->pieces[0] = slub->piece;
	direct->pieces[1] = (struct kt_target_piece){ DIRECT_MAP, direct->map,
		(size_t)DIRECT_PAGES * DPAGE_BYTES };
	direct->pieces[2] = (struct kt_target_piece){ DIRECT_DATA, direct->data, 4ul * 4096 };
	if (!direct->map || !direct->data || kt_target_of_bytes(direct->pieces, 3, &slub->target) ||
		kt_types_init(&slub->target->types, (struct kt_span){ slub->types, size }, 8))
		abort();
	slub->target->nr_cpus = SLUB_CPUS;
	for (uint64_t i = 0; i < DIRECT_PAGES; i++) {
		direct_use(direct, i);
		direct_set64(direct, direct_info(i), DIRECT_RESERVED);
	}
	direct->nr_used = 0;
	direct_symbols(direct, named);
	direct_zone(direct);
	direct->init_mm = slub_take(slub, 64);
	direct->users =
		slub_cache(slub, "direct_user", DUSER_BYTES, DUSER_BYTES, 4096 / DUSER_BYTES);
	direct->kmalloc =
		slub_cache(slub, "kmalloc-128", DUSER_BYTES, DUSER_BYTES, 4096 / DUSER_BYTES);
	direct->areas = slub_cache(slub, "vmap_area", 64, DVMAP_BYTES, 64);
	direct->user_slab = direct_slab(direct, direct->users, DUSER_BYTES);
	direct->kmalloc_slab = direct_slab(direct, direct->kmalloc, DUSER_BYTES);
	direct->area_slab = direct_slab(direct, direct->areas, 64);
}

static inline void direct_fini(struct direct_bytes *direct)
{
	if (direct->slub.used > DIRECT_CPU * 4096u)
		abort();
	slub_fini(&direct->slub);
	kt_symbol_table_fini(&direct->symbols);
	free(direct->map);
	free(direct->data);
}

static inline struct kt_err *direct_walk(
	struct direct_bytes *direct, struct kt_snapshot *snap, struct kt_direct_pages_sum *ret_sum)
{
	const struct kt_slub_opts opts = { .any_cache = direct->users, .nr_node_ids = 1 };
	const struct kt_page_sample sample = { .address = DIRECT_MAP };
	struct kt_memmap memmap;
	struct kt_err *err =
		kt_memmap_open(direct->slub.target, &sample, &direct->range, 1, &memmap);

	return err ? err : kt_direct_pages_walk(&memmap, &opts, &direct->symbols, snap, ret_sum);
}

/** Pages of all owners. */
static inline int64_t direct_sum(const struct kt_snapshot *snap)
{
	int64_t sum = 0;

	for (size_t i = 0; i < snap->page_owners.count; i++)
		sum += snap->page_owners.items[i].nr_pages;
	return sum;
}

#endif
