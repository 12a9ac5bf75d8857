// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/zoneinfo"

/* Two nodes as 6.x prints them: node counters below the node's first zone. */
static const char modern[] = "Node 0, zone      DMA\n"
			     "  per-node stats\n"
			     "      nr_inactive_anon 100\n"
			     "      nr_anon_pages 50\n"
			     "  pages free     2816\n"
			     "        boost    0\n"
			     "        min      17\n"
			     "        spanned  4095\n"
			     "        present  3998\n"
			     "        managed  3840\n"
			     "        cma      0\n"
			     "        protection: (0, 1900, 15800, 15800, 15800)\n"
			     "      nr_free_pages 2816\n"
			     "      nr_free_cma  0\n"
			     "  pagesets\n"
			     "    cpu: 0\n"
			     "              count:    1\n"
			     "              high:     0\n"
			     "              batch:    1\n"
			     "  vm stats threshold: 4\n"
			     "    cpu: 1\n"
			     "              count:    2\n"
			     "              high:     0\n"
			     "              batch:    1\n"
			     "  vm stats threshold: 6\n"
			     "  node_unreclaimable:  0\n"
			     "  start_pfn:           1\n"
			     "Node 0, zone   Normal\n"
			     "  pages free     5000\n"
			     "        present  20000\n"
			     "        managed  19000\n"
			     "      nr_free_pages 5000\n"
			     "      nr_free_cma  700\n"
			     "      nr_unaccepted 30\n"
			     "  pagesets\n"
			     "    cpu: 0\n"
			     "              count:    40\n"
			     "Node 1, zone   Normal\n"
			     "  per-node stats\n"
			     "      nr_inactive_anon 11\n"
			     "  pages free     6000\n"
			     "        present  30000\n"
			     "        managed  29000\n"
			     "      nr_free_cma  0\n"
			     "  pagesets\n"
			     "    cpu: 0\n"
			     "              count:    0\n"
			     "  start_pfn:           30000\n"
			     "Node 1, zone  Movable\n"
			     "  pages free     0\n"
			     "        present  0\n"
			     "        managed  0\n";

TEST(zones_add_up_to_their_node_and_to_the_machine)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zoneinfo, PATH, modern), NO_ERROR);
	CHECK_VALUE(snap, PRESENT, (3998 + 20000 + 30000) * 4096ll);
	CHECK_VALUE(snap, ZONE_MANAGED, (3840 + 19000 + 29000) * 4096ll);
	CHECK_VALUE(snap, NR_FREE, (2816 + 5000 + 6000) * 4096ll);
	CHECK_VALUE(snap, PCP, (1 + 2 + 40) * 4096ll);
	CHECK_INT(value_on(snap, KT_PRESENT, 0).value, (3998 + 20000) * 4096ll);
	CHECK_INT(value_on(snap, KT_PRESENT, 1).value, 30000 * 4096ll);
	CHECK_INT(value_on(snap, KT_PCP, 1).value, 0);
}

TEST(node_counters_and_zone_counters_are_both_the_nodes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, zoneinfo, PATH, modern);
	CHECK_VALUE(snap, INACTIVE_ANON, 111 * 4096);
	CHECK_INT(value_on(snap, KT_INACTIVE_ANON, 1).value, 11 * 4096);
	CHECK_INT(value_on(snap, KT_CMA_FREE, 0).value, 700 * 4096);
	CHECK_INT(value_on(snap, KT_UNACCEPTED, 0).value, 30 * 4096);
}

TEST(a_zone_keeps_what_its_row_and_the_error_bound_need)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, zoneinfo, PATH, modern);
	if (!CHECK_INT(snap->zones.count, 4))
		return;
	CHECK_STR(snap->zones.items[0].name, "DMA");
	CHECK_INT(snap->zones.items[0].nr_cpus, 2);
	CHECK_INT(snap->zones.items[0].threshold, 6);
	CHECK_INT(snap->zones.items[1].free, 5000);
	CHECK_INT(snap->zones.items[1].cma_free, 700);
	CHECK_INT(snap->zones.items[1].unaccepted, 30);
	CHECK_INT(snap->zones.items[2].node, 1);
}

