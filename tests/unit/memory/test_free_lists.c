// SPDX-License-Identifier: GPL-2.0-or-later
//
// Free pages that CPUs keep, in a kernel that was made by hand, and in a damaged one.

#include "free_bytes.h"
#include "random.h"
#include "test.h"

#define BLOCKS_MAX 64u

struct seen {
	uint64_t pfns[BLOCKS_MAX], pages[BLOCKS_MAX];
	size_t count;
	uint64_t nr_pages, end;
	bool disorder; /* a block began before the end of the block before it */
};

static void see(void *arg, uint64_t pfn, uint64_t nr_pages)
{
	struct seen *seen = arg;

	if (seen->count < BLOCKS_MAX) {
		seen->pfns[seen->count] = pfn;
		seen->pages[seen->count] = nr_pages;
	}
	seen->count++;
	seen->nr_pages += nr_pages;
	seen->disorder |= pfn < seen->end;
	seen->end = pfn + nr_pages;
}

static bool walk(struct free_bytes *bytes, struct seen *seen, struct kt_free_lists_sum *sum)
{
	struct kt_err *err;

	*seen = (struct seen){ 0 };
	bytes->target->nr_reads = 0;
	err = kt_free_lists_walk(&bytes->memmap, see, seen, sum);
	if (err)
		CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
	else
		CHECK_INT(seen->nr_pages, sum->nr_cpu_free);
	CHECK(!seen->disorder);
	kt_err_free(err);
	return !err;
}

/* Free blocks of each zone, and of both CPUs in two of them. */
static void fill(struct free_bytes *bytes)
{
	free_block(bytes, FREE_DMA, 3, 1, 8);
	free_block(bytes, FREE_NORMAL, 10, 1, 2048);
	free_block(bytes, FREE_NORMAL, 9, 2, 1024);
	free_block(bytes, FREE_NORMAL, 9, 2, 1536);
	free_block(bytes, FREE_NORMAL_1, 0, 0, 3100);
	free_keep(bytes, FREE_DMA, 0, 0, 40, 1);
	free_keep(bytes, FREE_DMA, 0, 2, 39, 1);
	free_keep(bytes, FREE_DMA, 1, 1, 41, 1);
	free_keep(bytes, FREE_NORMAL_1, 1, 1, 3200, 1);
	free_keep(bytes, FREE_NORMAL_1, 1, 1, 3100 + 1, 1);
}

TEST(both_forms_of_the_lists_are_read_with_symbols_and_without)
{
	static const uint64_t pfns[] = { 39, 40, 41, 3101, 3200 };

	for (unsigned i = 0; i < 2 * FREE_FORMS; i++) {
		struct kt_free_lists_sum sum;
		struct free_bytes bytes;
		struct seen seen;

		free_init(&bytes, (enum free_form)(i / 2), i % 2);
		fill(&bytes);
		if (CHECK(walk(&bytes, &seen, &sum))) {
			CHECK_INT(sum.nr_zones, 3);
			CHECK_INT(sum.nr_free, 8 + 1024 + 512 + 512 + 1);
			CHECK_INT(sum.nr_cpu_free, 5);
			CHECK_INT(sum.nr_cpu_counted, 5);
			CHECK_INT(sum.nr_torn, 0);
			CHECK_INT(seen.count, 5);
			for (size_t k = 0; k < KT_LEN(pfns); k++) {
				CHECK_INT(seen.pfns[k], pfns[k]);
				CHECK_INT(seen.pages[k], 1);
			}
		}
		free_fini(&bytes);
	}
}

TEST(the_place_of_a_list_is_the_order_of_its_blocks)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, false);
	fill(&bytes);
	free_keep(&bytes, FREE_DMA, 0, 3, 64, 2);
	free_keep(&bytes, FREE_DMA, 0, 8, 68, 4);
	free_keep(&bytes, FREE_DMA, 0, 11, 72, 8);
	free_keep(&bytes, FREE_DMA, 0, 13, 512, 512);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_cpu_free, 5 + 2 + 4 + 8 + 512);
		CHECK_INT(sum.nr_cpu_counted, sum.nr_cpu_free);
		CHECK_INT(sum.nr_torn, 0);
		CHECK_INT(seen.pfns[5], 72);
		CHECK_INT(seen.pages[5], 8);
		CHECK_INT(seen.pfns[6], 512);
		CHECK_INT(seen.pages[6], 512);
	}
	free_fini(&bytes);
}

