// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tables of "ktally buddy". The table by order closes: blocks of all orders, per-CPU lists and
// the differences add up to the row "free" of the account. The tables of zones and mobilities show
// the same blocks in other groups, so no two tables may be added.

#include "cmd/list/buddy_tables.h"
#include "report/memreport_text.h"

#include <stdio.h>
#include <string.h>

/* ---- data of the tables ---- */

/*
 * One zone without watermarks makes the result for the machine an upper bound, as that zone might
 * be the one with the largest order.
 */
struct kt_buddy kt_buddy_of(const struct kt_snapshot *snap, struct kt_arena *arena)
{
	struct kt_buddy buddy = { .snap = snap,
		.page_bytes = snap->host.page_bytes,
		.nr_zones = snap->free_areas.count,
		.largest = KT_ORDER_NONE,
		.marks_known = true };

	buddy.zones = kt_arena_alloc(arena, buddy.nr_zones * sizeof(*buddy.zones));
	if (!buddy.zones)
		buddy.nr_zones = 0;
	for (size_t i = 0; i < buddy.nr_zones; i++) {
		struct kt_buddy_zone *zone = &buddy.zones[i];
		bool mark_known;

		zone->area = &snap->free_areas.items[i];
		zone->zone = kt_zone_of(snap, zone->area);
		zone->free_pages = kt_free_pages(zone->area);
		zone->largest = kt_largest_order(snap, zone->area, &mark_known);
		kt_free_area_add(&buddy.all, zone->area);
		buddy.marks_known &= mark_known;
		if (zone->largest > buddy.largest)
			buddy.largest = zone->largest;
	}
	return buddy;
}

const char *kt_buddy_zone_name(
	struct kt_arena *arena, const struct kt_buddy *buddy, const struct kt_free_area *area)
{
	for (size_t i = 0; i < buddy->nr_zones; i++) {
		if (buddy->zones[i].area->node != area->node)
			return kt_arena_printf(arena, "node %d %s", area->node, area->zone);
	}
	return kt_arena_printf(arena, "%s", area->zone);
}

void kt_buddy_size(const struct kt_buddy *buddy, int order, char ret[40])
{
	long long kib = (long long)((kt_known_of(buddy->page_bytes, 0) << order) / 1024);

	if (!kt_known(buddy->page_bytes))
		snprintf(ret, 40, "a block of order %d", order);
	else if (kib >= 1024)
		snprintf(ret, 40, "%lld MiB (order %d)", kib / 1024, order);
	else
		snprintf(ret, 40, "%lld KiB (order %d)", kib, order);
}

/* Returns bytes for a number of pages; missing if the page size is not known. */
static struct kt_cell bytes_of(const struct kt_buddy *buddy, int64_t pages)
{
	if (!kt_known(buddy->page_bytes) || pages > KT_AMOUNT_MAX / 4096)
		return kt_cell_missing(KT_ABSENT, NULL);
	return kt_cell_number(pages * buddy->page_bytes);
}

static struct kt_cell known_bytes(const struct kt_buddy *buddy, int64_t pages)
{
	return pages < 0 ? kt_cell_missing(KT_ABSENT, NULL) : bytes_of(buddy, pages);
}

static struct kt_cell thousandths(int index)
{
	return kt_cell_real(index / 1000.0);
}

/* ---- columns that several tables have ---- */

#define COLUMNS_NODE_ZONE(node, zone, bits)                                                \
	[node] = { .key = "node", .title = "NODE", .type = KT_CELL_COUNT, .flags = bits }, \
	[zone] = { .key = "zone", .title = "ZONE", .flags = bits }

#define COLUMN_ORDER(bits)                                                             \
	{                                                                              \
		.key = "order", .title = "ORDER", .type = KT_CELL_COUNT, .flags = bits \
	}

#define COLUMN_BLOCKS                                                                          \
	{                                                                                      \
		.key = "blocks", .title = "BLOCKS", .type = KT_CELL_COUNT, .flags = KT_COL_SUM \
	}

/* ---- free memory by order ---- */

/*
 * BLOCKS and FREE are summed. UNUSABLE is a property of all free memory with respect to one order
 * and grows with the order, so it has no sum.
 */
