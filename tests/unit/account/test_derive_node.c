// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files of NUMA nodes that belong to the machine, and files that do not.

#include "feed.h"
#include "test.h"

#include "account/account.h"

#define PATH "sys/devices/system/node/node0/meminfo"

static void put_node(struct kt_snapshot *snap, enum kt_metric metric, enum kt_rank rank,
	const char *path, int64_t bytes)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = 0,
				      .unit = KT_BYTES,
				      .rank = rank,
				      .raw = bytes,
				      .path = path,
				      .field = kt_metric_name(metric) });
}

/* A machine of one node with zones: 4 GiB present, 3 GiB managed. */
static struct kt_snapshot *with_zones(int64_t node_total, int64_t active_file)
{
	struct kt_snapshot *snap = machine(4096);
	static const struct {
		enum kt_metric metric;
		int64_t bytes;
	} zones[] = { { KT_PRESENT, 4 * GIB }, { KT_ZONE_MANAGED, 3 * GIB }, { KT_NR_FREE, GIB } };

	for (size_t i = 0; i < KT_LEN(zones); i++) {
		put_node(snap, zones[i].metric, KT_RANK_FIRST, "proc/zoneinfo", zones[i].bytes);
		fact(snap, zones[i].metric, zones[i].bytes);
	}
	put_node(snap, KT_ACTIVE_FILE, KT_RANK_ZONEINFO, "proc/zoneinfo", 800 * MIB);
	meminfo_kb(snap, KT_MEM_TOTAL, 3 << 20);
	put_node(snap, KT_MEM_TOTAL, KT_RANK_NODE, PATH, node_total);
	put_node(snap, KT_ACTIVE_FILE, KT_RANK_NODE, PATH, active_file);
	put_node(snap, KT_ANON, KT_RANK_NODE, PATH, 100 * MIB);
	kt_derive(snap);
	return snap;
}

TEST(a_node_s_file_with_another_total_is_left_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = with_zones(2 * GIB, 800 * MIB);

	CHECK_INT(value_on(snap, KT_ANON, 0).state, KT_UNSUPPORTED);
	CHECK(strstr(value_on(snap, KT_ANON, 0).reason, PATH));
	CHECK_INT(snap->degraded.count, 1);
	CHECK(any_note_has(snap, "another machine"));
}

TEST(managed_and_on_old_kernels_present_pages_are_the_total_of_a_node)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *managed = with_zones(3 * GIB, 800 * MIB);
	KT_CLEANUP(snapshot) struct kt_snapshot *present = with_zones(4 * GIB, 790 * MIB);

	CHECK_INT(value_on(managed, KT_ANON, 0).quality, KT_EXACT);
	CHECK_INT(value_on(present, KT_ANON, 0).quality, KT_EXACT);
	CHECK_INT(managed->degraded.count + present->degraded.count, 0);
}

TEST(counters_of_another_moment_are_estimates)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = with_zones(3 * GIB, 200 * MIB);

	CHECK_INT(value_on(snap, KT_ANON, 0).state, KT_OK);
	CHECK_INT(value_on(snap, KT_ANON, 0).quality, KT_ESTIMATE);
	CHECK_INT(value_on(snap, KT_MEM_TOTAL, 0).quality, KT_EXACT);
	CHECK_INT(snap->degraded.count, 1);
}

TEST(a_node_that_has_no_zone_is_of_another_machine)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	fact(snap, KT_ZONE_MANAGED, 3 * GIB);
	put_node(snap, KT_MEM_TOTAL, KT_RANK_NODE, PATH, GIB);
	kt_derive(snap);
	CHECK_INT(value_on(snap, KT_MEM_TOTAL, 0).state, KT_UNSUPPORTED);
}

/* Without zones: the quality of the node's total, where meminfo has `total`. */
static enum kt_quality by_sum(int64_t total, int64_t free, int64_t node_total, int64_t nr_nodes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	snap->host.nr_nodes = nr_nodes;
	meminfo_kb(snap, KT_MEM_TOTAL, total / 1024);
	meminfo_kb(snap, KT_MEM_FREE, free / 1024);
	put_node(snap, KT_MEM_TOTAL, KT_RANK_NODE, PATH, node_total);
	put_node(snap, KT_MEM_FREE, KT_RANK_NODE, PATH, GIB);
	kt_derive(snap);
	CHECK_INT(
		snap->degraded.count, value_on(snap, KT_MEM_TOTAL, 0).quality == KT_EXACT ? 0 : 1);
	return value_on(snap, KT_MEM_TOTAL, 0).quality;
}

TEST(without_zones_the_sum_of_the_nodes_is_held_against_meminfo)
{
	CHECK_INT(by_sum(3 * GIB, GIB, 3 * GIB, 1), KT_EXACT);
	CHECK_INT(by_sum(3 * GIB, GIB, 2 * GIB, 1), KT_ESTIMATE);
	CHECK_INT(by_sum(3 * GIB, GIB, 4 * GIB, 1), KT_ESTIMATE);
	/* what was reserved at boot is in the nodes of old kernels */
	CHECK_INT(by_sum(3 * GIB, GIB, 3 * GIB + 60 * MIB, 1), KT_EXACT);
	/* a file of a node is missing; memory is not yet initialised */
	CHECK_INT(by_sum(3 * GIB, GIB, 2 * GIB, 2), KT_EXACT);
	CHECK_INT(by_sum(3 * GIB, 2 * GIB, 2 * GIB, 1), KT_EXACT);
}

TEST(a_node_has_nothing_of_what_the_machine_has_nothing_of)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = with_zones(3 * GIB, 800 * MIB);
	KT_CLEANUP(account) struct kt_account account = { 0 };
	const struct kt_line *line;

	meminfo_kb(snap, KT_BUFFERS, 0);
	meminfo_kb(snap, KT_ZSPAGES, 5000);
	kt_snapshot_none(snap, KT_SWIOTLB, KT_NO_NODE, "there is none");
	kt_derive_node(snap, 0);
	CHECK_INT(value_on(snap, KT_BUFFERS, 0).value, 0);
	CHECK_INT(value_on(snap, KT_BUFFERS, 0).quality, KT_EXACT);
	CHECK(value_on(snap, KT_SWIOTLB, 0).none);
	CHECK_INT(value_on(snap, KT_ZSPAGES, 0).state, KT_UNSUPPORTED);
	CHECK_STR(value_on(snap, KT_ZSPAGES, 0).reason, "the kernel does not count it by node");
	CHECK(!kt_account_compute(snap, 0, &account));
	line = kt_account_line(&account, KT_ROW_ZSMALLOC);
	CHECK_STR(kt_line_contained_in(line, &account.arena), "unattributed");
	line = kt_account_line(&account, KT_ROW_SWIOTLB);
	CHECK(!line->nr_holders);
}
