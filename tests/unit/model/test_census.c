// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/census.h"

#include "feed.h"
#include "test.h"

#define FREE (1ull << 10)
#define LRU  (1ull << 5)
#define HEAD (1ull << 15)
#define TAIL (1ull << 16)

#define NO_LIMIT (1ull << 40)

static void add_ram(struct kt_snapshot *snap, uint64_t start, uint64_t end)
{
	struct kt_region *region = kt_list_push(&snap->arena, &snap->iomem);

	*region = (struct kt_region){ start, end, "System RAM" };
}

static void add_zone(
	struct kt_snapshot *snap, int node, const char *name, int64_t start, int64_t spanned)
{
	struct kt_zone *zone = kt_list_push(&snap->arena, &snap->zones);

	*zone = kt_zone_unknown(node, name);
	zone->start_pfn = start;
	zone->spanned = zone->present = zone->managed = spanned;
}

/* 4 MiB with a hole of one page and a zone border, in pages: [1, 300) and [301, 1024). */
static struct kt_snapshot *small_machine(void)
{
	struct kt_snapshot *snap = machine(4096);

	add_ram(snap, 301 * 4096, 1024 * 4096);
	add_ram(snap, 100, 300 * 4096 + 4095);
	add_zone(snap, 0, "DMA", 1, 511);
	add_zone(snap, 0, "Normal", 512, 512);
	return snap;
}

static int plan(struct kt_census *census, const struct kt_snapshot *snap, uint64_t limit)
{
	struct kt_err *err = kt_census_plan(census, snap, limit);
	int code = err ? (int)kt_err_code(err) : NO_ERROR;

	kt_err_free(err);
	return code;
}

static void check_range(
	const struct kt_census *census, size_t index, uint64_t start, uint64_t end, size_t zone)
{
	if (!CHECK(index < census->ranges.count))
		return;
	CHECK_INT(census->ranges.items[index].start, start);
	CHECK_INT(census->ranges.items[index].end, end);
	CHECK_INT(census->ranges.items[index].zone, zone);
}

TEST(whole_pages_of_system_ram_are_cut_where_zones_meet)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = small_machine();
	struct kt_census *census = kt_census_new(&snap->arena, false);

	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	CHECK_INT(census->ranges.count, 3);
	check_range(census, 0, 1, 300, 0);
	check_range(census, 1, 301, 512, 0);
	check_range(census, 2, 512, 1024, 1);
	CHECK_INT(census->nr_outside, 0);
}

TEST(ranges_that_overlap_count_once)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_census *census = kt_census_new(&snap->arena, false);

	add_ram(snap, 0, 100 * 4096);
	add_ram(snap, 50 * 4096, 80 * 4096);
	add_ram(snap, 90 * 4096, 110 * 4096);
	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	CHECK_INT(census->ranges.count, 2);
	check_range(census, 0, 0, 100, 0);
	check_range(census, 1, 100, 110, 0);
	CHECK(!census->zones.items[0].name);
}

TEST(system_ram_in_no_zone_is_left_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_census *census = kt_census_new(&snap->arena, false);

	add_ram(snap, 0, 100 * 4096);
	add_zone(snap, 0, "DMA", 10, 20);
	add_zone(snap, 0, "Movable", -1, 0);
	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	CHECK_INT(census->ranges.count, 1);
	check_range(census, 0, 10, 30, 0);
	CHECK_INT(census->nr_outside, 80);
}

TEST(of_zones_inside_each_other_the_smaller_has_the_page)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_census *census = kt_census_new(&snap->arena, false);

	add_ram(snap, 0, 100 * 4096);
	add_zone(snap, 0, "Normal", 0, 100);
	add_zone(snap, 1, "Normal", 40, 20);
	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	CHECK_INT(census->ranges.count, 3);
	check_range(census, 1, 40, 60, 1);
	check_range(census, 2, 60, 100, 0);
}

TEST(offline_blocks_are_cut_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = small_machine();
	struct kt_census *census = kt_census_new(&snap->arena, false);

	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	kt_census_leave_out(census, 250, 400);
	CHECK_INT(census->nr_outside, 50 + 99);
	check_range(census, 0, 1, 250, 0);
	check_range(census, 1, 301, 301, 0);
	check_range(census, 2, 400, 512, 0);
	kt_census_leave_out(census, 5000, 6000);
	CHECK_INT(census->nr_outside, 149);
}

TEST(without_system_ram_or_beyond_the_limit_nothing_is_looked_at)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *none = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *large = machine(4096);

	CHECK_INT(plan(kt_census_new(&none->arena, false), none, NO_LIMIT), KT_ERR_ABSENT);
	add_ram(large, 0, UINT64_MAX >> 1);
	CHECK_INT(plan(kt_census_new(&large->arena, false), large, 1ull << 36), KT_ERR_LIMIT);
	large->host.page_bytes = KT_UNKNOWN;
	CHECK_INT(plan(kt_census_new(&large->arena, false), large, NO_LIMIT), KT_ERR_ABSENT);
}