enum { O_ORDER, O_NAME, O_BLOCK, O_BLOCKS, O_BYTES, O_GROWTH, O_RATE, O_UNUSABLE, O_ZONES, O_OK };

/* No column is ranked: the list is in the sequence of the orders, the largest first. */
static const struct kt_column order_columns[] = {
	[O_ORDER] = COLUMN_ORDER(KT_COL_DATA_ONLY),
	[O_NAME] = { .key = "name", .title = "FREE BLOCKS", .flags = KT_COL_KEY | KT_COL_LABEL },
	[O_BLOCK] = { .key = "block_bytes", .title = "BLOCK", .type = KT_CELL_BYTES },
	[O_BLOCKS] = COLUMN_BLOCKS,
	[O_BYTES] = { .key = "bytes",
		.title = "FREE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_TRACK | KT_COL_SIGNED,
		.metric = KT_FAMILY(BUDDY_FREE_BYTES),
		.help = "Signed: counted twice, or moved while it was read." },
	[O_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[O_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM | KT_COL_WIDE),
	[O_UNUSABLE] = { .key = "unusable_share", .title = "UNUSABLE", .type = KT_CELL_SHARE },
	[O_ZONES] = { .key = "zones", .title = "ZONES", .flags = KT_COL_TEXT_ONLY },
	[O_OK] = { .key = "nr_zones",
		.title = "ZONES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY,
		.help = "Zones that would give such a block now." },
};

static void put_order(
	struct kt_report *report, struct kt_table *table, const struct kt_buddy *buddy, int order)
{
	struct kt_report_row *row = kt_table_row(report, table);
	struct kt_contig contig = kt_contig_of(&buddy->all, order);
	int64_t nr_blocks = buddy->all.nr_blocks[order], nr_ok = 0;

	if (!row)
		return;
	for (size_t i = 0; i < buddy->nr_zones; i++)
		nr_ok += buddy->zones[i].largest >= order;
	row->cells[O_NAME] = kt_cell_text(kt_arena_printf(&report->arena, "order %d", order));
	row->cells[O_ORDER] = kt_cell_number(order);
	row->cells[O_BLOCK] = bytes_of(buddy, 1ll << order);
	row->cells[O_BLOCKS] = kt_cell_number(nr_blocks);
	row->cells[O_BYTES] = bytes_of(buddy, nr_blocks << order);
	row->cells[O_UNUSABLE] = thousandths(kt_unusable_index(&contig, order));
	row->cells[O_OK] = kt_cell_number(nr_ok);
	row->cells[O_ZONES] = kt_cell_text(nr_ok ? kt_arena_printf(&report->arena, "%lld of %zu",
							   (long long)nr_ok, buddy->nr_zones)
						 : "none");
}

static void put_other(
	struct kt_report *report, struct kt_table *table, const char *name, struct kt_cell bytes)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[O_NAME] = kt_cell_text(name);
	row->cells[O_BYTES] = bytes;
}

/*
 * Pages of pageblocks that are being emptied, for a contiguous area or before memory is taken
 * offline.
 */
static int64_t isolated_pages(const struct kt_buddy *buddy)
{
	int64_t pages = 0;

	for (size_t i = 0; i < buddy->snap->mobilities.count; i++) {
		const struct kt_free_area *area = &buddy->snap->mobilities.items[i];

		if (strcmp(area->mobility, "Isolate") == 0)
			pages += kt_free_pages(area);
	}
	return pages;
}

/*
 * Adds the rows that make the sum of the lists equal to the account's free row. Isolated blocks are
 * in the lists and in no counter. The rest was taken or given back between the two readings, or is
 * still in a CPU's own part of the counter.
 */
static void put_differences(
	struct kt_report *report, struct kt_table *table, const struct kt_buddy *buddy)
{
	const struct kt_snapshot *snap = buddy->snap;
	struct kt_val free = kt_snapshot_get(snap, KT_FREE_BUDDY, KT_NO_NODE);
	struct kt_val unaccepted = kt_snapshot_get(snap, KT_UNACCEPTED, KT_NO_NODE);
	struct kt_val pcp = kt_snapshot_get(snap, KT_PCP, KT_NO_NODE);
	struct kt_val deferred = kt_snapshot_get(snap, KT_FREE_DEFERRED, KT_NO_NODE);
	int64_t lists = kt_free_pages(&buddy->all), isolated = isolated_pages(buddy), moved;
	int64_t beyond = kt_memreport_of(snap) ? kt_memreport_of(snap)->beyond_bytes : 0;

