// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

TEST(a_nodes_fields_stand_behind_its_name)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, node, "sys/devices/system/node/node12/meminfo",
			  "Node 12 MemTotal:       65536 kB\n"
			  "Node 12 MemUsed:        1000 kB\n"
			  "Node 12 FilePages:      300 kB\n"
			  "Node 12 AnonPages:      18446744073709551608 kB\n"
			  "Node 12 HugePages_Total:     2\n"),
		NO_ERROR);
	CHECK_INT(value_on(snap, KT_MEM_TOTAL, 12).value, 64 * MIB);
	CHECK_INT(value_on(snap, KT_FILE_PAGES, 12).value, 300 * KIB);
	CHECK_INT(value_on(snap, KT_ANON, 12).state, KT_BAD);
	CHECK_INT(value_on(snap, KT_HUGE_TOTAL, 12).value, 2);
	CHECK_INT(snap->unknown.count, 0);
}

TEST(nodes_add_up_to_the_machine_where_it_says_nothing_itself)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *empty = machine(4096);

	FEED(snap, node, "sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 1024 kB\n");
	FEED(snap, node, "sys/devices/system/node/node1/meminfo", "Node 1 MemTotal: 2048 kB\n");
	CHECK_VALUE(snap, MEM_TOTAL, 3 * MIB);
	CHECK(kt_source_node.wanted(empty, 0));
	CHECK(!kt_source_node.wanted(snap, 0));
	CHECK(kt_source_node.wanted(snap, KT_WANT_NODES));
}

TEST(the_text_of_another_node_is_not_taken)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, node, "sys/devices/system/node/node1/meminfo",
			  "Node 0 MemTotal: 1024 kB\n"),
		KT_ERR_PARSE);
	CHECK_INT(value_on(snap, KT_MEM_TOTAL, 1).state, KT_ABSENT);
}

TEST(pools_below_a_node_are_the_nodes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, node,
			  "sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages",
			  "3\n"),
		NO_ERROR);
	if (CHECK_INT(snap->hugepools.count, 1)) {
		CHECK_INT(snap->hugepools.items[0].node, 1);
		CHECK_INT(snap->hugepools.items[0].total, 3);
	}
}

TEST(a_path_that_names_no_node_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	static const char text[] = "Node 0 MemTotal: 1024 kB\n";

	CHECK_INT(FEED(snap, node, "sys/devices/system/node/nodeX/meminfo", text), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, node, "sys/devices/system/node/node99999999/meminfo", text),
		KT_ERR_PARSE);
}
