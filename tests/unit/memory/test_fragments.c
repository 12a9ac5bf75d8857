// SPDX-License-Identifier: GPL-2.0-or-later
//
// What keeps large blocks from being free, in memory that was made by hand. A block has 16 pages.

#include "direct_check.h"

#define BLOCK  16u
#define SECOND (DIRECT_FIRST / BLOCK * BLOCK + BLOCK) /* the first block that tests have alone */

static const struct kt_fragments *walk(struct direct_bytes *direct, struct kt_snapshot *snap)
{
	struct kt_fragments *fragments = kt_list_push(&snap->arena, &snap->fragments);
	struct kt_direct_pages_sum sum;

	if (!fragments)
		abort();
	*fragments = (struct kt_fragments){ .block_pages = BLOCK };
	CHECK(!direct_walk(direct, snap, &sum));
	return snap->fragments.items;
}

static void keep_free(struct direct_bytes *direct, uint64_t first, uint64_t end)
{
	for (uint64_t pfn = first; pfn < end; pfn++)
		direct_keep(direct, 0, pfn);
}

TEST(one_page_of_a_variable_keeps_a_block)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	const struct kt_fragments *fragments;
	struct direct_bytes direct;

	direct_init(&direct, true);
	keep_free(&direct, SECOND, SECOND + BLOCK - 1);
	direct_use(&direct, SECOND + BLOCK - 1);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(SECOND + BLOCK - 1));
	keep_free(&direct, SECOND + BLOCK, SECOND + 2 * BLOCK);
	fragments = walk(&direct, snap);
	CHECK_INT(fragments->nr_blocks, DIRECT_PAGES / BLOCK);
	CHECK_INT(fragments->nr_free, 1);
	CHECK_INT(fragments->nr_movable, 0);
	CHECK_INT(fragments->nr_spare_pages, BLOCK - 1);
	CHECK_INT(fragments->steps[0].nr_blocks, 1);
	CHECK_INT(fragments->steps[0].nr_clear, 1);
	CHECK_INT(fragments->steps[0].nr_pages, 1);
	CHECK_INT(snap->fragment_pins.count, 1);
	CHECK_STR(snap->fragment_pins.items[0].owner, "page_variable");
	CHECK_INT(snap->fragment_pins.items[0].nr_pages, 1);
	CHECK_INT(snap->fragment_pins.items[0].nr_alone, 1);
	CHECK_INT(snap->fragment_pins.items[0].nr_clear, 1);
	direct_fini(&direct);
}

/* Neither of two owners keeps the block alone. */
TEST(a_block_of_two_owners_is_of_none_alone)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	const struct kt_fragments *fragments;
	struct direct_bytes direct;

	direct_init(&direct, true);
	keep_free(&direct, SECOND, SECOND + BLOCK - 3);
	for (unsigned i = 1; i <= 3; i++)
		direct_use(&direct, SECOND + BLOCK - i);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(SECOND + BLOCK - 1));
	direct_set64(&direct, direct_variable(DIRECT_PAGE) + 32, direct_info(SECOND + BLOCK - 3));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_info(SECOND + BLOCK - 2));
	fragments = walk(&direct, snap);
	CHECK_INT(fragments->steps[2].nr_blocks, 1);
	CHECK_INT(fragments->steps[2].nr_pages, 3);
	CHECK_INT(snap->fragment_pins.count, 2);
	for (size_t i = 0; i < 2; i++) {
		CHECK_INT(snap->fragment_pins.items[i].nr_alone, 0);
		CHECK_INT(snap->fragment_pins.items[i].nr_blocks, 1);
	}
	direct_fini(&direct);
}

/* Nobody asked for them. */
TEST(blocks_are_only_looked_at_where_they_are_asked_for)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_direct_pages_sum sum;
	struct direct_bytes direct;

	direct_init(&direct, true);
	CHECK(!direct_walk(&direct, snap, &sum));
	CHECK_INT(snap->fragments.count, 0);
	CHECK_INT(snap->fragment_pins.count, 0);
	direct_fini(&direct);
}