	if (kt_ok(pcp))
		put_other(report, table, "per-CPU lists", kt_cell_number(pcp.value));
	if (kt_ok(deferred) && deferred.value)
		put_other(report, table, "not yet initialised", kt_cell_number(deferred.value));
	if (!kt_known(buddy->page_bytes) || !kt_ok(free))
		return;
	if (isolated)
		put_other(report, table, "isolated, not counted", bytes_of(buddy, -isolated));
	free = kt_val_sub(free, kt_val_or_some(unaccepted));
	moved = free.value - (lists - isolated) * buddy->page_bytes;
	if (beyond > 0 && moved > 0)
		put_other(report, table, "HighMem/MovableOnly, omitted", kt_cell_number(beyond));
	moved -= beyond > 0 && moved > 0 ? beyond : 0;
	if (moved)
		put_other(report, table,
			snap->mobilities.count ? "moved while read" : "isolated or moved",
			kt_cell_number(moved));
}

static void put_orders(struct kt_report *report, const struct kt_buddy *buddy)
{
	struct kt_table *table =
		kt_report_list(report, "orders", NULL, order_columns, KT_LEN(order_columns));

	for (int order = 0; table && order < buddy->all.nr_orders; order++)
		put_order(report, table, buddy, order);
	if (table)
		put_differences(report, table, buddy);
}

/* ---- zones ---- */

enum {
	Z_NAME,
	Z_NODE,
	Z_ZONE,
	Z_BYTES,
	Z_LARGEST,
	Z_ORDER,
	Z_MIN,
	Z_LOW,
	Z_HIGH,
	Z_RESERVE,
	Z_BOOST,
	Z_PROMO,
	Z_MANAGED,
	Z_PCP,
	Z_CMA
};

