// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel makes the words of /proc/kpageflags in fs/proc/page.c, stable_page_flags().

#include "memory/page_words.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

#define ORDER_MAX    20u /* largest free block: 2^20 pages */
#define ORDER_USUAL  10u /* the same of most kernels */
#define MAPPING_ANON 1u	 /* bit of page.mapping: an anonymous page */

/* Places of members in struct page, in bytes. Flags, pointers and counts have a fixed size. */
struct members {
	uint32_t flags, type, count, mapping, private, head;
};

/* How to see that processes map a page of several pages: kernels have one of these. */
struct large {
	struct kt_field large_mapcount;		       /* struct folio; -1: no mapping */
	struct kt_field entire_mapcount, pages_mapped; /* struct folio; -1 and 0 */
	struct kt_field compound_mapcount;	       /* second struct page; -1 */
	struct kt_field dtor, order;		       /* second struct page */
	int64_t hugetlb_dtor;
	uint64_t hugetlb_flag; /* in flags of the second struct page; 0: another mark */
};

/* Masks of page.flags; 0: the kernel has no such flag. */
struct flags {
	uint64_t lru, swapcache, swapbacked, head, hwpoison, reserved, other;
	uint64_t all; /* flags that decide the word of a page */
};

/* A page that is part of no compound page: all that decides its word, and the word. */
struct seen {
	uint64_t flags; /* of `flags.all` */
	uint64_t rest;	/* type; with a bit if it is referenced, and one if it is anonymous */
	uint64_t word;
	bool valid;
};

struct kt_page_words {
	struct kt_memmap *memmap;
	struct members at;
	struct large large;
	struct flags flags;
	uint64_t zero_pfn;   /* first page of the huge zero page; UINT64_MAX: unknown */
	uint64_t free_until; /* PFN: the free block that was seen last ends there */
	uint64_t lost_until; /* PFN: a free block whose first page is unread may go on to there */
	uint32_t order_max;  /* of free blocks of this kernel */
	uint64_t head, head_word; /* address of the last head of a compound page; 0: none */
	struct seen seen;	  /* the last single page */
	uint32_t nr_at_once;
	char *block; /* struct pages */
	uint64_t words[];
};

/* ---- members ---- */

static bool place(const struct kt_types *types, const char *path, uint32_t size, uint32_t *ret_at)
{
	struct kt_field field;

	if (!kt_types_field(types, "page", path, &field) || field.size != size || field.bits)
		return false;
	*ret_at = field.offset;
	return true;
}

static struct kt_err *find_members(struct kt_page_words *words)
{
	const struct kt_types *types = &words->memmap->target->types;
	uint32_t pointer = types->pointer_bytes;
	struct members *at = &words->at;

	if (pointer != sizeof(uint64_t))
		return kt_err_new(
			KT_ERR_ABSENT, "the memory map of a 32-bit kernel is not understood");
	if (!place(types, "flags.f", pointer, &at->flags) &&
		!place(types, "flags", pointer, &at->flags))
		return kt_err_new(KT_ERR_ABSENT, "struct page has no flags in the type data");
	if (!place(types, "page_type", sizeof(uint32_t), &at->type) ||
		!place(types, "_refcount", sizeof(uint32_t), &at->count) ||
		!place(types, "mapping", pointer, &at->mapping) ||
		!place(types, "private", pointer, &at->private) || !words->memmap->head.exists)
		return kt_err_new(KT_ERR_ABSENT,
			"struct page lacks a member in the type data (page_type, _refcount, "
			"mapping, private, compound_head)");
	at->head = words->memmap->head.offset;
	return NULL;
}

