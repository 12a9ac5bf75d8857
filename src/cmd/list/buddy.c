// SPDX-License-Identifier: GPL-2.0-or-later
//
// The page allocator's free memory by size of block: the largest allocation that succeeds now, and
// why a larger one fails although memory is free.
//
// The blocks are from /proc/buddyinfo, and by mobility from /proc/pagetypeinfo; watermarks and
// reserves are from /proc/zoneinfo. Blocks times their size are the free memory of the allocator. A
// request fails although memory is free in three cases: free blocks are too small, the zone would
// fall below its min watermark, or the blocks are set aside for other requests. The headlines
// decide which one it is.

#include "analysis/buddy.h"
#include "base/buf.h"
#include "cli/cmd.h"
#include "cmd/list/buddy_tables.h"
#include "machine/machine.h"
#include "report/memreport_text.h"

#include <stdlib.h>
#include <string.h>

/*
 * A running machine frees and allocates between the two readings; only a larger difference is a
 * contradiction. One eighth of the free memory is allowed in addition.
 */
#define MOVED_MAX (16ll << 20) /* bytes that may change between two files */

static const struct kt_needs needs = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_stat_refresh,
		&kt_source_vmstat, &kt_source_zoneinfo, &kt_source_meminfo, &kt_source_bracket,
		&kt_source_buddyinfo, &kt_source_pagetypeinfo, &kt_source_settings)
};

static int64_t or_zero(struct kt_val val)
{
	return kt_ok(val) ? val.value : 0;
}

/* "zones DMA32 and Normal", with the node if the machine has several. */
static const char *zones_with(struct kt_arena *arena, const struct kt_buddy *buddy, int order)
{
	struct kt_buf names = { 0 };
	size_t nr_left = 0, nr;

	for (size_t i = 0; i < buddy->nr_zones; i++)
		nr_left += buddy->zones[i].largest == order;
	nr = nr_left;
	for (size_t i = 0; i < buddy->nr_zones; i++) {
		if (buddy->zones[i].largest != order)
			continue;
		nr_left--;
		kt_buf_join(&names, nr_left ? ", " : " and ", "%s",
			kt_buddy_zone_name(arena, buddy, buddy->zones[i].area));
	}
	return kt_arena_printf(arena, "zone%s %s", nr > 1 ? "s" : "", kt_arena_text(arena, &names));
}

/*
 * It is the most useful number for a driver that failed: a request up to this size succeeds at
 * once. GFP_KERNEL is assumed; atomic requests may go deeper into the reserve.
 */
static void headline_largest(struct kt_report *report, const struct kt_buddy *buddy)
{
	char size[40];

	if (buddy->largest == KT_ORDER_NONE) {
		kt_report_headline(report,
			"Not even one page can be allocated now without reclaim: every zone that "
			"the kernel can use is below its min watermark or reserve.");
		return;
	}
	kt_buddy_size(buddy, buddy->largest, size);
	kt_report_headline(report,
		"The largest allocation that can succeed now without reclaim: %s, in %s.", size,
		zones_with(&report->arena, buddy, buddy->largest));
}

/*
 * Why the next order would fail, by the zone with most free memory. An index of -1 means that a
 * block is free, so only watermarks or reserves stand against it. From 0.5 on, fragmentation is the
 * cause, and below it lack of memory: the same limit as vm.extfrag_threshold has by default.
 */
static void headline_next(struct kt_report *report, const struct kt_buddy *buddy)
{
	const struct kt_buddy_zone *most = NULL;
	int order = buddy->largest + 1, index;
	struct kt_contig contig;
	char size[40];

	for (size_t i = 0; i < buddy->nr_zones; i++) {
		if (kt_zone_serves_kernel(buddy->zones[i].area->zone) &&
			(!most || buddy->zones[i].free_pages > most->free_pages))
			most = &buddy->zones[i];
	}
	if (!most || order >= buddy->all.nr_orders || buddy->largest == KT_ORDER_NONE)
		return;
	contig = kt_contig_of(most->area, order);
	index = kt_extfrag_index(&contig, order);
	kt_buddy_size(buddy, order, size);
	if (index == -1000)
		kt_report_headline(report,
			"%s needs reclaim first: blocks are free, but watermarks, "
			"reserves or blocks set aside forbid it.",
			size);
	else
		kt_report_headline(report,
			"%s needs compaction or reclaim first: %s (fragmentation index "
			"%.3f in zone %s).",
			size,
			index >= 500 ? "memory is free, but in small blocks"
				     : "too little memory is free",
			index / 1000.0, kt_buddy_zone_name(&report->arena, buddy, most->area));
}

