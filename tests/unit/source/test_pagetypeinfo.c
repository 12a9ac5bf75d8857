// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/pagetypeinfo"

static const char modern[] = "Page block order: 9\n"
			     "Pages per block:  512\n"
			     "\n"
			     "Free pages count per migrate type at order       0      1      2 \n"
			     "Node    0, zone   Normal, type    Unmovable      1   1203   1247 \n"
			     "Node    0, zone   Normal, type      Movable >100000    993      0 \n"
			     "Node    0, zone   Normal, type      Isolate      0      0      2 \n"
			     "\n"
			     "Number of blocks type     Unmovable      Movable      Isolate \n"
			     "Node 0, zone   Normal          116         1897            3 \n"
			     "Page block order: 9\n"
			     "Pages per block:  512\n"
			     "\n"
			     "Free pages count per migrate type at order       0      1      2 \n"
			     "Node    1, zone   Normal, type    Unmovable      7      8      9 \n"
			     "\n"
			     "Number of blocks type     Unmovable \n"
			     "Node 1, zone   Normal           5 \n"
			     "\n"
			     "Number of mixed blocks    Unmovable \n"
			     "Node 1, zone   Normal          99 \n";

TEST(free_blocks_and_pageblocks_are_read_by_mobility)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_free_area *areas;

	CHECK_INT(FEED(snap, pagetypeinfo, PATH, modern), NO_ERROR);
	if (!CHECK_INT(snap->mobilities.count, 4))
		return;
	areas = snap->mobilities.items;
	CHECK_STR(areas[0].zone, "Normal");
	CHECK_STR(areas[0].mobility, "Unmovable");
	CHECK_INT(areas[0].nr_blocks[2], 1247);
	CHECK_INT(areas[0].nr_pageblocks, 116);
	CHECK_INT(areas[2].nr_pageblocks, 3);
	CHECK_INT(areas[3].node, 1);
	CHECK_INT(areas[3].nr_blocks[1], 8);
}

TEST(a_count_that_the_kernel_gave_up_is_a_lower_bound)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, pagetypeinfo, PATH, modern);
	CHECK(!snap->mobilities.items[0].capped);
	CHECK(snap->mobilities.items[1].capped);
	CHECK_INT(snap->mobilities.items[1].nr_blocks[0], 100000);
}

TEST(mixed_blocks_are_no_pageblocks)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, pagetypeinfo, PATH, modern);
	CHECK_INT(snap->mobilities.items[3].nr_pageblocks, 5);
}

TEST(a_damaged_line_makes_the_file_bad_and_leaves_nothing)
{
	static const char *const lines[] = { "Node 0, zone Normal, type\n",
		"Node 0, zone Normal, type Movable x\n", "Node 0, zone Normal, type Movable\n",
		"Node 0, zone Normal, type Movable 18446744073709551615\n",
		"Number of blocks type  Movable\nNode 0, zone Normal x\n" };

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		char text[256];

		snprintf(text, sizeof(text), "Node 0, zone Normal, type Movable 1 2\n%s", lines[i]);
		if (!CHECK_INT(FEED(snap, pagetypeinfo, PATH, text), KT_ERR_PARSE))
			printf("  %s\n", lines[i]);
		CHECK_INT(snap->mobilities.count, 0);
	}
}

TEST(the_running_machine_is_asked_only_where_somebody_wants_to_pay)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK(kt_source_pagetypeinfo.wanted(snap, 0));
	snap->host.live = true;
	CHECK(!kt_source_pagetypeinfo.wanted(snap, KT_WANT_ALL));
	CHECK(kt_source_pagetypeinfo.wanted(snap, KT_WANT_EXPENSIVE));
}

TEST(zones_follow_from_their_parts_where_no_file_has_them)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_free_area *areas;

	CHECK_INT(FEED(snap, pagetypeinfo, PATH, modern), NO_ERROR);
	if (!CHECK_INT(snap->free_areas.count, 2))
		return;
	areas = snap->free_areas.items;
	CHECK_STR(areas[0].zone, "Normal");
	CHECK(!areas[0].mobility);
	CHECK_INT(areas[0].nr_orders, 3);
	CHECK_INT(areas[0].nr_blocks[1], 1203 + 993);
	CHECK_INT(areas[0].nr_blocks[2], 1247 + 2);
	CHECK(areas[0].capped && !areas[1].capped);
	CHECK_INT(areas[1].node, 1);
	CHECK_INT(areas[1].nr_blocks[2], 9);
}
