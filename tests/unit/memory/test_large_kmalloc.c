// SPDX-License-Identifier: GPL-2.0-or-later
#include "page_bytes.h"
#include "random.h"
#include "test.h"

#include "memory/pages/large_kmalloc.h"

static void put_block(struct page_bytes *pages, uint64_t pfn, unsigned order)
{
	pages_typed(pages, pfn, KT_TYPE_LARGE_KMALLOC);
	if (order)
		pages_join(pages, pfn, order);
}

static struct kt_large_kmalloc walk(struct page_bytes *pages)
{
	struct kt_large_kmalloc large;

	CHECK(!kt_large_kmalloc_walk(&pages->memmap, &large));
	return large;
}

static int64_t sum_of(const struct kt_large_kmalloc *large)
{
	int64_t sum = 0;

	for (int order = 0; order < KT_KMALLOC_ORDERS; order++)
		sum += large->nr_blocks[order] << order;
	return sum;
}

/* Two blocks next to each other are two; a slab and a huge page are none. */
TEST(blocks_are_counted_by_order)
{
	static const enum pages_form forms[] = { PAGES_6_18, PAGES_7_2 };

	for (size_t i = 0; i < KT_LEN(forms); i++) {
		struct page_bytes pages;
		struct kt_large_kmalloc large;

		pages_init(&pages, forms[i]);
		put_block(&pages, 8, 2);
		put_block(&pages, 12, 2);
		put_block(&pages, 16, 4);
		put_block(&pages, 41, 0);
		pages_typed(&pages, 64, KT_TYPE_SLAB);
		pages_join(&pages, 64, 3);
		pages_hugetlb(&pages, 512, 9);
		put_block(&pages, 1024, 10); /* up to the last page */
		large = walk(&pages);
		CHECK_INT(large.nr_blocks[0], 1);
		CHECK_INT(large.nr_blocks[2], 2);
		CHECK_INT(large.nr_blocks[4], 1);
		CHECK_INT(large.nr_blocks[10], 1);
		CHECK_INT(sum_of(&large), 1 + 8 + 16 + 1024);
		CHECK_INT(large.nr_torn, 0);
		CHECK_INT(large.nr_unread, 0);
		pages_fini(&pages);
	}
}

/* Without the type nothing is known, which is not the same as none. */
TEST(a_kernel_that_does_not_mark_them_is_an_error)
{
	for (unsigned form = 0; form < PAGES_6_18; form++) {
		struct page_bytes pages;
		struct kt_large_kmalloc large;
		struct kt_err *err;

		pages_init(&pages, form);
		err = kt_large_kmalloc_walk(&pages.memmap, &large);
		CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
		kt_err_free(err);
		pages_fini(&pages);
	}
}

TEST(a_block_whose_pages_do_not_fit_it_is_torn)
{
	struct page_bytes pages;
	struct kt_large_kmalloc large;

	pages_init(&pages, PAGES_6_18);
	put_block(&pages, 8, 3);
	pages_put(&pages, 13, PAGE_HEAD, 0, 8); /* 5 pages, then others */
	put_block(&pages, 34, 2);		/* not aligned to its length */
	put_block(&pages, 64, 2);
	large = walk(&pages);
	CHECK_INT(large.nr_torn, 2);
	CHECK_INT(large.nr_blocks[2], 1);
	CHECK_INT(sum_of(&large), 4);
	pages_fini(&pages);
}

TEST(a_memory_map_that_cannot_be_read_is_no_zero)
{
	struct page_bytes pages;
	struct kt_large_kmalloc large;
	struct kt_err *err;

	pages_init(&pages, PAGES_6_18);
	put_block(&pages, 8, 3);
	pages.range = (struct kt_pfn_range){ 0, (uint64_t)2 * PAGES_COUNT };
	large = walk(&pages);
	CHECK_INT(large.nr_blocks[3], 1);
	CHECK_INT(large.nr_unread, PAGES_COUNT);
	pages.range = (struct kt_pfn_range){ PAGES_COUNT, (uint64_t)2 * PAGES_COUNT };
	err = kt_large_kmalloc_walk(&pages.memmap, &large);
	CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
	kt_err_free(err);
	pages_fini(&pages);
}

TEST(a_damaged_map_is_read_in_bounded_time)
{
	struct page_bytes pages;

	pages_init(&pages, PAGES_7_2);
	for (uint64_t pfn = 0; pfn < 256; pfn += 16)
		put_block(&pages, pfn, 4);
	pages.range.end = 256;
	dice_state = 0x9e3779b97f4a7c15u;
	for (unsigned i = 0; i < 10000; i++) {
		static const unsigned places[] = { PAGE_FLAGS, PAGE_HEAD, PAGE_TYPE_AT };
		unsigned at = places[dice(KT_LEN(places))];
		uint64_t pfn = dice(256), reads = pages.target->nr_reads;
		uint64_t value = dice(2) ? (uint64_t)dice(UINT32_MAX) << dice(32)
					 : (PAGES_MAP + dice(256) * (uint64_t)PAGES_BYTES) | 1;
		struct kt_large_kmalloc large;
		char before[PAGES_BYTES];

		memcpy(before, pages.map + pfn * PAGES_BYTES, PAGES_BYTES);
		pages_put(&pages, pfn, at, value, at == PAGE_TYPE_AT ? 4 : 8);
		large = walk(&pages);
		CHECK(sum_of(&large) <= 256 && large.nr_torn <= 256);
		CHECK(pages.target->nr_reads - reads < 16 * 256);
		if (i % 64) /* some damage stays */
			memcpy(pages.map + pfn * PAGES_BYTES, before, PAGES_BYTES);
	}
	pages_fini(&pages);
}