/*
 * The largest size is 0 if not even a page can be had, and missing if the page size is not known.
 */
static void put_fields(struct kt_report *report, const struct kt_buddy *buddy)
{
	const struct kt_snapshot *snap = buddy->snap;
	struct kt_field *field;
	bool any = buddy->largest != KT_ORDER_NONE;

	kt_report_field(report, NULL, "largest_order", KT_CELL_COUNT,
		any ? kt_cell_number(buddy->largest) : kt_cell_missing(KT_ABSENT, NULL));
	field = kt_report_field(report, NULL, "largest_bytes", KT_CELL_BYTES,
		kt_known(buddy->page_bytes)
			? kt_cell_number(any ? buddy->page_bytes << buddy->largest : 0)
			: kt_cell_missing(KT_ABSENT, NULL));
	if (field)
		field->metric = KT_FAMILY(BUDDY_LARGEST_BYTES);
	kt_report_field(report, NULL, "by_mobility", KT_CELL_BOOL,
		kt_cell_number(snap->mobilities.count > 0));
	for (size_t i = 0; i < snap->settings.count; i++) {
		const struct kt_setting *setting = &snap->settings.items[i];

		if (strcmp(setting->name, "min_free_kbytes") == 0 && setting->value >= 0 &&
			setting->value <= KT_AMOUNT_MAX / 1024)
			kt_report_field(report, NULL, "min_free_bytes", KT_CELL_BYTES,
				kt_cell_number(setting->value * 1024));
		if (strcmp(setting->name, "extfrag_threshold") == 0)
			kt_report_field(report, NULL, "extfrag_threshold", KT_CELL_COUNT,
				kt_cell_number(setting->value));
	}
}

/*
 * The kernel lists each zone that has pages: mm/vmstat.c, frag_show(). So a zone with pages that is
 * missing in buddyinfo shows that the file was cut off.
 */
static const struct kt_zone *zone_without_lists(const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];
		bool found = zone->present <= 0;

		for (size_t k = 0; k < snap->free_areas.count && !found; k++)
			found = kt_zone_of(snap, &snap->free_areas.items[k]) == zone;
		if (!found)
			return zone;
	}
	return NULL;
}

/*
 * A file that is cut off, or comes from another machine or time, makes the largest allocation
 * wrong. Such files are still shown, because the rest of the lists may help, but the headline must
 * not pass for a fact.
 */
static void note_contradiction(struct kt_report *report, const struct kt_buddy *buddy)
{
	struct kt_val free = kt_snapshot_get(buddy->snap, KT_NR_FREE, KT_NO_NODE);
	const struct kt_zone *zone = zone_without_lists(buddy->snap);
	int64_t lists = kt_known_times(kt_free_pages(&buddy->all), buddy->page_bytes);
	int64_t beyond =
		kt_memreport_of(buddy->snap) ? kt_memreport_of(buddy->snap)->beyond_bytes : 0;

	/* a memory report leaves zones out on purpose */
	if (beyond > 0)
		return;
	if (kt_ok(free) && kt_known(lists) &&
		llabs(lists - free.value) > MOVED_MAX + free.value / 8)
		kt_report_note(report,
			"the free lists hold %s, the counters have %s: buddyinfo is cut "
			"off, or comes from another machine or time; the largest "
			"allocation is an estimate",
			kt_report_bytes(report, lists), kt_report_bytes(report, free.value));
	else if (zone)
		kt_report_note(report,
			"zone %s of node %d has no free lists: buddyinfo is cut off, or "
			"comes from another machine; the largest allocation is an "
			"estimate",
			zone->name, zone->node);
}

/*
 * Says what success means here. Without the lists by mobility, blocks set aside count as usable, so
 * the largest order is an upper bound. A kernel that stops counting at 100,000 blocks makes its
 * numbers lower bounds.
 */