static void find_large(struct kt_page_words *words)
{
	const struct kt_types *types = &words->memmap->target->types;
	struct large *large = &words->large;
	int64_t value;

	kt_types_field(types, "folio", "_large_mapcount", &large->large_mapcount);
	kt_types_field(types, "folio", "_entire_mapcount", &large->entire_mapcount);
	kt_types_field(types, "folio", "_nr_pages_mapped", &large->pages_mapped);
	kt_types_field(types, "page", "compound_mapcount", &large->compound_mapcount);
	kt_types_field(types, "page", "compound_order", &large->order);
	kt_types_field(types, "page", "compound_dtor", &large->dtor);
	if (!large->dtor.exists && kt_types_field(types, "folio", "_folio_dtor", &large->dtor))
		large->dtor.offset -= words->memmap->page_struct_bytes;
	if (!kt_types_enum(types, "compound_dtor_id", "HUGETLB_PAGE_DTOR", &large->hugetlb_dtor))
		large->dtor.exists = false;
	if (!kt_page_type_exists(&words->memmap->types, KT_TYPE_HUGETLB) &&
		kt_types_enum(types, "pageflags", "PG_hugetlb", &value) && value >= 0 && value < 64)
		large->hugetlb_flag = 1ull << value;
}

static uint64_t mask_of(const struct kt_types *types, const char *name)
{
	int64_t value;

	return kt_types_enum(types, "pageflags", name, &value) && value >= 0 && value < 64
		       ? 1ull << value
		       : 0;
}

/* Flags that /proc/kpageflags shows, and that alone do not say what a page is used for. */
static const char *const others[] = { "PG_locked", "PG_referenced", "PG_uptodate", "PG_dirty",
	"PG_active", "PG_writeback", "PG_reclaim", "PG_private", "PG_private_2", "PG_owner_priv_1",
	"PG_owner_2", "PG_mappedtodisk", "PG_unevictable", "PG_mlocked", "PG_uncached", "PG_arch_1",
	"PG_arch_2", "PG_arch_3" };

static struct kt_err *find_flags(struct kt_page_words *words)
{
	const struct kt_types *types = &words->memmap->target->types;

	words->flags = (struct flags){ .lru = mask_of(types, "PG_lru"),
		.swapcache = mask_of(types, "PG_swapcache"),
		.swapbacked = mask_of(types, "PG_swapbacked"),
		.head = mask_of(types, "PG_head"),
		.hwpoison = mask_of(types, "PG_hwpoison"),
		.reserved = mask_of(types, "PG_reserved") };
	for (size_t i = 0; i < KT_LEN(others); i++)
		words->flags.other |= mask_of(types, others[i]);
	words->flags.all = words->flags.lru | words->flags.swapcache | words->flags.swapbacked |
			   words->flags.head | words->flags.hwpoison | words->flags.reserved |
			   words->flags.other | words->memmap->types.slab_flag;
	return words->flags.lru && words->flags.head && words->flags.reserved
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT,
				 "the kernel's type data does not name the flags of pages (PG_lru, "
				 "PG_head, PG_reserved)");
}

static void find_order(struct kt_page_words *words)
{
	struct kt_field lists;

	words->order_max = ORDER_USUAL;
	if (kt_types_field(&words->memmap->target->types, "zone", "free_area", &lists) &&
		lists.count > 1 && lists.count <= ORDER_MAX + 1)
		words->order_max = lists.count - 1;
}

/* Only symbols say which page it is; a kernel without them shows it as an unnamed page. */
static void find_zero(struct kt_page_words *words)
{
	struct kt_target *target = words->memmap->target;
	uint64_t at;

	if (!kt_symbols_find(&target->symbols, "huge_zero_pfn", &at) ||
		!kt_target_pointer(target, at, &words->zero_pfn))
		words->zero_pfn = UINT64_MAX;
}

struct kt_err *kt_page_words_new(
	struct kt_memmap *memmap, uint32_t nr_at_once, struct kt_page_words **ret_words)
{
	struct kt_page_words *words =
		calloc(1, sizeof(*words) + nr_at_once * sizeof(words->words[0]));
	struct kt_err *err;

