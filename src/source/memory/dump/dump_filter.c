// SPDX-License-Identifier: GPL-2.0-or-later
//
// No filter leaves out pages that the kernel uses itself, and each filter decides by the struct
// page. A makedumpfile that is older than the kernel may misread it, and a count of objects is then
// wrong without a word: 1.7.2 leaves out pages in the middle of slabs of new kernels. So struct
// pages are looked at here too.

#include "source/memory/dump/dump_filter.h"

#include "memory/memmap.h"

#define SAMPLES	     512u
#define SAMPLE_PAGES 128u

struct sampling {
	struct kt_target *target;
	struct kt_memmap memmap;
	struct kt_pfn_range ranges[SAMPLES];
	size_t nr_ranges;
	uint64_t nr_pages; /* of memory */
	uint64_t step;	   /* pages from one sample to the next */
	bool mistaken;
};

static void add_pages(void *arg, uint64_t first, uint64_t bytes)
{
	struct sampling *sampling = arg;

	(void)first;
	sampling->nr_pages += bytes / sampling->target->page_bytes;
}

static void add_samples(void *arg, uint64_t first, uint64_t bytes)
{
	struct sampling *sampling = arg;
	uint64_t at = first / sampling->target->page_bytes;
	uint64_t end = (first + bytes) / sampling->target->page_bytes;

	for (; at < end && sampling->nr_ranges < SAMPLES; at += sampling->step)
		sampling->ranges[sampling->nr_ranges++] = (struct kt_pfn_range){ at,
			end - at < SAMPLE_PAGES ? end : at + SAMPLE_PAGES };
}

/* Whether a struct page is of a page that the kernel uses itself, by its type. */
static bool is_used(const struct kt_memmap *memmap, const char *page)
{
	uint32_t bytes = memmap->page_struct_bytes;

	switch (kt_page_type_of(&memmap->types,
		(uint32_t)kt_field_get(&memmap->page_type, page, bytes),
		kt_field_get(&memmap->flags, page, bytes))) {
	case KT_TYPE_SLAB: return kt_field_get(&memmap->slab_cache, page, bytes) != 0;
	case KT_TYPE_TABLE:
	case KT_TYPE_LARGE_KMALLOC: return true;
	default: return false;
	}
}

/* The type of a compound page is in its head. */
static bool look(void *arg, uint64_t pfn, const char *page)
{
	struct sampling *sampling = arg;
	const struct kt_memmap *memmap = &sampling->memmap;
	uint32_t bytes = memmap->page_struct_bytes;
	uint64_t at = memmap->base + pfn * bytes, head;
	char copy[KT_PAGE_STRUCT_MAX];

	if (!kt_target_dump_left_out(sampling->target, pfn * sampling->target->page_bytes))
		return true;
	head = kt_memmap_head(at, kt_field_get(&memmap->head, page, bytes));
	if (head != at && kt_target_read(sampling->target, head, copy, bytes))
		page = copy;
	sampling->mistaken = is_used(memmap, page);
	return !sampling->mistaken;
}

bool kt_dump_filter_is_mistaken(struct kt_target *target)
{
	const struct kt_page_sample none = { 0 };
	struct sampling sampling = { .target = target };
	struct kt_err *err;

	kt_target_dump_ranges(target, add_pages, &sampling);
	sampling.step = sampling.nr_pages / SAMPLES;
	if (sampling.step < SAMPLE_PAGES)
		sampling.step = SAMPLE_PAGES;
	kt_target_dump_ranges(target, add_samples, &sampling);
	err = kt_memmap_open(target, &none, sampling.ranges, sampling.nr_ranges, &sampling.memmap);
	if (!err)
		kt_memmap_pages(&sampling.memmap, look, &sampling);
	kt_err_free(err);
	return sampling.mistaken;
}
