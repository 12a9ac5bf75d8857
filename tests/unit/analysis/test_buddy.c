// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "analysis/buddy.h"

static struct kt_free_area area(const char *zone, int nr_orders, const int64_t *nr_blocks)
{
	struct kt_free_area area = { .zone = zone, .nr_orders = nr_orders, .nr_pageblocks = -1 };

	for (int i = 0; i < nr_orders; i++)
		area.nr_blocks[i] = nr_blocks[i];
	return area;
}

#define AREA(zone, ...)                                                           \
	area((zone), (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), \
		(const int64_t[]){ __VA_ARGS__ })

static int unusable(struct kt_free_area blocks, int order)
{
	struct kt_contig contig = kt_contig_of(&blocks, order);

	return kt_unusable_index(&contig, order);
}

static int extfrag(struct kt_free_area blocks, int order)
{
	struct kt_contig contig = kt_contig_of(&blocks, order);

	return kt_extfrag_index(&contig, order);
}

/* 6.18, zone DMA: 0 0 0 0 0 0 0 0 1 1 3; the kernel printed 0.066 and 0.200 */
TEST(the_indices_are_those_the_kernel_printed)
{
	struct kt_free_area dma = AREA("DMA", 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3);

	CHECK_INT(unusable(dma, 0), 0);
	CHECK_INT(unusable(dma, 8), 0);
	CHECK_INT(unusable(dma, 9), 66);
	CHECK_INT(unusable(dma, 10), 200);
	for (int order = 0; order < 11; order++)
		CHECK_INT(extfrag(dma, order), -1000);
}

/* mm/vmstat.c by hand: 1000 - (1000 + pages * 1000 / 2^order) / blocks */
TEST(where_no_block_suits_the_index_tells_pieces_from_lack)
{
	struct kt_free_area many = AREA("Normal", 1000, 500, 0, 0);
	struct kt_free_area one = AREA("Normal", 1, 0);

	CHECK_INT(extfrag(many, 1), -1000);
	CHECK_INT(extfrag(many, 2), 1000 - (1000 + 2000 * 1000 / 4) / 1500);
	CHECK_INT(extfrag(many, 3), 1000 - (1000 + 2000 * 1000 / 8) / 1500);
	/* the kernel's own arithmetic goes below zero where blocks are few */
	CHECK_INT(extfrag(one, 1), -500);
}

TEST(a_zone_without_free_memory_is_all_unusable_and_not_fragmented)
{
	struct kt_free_area none = AREA("Normal", 0, 0);

	CHECK_INT(unusable(none, 0), 1000);
	CHECK_INT(extfrag(none, 0), 0);
}

static struct kt_snapshot *with_zone(struct kt_zone zone)
{
	struct kt_snapshot *snap = machine(4096);

	*kt_list_push(&snap->arena, &snap->zones) = zone;
	return snap;
}

static int largest(const struct kt_snapshot *snap, struct kt_free_area blocks)
{
	bool known;

	return kt_largest_order(snap, &blocks, &known);
}

TEST(the_largest_block_is_what_the_watermark_leaves)
{
	/* 64 pages: 3 blocks of 16, 2 of 8 */
	struct kt_free_area blocks = AREA("Normal", 0, 0, 0, 2, 3);
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = with_zone((struct kt_zone){ .name = "Normal", .min = 48 });
	KT_CLEANUP(snapshot)
	struct kt_snapshot *tight = with_zone((struct kt_zone){ .name = "Normal", .min = 49 });
	KT_CLEANUP(snapshot)
	struct kt_snapshot *none = with_zone((struct kt_zone){ .name = "Normal", .min = 64 });

	/* free - (2^order - 1) must stay above min: 64 - 15 > 48 */
	CHECK_INT(largest(snap, blocks), 4);
	CHECK_INT(largest(tight, blocks), 3);
	CHECK_INT(largest(none, blocks), KT_ORDER_NONE);
}

TEST(a_low_zone_keeps_its_reserve_from_allocations_that_could_go_higher)
{
	struct kt_free_area blocks = AREA("DMA", 0, 0, 0, 2, 3);
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = with_zone((struct kt_zone){
		.name = "DMA", .min = 10, .reserve = { 0, 60, 70 }, .nr_reserve = 3 });

	CHECK_INT(kt_zone_reserve(snap, &snap->zones.items[0]), 70);
	CHECK_INT(largest(snap, blocks), KT_ORDER_NONE);
	/* all zones of the node are there: the number of zone Normal is the second */
	*kt_list_push(&snap->arena, &snap->zones) = (struct kt_zone){ .name = "Normal" };
	*kt_list_push(&snap->arena, &snap->zones) = (struct kt_zone){ .name = "Movable" };
	CHECK_INT(kt_zone_reserve(snap, &snap->zones.items[0]), 60);
}

TEST(the_reserve_of_a_zone_is_found_by_the_higher_zones_with_memory)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = with_zone((struct kt_zone){ .name = "DMA",
		.min = 10,
		.present = 100,
		.reserve = { 0, 0, 60, 70 },
		.nr_reserve = 4 });

	/* a memory report with no other zone for the request: HighMem is out of its reach */
	snap->memreport = 1;
	CHECK_INT(kt_zone_reserve(snap, &snap->zones.items[0]), 0);
	*kt_list_push(&snap->arena, &snap->zones) =
		(struct kt_zone){ .name = "HighMem", .present = 100 };
	CHECK_INT(kt_zone_reserve(snap, &snap->zones.items[0]), 0);
	*kt_list_push(&snap->arena, &snap->zones) =
		(struct kt_zone){ .name = "Normal", .present = 100 };
	CHECK_INT(kt_zone_reserve(snap, &snap->zones.items[0]), 60);
}