TEST(watermarks_and_reserves_are_kept_and_unknown_where_no_line_has_them)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_zone *zone;

	FEED(snap, zoneinfo, PATH, modern);
	zone = &snap->zones.items[0];
	CHECK_INT(zone->min, 17);
	CHECK_INT(zone->boost, 0);
	CHECK_INT(zone->low, -1);
	CHECK_INT(zone->nr_reserve, 5);
	CHECK_INT(zone->reserve[2], 15800);
	CHECK_INT(snap->zones.items[1].min, -1);
	CHECK_INT(snap->zones.items[1].nr_reserve, 0);
}

TEST(a_damaged_reserve_is_no_reserve)
{
	static const char *const lines[] = { "(0, x)", "(0, -1)", "0, 1", "(1,", "()",
		"(99999999999999999999)" };

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		char text[256];

		snprintf(text, sizeof(text),
			"Node 0, zone DMA\n  pages free 1\n        protection: %s\n", lines[i]);
		FEED(snap, zoneinfo, PATH, text);
		if (!CHECK_INT(snap->zones.items[0].nr_reserve, 0))
			printf("  %s\n", lines[i]);
	}
}

TEST(more_reserves_than_any_kernel_has_are_cut)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, zoneinfo, PATH,
		"Node 0, zone DMA\n  pages free 1\n"
		"        protection: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)\n");
	CHECK_INT(snap->zones.items[0].nr_reserve, KT_ZONES_MAX);
}

TEST(linux_3_x_keeps_every_counter_per_zone)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zoneinfo, PATH,
			  "Node 0, zone      DMA\n"
			  "  pages free     3975\n"
			  "        min      64\n"
			  "        scanned  0\n"
			  "        spanned  4095\n"
			  "        present  3998\n"
			  "        managed  3977\n"
			  "    nr_free_pages 3975\n"
			  "    nr_anon_pages 1\n"
			  "    nr_slab_reclaimable 2\n"
			  "        protection: (0, 3225, 15863, 15863)\n"
			  "  pagesets\n"
			  "    cpu: 0\n"
			  "              count: 3\n"
			  "              high:  0\n"
			  "  vm stats threshold: 8\n"
			  "  all_unreclaimable: 1\n"
			  "Node 0, zone    DMA32\n"
			  "  pages free     100\n"
			  "        present  900000\n"
			  "        managed  800000\n"
			  "    nr_anon_pages 300\n"
			  "    nr_slab_reclaimable 40\n"
			  "    cpu: 0\n"
			  "              count: 0\n"),
		NO_ERROR);
	CHECK_VALUE(snap, ANON_BASE, 301 * 4096);
	CHECK_VALUE(snap, SLAB_R, 42 * 4096);
	CHECK_VALUE(snap, NR_FREE, 4075 * 4096);
	CHECK_VALUE(snap, PCP, 3 * 4096);
}

TEST(present_without_managed_meant_something_else_and_is_not_believed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, zoneinfo, PATH,
		"Node 0, zone   Normal\n  pages free     100\n        present  5000\n");
	CHECK_STATE(snap, PRESENT, KT_ABSENT);
	CHECK_STATE(snap, ZONE_MANAGED, KT_ABSENT);
	CHECK_VALUE(snap, NR_FREE, 100 * 4096);
}

TEST(the_summary_of_vmstat_is_believed_before_the_zones)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	vmstat_pages(snap, KT_INACTIVE_ANON, 500);
	FEED(snap, zoneinfo, PATH, modern);
	CHECK_VALUE(snap, INACTIVE_ANON, 500 * 4096);
}

TEST(an_impossible_zone_line_makes_the_file_bad_and_leaves_no_zone)
{
	static const char *const heads[] = { "Node x, zone DMA\n", "Node 0 zone DMA\n",
		"Node 0, zone\n", "Node 99999, zone DMA\n", "Node 0, memory DMA\n" };

	for (size_t i = 0; i < KT_LEN(heads); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		char text[256];

		snprintf(text, sizeof(text), "Node 0, zone DMA\n  pages free 1\n%s", heads[i]);
		CHECK_INT(FEED(snap, zoneinfo, PATH, text), KT_ERR_PARSE);
		CHECK_INT(snap->zones.count, 0);
		CHECK_STATE(snap, NR_FREE, KT_ABSENT);
	}
}

TEST(more_zones_than_any_machine_has_are_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (int i = 0; i < 1025; i++)
		kt_buf_printf(&text, "Node %d, zone DMA%d\n", i % 8, i);
	CHECK_INT(feed_bytes(snap, &kt_source_zoneinfo, PATH, text.data, text.size), KT_ERR_LIMIT);
	CHECK_INT(snap->zones.count, 0);
}