static void put_notes(struct kt_report *report, const struct kt_buddy *buddy, bool all)
{
	struct kt_val unaccepted = kt_snapshot_get(buddy->snap, KT_UNACCEPTED, KT_NO_NODE);

	kt_report_note(report,
		"Success is for an ordinary kernel allocation (GFP_KERNEL): a block is "
		"free, and the zone stays above its min watermark%s and lowmem reserve. "
		"%s",
		buddy->marks_known ? "" : " (not known here)",
		buddy->snap->mobilities.count
			? "Blocks set aside (HighAtomic, CMA, Isolate) are left out."
		: kt_memreport_of(buddy->snap)
			? "Blocks are left out where all of an order are set aside "
			  "(HighAtomic, CMA, Isolate): the report does not separate others."
			: "Blocks set aside (HighAtomic, CMA, Isolate) count too; "
			  "--expensive separates them.");
	note_contradiction(report, buddy);
	if (!all)
		kt_report_note(report,
			"UNUSABLE: share of the free memory that is in smaller blocks. "
			"ZONES: number of zones that would give such a block now. -a "
			"shows each zone by order, with both indices of debugfs "
			"extfrag.");
	if (or_zero(unaccepted))
		kt_report_note(report,
			"%lld KiB not yet accepted from the hypervisor are in MemFree and in no "
			"list",
			(long long)(unaccepted.value / 1024));
	for (size_t i = 0; i < buddy->snap->mobilities.count; i++) {
		if (!buddy->snap->mobilities.items[i].capped)
			continue;
		kt_report_note(report,
			"the kernel counts at most 100,000 blocks of a mobility and order: "
			"these numbers are lower bounds");
		return;
	}
}

static const struct kt_column field_columns[] = {
	{ .key = "largest_order", .type = KT_CELL_COUNT },
	{ .key = "largest_bytes", .type = KT_CELL_BYTES },
	{ .key = "by_mobility",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_SET,
		.help = "Mobilities were read, so blocks set aside for some are left out of what "
			"would succeed." },
	{ .key = "min_free_bytes", .type = KT_CELL_BYTES, .flags = KT_COL_OPTIONAL },
	{ .key = "extfrag_threshold", .type = KT_CELL_COUNT, .flags = KT_COL_OPTIONAL },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/buddy/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &kt_buddy_parts[0], &kt_buddy_parts[1],
		&kt_buddy_parts[2], &kt_buddy_parts[3], &kt_buddy_parts[4], &kt_buddy_parts[5],
		&kt_buddy_parts[6]),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_buddy buddy;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, 0, &needs);
	if (err)
		return err;
	if (!machine.snap->free_areas.count)
		return kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT, "no free lists of the page allocator: %s",
				kt_machine_why(&machine, &kt_source_buddyinfo)));
	kt_machine_describe(&machine, report);
	buddy = kt_buddy_of(machine.snap, &report->arena);
	headline_largest(report, &buddy);
	headline_next(report, &buddy);
	put_fields(report, &buddy);
	kt_buddy_put_tables(report, &buddy, call->show.all);
	put_notes(report, &buddy, call->show.all);
	return NULL;
}

static const struct kt_example examples[] = {
	{ "ktally buddy", "free blocks of each order" },
	{ "ktally buddy -a", "with each zone, and the fragmentation indexes" },
	{ "ktally buddy -i 10", "the events of compaction and failure, every 10 seconds" },
};

const struct kt_cmd kt_cmd_buddy = {
	.name = "buddy",
	.summary = "free memory by block size; fragmentation",
	.help = "Shows the free lists of the page allocator (the buddy allocator), which "
		"hands out blocks of 1, 2, 4, 8 ... pages. Each line is a size of block "
		"(order): how many are free, and in how many zones a request of that size "
		"would succeed now, watermarks and reserves kept. UNUSABLE is the part of "
		"free memory that is in smaller blocks and cannot serve such a request. The "
		"total is the row 'free' of the account to the byte; per-CPU lists and what "
		"the counters disagree about are rows.\n\n"
		"A driver that logs 'page allocation failure: order:4' although memory is "
		"free has met fragmentation: look at the line of that order, then at -a for "
		"the zone it names. An external fragmentation index near 1 means small blocks "
		"(compact: 'echo 1 >/proc/sys/vm/compact_memory', raise vm.min_free_kbytes), "
		"near 0 lack of memory; -1 means that the request would succeed. The events "
		"show whether it happens: follow them with -i 10.\n\n"
		"--expensive adds the lists by mobility (/proc/pagetypeinfo): compaction "
		"cannot move unmovable pageblocks that are spread over all memory.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.whole = true,
	.web = KT_WEB_LISTS,
	.shape = &shape,
	.run = run,
};
