// SPDX-License-Identifier: GPL-2.0-or-later
//
// The page allocator's free memory by size of the pieces: what can be allocated now, and
// what cannot although memory is free.

#include "analysis/buddy.h"
#include "cmd/buddy_tables.h"
#include "cmd/cmd.h"
#include "cmd/session.h"

#include <string.h>

static const char sources[] = "host meta stat_refresh vmstat zoneinfo meminfo bracket buddyinfo "
			      "pagetypeinfo settings";

static int64_t or_zero(struct kt_val val)
{
	return kt_ok(val) ? val.value : 0;
}

/* "DMA32 and Normal", with the node where there is more than one. */
static const char *zones_with(struct kt_arena *arena, const struct kt_buddy *buddy, int order)
{
	const char *names = "";
	size_t nr_left = 0;

	for (size_t i = 0; i < buddy->nr_zones; i++)
		nr_left += buddy->zones[i].largest == order;
	for (size_t i = 0; i < buddy->nr_zones; i++) {
		if (buddy->zones[i].largest != order)
			continue;
		nr_left--;
		names = kt_arena_printf(arena, "%s%s%s", names,
			!*names	  ? ""
			: nr_left ? ", "
				  : " and ",
			kt_buddy_zone_name(arena, buddy, buddy->zones[i].area));
	}
	return names;
}

static void headline_largest(struct kt_report *report, const struct kt_buddy *buddy)
{
	char size[40];

	if (buddy->largest == KT_ORDER_NONE) {
		kt_report_headline(report,
			"Not even one page can be allocated now without reclaim: every zone is "
			"below its min watermark or reserve.");
		return;
	}
	kt_buddy_size(buddy, buddy->largest, size);
	kt_report_headline(report,
		"The largest allocation that can succeed now without reclaim: %s, in zone %s.",
		size, zones_with(&report->arena, buddy, buddy->largest));
}

/* Why the next order would fail, by the zone with most free memory. */
static void headline_next(struct kt_report *report, const struct kt_buddy *buddy)
{
	const struct kt_buddy_zone *most = NULL;
	int order = buddy->largest + 1, index;
	struct kt_contig contig;
	char size[40];

	for (size_t i = 0; i < buddy->nr_zones; i++) {
		if (!most || buddy->zones[i].free_pages > most->free_pages)
			most = &buddy->zones[i];
	}
	if (!most || order >= buddy->all.nr_orders || buddy->largest == KT_ORDER_NONE)
		return;
	contig = kt_contig_of(most->area, order);
	index = kt_extfrag_index(&contig, order);
	kt_buddy_size(buddy, order, size);
	if (index == -1000)
		kt_report_headline(report,
			"For %s memory would have to be reclaimed first: there are blocks, but "
			"watermarks, reserves or what is set aside stand in the way.",
			size);
	else
		kt_report_headline(report,
			"For %s memory would have to be compacted or reclaimed first: %s "
			"(fragmentation index %.3f in zone %s).",
			size,
			index >= 500 ? "memory is free, but in pieces"
				     : "too little memory is free",
			index / 1000.0, kt_buddy_zone_name(&report->arena, buddy, most->area));
}

static void put_fields(struct kt_report *report, const struct kt_buddy *buddy)
{
	const struct kt_snapshot *snap = buddy->snap;
	struct kt_field *field;
	bool any = buddy->largest != KT_ORDER_NONE;

	kt_report_field(report, NULL, "largest_order", KT_CELL_COUNT,
		any ? kt_cell_number(buddy->largest) : kt_cell_missing(KT_ABSENT, NULL));
	field = kt_report_field(report, NULL, "largest_bytes", KT_CELL_BYTES,
		buddy->page_bytes ? kt_cell_number(any ? buddy->page_bytes << buddy->largest : 0)
				  : kt_cell_missing(KT_ABSENT, NULL));
	if (field) {
		field->metric = "ktally_buddy_largest_bytes";
		field->help = "Largest allocation that can succeed now without reclaim.";
	}
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

static void put_notes(struct kt_report *report, const struct kt_buddy *buddy, bool all)
{
	struct kt_val unaccepted = kt_snapshot_get(buddy->snap, KT_UNACCEPTED, KT_NO_NODE);

	kt_report_note(report,
		"An ordinary kernel allocation is meant (GFP_KERNEL): a block is free, and the "
		"zone "
		"stays above its min watermark%s and lowmem reserve. %s",
		buddy->marks_known ? "" : " (not known here)",
		buddy->snap->mobilities.count
			? "Blocks set aside for some (HighAtomic, CMA, Isolate) are left out."
			: "Blocks set aside for some (HighAtomic, CMA, Isolate) count as well; "
			  "--expensive tells them apart.");
	if (!all)
		kt_report_note(report,
			"UNUSABLE: share of the free blocks' memory that is in smaller pieces. "
			"ZONES: how many would give such a block now. -a shows each by order, with "
			"both indices of debugfs extfrag.");
	if (or_zero(unaccepted))
		kt_report_note(report,
			"%lld KiB not yet accepted from the hypervisor are in MemFree and in no "
			"list",
			(long long)(unaccepted.value / 1024));
	for (size_t i = 0; i < buddy->snap->mobilities.count; i++) {
		if (!buddy->snap->mobilities.items[i].capped)
			continue;
		kt_report_note(report, "the kernel counts no more than 100,000 blocks of a "
				       "mobility and order: those are lower bounds");
		return;
	}
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_buddy buddy;
	struct kt_err *err;

	kt_report_init(report, "ktally/buddy/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0, sources);
	if (err)
		return err;
	if (!session.snap->free_areas.count)
		return kt_session_blame(options,
			kt_err_new(KT_ERR_ABSENT, "no free lists of the page allocator: %s",
				kt_session_why(&session, "buddyinfo")));
	kt_session_describe(&session, options, report);
	buddy = kt_buddy_of(session.snap, &report->arena);
	headline_largest(report, &buddy);
	headline_next(report, &buddy);
	put_fields(report, &buddy);
	kt_buddy_put_tables(report, &buddy, options->all);
	put_notes(report, &buddy, options->all);
	return NULL;
}

const struct kt_cmd kt_cmd_buddy = {
	.name = "buddy",
	.summary = "free memory by size of block, what can be allocated now",
	.help = "Shows the free lists of the page allocator (the buddy allocator), which hands "
		"out blocks of 1, 2, 4, 8 ... pages: how many of each size (order) are free, "
		"how much of the free memory is in smaller pieces and so of no use to a "
		"request of that size (UNUSABLE), and in how many zones it would succeed now, "
		"watermarks and reserves kept. The total is the row 'free' of the account to "
		"the byte; per-CPU lists and what the counters disagree about are rows.\n\n"
		"A driver that logs 'page allocation failure: order:4' although memory is free "
		"has met fragmentation: look at the line of that order, then at -a for the "
		"zone it names. An external fragmentation index near 1 means pieces (compact: "
		"'echo 1 >/proc/sys/vm/compact_memory', raise vm.min_free_kbytes), near 0 lack "
		"of memory; -1 that it would succeed. The events tell whether it happens: "
		"follow them with -i 10.\n\n"
		"--expensive adds the lists by mobility (/proc/pagetypeinfo): unmovable "
		"pageblocks spread over all memory are what no compaction undoes.",
	.repeats = true,
	.whole = true,
	.run = run,
};