TEST(a_zone_that_stands_twice_makes_the_file_bad)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zoneinfo, PATH,
			  "Node 0, zone DMA\n  pages free 1\nNode 1, zone DMA\n  pages free 1\n"
			  "Node 0, zone DMA\n  pages free 1\n"),
		KT_ERR_PARSE);
	CHECK_STATE(snap, NR_FREE, KT_ABSENT);
}

TEST(wrapped_and_negative_numbers_are_not_counted)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, zoneinfo, PATH,
		"Node 0, zone   Normal\n"
		"  pages free     100\n"
		"        present  18446744073709551615\n"
		"        managed  -5\n"
		"      nr_slab_reclaimable 18446744073709551615\n"
		"              count:    -3\n");
	CHECK_STATE(snap, ZONE_MANAGED, KT_ABSENT);
	CHECK_STATE(snap, PRESENT, KT_ABSENT);
	CHECK_STATE(snap, SLAB_R, KT_ABSENT);
	CHECK_STATE(snap, PCP, KT_BAD);
}

TEST(a_number_that_is_refused_is_not_kept_either)
{
	static const char *const numbers[] = { "-3", "14444444444444400", "9223372036854775807" };

	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		char text[256];

		snprintf(text, sizeof(text),
			"Node 0, zone   Normal\n  pages free     %s\n        present  %s\n"
			"        managed  4000\n",
			numbers[i], numbers[i]);
		FEED(snap, zoneinfo, PATH, text);
		CHECK_INT(snap->zones.items[0].free, KT_UNKNOWN);
		CHECK_INT(snap->zones.items[0].present, KT_UNKNOWN);
		CHECK_STATE(snap, NR_FREE, KT_BAD);
		CHECK_STATE(snap, PRESENT, KT_BAD);
		CHECK_VALUE(snap, ZONE_MANAGED, 4000 * 4096);
	}
}

TEST(a_sum_that_one_zone_lacks_is_not_the_sum_of_the_others)
{
	static const char *const seconds[] = {
		"Node 0, zone Normal\n  present 7\n  managed 7\n  cpu: 0\n  count: 1\n",
		"Node 1, zone Normal\n  pages free x\n  cpu: 0\n  count: 1\n",
		"Node 0, zone Normal\n  pages free 3\n  present 7\n  managed 7\n",
		"Node 1, zone Normal\n  pages free 3\n  cpu: 0\n  count: 1\n  cpu: 1\n  count: x\n",
	};

	for (size_t i = 0; i < KT_LEN(seconds); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		char text[512];

		snprintf(text, sizeof(text),
			"Node 0, zone DMA\n  pages free 5\n  cpu: 0\n  count: 2\n%s", seconds[i]);
		CHECK_INT(FEED(snap, zoneinfo, PATH, text), NO_ERROR);
		CHECK_INT(value(snap, KT_NR_FREE).state, i < 2 ? KT_BAD : KT_OK);
		CHECK_INT(value(snap, KT_PCP).state, i < 2 ? KT_OK : KT_BAD);
	}
}

TEST(a_text_without_zones_is_not_zoneinfo)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zoneinfo, PATH, "  pages free 1\n"), KT_ERR_PARSE);
}

TEST(a_file_that_is_cut_off_inside_its_last_zone_is_left_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	static char cut[sizeof(modern)];

	memcpy(cut, modern, sizeof(cut));
	*strstr(cut, "  start_pfn:           30000") = '\0';
	CHECK_INT(FEED(snap, zoneinfo, PATH, cut), KT_ERR_PARSE);
	CHECK(!kt_ok(value(snap, KT_ZONE_MANAGED)) && !kt_ok(value(snap, KT_INACTIVE_ANON)));
	CHECK_INT(snap->zones.count, 0);
}

TEST(lists_of_cpus_that_were_lost_make_the_sum_a_lower_bound)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zoneinfo, PATH,
			  "Node 0, zone Normal\n  pages free 9\n  present 20\n  managed 19\n"
			  "  pagesets\n    cpu: 0\n  count: 4\n  vm stats threshold: 1\n"
			  "    cpu: 1\n  vm stats threshold: 1\n  start_pfn: 1\n"),
		NO_ERROR);
	CHECK_VALUE(snap, PCP, 4 * 4096);
	CHECK_INT(value(snap, KT_PCP).quality, KT_LOWER_BOUND);
}