	*ret_words = words;
	if (!words)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	words->memmap = memmap;
	words->nr_at_once = nr_at_once;
	err = find_members(words);
	if (!err)
		err = find_flags(words);
	if (err)
		return err;
	find_large(words);
	find_zero(words);
	find_order(words);
	words->block = malloc((size_t)nr_at_once * memmap->page_struct_bytes);
	return words->block ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

void kt_page_words_free(struct kt_page_words *words)
{
	if (words)
		free(words->block);
	free(words);
}

void kt_page_words_cleanup(struct kt_page_words **words)
{
	kt_page_words_free(*words);
}

uint32_t kt_page_words_classes(const struct kt_page_words *words)
{
	static const struct {
		enum kt_page_type type;
		enum kt_page_class class;
	} typed[] = {
		{ KT_TYPE_LARGE_KMALLOC, KT_PAGE_KMALLOC },
		{ KT_TYPE_ZSMALLOC, KT_PAGE_ZSMALLOC },
		{ KT_TYPE_UNACCEPTED, KT_PAGE_UNACCEPTED },
	};
	uint32_t classes = (1u << KT_PAGE_CLASSES) - 1;

	for (size_t i = 0; i < KT_LEN(typed); i++) {
		if (!kt_page_type_exists(&words->memmap->types, typed[i].type))
			classes &= ~(1u << typed[i].class);
	}
	return classes;
}

/* ---- one page ---- */

static uint64_t long_at(const char *page, uint32_t at)
{
	uint64_t value;

	memcpy(&value, page + at, sizeof(value));
	return value;
}

static uint32_t int_at(const char *page, uint32_t at)
{
	uint32_t value;

	memcpy(&value, page + at, sizeof(value));
	return value;
}

/* Whether a count that begins at -1 has any, in a copy of `size` bytes. */
static bool counts_any(const struct kt_field *field, const char *pages, size_t size)
{
	return (int32_t)kt_field_get(field, pages, size) >= 0;
}

/* Up to 6.2 each page of a compound page has a count of its own. */
static bool maps_part(const struct kt_page_words *words, const char *head, size_t size)
{
	uint32_t bytes = words->memmap->page_struct_bytes;
	uint64_t order = kt_field_get(&words->large.order, head + bytes, size - bytes);

	for (size_t i = 0; i < size / bytes && i < 1ull << (order & 31); i++) {
		if ((int32_t)int_at(head + i * bytes, words->at.type) >= 0)
			return true;
	}
	return false;
}

/* `size`: bytes from the head to the end of the copy. */
static bool is_large_mapped(const struct kt_page_words *words, const char *head, size_t size)
{
	const struct large *large = &words->large;
	uint32_t bytes = words->memmap->page_struct_bytes;

	if (large->large_mapcount.exists)
		return counts_any(&large->large_mapcount, head, size);
	if (large->entire_mapcount.exists && large->pages_mapped.exists)
		return counts_any(&large->entire_mapcount, head, size) ||
		       kt_field_get(&large->pages_mapped, head, size);
	if (size < (size_t)2 * bytes)
		return false;
	return (large->compound_mapcount.exists &&
		       counts_any(&large->compound_mapcount, head + bytes, size - bytes)) ||
	       maps_part(words, head, size);
}

static bool is_hugetlb(const struct kt_page_words *words, const char *head, size_t size)
{
	const struct large *large = &words->large;
	uint32_t bytes = words->memmap->page_struct_bytes;

	if (size < (size_t)2 * bytes)
		return false;
	if (large->dtor.exists)
		return (int64_t)kt_field_get(&large->dtor, head + bytes, size - bytes) ==
		       large->hugetlb_dtor;
	return long_at(head + bytes, words->at.flags) & large->hugetlb_flag;
}

static uint64_t word_of_type(enum kt_page_type type)
{
	static const uint64_t types[KT_PAGE_TYPES] = {
		[KT_TYPE_BUDDY] = KT_PAGE_WORD_BUDDY,
		[KT_TYPE_OFFLINE] = KT_PAGE_WORD_OFFLINE,
		[KT_TYPE_TABLE] = KT_PAGE_WORD_TABLE,
		[KT_TYPE_HUGETLB] = KT_PAGE_WORD_HUGE,
		[KT_TYPE_SLAB] = KT_PAGE_WORD_SLAB,
		[KT_TYPE_ZSMALLOC] = KT_PAGE_WORD_ZSMALLOC,
		[KT_TYPE_UNACCEPTED] = KT_PAGE_WORD_UNACCEPTED,
		[KT_TYPE_LARGE_KMALLOC] = KT_PAGE_WORD_KMALLOC,
	};

	return types[type];
}

static uint64_t word_of_flags(const struct flags *masks, uint64_t flags)
{
	uint64_t word = 0;

	word |= flags & masks->reserved ? KT_PAGE_WORD_RESERVED : 0;
	word |= flags & masks->lru ? KT_PAGE_WORD_LRU : 0;
	word |= flags & masks->hwpoison ? KT_PAGE_WORD_HWPOISON : 0;
	word |= flags & masks->head ? KT_PAGE_WORD_HEAD : 0;
	word |= flags & masks->other ? KT_PAGE_WORD_OTHER : 0;
	if (flags & masks->swapbacked) {
		word |= KT_PAGE_WORD_SWAPBACKED;
		word |= flags & masks->swapcache ? KT_PAGE_WORD_SWAPCACHE : 0;
	}
	return word;
}

/* Pages without a type: of processes, or of users in the kernel that only they know. */
static uint64_t word_of_untyped(const struct kt_page_words *words, const char *page, size_t size)
{
	bool large = long_at(page, words->at.flags) & words->flags.head;
	uint64_t word = 0;

	if (large && is_hugetlb(words, page, size))
		return KT_PAGE_WORD_HUGE;
	if (long_at(page, words->at.mapping) & MAPPING_ANON)
		word |= KT_PAGE_WORD_ANON;
	if (large ? is_large_mapped(words, page, size) : (int32_t)int_at(page, words->at.type) >= 0)
		word |= KT_PAGE_WORD_MMAP;
	if (!int_at(page, words->at.count))
		word |= KT_PAGE_WORD_UNREFERENCED;
	return word;
}

/* Word of a page that is no tail; `size`: bytes from here to the end of the copy. */
static uint64_t word_of(const struct kt_page_words *words, const char *page, size_t size)
{
	uint64_t flags = long_at(page, words->at.flags), word = word_of_flags(&words->flags, flags);
	enum kt_page_type type =
		kt_page_type_of(&words->memmap->types, int_at(page, words->at.type), flags);

	if (type == KT_TYPE_NONE || type == KT_TYPE_GUARD)
		return word | word_of_untyped(words, page, size);
	return word | word_of_type(type);
}

/* Neighbours often look alike: most words are the word of the page before. */
static uint64_t word_like_last(struct kt_page_words *words, const char *page, size_t size)
{
	uint64_t flags = long_at(page, words->at.flags) & words->flags.all;
	uint64_t rest = int_at(page, words->at.type) |
			(uint64_t)(int_at(page, words->at.count) != 0) << 32 |
			(long_at(page, words->at.mapping) & MAPPING_ANON) << 33;
	struct seen *seen = &words->seen;

	if (seen->valid && flags == seen->flags && rest == seen->rest)
		return seen->word;
	if (flags & words->flags.head)
		return word_of(words, page, size);
	*seen = (struct seen){ flags, rest, word_of(words, page, size), true };
	return seen->word;
}

/* Remembers how far a free block goes: to 2^order pages from its first, which is aligned to it. */
static void start_free(struct kt_page_words *words, uint64_t pfn, uint64_t order)
{
	words->free_until = pfn + 1;
	if (order <= ORDER_MAX && !(pfn & ((1ull << order) - 1)))
		words->free_until = pfn + (1ull << order);
}

/* A tail has the word of its head. Nearly always that is the last head; else it is looked up. */
static uint64_t word_of_tail(struct kt_page_words *words, uint64_t at, uint64_t value)
{
	char pages[2 * KT_PAGE_STRUCT_MAX];
	uint32_t bytes = words->memmap->page_struct_bytes;
	uint64_t head = kt_memmap_head(at, value);

	if (!words->head || head != words->head) {
		if (!kt_target_read(words->memmap->target, head, pages, (size_t)2 * bytes))
			return KT_PAGE_WORD_UNREAD;
		words->head = head;
		words->head_word = word_of(words, pages, (size_t)2 * bytes);
	}
	return (words->head_word & ~KT_PAGE_WORD_HEAD) | KT_PAGE_WORD_TAIL;
}

/*
 * Memory that was not needed yet may have no struct pages: a count of mappings of 1 without a
 * reference cannot be.
 */
static bool is_blank(const struct kt_page_words *words, const char *page)
{
	return !long_at(page, words->at.flags) && !int_at(page, words->at.count) &&
	       !int_at(page, words->at.type) && !long_at(page, words->at.head);
}

static uint64_t next_word(struct kt_page_words *words, uint64_t pfn, const char *page, size_t size)
{
	uint64_t at = words->memmap->base + pfn * words->memmap->page_struct_bytes;
	uint64_t value = long_at(page, words->at.head), word;

	if (is_blank(words, page))
		return KT_PAGE_WORD_UNINITIALISED;
	if (value & 1)
		return word_of_tail(words, at, value);
	word = word_like_last(words, page, size);
	if (pfn == words->zero_pfn)
		word |= KT_PAGE_WORD_ZERO;
	words->head = word & KT_PAGE_WORD_HEAD ? at : 0;
	words->head_word = word;
	if (word == KT_PAGE_WORD_UNREFERENCED && pfn < words->free_until)
		return KT_PAGE_WORD_BUDDY;
	/* only the first page of a free block says that it is free */
	if (word == KT_PAGE_WORD_UNREFERENCED && pfn < words->lost_until)
		return KT_PAGE_WORD_UNREAD;
	words->free_until = words->lost_until = 0;
	if (word & KT_PAGE_WORD_BUDDY)
		start_free(words, pfn, long_at(page, words->at.private));
	return word;
}

/* ---- blocks ---- */

void kt_page_words_begin(struct kt_page_words *words)
{
	words->free_until = words->lost_until = 0;
	words->head = 0;
}

static void lose(struct kt_page_words *words, uint64_t pfn)
{
	kt_page_words_begin(words);
	words->lost_until = (pfn | ((1ull << words->order_max) - 1)) + 1;
}

/* A hole in the map is found by halves. */
static void fill(struct kt_page_words *words, uint64_t pfn, size_t first, size_t count)
{
	uint32_t bytes = words->memmap->page_struct_bytes;
	char *block = words->block + first * bytes;

	if (!kt_target_read(words->memmap->target, words->memmap->base + (pfn + first) * bytes,
		    block, count * bytes)) {
		if (count == 1) {
			words->words[first] = KT_PAGE_WORD_UNREAD;
			lose(words, pfn + first);
			return;
		}
		fill(words, pfn, first, count / 2);
		fill(words, pfn, first + count / 2, count - count / 2);
		return;
	}
	for (size_t i = 0; i < count; i++)
		words->words[first + i] =
			next_word(words, pfn + first + i, block + i * bytes, (count - i) * bytes);
}

size_t kt_page_words_read(
	struct kt_page_words *words, uint64_t pfn, size_t count, const uint64_t **ret_words)
{
	/* blocks begin at multiples of their size, so that a head and its tails are in one */
	size_t room = words->nr_at_once - (size_t)(pfn % words->nr_at_once);

	if (count > room)
		count = room;
	fill(words, pfn, 0, count);
	*ret_words = words->words;
	return count;
}
