// SPDX-License-Identifier: GPL-2.0-or-later
//
// Blocks of large kmalloc in a damaged memory map. The first byte chooses how tail pages lead to
// their head, then the input is a list of changes to struct pages: a place and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/page_bytes.h"

#include "memory/pages/large_kmalloc.h"

static void fill(struct page_bytes *pages)
{
	for (unsigned order = 0; order <= 9; order++) {
		uint64_t pfn = 1ull << order;

		pages_typed(pages, pfn, KT_TYPE_LARGE_KMALLOC);
		if (order)
			pages_join(pages, pfn, order);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_large_kmalloc large;
	struct page_bytes pages;
	int64_t sum = 0;

	if (!size)
		return 0;
	pages_init(&pages, data[0] & 1 ? PAGES_7_2 : PAGES_6_18);
	fill(&pages);
	fuzz_damage(pages.map, PAGES_COUNT * PAGES_BYTES, PAGES_MAP, data + 1, size - 1);
	if (kt_large_kmalloc_walk(&pages.memmap, &large))
		abort();
	for (int order = 0; order < KT_KMALLOC_ORDERS; order++)
		sum += large.nr_blocks[order] << order;
	if (sum + large.nr_torn > PAGES_COUNT || pages.target->nr_reads > 8 * PAGES_COUNT)
		abort();
	pages_fini(&pages);
	return 0;
}
