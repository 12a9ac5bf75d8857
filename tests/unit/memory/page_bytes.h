// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_PAGE_BYTES_H
#define KT_TEST_PAGE_BYTES_H

/** A memory map made by hand, of kernels that mark pages in different ways. */

#include "kernel_bytes.h"

#include "memory/page_words.h"

#define PAGES_MAP   0xffffea0000000000ull
#define PAGES_COUNT 2048u
#define PAGES_BYTES 64u

enum {
	PAGE_FLAGS = 0,
	PAGE_HEAD = 8,	/* in a tail: leads to the head */
	PAGE_DTOR = 16, /* of the second page, up to 6.8 */
	PAGE_ORDER = 17,
	PAGE_MAPPING = 24,
	PAGE_LARGE = 24, /* of the second page: count of mappings */
	PAGE_PRIVATE = 40,
	PAGE_TYPE_AT = 48,
	PAGE_COUNT = 52,
};

/* Flags, as bits. */
enum {
	FLAG_LOCKED = 1 << 0,
	FLAG_UPTODATE = 1 << 3,
	FLAG_LRU = 1 << 5,
	FLAG_HEAD = 1 << 6,
	FLAG_SLAB = 1 << 9,
	FLAG_RESERVED = 1 << 13,
	FLAG_SWAPBACKED = 1 << 18,
	FLAG_HUGETLB = 1 << 20,
};

enum pages_form {
	PAGES_5_10, /* bits; page tables have another one */
	PAGES_6_1,  /* bits; huge pages by their destructor */
	PAGES_6_6,  /* huge pages by a flag */
	PAGES_6_10, /* slabs are a type */
	PAGES_6_11, /* the bits have names */
	PAGES_6_18, /* values */
	PAGES_7_2,  /* tails have masks */
	PAGES_FORMS
};

struct page_bytes {
	enum pages_form form;
	char *map, *types;
	struct kt_target_piece piece;
	struct kt_target *target;
	struct kt_memmap memmap;
	struct kt_pfn_range range;
	struct kt_page_words *words;
};

static inline void pages_put(
	struct page_bytes *pages, uint64_t pfn, unsigned at, uint64_t value, size_t size)
{
	memcpy(pages->map + pfn * PAGES_BYTES + at, &value, size);
}

static inline uint32_t pages_type(enum pages_form form, enum kt_page_type type)
{
	static const uint32_t bits[KT_PAGE_TYPES] = { [KT_TYPE_BUDDY] = 0x80,
		[KT_TYPE_OFFLINE] = 0x100,
		[KT_TYPE_TABLE] = 0x200,
		[KT_TYPE_HUGETLB] = 0x800,
		[KT_TYPE_SLAB] = 0x1000 };
	static const uint32_t named[KT_PAGE_TYPES] = { [KT_TYPE_BUDDY] = 0x40000000,
		[KT_TYPE_OFFLINE] = 0x20000000,
		[KT_TYPE_TABLE] = 0x10000000,
		[KT_TYPE_HUGETLB] = 0x04000000,
		[KT_TYPE_SLAB] = 0x02000000,
		[KT_TYPE_ZSMALLOC] = 0x01000000 };
	static const uint32_t values[KT_PAGE_TYPES] = { [KT_TYPE_BUDDY] = 0xf0,
		[KT_TYPE_OFFLINE] = 0xf1,
		[KT_TYPE_TABLE] = 0xf2,
		[KT_TYPE_HUGETLB] = 0xf4,
		[KT_TYPE_SLAB] = 0xf5,
		[KT_TYPE_ZSMALLOC] = 0xf6,
		[KT_TYPE_UNACCEPTED] = 0xf7,
		[KT_TYPE_LARGE_KMALLOC] = 0xf8 };

	if (form >= PAGES_6_18)
		return values[type] << 24;
	if (form == PAGES_6_11)
		return ~named[type];
	if (form == PAGES_5_10 && type == KT_TYPE_TABLE)
		return ~0x400u;
	return ~bits[type];
}

/* A page that something holds, without a type. */
static inline void pages_held(struct page_bytes *pages, uint64_t pfn, uint64_t flags)
{
	pages_put(pages, pfn, PAGE_FLAGS, flags, 8);
	pages_put(pages, pfn, PAGE_COUNT, 1, 4);
}

static inline void pages_typed(struct page_bytes *pages, uint64_t pfn, enum kt_page_type type)
{
	if (type == KT_TYPE_SLAB && pages->form < PAGES_6_10)
		pages_held(pages, pfn, FLAG_SLAB);
	else
		pages_put(pages, pfn, PAGE_TYPE_AT, pages_type(pages->form, type), 4);
}

static inline void pages_free(struct page_bytes *pages, uint64_t pfn, unsigned order)
{
	pages_typed(pages, pfn, KT_TYPE_BUDDY);
	pages_put(pages, pfn, PAGE_PRIVATE, order, 8);
}

/* Makes 2^order pages one; the head must have its flags already. */
static inline void pages_join(struct page_bytes *pages, uint64_t pfn, unsigned order)
{
	uint64_t head = PAGES_MAP + pfn * PAGES_BYTES, flags;

	memcpy(&flags, pages->map + pfn * PAGES_BYTES, 8);
	pages_put(pages, pfn, PAGE_FLAGS, flags | FLAG_HEAD, 8);
	for (unsigned i = 1; i < 1u << order; i++)
		pages_put(pages, pfn + i, PAGE_HEAD,
			pages->form == PAGES_7_2 ? (0 - ((uint64_t)PAGES_BYTES << order)) | 1
						 : head | 1,
			8);
	pages_put(pages, pfn + 1, PAGE_ORDER, order, 1);
	pages_put(pages, pfn + 1, PAGE_LARGE, UINT32_MAX, 4);
}

