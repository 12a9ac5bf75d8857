// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/buddyinfo"

TEST(the_free_blocks_of_a_zone_are_read_by_order)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, buddyinfo, PATH,
			  "Node 0, zone      DMA      0      0      1 \n"
			  "Node 1, zone   Normal   7621   3959   5928\n"),
		NO_ERROR);
	if (!CHECK_INT(snap->free_areas.count, 2))
		return;
	CHECK_STR(snap->free_areas.items[0].zone, "DMA");
	CHECK_INT(snap->free_areas.items[0].nr_orders, 3);
	CHECK_INT(snap->free_areas.items[0].nr_blocks[2], 1);
	CHECK_INT(snap->free_areas.items[1].node, 1);
	CHECK_INT(snap->free_areas.items[1].nr_blocks[0], 7621);
	CHECK(!snap->free_areas.items[1].mobility);
}

TEST(a_kernel_may_have_other_orders_than_11)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(65536);

	CHECK_INT(FEED(snap, buddyinfo, PATH,
			  "Node 0, zone   Normal 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n"),
		NO_ERROR);
	CHECK_INT(snap->free_areas.items[0].nr_orders, 14);
	CHECK_INT(snap->free_areas.items[0].nr_blocks[13], 14);
}

TEST(a_line_that_is_no_zone_makes_the_file_bad_and_leaves_nothing)
{
	static const char *const lines[] = { "Node 0, zone DMA", "Node 0, zone DMA 1 x\n",
		"Node 0, zone DMA -1\n", "Node x, zone DMA 1\n", "Node 0 zone DMA 1\n",
		"Node 9999, zone DMA 1\n", "some text\n", "Node 0, zone DMA 18446744073709551615\n",
		"Node 0, zone DMA 0 0 1099511627776\n",
		"Node 0, zone DMA 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n" };

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		char text[256];

		snprintf(text, sizeof(text), "Node 0, zone DMA32 1 2\n%s", lines[i]);
		if (!CHECK_INT(FEED(snap, buddyinfo, PATH, text), KT_ERR_PARSE))
			printf("  %s\n", lines[i]);
		CHECK_INT(snap->free_areas.count, 0);
	}
}

/* Each zone alone is possible, all together are more than any machine has. */
TEST(more_pages_than_any_machine_has_are_refused_over_the_zones_too)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (int i = 0; i < 3; i++)
		kt_buf_printf(&text, "Node %d, zone Normal 1099511627776\n", i);
	CHECK_INT(feed_bytes(snap, &kt_source_buddyinfo, PATH, text.data, text.size), KT_ERR_PARSE);
}

TEST(an_empty_file_is_not_buddyinfo)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, buddyinfo, PATH, ""), KT_ERR_PARSE);
}
