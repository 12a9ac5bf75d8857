// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define POOL  "sys/kernel/mm/hugepages/hugepages-2048kB/"
#define NODE1 "sys/devices/system/node/node1/hugepages/hugepages-1048576kB/"

TEST(the_path_tells_size_node_and_field)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, hugepages, POOL "nr_hugepages", "10\n"), NO_ERROR);
	CHECK_INT(FEED(snap, hugepages, POOL "free_hugepages", "4\n"), NO_ERROR);
	CHECK_INT(FEED(snap, hugepages, POOL "resv_hugepages", "2\n"), NO_ERROR);
	CHECK_INT(FEED(snap, hugepages, NODE1 "surplus_hugepages", "1\n"), NO_ERROR);
	if (!CHECK_INT(snap->hugepools.count, 2))
		return;
	CHECK_INT(snap->hugepools.items[0].node, KT_NO_NODE);
	CHECK_INT(snap->hugepools.items[0].page_bytes, 2 * MIB);
	CHECK_INT(snap->hugepools.items[0].total, 10);
	CHECK_INT(snap->hugepools.items[0].free, 4);
	CHECK_INT(snap->hugepools.items[0].reserved, 2);
	CHECK_INT(snap->hugepools.items[0].surplus, -1); /* not read is not zero */
	CHECK_INT(snap->hugepools.items[1].node, 1);
	CHECK_INT(snap->hugepools.items[1].page_bytes, GIB);
	CHECK_INT(snap->hugepools.items[1].total, -1);
}

TEST(a_number_that_cannot_be_makes_the_file_bad)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	static const char *const texts[] = { "", "-1\n", "x\n", "9223372036854775807\n" };

	for (size_t i = 0; i < KT_LEN(texts); i++)
		CHECK_INT(FEED(snap, hugepages, POOL "nr_hugepages", texts[i]), KT_ERR_PARSE);
	CHECK_INT(snap->hugepools.count, 0);
}

TEST(a_path_without_a_size_is_no_pool)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, hugepages, "sys/kernel/mm/hugepages/hugepages-0kB/nr_hugepages", "1\n");
	FEED(snap, hugepages, "sys/kernel/mm/hugepages/hugepages-xkB/nr_hugepages", "1\n");
	FEED(snap, hugepages, "sys/kernel/mm/hugepages/other/nr_hugepages", "1\n");
	CHECK_INT(snap->hugepools.count, 0);
}