/* Huge blocks were as large as a pageblock, which is 2^10 pages without CONFIG_HUGETLB_PAGE. */
TEST(the_counter_says_how_large_huge_blocks_are)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, true);
	free_keep(&bytes, FREE_NORMAL, 0, 12, 1024, 1024);
	free_keep(&bytes, FREE_NORMAL, 0, 13, 2048, 1024);
	free_keep(&bytes, FREE_NORMAL_1, 1, 0, 3999, 1);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_cpu_free, 2049);
		CHECK_INT(sum.nr_torn, 0);
		CHECK_INT(seen.pages[0], 1024);
		CHECK_INT(seen.pfns[1], 2048);
	}
	/* no order fits: they have the usual one */
	free_set(&bytes, free_set_of(&bytes, FREE_NORMAL, 0) + PCP_COUNT, 1030, 4);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_cpu_free, 1025);
		CHECK_INT(sum.nr_cpu_counted, 1031);
		CHECK_INT(sum.nr_torn, 1);
	}
	free_fini(&bytes);
}

/* The list of CPU 1 in the second node, to which fill() gave two pages, is broken in each way. */
TEST(a_list_that_does_not_hold_together_is_torn)
{
	static const struct {
		const char *title;
		uint64_t at; /* in the last page of the list, which is read first */
		uint64_t value;
		size_t size;
		uint64_t nr_left; /* pages that are found all the same */
	} cases[] = {
		{ "cyclic", FPAGE_LIST + 8, FREE_MAP + 3101 * FPAGE_BYTES + FPAGE_LIST, 8, 4 },
		{ "leads out of the map", FPAGE_LIST + 8, FREE_MAP + FREE_PAGES * FPAGE_BYTES, 8,
			4 },
		{ "leads below the map", FPAGE_LIST + 8, 64, 8, 4 },
		{ "into a struct page", FPAGE_LIST + 8, FREE_MAP + 3300 * FPAGE_BYTES, 8, 4 },
		{ "into another zone", FPAGE_LIST + 8, FREE_MAP + 40 * FPAGE_BYTES + FPAGE_LIST, 8,
			4 },
		{ "in use", FPAGE_COUNT, 1, 4, 3 },
		{ "buddy", FPAGE_TYPE, 0xf0000000, 4, 3 },
		{ "no way on", FPAGE_LIST, 0, 8, 3 },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct kt_free_lists_sum sum;
		struct free_bytes bytes;
		struct seen seen;

		free_init(&bytes, FREE_NEW, true);
		fill(&bytes);
		free_set(&bytes, free_page(3101) + cases[i].at, cases[i].value, cases[i].size);
		if (!CHECK(walk(&bytes, &seen, &sum)))
			printf("%s\n", cases[i].title);
		CHECK_INT(sum.nr_torn, 1);
		CHECK_INT(sum.nr_cpu_counted, 5);
		CHECK_INT(sum.nr_cpu_free, cases[i].nr_left);
		CHECK(bytes.target->nr_reads < 400);
		free_fini(&bytes);
	}
}

TEST(a_counter_that_the_lists_do_not_have_is_torn_and_both_are_shown)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	for (unsigned form = 0; form < FREE_FORMS; form++) {
		free_init(&bytes, (enum free_form)form, true);
		fill(&bytes);
		free_set(&bytes, free_set_of(&bytes, FREE_DMA, 1) + PCP_COUNT, 7, 4);
		if (CHECK(walk(&bytes, &seen, &sum))) {
			CHECK_INT(sum.nr_cpu_free, 5);
			CHECK_INT(sum.nr_cpu_counted, 4 + 7);
			CHECK_INT(sum.nr_torn, 1);
		}
		/* more pages than the machine has: no such set */
		free_set(&bytes, free_set_of(&bytes, FREE_DMA, 1) + PCP_COUNT, UINT32_MAX, 4);
		if (CHECK(walk(&bytes, &seen, &sum))) {
			CHECK_INT(sum.nr_cpu_free, 4);
			CHECK_INT(sum.nr_cpu_counted, 4);
			CHECK_INT(sum.nr_torn, 1);
		}
		free_fini(&bytes);
	}
}

TEST(a_block_that_is_not_at_a_multiple_of_its_size_is_none)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, true);
	fill(&bytes);
	free_keep(&bytes, FREE_DMA, 0, 4, 65, 2);
	free_keep(&bytes, FREE_NORMAL, 0, 12, 1025, 512);
	free_keep(&bytes, FREE_NORMAL, 1, 12, 1026, 0); /* its counter has no such block */
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_cpu_free, 5);
		CHECK_INT(sum.nr_cpu_counted, 5 + 2 + 512);
		CHECK_INT(sum.nr_torn, 3);
	}
	free_fini(&bytes);
}