TEST(pages_count_for_their_zone_and_for_the_whole)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = small_machine();
	struct kt_census *census = kt_census_new(&snap->arena, false);
	const uint64_t words[] = { FREE, FREE, LRU, 0, HEAD, TAIL, TAIL, LRU | HEAD, TAIL };

	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	kt_census_begin(census, &census->ranges.items[0]);
	kt_census_add(census, words, NULL, 4);
	kt_census_begin(census, &census->ranges.items[2]);
	kt_census_add(census, words + 4, NULL, 3);
	kt_census_add(census, words + 7, NULL, 1);
	/* a compound page goes on in the next piece */
	kt_census_add(census, words + 8, NULL, 1);
	kt_census_add_unread(census, 7);
	kt_census_end(census);
	CHECK_INT(census->nr_pages, 16);
	CHECK_INT(kt_page_counts_sum(&census->pages), 16);
	CHECK_INT(census->pages.nr[KT_PAGE_FREE], 2);
	CHECK_INT(census->pages.nr[KT_PAGE_FILE], 3);
	CHECK_INT(census->nr_lru, 3);
	CHECK_INT(census->pages.nr[KT_PAGE_COMPOUND], 3);
	CHECK_INT(census->pages.nr[KT_PAGE_UNREAD], 7);
	CHECK_INT(census->zones.items[0].pages.nr[KT_PAGE_FREE], 2);
	CHECK_INT(census->zones.items[1].pages.nr[KT_PAGE_FILE], 2);
	CHECK_INT(census->bits, FREE | LRU | HEAD | TAIL);
}

static const struct kt_census_group *group_of(const struct kt_census *census, uint64_t inode)
{
	static const struct kt_census_group none = { 0 };

	for (size_t i = 0; i < census->groups.count; i++) {
		if (census->groups.items[i].inode == inode)
			return &census->groups.items[i];
	}
	return &none;
}

TEST(a_tail_is_charged_to_the_cgroup_of_its_head)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = small_machine();
	struct kt_census *census = kt_census_new(&snap->arena, true);
	const uint64_t words[] = { LRU, LRU, LRU | HEAD, TAIL, TAIL, 0 };
	const uint64_t inodes[] = { 5, 9, 7, 0, 0, 0 }; /* 6.1: tails say 0 */

	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	kt_census_begin(census, &census->ranges.items[0]);
	kt_census_add(census, words, inodes, 6);
	CHECK_INT(census->groups.count, 4);
	CHECK_INT(group_of(census, 7)->pages.nr[KT_PAGE_FILE], 3);
	CHECK_INT(group_of(census, 5)->pages.nr[KT_PAGE_FILE], 1);
	CHECK_INT(group_of(census, 0)->pages.nr[KT_PAGE_NONE], 1);
}

TEST(more_cgroups_than_the_limit_share_one)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = small_machine();
	struct kt_census *census = kt_census_new(&snap->arena, true);
	int64_t sum = 0;

	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	kt_census_begin(census, &census->ranges.items[0]);
	for (uint64_t i = 0; i < KT_CENSUS_GROUPS_MAX + 1000; i++) {
		uint64_t word = 0, inode = i * 0x100000001ull;

		kt_census_add(census, &word, &inode, 1);
	}
	CHECK_INT(census->groups.count, KT_CENSUS_GROUPS_MAX + 1);
	CHECK_INT(group_of(census, KT_CENSUS_OTHERS)->pages.nr[KT_PAGE_NONE], 1000);
	for (size_t i = 0; i < census->groups.count; i++)
		sum += kt_page_counts_sum(&census->groups.items[i].pages);
	CHECK_INT(sum, KT_CENSUS_GROUPS_MAX + 1000);
}

TEST(the_map_of_a_small_machine_has_a_cell_for_each_page)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = small_machine();
	struct kt_census *census = kt_census_new(&snap->arena, false);
	const uint64_t words[] = { FREE, FREE, 0 };

	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	kt_census_start_map(census);
	if (!CHECK(census->map))
		return;
	CHECK_INT(census->map->shift, 0);
	kt_census_begin(census, &census->ranges.items[0]);
	kt_census_add(census, words, NULL, 3);
	kt_census_add_unread(census, 296);
	for (int i = 0; i < 2; i++) {
		kt_census_begin(census, &census->ranges.items[i + 1]);
		kt_census_add_unread(census, i ? 512 : 211);
	}
	kt_census_end(census);
	CHECK_INT(census->map->nr_cells, 1022);
	CHECK_INT(census->map->shares[1][KT_PAGE_FREE], 255);
	CHECK_INT(census->map->shares[2][KT_PAGE_NONE], 255);
	CHECK_INT(census->map->shares[1021][KT_PAGE_UNREAD], 255);
}

TEST(a_cell_of_a_large_machine_holds_the_shares_of_its_pages)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_census *census = kt_census_new(&snap->arena, false);
	const uint64_t words[] = { FREE, FREE, FREE, 0, LRU, LRU };

	add_ram(snap, 0, (4ull << 20) * 4096 - 4096 * 2);
	CHECK_INT(plan(census, snap, NO_LIMIT), NO_ERROR);
	kt_census_start_map(census);
	CHECK_INT(census->map->shift, 2);
	kt_census_begin(census, &census->ranges.items[0]);
	kt_census_add(census, words, NULL, 6);
	kt_census_end(census);
	CHECK_INT(census->map->nr_cells, 2);
	CHECK_INT(census->map->shares[0][KT_PAGE_FREE], 191);
	CHECK_INT(census->map->shares[0][KT_PAGE_NONE], 63);
	CHECK_INT(census->map->shares[1][KT_PAGE_FILE], 255);
}