TEST(free_blocks_of_zones_for_processes_are_none_for_the_kernel)
{
	struct kt_free_area high = AREA("HighMem", 0, 0, 0, 2, 3), movable = AREA("Movable", 5, 5);
	struct kt_free_area low = AREA("Normal", 5, 5);
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	bool known;

	CHECK_INT(kt_largest_order(snap, &high, &known), KT_ORDER_NONE);
	CHECK_INT(kt_largest_order(snap, &movable, &known), KT_ORDER_NONE);
	CHECK_INT(kt_largest_order(snap, &low, &known), 1);
}

TEST(without_watermarks_only_the_blocks_are_looked_at)
{
	struct kt_free_area blocks = AREA("Normal", 1, 1, 0);
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot)
	struct kt_snapshot *old = with_zone(kt_zone_unknown(0, "Normal"));
	bool known = true;

	CHECK_INT(kt_largest_order(snap, &blocks, &known), 1);
	CHECK(!known);
	CHECK_INT(kt_largest_order(old, &blocks, &known), 1);
	CHECK(!known);
}

static struct kt_zone zone_with(int64_t min, int64_t cma_free, int nr_reserve)
{
	struct kt_zone zone = kt_zone_unknown(0, "Normal");

	zone.min = min;
	zone.cma_free = cma_free;
	zone.nr_reserve = nr_reserve;
	return zone;
}

TEST(a_zone_without_its_reserve_or_free_cma_promises_nothing_that_rests_on_zero)
{
	struct kt_free_area blocks = AREA("Normal", 0, 0, 0, 2, 3);
	KT_CLEANUP(snapshot) struct kt_snapshot *whole = with_zone(zone_with(10, 20, 4));
	KT_CLEANUP(snapshot) struct kt_snapshot *no_reserve = with_zone(zone_with(10, 20, 0));
	KT_CLEANUP(snapshot) struct kt_snapshot *no_cma = with_zone(zone_with(10, KT_UNKNOWN, 4));
	bool known = false;

	CHECK_INT(kt_largest_order(whole, &blocks, &known), 4);
	CHECK(known);
	CHECK_INT(kt_largest_order(no_reserve, &blocks, &known), 4);
	CHECK(!known);
	/* no file tells of CMA; then one does, and all of it may be this zone's */
	CHECK_INT(kt_largest_order(no_cma, &blocks, &known), 4);
	vmstat_pages(no_cma, KT_CMA_FREE, 45);
	CHECK_INT(kt_largest_order(no_cma, &blocks, &known), 3);
}

/* By the free counter of the moment, without what is kept back for high-order atomic requests. */
TEST(a_memory_report_is_judged_by_the_counter)
{
	struct kt_free_area blocks = AREA("Normal", 0, 0, 0, 2, 3);
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = with_zone(zone_with(10, 0, 4));

	snap->memreport = 1;
	snap->zones.items[0].free = 26;
	CHECK_INT(largest(snap, blocks), 4);
	snap->zones.items[0].free = 25; /* 25 - 15 is not above 10 */
	CHECK_INT(largest(snap, blocks), 3);
	snap->zones.items[0].free = 26;
	snap->zones.items[0].high_atomic = 1;
	CHECK_INT(largest(snap, blocks), 3);
	/* the letters behind the blocks of order 3 name none that an ordinary request may use */
	blocks.closed = 1u << 4;
	snap->zones.items[0].high_atomic = 0;
	CHECK_INT(largest(snap, blocks), 3);
	blocks.closed = 3u << 3;
	CHECK_INT(largest(snap, blocks), KT_ORDER_NONE);
}

TEST(blocks_set_aside_for_some_are_left_out_where_mobilities_are_known)
{
	struct kt_free_area blocks = AREA("Normal", 0, 0, 0, 2, 3);
	struct kt_free_area atomic = AREA("Normal", 0, 0, 0, 0, 3);
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = with_zone((struct kt_zone){ .name = "Normal", .min = 0 });

	atomic.mobility = "HighAtomic";
	*kt_list_push(&snap->arena, &snap->mobilities) = atomic;
	CHECK_INT(largest(snap, blocks), 3);
	snap->mobilities.items[0].mobility = "Movable";
	CHECK_INT(largest(snap, blocks), 4);
}

TEST(free_pages_of_contiguous_areas_do_not_count_against_the_watermark)
{
	struct kt_free_area blocks = AREA("Normal", 0, 0, 0, 2, 3);
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		with_zone((struct kt_zone){ .name = "Normal", .min = 40, .cma_free = 20 });

	CHECK_INT(largest(snap, blocks), 2);
}

TEST(a_request_takes_the_next_power_of_two_of_pages)
{
	CHECK_INT(kt_buddy_bytes(1, 4096), 4096);
	CHECK_INT(kt_buddy_bytes(4096, 4096), 4096);
	CHECK_INT(kt_buddy_bytes(9 * 1024, 4096), 16384);
	CHECK_INT(kt_buddy_bytes(9 * 1024, 65536), 65536);
	CHECK_INT(kt_buddy_bytes(65 * 1024, 65536), 131072);
	CHECK(kt_buddy_bytes(INT64_MAX, 4096) > 0);
}