TEST(a_page_of_another_zone_or_beyond_the_zone_is_not_taken)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, true);
	fill(&bytes);
	free_set(&bytes, bytes.zones[FREE_NORMAL_1] + ZONE_SPANNED, 4090 - 3072, 8);
	free_set(&bytes, bytes.zones[FREE_NORMAL_1] + ZONE_PRESENT, 4090 - 3072, 8);
	free_keep(&bytes, FREE_DMA, 0, 1, 1500, 1);
	free_keep(&bytes, FREE_NORMAL, 0, 0, 1000, 1);
	free_keep(&bytes, FREE_NORMAL, 1, 12, 2560, 512);
	free_keep(&bytes, FREE_NORMAL_1, 0, 9, 4088, 8);
	free_keep(&bytes, FREE_NORMAL_1, 1, 12, 3584, 512);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_cpu_free, 5 + 512);
		CHECK_INT(sum.nr_cpu_counted, 5 + 1 + 1 + 512 + 8 + 512);
		CHECK_INT(sum.nr_torn, 4);
	}
	free_fini(&bytes);
}

TEST(an_element_between_two_struct_pages_is_none)
{
	uint64_t count, at = free_page(3300) + 8;
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, true);
	fill(&bytes);
	free_link(&bytes, free_cpu_list(&bytes, FREE_NORMAL_1, 0, 0), at + FPAGE_LIST);
	free_set(&bytes, at + FPAGE_TYPE, UINT32_MAX, 4);
	free_set(&bytes, at + FPAGE_COUNT, 0, 4);
	count = free_set_of(&bytes, FREE_NORMAL_1, 0) + PCP_COUNT;
	free_set(&bytes, count, 1, 4);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_cpu_free, 5);
		CHECK_INT(sum.nr_torn, 1);
	}
	free_fini(&bytes);
}

TEST(a_list_much_longer_than_its_counter_is_left)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, true);
	for (unsigned i = 0; i < 1200; i++)
		free_keep(&bytes, FREE_NORMAL, 0, 1, 1024 + i, 1);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_cpu_free, 1200);
		CHECK_INT(sum.nr_torn, 0);
	}
	free_set(&bytes, free_set_of(&bytes, FREE_NORMAL, 0) + PCP_COUNT, 10, 4);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_cpu_free, 10 + 1024);
		CHECK_INT(sum.nr_cpu_counted, 10);
		CHECK_INT(sum.nr_torn, 1);
	}
	free_fini(&bytes);
}

/* ---- lists that change while they are read ---- */

static struct {
	const struct kt_target_ops *ops;
	struct free_bytes *bytes;
	unsigned nr_left; /* reads until the change; 0: none */
	uint64_t page, count;
} changing;

/* The pages of CPU 0 in the zone DMA are taken, and it gets another one, and a counter. */
static bool read_changing(struct kt_target *target, uint64_t address, void *to, size_t size)
{
	struct free_bytes *bytes = changing.bytes;
	uint64_t head = free_cpu_list(bytes, FREE_DMA, 0, 0);

	if (changing.nr_left && !--changing.nr_left) {
		for (unsigned i = 0; i < 3; i++)
			free_set(bytes, free_page(40 + i) + FPAGE_COUNT, 1, 4);
		free_list(bytes, head);
		free_link(bytes, head, changing.page + FPAGE_LIST);
		free_set(bytes, free_set_of(bytes, FREE_DMA, 0) + PCP_COUNT, changing.count, 4);
	}
	return changing.ops->read(target, address, to, size);
}

static void change_after(struct free_bytes *bytes, unsigned nr_reads, uint64_t pfn, uint64_t count)
{
	static struct kt_target_ops ops;

	changing.ops = bytes->target->ops;
	changing.bytes = bytes;
	changing.nr_left = nr_reads;
	changing.page = free_page(pfn);
	changing.count = count;
	free_set(bytes, free_page(pfn) + FPAGE_COUNT, 0, 4);
	ops = *bytes->target->ops;
	ops.read = read_changing;
	bytes->target->ops = &ops;
}