static inline void pages_hugetlb(struct page_bytes *pages, uint64_t pfn, unsigned order)
{
	pages_held(pages, pfn, 0);
	pages_join(pages, pfn, order);
	if (pages->form <= PAGES_6_1)
		pages_put(pages, pfn + 1, PAGE_DTOR, 2, 1);
	else if (pages->form == PAGES_6_6)
		pages_put(pages, pfn + 1, PAGE_FLAGS, FLAG_HUGETLB, 8);
	else
		pages_typed(pages, pfn, KT_TYPE_HUGETLB);
}

static inline void pages_types(struct made_types *made, enum pages_form form)
{
	uint32_t word = made_int(made, "long", 8), number = made_int(made, "int", 4);
	uint32_t byte = made_int(made, "char", 1), pointer = made_pointer(made, word);
	const struct made_member of_page[] = { { "flags", word, PAGE_FLAGS * 8, 0 },
		{ form == PAGES_7_2 ? "compound_info" : "compound_head", word, PAGE_HEAD * 8, 0 },
		{ "mapping", pointer, PAGE_MAPPING * 8, 0 },
		{ "private", word, PAGE_PRIVATE * 8, 0 },
		{ "page_type", number, PAGE_TYPE_AT * 8, 0 },
		{ "_refcount", number, PAGE_COUNT * 8, 0 }, { "slab_cache", pointer, 24 * 8, 0 },
		{ "freelist", pointer, 32 * 8, 0 }, { "objects", number, 40 * 8, 0 },
		{ "inuse", number, 44 * 8, 0 },
		/* up to 6.1 */
		{ "compound_mapcount", number, PAGE_LARGE * 8, 0 },
		{ "compound_order", byte, PAGE_ORDER * 8, 0 },
		{ "compound_dtor", byte, PAGE_DTOR * 8, 0 },
		/* 5.10 */
		{ "mem_cgroup", pointer, 56 * 8, 0 } };
	const struct made_member of_folio[] = { { "_large_mapcount", number,
		(PAGES_BYTES + PAGE_LARGE) * 8, 0 } };
	const struct made_value flags[] = { { "PG_locked", 0 }, { "PG_uptodate", 3 },
		{ "PG_lru", 5 }, { "PG_head", 6 }, { "PG_reserved", 13 }, { "PG_swapbacked", 18 },
		{ "PG_swapcache", 19 }, { form < PAGES_6_10 ? "PG_slab" : "PG_workingset", 9 },
		{ form == PAGES_6_6 ? "PG_hugetlb" : "PG_active", 20 } };
	const struct made_value named[] = { { "PG_buddy", 0x40000000 },
		{ "PG_offline", 0x20000000 }, { "PG_table", 0x10000000 },
		{ "PG_hugetlb", 0x04000000 }, { "PG_slab", 0x02000000 },
		{ "PG_zsmalloc", 0x01000000 }, { "PAGE_TYPE_BASE", 0x80000000 } };
	const struct made_value values[] = { { "PGTY_buddy", 0xf0 }, { "PGTY_offline", 0xf1 },
		{ "PGTY_table", 0xf2 }, { "PGTY_hugetlb", 0xf4 }, { "PGTY_slab", 0xf5 },
		{ "PGTY_zsmalloc", 0xf6 }, { "PGTY_unaccepted", 0xf7 },
		{ "PGTY_large_kmalloc", 0xf8 } };

	made_struct(made, "page", PAGES_BYTES, of_page,
		form == PAGES_5_10  ? 14
		: form <= PAGES_6_1 ? 13
				    : 10);
	if (form > PAGES_6_1)
		made_struct(made, "folio", 3 * PAGES_BYTES, of_folio, 1);
	else
		made_enum(made, "compound_dtor_id", "HUGETLB_PAGE_DTOR", 2);
	made_values(made, "pageflags", flags, KT_LEN(flags));
	if (form == PAGES_6_11)
		made_values(made, "pagetype", named, KT_LEN(named));
	if (form >= PAGES_6_18)
		made_values(made, "pagetype", values, KT_LEN(values));
}

/* All pages are without a flag, a type and a reference. */
static inline void pages_init(struct page_bytes *pages, enum pages_form form)
{
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct made_types made = { 0 };
	struct kt_page_sample sample = { 0, PAGES_MAP };
	size_t size;

	*pages = (struct page_bytes){
		.form = form, .map = calloc(PAGES_COUNT, PAGES_BYTES), .range = { 0, PAGES_COUNT }
	};
	pages_types(&made, form);
	pages->types = made_file(&made, &size);
	made_fini(&made);
	for (uint64_t i = 0; i < PAGES_COUNT; i++)
		pages_put(pages, i, PAGE_TYPE_AT, UINT32_MAX, 4);
	pages->piece = (struct kt_target_piece){ PAGES_MAP, pages->map,
		(size_t)PAGES_COUNT * PAGES_BYTES };
	err = kt_target_of_bytes(&pages->piece, 1, &pages->target);
	if (!err) {
		pages->target->page_bytes = 4096;
		err = kt_types_init(
			&pages->target->types, (struct kt_span){ pages->types, size }, 8);
	}
	if (!err)
		err = kt_memmap_open(pages->target, &sample, &pages->range, 1, &pages->memmap);
	if (!err)
		err = kt_page_words_new(&pages->memmap, 2 * PAGES_COUNT, &pages->words);
	if (err)
		abort();
}

static inline void pages_fini(struct page_bytes *pages)
{
	kt_page_words_free(pages->words);
	pages->target->file = NULL;
	kt_target_close(pages->target);
	free(pages->map);
	free(pages->types);
}

#endif