static const struct kt_column zone_columns[] = {
	[Z_NAME] = { .key = "name", .title = "ZONE", .flags = KT_COL_KEY },
	COLUMNS_NODE_ZONE(Z_NODE, Z_ZONE, KT_COL_LABEL | KT_COL_DATA_ONLY),
	[Z_BYTES] = { .key = "bytes",
		.title = "FREE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK,
		.metric = KT_FAMILY(BUDDY_ZONE_FREE_BYTES) },
	[Z_LARGEST] = { .key = "largest_bytes",
		.title = "LARGEST",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(BUDDY_ZONE_LARGEST_BYTES) },
	[Z_ORDER] = { .key = "largest_order",
		.title = "ORDER",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY },
	[Z_MIN] = { .key = "min_bytes",
		.title = "MIN",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.metric = KT_FAMILY(BUDDY_ZONE_MIN_BYTES) },
	[Z_LOW] = { .key = "low_bytes",
		.title = "LOW",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[Z_HIGH] = { .key = "high_bytes",
		.title = "HIGH",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[Z_RESERVE] = { .key = "reserve_bytes", .title = "RESERVE", .type = KT_CELL_BYTES },
	[Z_BOOST] = { .key = "boost_bytes",
		.title = "BOOST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[Z_PROMO] = { .key = "promo_bytes",
		.title = "PROMO",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[Z_MANAGED] = { .key = "managed_bytes",
		.title = "MANAGED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[Z_PCP] = { .key = "pcp_bytes",
		.title = "PER-CPU LISTS",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[Z_CMA] = { .key = "cma_free_bytes",
		.title = "FREE CMA",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
};

static void put_zone(
	struct kt_report *report, struct kt_table *table, const struct kt_buddy *buddy, size_t at)
{
	const struct kt_buddy_zone *entry = &buddy->zones[at];
	const struct kt_zone *zone = entry->zone;
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[Z_NAME] = kt_cell_text(kt_buddy_zone_name(&report->arena, buddy, entry->area));
	row->cells[Z_NODE] = kt_cell_number(entry->area->node);
	row->cells[Z_ZONE] = kt_report_text(report, entry->area->zone);
	row->cells[Z_BYTES] = bytes_of(buddy, entry->free_pages);
	row->cells[Z_LARGEST] =
		bytes_of(buddy, entry->largest == KT_ORDER_NONE ? 0 : 1ll << entry->largest);
	if (entry->largest != KT_ORDER_NONE)
		row->cells[Z_ORDER] = kt_cell_number(entry->largest);
	if (!zone)
		return;
	row->cells[Z_MIN] = known_bytes(buddy, zone->min);
	row->cells[Z_LOW] = known_bytes(buddy, zone->low);
	row->cells[Z_HIGH] = known_bytes(buddy, zone->high);
	row->cells[Z_BOOST] = known_bytes(buddy, zone->boost);
	row->cells[Z_PROMO] = known_bytes(buddy, zone->promo);
	row->cells[Z_RESERVE] = known_bytes(buddy, kt_zone_reserve(buddy->snap, zone));
	row->cells[Z_MANAGED] = known_bytes(buddy, zone->managed);
	row->cells[Z_PCP] = known_bytes(buddy, zone->pcp);
	row->cells[Z_CMA] = known_bytes(buddy, zone->cma_free);
	if (zone->min >= 0 && entry->free_pages < zone->min)
		row->mark = "below min";
	else if (!kt_zone_serves_kernel(entry->area->zone))
		row->mark = "not for the kernel";
	else if (entry->largest == KT_ORDER_NONE && entry->free_pages)
		row->mark = "all in reserve";
}

static void put_zones(struct kt_report *report, const struct kt_buddy *buddy)
{
	struct kt_table *table =
		kt_report_list(report, "zones", NULL, zone_columns, KT_LEN(zone_columns));

	for (size_t i = 0; table && i < buddy->nr_zones; i++)
		put_zone(report, table, buddy, i);
}

/* ---- every zone by order ---- */

/* The same numbers as debugfs has in extfrag, which is often not mounted or not readable. */
enum { B_NAME, B_NODE, B_ZONE, B_ORDER, B_BLOCK, B_BLOCKS, B_BYTES, B_UNUSABLE, B_EXTFRAG };

static const struct kt_column block_columns[] = {
	[B_NAME] = { .key = "name", .title = "ZONE", .flags = KT_COL_KEY },
	COLUMNS_NODE_ZONE(B_NODE, B_ZONE, KT_COL_DATA_ONLY),
	[B_ORDER] = COLUMN_ORDER(KT_COL_KEY),
	[B_BLOCK] = { .key = "block_bytes", .title = "BLOCK", .type = KT_CELL_BYTES },
	[B_BLOCKS] = COLUMN_BLOCKS,
	[B_BYTES] = { .key = "bytes", .title = "FREE", .type = KT_CELL_BYTES, .flags = KT_COL_SUM },
	[B_UNUSABLE] = { .key = "unusable_index",
		.title = "UNUSABLE INDEX",
		.type = KT_CELL_REAL,
		.max = 1,
		.help = "As in /sys/kernel/debug/extfrag/unusable_index." },
	[B_EXTFRAG] = { .key = "extfrag_index",
		.title = "EXTFRAG INDEX",
		.type = KT_CELL_REAL,
		.flags = KT_COL_SIGNED,
		.max = 1,
		.help = "As in /sys/kernel/debug/extfrag/extfrag_index; -1: it would succeed." },
};

static void put_zone_orders(
	struct kt_report *report, struct kt_table *table, const struct kt_buddy *buddy, size_t at)
{
	const struct kt_free_area *area = buddy->zones[at].area;

	for (int order = 0; order < area->nr_orders; order++) {
		struct kt_report_row *row = kt_table_row(report, table);
		struct kt_contig contig = kt_contig_of(area, order);

		if (!row)
			return;
		row->cells[B_NAME] = kt_cell_text(kt_buddy_zone_name(&report->arena, buddy, area));
		row->cells[B_NODE] = kt_cell_number(area->node);
		row->cells[B_ZONE] = kt_report_text(report, area->zone);
		row->cells[B_ORDER] = kt_cell_number(order);
		row->cells[B_BLOCK] = bytes_of(buddy, 1ll << order);
		row->cells[B_BLOCKS] = kt_cell_number(area->nr_blocks[order]);
		row->cells[B_BYTES] = bytes_of(buddy, area->nr_blocks[order] << order);
		row->cells[B_UNUSABLE] = thousandths(kt_unusable_index(&contig, order));
		row->cells[B_EXTFRAG] = thousandths(kt_extfrag_index(&contig, order));
	}
}

static void put_blocks(struct kt_report *report, const struct kt_buddy *buddy, bool all)
{
	struct kt_table *table = kt_report_list(
		report, "zone_orders", "Every zone by order", block_columns, KT_LEN(block_columns));

	if (table)
		table->data_only = !all;
	for (size_t i = 0; table && i < buddy->nr_zones; i++)
		put_zone_orders(report, table, buddy, i);
}

/* ---- mobility ---- */

enum {
	M_NAME,
	M_MOBILITY,
	M_NODE,
	M_ZONE,
	M_ORDER,
	M_BLOCKS,
	M_BYTES,
	M_PAGEBLOCKS,
	M_PAGES,
	NR_TYPE
};

static const struct kt_column mobility_columns[] = {
	[M_NAME] = { .key = "name", .title = "ZONE", .flags = KT_COL_KEY },
	[M_MOBILITY] = { .key = "mobility", .title = "MOBILITY", .flags = KT_COL_KEY },
	COLUMNS_NODE_ZONE(M_NODE, M_ZONE, KT_COL_DATA_ONLY),
	[M_ORDER] = COLUMN_ORDER(KT_COL_KEY),
	[M_BLOCKS] = COLUMN_BLOCKS,
	[M_BYTES] = { .key = "bytes",
		.title = "FREE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK },
};

static const struct kt_column type_columns[NR_TYPE] = {
	[M_NAME] = { .key = "name", .title = "ZONE", .flags = KT_COL_KEY },
	[M_MOBILITY] = { .key = "mobility", .title = "MOBILITY", .flags = KT_COL_KEY },
	COLUMNS_NODE_ZONE(M_NODE, M_ZONE, KT_COL_DATA_ONLY),
	[M_ORDER] = { .key = "largest_block_order",
		.title = "LARGEST ORDER",
		.type = KT_CELL_COUNT },
	[M_BLOCKS] = COLUMN_BLOCKS,
	[M_BYTES] = { .key = "bytes",
		.title = "FREE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK },
	[M_PAGEBLOCKS] = { .key = "pageblocks",
		.title = "PAGEBLOCKS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[M_PAGES] = { .key = "pages",
		.title = "PAGES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE },
};

/* Where the page size is not known, pages are all that is known of the size. */
static const struct kt_column *type_columns_for(
	struct kt_report *report, const struct kt_buddy *buddy)
{
	struct kt_column *copy = kt_known(buddy->snap->host.page_bytes)
					 ? NULL
					 : kt_arena_alloc(&report->arena, sizeof(type_columns));

	if (!copy)
		return type_columns;
	memcpy(copy, type_columns, sizeof(type_columns));
	copy[M_PAGES].flags &= ~(unsigned)KT_COL_WIDE;
	return copy;
}

static struct kt_report_row *mobility_row(struct kt_report *report, struct kt_table *table,
	const struct kt_buddy *buddy, const struct kt_free_area *area)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return NULL;
	row->cells[M_NAME] = kt_cell_text(kt_buddy_zone_name(&report->arena, buddy, area));
	row->cells[M_MOBILITY] = kt_report_text(report, area->mobility);
	row->cells[M_NODE] = kt_cell_number(area->node);
	row->cells[M_ZONE] = kt_report_text(report, area->zone);
	return row;
}

static void put_type(struct kt_report *report, struct kt_table *table, const struct kt_buddy *buddy,
	const struct kt_free_area *area)
{
	struct kt_report_row *row = mobility_row(report, table, buddy, area);
	struct kt_contig contig = kt_contig_of(area, 0);

	if (!row)
		return;
	row->cells[M_BLOCKS] = kt_cell_number(contig.nr_blocks);
	row->cells[M_BYTES] = bytes_of(buddy, contig.free_pages);
	row->cells[M_PAGES] = kt_cell_number(contig.free_pages);
	if (area->nr_pageblocks >= 0)
		row->cells[M_PAGEBLOCKS] = kt_cell_number(area->nr_pageblocks);
	for (int order = 0; order < area->nr_orders; order++) {
		if (area->nr_blocks[order])
			row->cells[M_ORDER] = kt_cell_number(order);
	}
}

static void put_mobilities(struct kt_report *report, const struct kt_buddy *buddy, bool all)
{
	struct kt_table *types = kt_report_list(
		report, "mobilities", "By mobility", type_columns_for(report, buddy), NR_TYPE);
	struct kt_table *orders = kt_report_list(
		report, "mobility_orders", "By mobility and order", mobility_columns, M_BYTES + 1);

	if (!types || !orders)
		return;
	orders->data_only = !all;
	for (size_t i = 0; i < buddy->snap->mobilities.count; i++) {
		const struct kt_free_area *area = &buddy->snap->mobilities.items[i];

		put_type(report, types, buddy, area);
		for (int order = 0; order < area->nr_orders; order++) {
			struct kt_report_row *row = mobility_row(report, orders, buddy, area);

			if (!row)
				return;
			row->cells[M_ORDER] = kt_cell_number(order);
			row->cells[M_BLOCKS] = kt_cell_number(area->nr_blocks[order]);
			row->cells[M_BYTES] = bytes_of(buddy, area->nr_blocks[order] << order);
		}
	}
}

/* ---- events ---- */

enum { E_NAME, E_COUNT, E_GROWTH, E_RATE, E_MEANS };

static const struct kt_column event_columns[] = {
	[E_NAME] = { .key = "event",
		.title = "SINCE BOOT",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_SET },
	[E_COUNT] = { .key = "count",
		.title = "TIMES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_TRACK,
		.metric = KT_FAMILY(BUDDY_EVENTS) },
	[E_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_COUNT, 0),
	[E_RATE] = KT_COLUMN_RATE(KT_CELL_COUNT, 0),
	[E_MEANS] = { .key = "means", .title = "WHAT IT MEANS", .flags = KT_COL_WRAP | KT_COL_SET },
};

/*
 * The kernel has no counter of failed allocations; these counters come nearest to it
 * (mm/page_alloc.c, mm/compaction.c, mm/huge_memory.c, mm/hugetlb.c, mm/cma.c).
 */
static const struct {
	const char *name, *means;
} events[] = {
	{ "compact_stall", "no block was free: the caller compacted memory itself" },
	{ "compact_fail",
		"the caller's compaction failed: a larger order failed, or had to reclaim" },
	{ "compact_success", "the caller's compaction made a block" },
	{ "compact_daemon_wake", "kcompactd was woken to make blocks" },
	{ "allocstall", "direct reclaim: an allocation had to free memory first" },
	{ "allocstall_dma",
		"direct reclaim: an allocation from zone DMA had to free memory first" },
	{ "allocstall_dma32",
		"direct reclaim: an allocation from zone DMA32 had to free memory first" },
	{ "allocstall_normal",
		"direct reclaim: an allocation from zone Normal had to free memory first" },
	{ "allocstall_high",
		"direct reclaim: an allocation from zone HighMem had to free memory first" },
	{ "allocstall_movable",
		"direct reclaim: an allocation from zone Movable had to free memory first" },
	{ "allocstall_device",
		"direct reclaim: an allocation from zone Device had to free memory first" },
	{ "thp_fault_fallback", "a huge page failed at a page fault: small ones were used" },
	{ "thp_file_fallback", "a huge page of a file failed" },
	{ "thp_collapse_alloc_failed", "khugepaged got no huge page" },
	{ "thp_zero_page_alloc_failed", "the huge page of zeros failed" },
	{ "htlb_buddy_alloc_fail", "a HugeTLB pool could not grow" },
	{ "cma_alloc_fail", "an allocation from a contiguous area failed" },
	{ "oom_kill", "a process was killed for lack of memory" },
};

static void put_events(struct kt_report *report, const struct kt_buddy *buddy)
{
	struct kt_table *table =
		kt_report_table(report, "events", NULL, event_columns, KT_LEN(event_columns));
	bool any = false;

	for (size_t i = 0; table && i < KT_LEN(events); i++) {
		for (size_t k = 0; k < buddy->snap->events.count; k++) {
			const struct kt_vm_event *event = &buddy->snap->events.items[k];
			struct kt_report_row *row;

			if (strcmp(event->name, events[i].name) != 0)
				continue;
			row = kt_table_row(report, table);
			if (!row)
				return;
			row->cells[E_NAME] = kt_cell_text(events[i].name);
			row->cells[E_COUNT] = kt_cell_number(event->count);
			row->cells[E_MEANS] = kt_cell_text(events[i].means);
			row->minor = !event->count;
			any |= event->count > 0;
		}
	}
	if (!table || !table->rows.count)
		return;
	/* a sentence instead of an empty table */
	if (!any) {
		table->rows.items[0].minor = false;
		table->rows.items[0].cells[E_MEANS] =
			kt_cell_text("no counter shows an allocation that stalled or failed");
	}
}

/* ---- cost of rounding ---- */

enum { R_ASKED, R_TAKEN, R_LOST, R_SHARE, R_WHAT };

static const struct kt_column rounding_columns[] = {
	[R_ASKED] = { .key = "asked_bytes",
		.title = "ASKED FOR",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_LABEL },
	[R_TAKEN] = { .key = "taken_bytes", .title = "TAKES", .type = KT_CELL_BYTES },
	[R_LOST] = { .key = "lost_bytes", .title = "LOST", .type = KT_CELL_BYTES },
	[R_SHARE] = { .key = "lost_share", .title = "", .type = KT_CELL_SHARE },
	[R_WHAT] = { .key = "example", .title = "FOR EXAMPLE" },
};

/* Sizes just above a block cost most. */
static void put_rounding(struct kt_report *report, const struct kt_buddy *buddy)
{
	static const struct {
		int kib;
		const char *example;
	} sizes[] = {
		{ 5, NULL },
		{ 9, "a jumbo frame (MTU 9000)" },
		{ 17, NULL },
		{ 33, NULL },
		{ 65, "a 64 KiB buffer with its header" },
		{ 129, NULL },
		{ 257, NULL },
	};
	struct kt_table *table = kt_report_table(report, "rounding",
		"What rounding up to a block costs", rounding_columns, KT_LEN(rounding_columns));

	for (size_t i = 0; table && kt_known(buddy->page_bytes) && i < KT_LEN(sizes); i++) {
		int64_t asked = sizes[i].kib * 1024ll;
		int64_t taken = kt_buddy_bytes(asked, buddy->page_bytes);
		struct kt_report_row *row;

		if (asked <= buddy->page_bytes)
			continue;
		row = kt_table_row(report, table);
		if (!row)
			return;
		row->cells[R_ASKED] = kt_cell_number(asked);
		row->cells[R_TAKEN] = kt_cell_number(taken);
		row->cells[R_LOST] = kt_cell_number(taken - asked);
		row->cells[R_SHARE] = kt_cell_real((double)(taken - asked) / (double)taken);
		row->cells[R_WHAT] = kt_cell_text(sizes[i].example);
	}
}

const struct kt_part kt_buddy_parts[KT_BUDDY_NR_TABLES] = {
	{ .key = "orders", .kind = KT_PART_LIST, KT_COLUMNS_OF(order_columns) },
	{ .key = "zones", .kind = KT_PART_LIST, KT_COLUMNS_OF(zone_columns) },
	{ .key = "zone_orders", .kind = KT_PART_LIST, KT_COLUMNS_OF(block_columns) },
	{ .key = "mobilities", .kind = KT_PART_LIST, KT_COLUMNS_OF(type_columns) },
	{ .key = "mobility_orders", .kind = KT_PART_LIST, KT_COLUMNS_OF(mobility_columns) },
	{ .key = "events", .kind = KT_PART_TABLE, KT_COLUMNS_OF(event_columns) },
	{ .key = "rounding", .kind = KT_PART_TABLE, KT_COLUMNS_OF(rounding_columns) },
};

void kt_buddy_put_tables(struct kt_report *report, const struct kt_buddy *buddy, bool all)
{
	put_orders(report, buddy);
	put_zones(report, buddy);
	put_blocks(report, buddy, all);
	put_mobilities(report, buddy, all);
	put_events(report, buddy);
	put_rounding(report, buddy);
}