TEST(a_list_that_changes_while_it_is_read_is_read_again)
{
	unsigned nr_right = 0;

	for (unsigned after = 1; after < 120; after++) {
		struct kt_free_lists_sum sum;
		struct free_bytes bytes;
		struct seen seen;

		free_init(&bytes, FREE_NEW, true);
		for (unsigned i = 0; i < 3; i++)
			free_keep(&bytes, FREE_DMA, 0, 0, 40 + i, 1);
		change_after(&bytes, after, 60, 1);
		if (CHECK(walk(&bytes, &seen, &sum))) {
			CHECK_INT(sum.nr_torn, 0);
			CHECK_INT(sum.nr_cpu_free, sum.nr_cpu_counted);
			CHECK(sum.nr_cpu_free == 3 || (sum.nr_cpu_free == 1 && seen.pfns[0] == 60));
			nr_right += sum.nr_cpu_free == 1;
		}
		bytes.target->ops = changing.ops;
		free_fini(&bytes);
	}
	CHECK(nr_right > 60 && nr_right < 119);
}

/* Three pages where the counter says four, then one other page. */
TEST(of_readings_that_do_not_add_up_the_nearest_one_is_used)
{
	unsigned nr_first = 0;

	for (unsigned after = 1; after < 200; after++) {
		struct kt_free_lists_sum sum;
		struct free_bytes bytes;
		struct seen seen;

		free_init(&bytes, FREE_NEW, true);
		for (unsigned i = 0; i < 3; i++)
			free_keep(&bytes, FREE_DMA, 0, 0, 40 + i, 1);
		free_set(&bytes, free_set_of(&bytes, FREE_DMA, 0) + PCP_COUNT, 4, 4);
		change_after(&bytes, after, 60, 4);
		if (CHECK(walk(&bytes, &seen, &sum))) {
			CHECK_INT(sum.nr_torn, 1);
			CHECK_INT(sum.nr_cpu_counted, 4);
			CHECK(sum.nr_cpu_free == 3
					? seen.pfns[2] == 42
					: seen.pfns[seen.count - 1] == 60 || sum.nr_cpu_free < 3);
			if (sum.nr_cpu_free == 3 && changing.nr_left == 0)
				nr_first++;
		}
		bytes.target->ops = changing.ops;
		free_fini(&bytes);
	}
	/* in a later try, or after the last one */
	CHECK(nr_first > 50);
}

/* A page went from one CPU to another one while the lists were read. */
TEST(a_page_that_is_seen_twice_is_given_once)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, true);
	free_keep(&bytes, FREE_NORMAL, 0, 6, 1028, 4);
	free_keep(&bytes, FREE_NORMAL, 1, 0, 1030, 1);
	free_keep(&bytes, FREE_NORMAL, 1, 0, 1040, 1);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_cpu_free, 5);
		CHECK_INT(sum.nr_cpu_counted, 6);
		CHECK_INT(seen.count, 2);
		CHECK_INT(seen.pfns[0], 1028);
		CHECK_INT(seen.pages[0], 4);
		CHECK_INT(seen.pfns[1], 1040);
	}
	free_fini(&bytes);
}

TEST(without_a_free_block_and_without_symbols_there_is_an_error)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, false);
	free_keep(&bytes, FREE_DMA, 0, 0, 40, 1);
	CHECK(!walk(&bytes, &seen, &sum));
	CHECK_INT(seen.count, 0);
	/* a block on a list that has no head */
	free_block(&bytes, FREE_DMA, 3, 1, 8);
	free_set(&bytes, free_page(8) + FPAGE_LIST, free_page(8) + FPAGE_LIST, 8);
	free_set(&bytes, free_page(8) + FPAGE_LIST + 8, free_page(8) + FPAGE_LIST, 8);
	CHECK(!walk(&bytes, &seen, &sum));
	free_fini(&bytes);
}

TEST(without_a_readable_list_there_is_an_error)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, true);
	for (unsigned i = 0; i < FREE_ZONES * FREE_CPUS; i++)
		free_set(&bytes,
			free_set_of(&bytes, (enum free_zone)(i / FREE_CPUS), i % FREE_CPUS) +
				PCP_COUNT,
			UINT32_MAX, 4);
	CHECK(!walk(&bytes, &seen, &sum));
	free_fini(&bytes);
}

TEST(a_list_of_free_blocks_that_is_broken_is_followed_back)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, false);
	free_block(&bytes, FREE_NORMAL, 9, 2, 1024);
	free_block(&bytes, FREE_NORMAL, 9, 2, 1536);
	free_set(&bytes, free_page(1536) + FPAGE_TYPE, UINT32_MAX, 4);
	if (CHECK(walk(&bytes, &seen, &sum)))
		CHECK_INT(sum.nr_zones, 3);
	free_fini(&bytes);
}

