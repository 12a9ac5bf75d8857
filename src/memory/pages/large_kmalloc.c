// SPDX-License-Identifier: GPL-2.0-or-later
//
// kmalloc of more than two pages takes a block of 2^n pages from the page allocator, which becomes
// one compound page: the first page has the type, and the others lead to it. So the length of a
// block is the number of its pages that are next to each other in the memory map.
//
// A block that is freed or allocated while it is read has another length: it is read again.

#include "memory/pages/large_kmalloc.h"

#include "base/attr.h"

#include <string.h>

#define TRIES 3u

struct scan {
	struct kt_memmap *memmap;
	struct kt_large_kmalloc *large;
	uint64_t first, nr_pages; /* block that is being counted: its PFN; 0 pages: none */
};

static uint64_t address_of(const struct kt_memmap *memmap, uint64_t pfn)
{
	return memmap->base + pfn * memmap->page_struct_bytes;
}

static bool is_first(const struct kt_memmap *memmap, const char *page)
{
	uint32_t bytes = memmap->page_struct_bytes;

	return !(kt_field_get(&memmap->head, page, bytes) & 1) &&
	       kt_page_type_of(&memmap->types,
		       (uint32_t)kt_field_get(&memmap->page_type, page, bytes),
		       kt_field_get(&memmap->flags, page, bytes)) == KT_TYPE_LARGE_KMALLOC;
}

static bool is_tail_of(
	const struct kt_memmap *memmap, uint64_t first, uint64_t pfn, const char *page)
{
	uint64_t value = kt_field_get(&memmap->head, page, memmap->page_struct_bytes);

	return (value & 1) &&
	       kt_memmap_head(address_of(memmap, pfn), value) == address_of(memmap, first);
}

/* The order of a block; -1: no block is so long, or begins there. */
static int order_of(uint64_t first, uint64_t nr_pages)
{
	for (int order = 0; order < KT_KMALLOC_ORDERS; order++) {
		if (nr_pages == 1ull << order)
			return first & (nr_pages - 1) ? -1 : order;
	}
	return -1;
}

/* Reads a block once more, page by page; 0: its first page is free or of another type now. */
static uint64_t count_again(struct kt_memmap *memmap, uint64_t first)
{
	char page[KT_PAGE_STRUCT_MAX];
	uint64_t nr_pages = 0;

	while (nr_pages < 1ull << KT_KMALLOC_ORDERS) {
		uint64_t pfn = first + nr_pages;

		if (!kt_target_read(memmap->target, address_of(memmap, pfn), page,
			    memmap->page_struct_bytes) ||
			!(nr_pages ? is_tail_of(memmap, first, pfn, page) : is_first(memmap, page)))
			break;
		nr_pages++;
	}
	return nr_pages;
}

static void end_block(struct scan *scan)
{
	uint64_t nr_pages = scan->nr_pages;
	int order = order_of(scan->first, nr_pages);

	for (unsigned i = 0; nr_pages && order < 0 && i < TRIES; i++) {
		nr_pages = count_again(scan->memmap, scan->first);
		order = order_of(scan->first, nr_pages);
	}
	scan->nr_pages = 0;
	if (order >= 0)
		scan->large->nr_blocks[order]++;
	else if (nr_pages)
		scan->large->nr_torn++;
}

/* Most pages are of another type: they are left at the first look. */
static bool may_be_first(const struct kt_memmap *memmap, const char *page)
{
	uint32_t type, at = memmap->page_type.offset;

	if (!memmap->types.by_value || memmap->page_type.size != sizeof(type) ||
		at > memmap->page_struct_bytes - sizeof(type))
		return true;
	memcpy(&type, page + at, sizeof(type));
	return type >> 24 == memmap->types.marks[KT_TYPE_LARGE_KMALLOC];
}

static bool visit(void *arg, uint64_t pfn, const char *page)
{
	struct scan *scan = arg;

	if (scan->nr_pages) {
		if (pfn == scan->first + scan->nr_pages &&
			is_tail_of(scan->memmap, scan->first, pfn, page)) {
			scan->nr_pages++;
			return true;
		}
		end_block(scan);
	}
	if (may_be_first(scan->memmap, page) && is_first(scan->memmap, page)) {
		scan->first = pfn;
		scan->nr_pages = 1;
	}
	return true;
}

struct kt_err *kt_large_kmalloc_walk(struct kt_memmap *memmap, struct kt_large_kmalloc *ret_large)
{
	struct scan scan = { .memmap = memmap, .large = ret_large };
	uint64_t nr_pages = 0;

	*ret_large = (struct kt_large_kmalloc){ 0 };
	if (!kt_page_type_exists(&memmap->types, KT_TYPE_LARGE_KMALLOC))
		return kt_err_new(KT_ERR_ABSENT,
			"this kernel does not mark the pages of large kmalloc; only the counter "
			"has them");
	if (!memmap->page_type.exists || !memmap->head.exists)
		return kt_err_new(KT_ERR_ABSENT,
			"struct page lacks page_type or compound_head in the type data");
	for (size_t i = 0; i < memmap->nr_ranges; i++)
		nr_pages += memmap->ranges[i].end - memmap->ranges[i].first;
	ret_large->nr_unread = (int64_t)kt_memmap_pages(memmap, visit, &scan);
	if (scan.nr_pages)
		end_block(&scan);
	if (nr_pages && (uint64_t)ret_large->nr_unread == nr_pages)
		return kt_err_new(KT_ERR_ABSENT, "the memory map cannot be read through %s",
			memmap->target->name);
	return NULL;
}
