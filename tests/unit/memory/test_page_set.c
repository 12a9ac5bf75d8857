// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sets of pages: each page has one number, in the order of PFNs.

#include "random.h"
#include "test.h"

#include "memory/pages/page_set.h"

struct visit {
	const struct kt_page_set *set;
	const bool *wanted;
	uint64_t next; /* PFN after the last one */
	uint32_t count;
};

static void take(void *arg, uint64_t pfn, uint32_t index)
{
	struct visit *visit = arg;
	uint32_t found = UINT32_MAX;

	CHECK_INT(index, visit->count);
	CHECK(pfn >= visit->next);
	CHECK(visit->wanted[pfn]);
	CHECK(kt_page_set_find(visit->set, pfn, &found));
	CHECK_INT(found, index);
	visit->next = pfn + 1;
	visit->count++;
}

TEST(each_page_has_a_number_in_the_order_of_pfns)
{
	/* around the ends of words of 64 bits */
	static const uint64_t ends[] = { 1, 63, 64, 65, 128, 1000 };

	for (size_t i = 0; i < KT_LEN(ends); i++) {
		bool wanted[1001] = { false };
		struct kt_page_set set;
		struct visit visit = { .set = &set, .wanted = wanted };
		uint32_t nr_pages = 0, index = 12345;

		CHECK(!kt_page_set_init(&set, ends[i]));
		for (uint64_t k = 0; k < 300; k++) {
			uint64_t pfn = dice(ends[i]);

			nr_pages += !wanted[pfn];
			wanted[pfn] = true;
			kt_page_set_add(&set, pfn);
		}
		kt_page_set_end(&set);
		CHECK_INT(set.count, nr_pages);
		kt_page_set_each(&set, take, &visit);
		CHECK_INT(visit.count, nr_pages);
		for (uint64_t pfn = 0; pfn < ends[i]; pfn++)
			CHECK(kt_page_set_find(&set, pfn, &index) == wanted[pfn]);
		index = 12345;
		CHECK(!kt_page_set_find(&set, ends[i], &index));
		CHECK(!kt_page_set_find(&set, UINT64_MAX, &index));
		CHECK_INT(index, 12345);
		kt_page_set_fini(&set);
	}
}

TEST(pages_after_the_end_are_left_out)
{
	struct kt_page_set set;
	uint32_t index;

	CHECK(!kt_page_set_init(&set, 64));
	kt_page_set_add(&set, 63);
	kt_page_set_add(&set, 64);
	kt_page_set_add(&set, UINT64_MAX);
	kt_page_set_end(&set);
	CHECK_INT(set.count, 1);
	CHECK(kt_page_set_find(&set, 63, &index) && !index);
	CHECK(!kt_page_set_find(&set, 64, &index));
	kt_page_set_fini(&set);
}

TEST(a_set_without_pages_has_none)
{
	struct kt_page_set set;
	struct visit visit = { .set = &set };

	CHECK(!kt_page_set_init(&set, 0));
	kt_page_set_add(&set, 0);
	kt_page_set_end(&set);
	kt_page_set_each(&set, take, &visit);
	CHECK_INT(visit.count, 0);
	CHECK_INT(set.count, 0);
	kt_page_set_fini(&set);
}

TEST(more_pages_than_numbers_are_refused)
{
	struct kt_page_set set;
	KT_CLEANUP(err) struct kt_err *err = kt_page_set_init(&set, 1ull << 32);

	CHECK(err && kt_err_code(err) == KT_ERR_LIMIT);
	kt_page_set_fini(&set);
}