TEST(a_zone_must_have_a_name_a_node_and_the_page_that_led_to_it)
{
	static const struct {
		uint32_t at;
		uint64_t value;
	} cases[] = {
		{ ZONE_NAME, FREE_BASE + 8 },
		{ ZONE_NODE, FREE_BASE },
		{ ZONE_FIRST, 1ull << 50 },
		{ ZONE_FIRST, 2000 },
		{ ZONE_SPANNED, 10 },
		{ ZONE_PRESENT, 0 },
		{ ZONE_PRESENT, 2000 },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct kt_free_lists_sum sum;
		struct free_bytes bytes;
		struct seen seen;

		free_init(&bytes, FREE_NEW, false);
		free_block(&bytes, FREE_DMA, 3, 1, 16);
		CHECK(walk(&bytes, &seen, &sum));
		free_set(&bytes, bytes.zones[FREE_DMA] + cases[i].at, cases[i].value, 8);
		CHECK(!walk(&bytes, &seen, &sum));
		free_fini(&bytes);
	}
}

TEST(a_known_node_shows_a_damaged_zone_as_torn)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, true);
	fill(&bytes);
	free_set(&bytes, bytes.zones[FREE_NORMAL] + ZONE_AREAS + 9 * AREA_BYTES + AREA_NR_FREE,
		1ull << 40, 8);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_zones, 3);
		CHECK_INT(sum.nr_free, 8 + 1024 + 1);
		CHECK_INT(sum.nr_torn, 1);
	}
	free_set(&bytes, bytes.zones[FREE_NORMAL] + ZONE_SPANNED, UINT64_MAX, 8);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK(sum.nr_zones < 3);
		CHECK_INT(sum.nr_torn, 1);
	}
	free_fini(&bytes);
}

TEST(each_node_is_found_even_if_no_other_one_leads_to_it)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_NEW, false);
	fill(&bytes);
	free_set(&bytes, bytes.nodes[0] + NODE_REFS, 0, 8);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_zones, 3);
		CHECK_INT(sum.nr_cpu_free, 5);
	}
	free_fini(&bytes);
}

TEST(a_kernel_without_nodes_names_its_only_one)
{
	struct kt_free_lists_sum sum;
	struct free_bytes bytes;
	struct seen seen;

	free_init(&bytes, FREE_OLD, false);
	free_keep(&bytes, FREE_DMA, 0, 0, 40, 1);
	kt_symbols_add(&bytes.target->symbols, KT_SPAN("contig_page_data"), bytes.nodes[0]);
	if (CHECK(walk(&bytes, &seen, &sum))) {
		CHECK_INT(sum.nr_zones, 3);
		CHECK_INT(sum.nr_cpu_free, 1);
	}
	free_fini(&bytes);
}

/* One change: in nodes and zones, in the lists of CPUs, or in the memory map. */
static char *place(struct free_bytes *bytes)
{
	static const uint32_t pages[] = { 8, 39, 40, 41, 1024, 1536, 2048, 3100, 3101, 3200 };

	switch (dice(4)) {
	case 0: return bytes->memory + 64 + dice(bytes->used - 64);
	case 1:
		return bytes->memory + (2 + dice(FREE_CPUS)) * FREE_STEP +
		       dice(bytes->cpu_used - 8);
	case 2:
		return bytes->map + pages[dice(KT_LEN(pages))] * FPAGE_BYTES +
		       dice(FPAGE_BYTES - 8);
	default: return bytes->map + dice((uint64_t)FREE_PAGES * FPAGE_BYTES - 8);
	}
}

static void damage(enum free_form form, bool symbols)
{
	struct free_bytes bytes;

	free_init(&bytes, form, symbols);
	fill(&bytes);
	for (unsigned i = 0; i < 2500; i++) {
		struct kt_free_lists_sum sum;
		struct seen seen;
		char *at = place(&bytes);
		uint64_t before, value = dice(3)   ? dice(UINT64_MAX)
					 : dice(2) ? FREE_BASE + dice(bytes.used)
						   : free_page(dice(FREE_PAGES)) + FPAGE_LIST;

		memcpy(&before, at, sizeof(before));
		memcpy(at, &value, 1ull << dice(4));
		if (walk(&bytes, &seen, &sum)) {
			CHECK(sum.nr_zones <= 2 * NODE_NR_ZONES);
			CHECK(sum.nr_cpu_free <= FREE_PAGES);
			CHECK(sum.nr_torn || sum.nr_cpu_free == sum.nr_cpu_counted);
		}
		CHECK(bytes.target->nr_reads < 40000);
		memcpy(at, &before, sizeof(before));
	}
	free_fini(&bytes);
}

TEST(damaged_memory_ends_the_walk_over_free_pages)
{
	for (unsigned i = 0; i < 2 * FREE_FORMS; i++)
		damage((enum free_form)(i / 2), i % 2);
}
