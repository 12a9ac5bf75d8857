// SPDX-License-Identifier: GPL-2.0-or-later
//
// Is a report whole, how large is a page, how much memory is there, and what did the
// request fail of? Reads what the lines said, and nothing else.

#include "source/memreport_scan.h"

#include <stdlib.h>
#include <string.h>

/* A head counter by its metric; -1 where the report has none. */
static int64_t head_of(const struct kt_memreport_detail *detail, enum kt_metric metric)
{
	for (int i = 0; i < KT_MEMLINE_HEADS && kt_memline_heads[i].name; i++) {
		if (kt_memline_heads[i].metric == metric)
			return detail->head[i];
	}
	return -1;
}

/* ---- page size ---- */

int64_t kt_memreport_sum_zones(const struct kt_memreport_detail *detail, int key)
{
	int64_t sum = -1;

	for (size_t i = 0; i < detail->zones.count; i++) {
		const struct kt_memreport_zone *zone = &detail->zones.items[i];

		if (!zone->shown)
			continue;
		if (zone->kb[key] < 0 ||
			__builtin_add_overflow(sum < 0 ? 0 : sum, zone->kb[key], &sum))
			return -1;
	}
	return sum;
}

/* A quantity that stands there in pages and in kB tells the page size. */
static void vote(int64_t pages, int64_t kb, unsigned votes[7])
{
	for (unsigned shift = 2; pages >= 64 && kb > 0 && shift < 9; shift++) {
		int64_t expect;

		if (!__builtin_mul_overflow(pages, 1ll << shift, &expect) &&
			llabs(kb - expect) <= expect / 20)
			votes[shift - 2]++;
	}
}

static int64_t voted_page_kb(const struct kt_memreport_detail *detail)
{
	unsigned votes[7] = { 0 }, best = 0;

	for (int i = 0; i < KT_MEMLINE_KEYS && kt_memline_keys[i].name; i++) {
		if (kt_memline_keys[i].metric != KT_METRIC_NONE)
			vote(head_of(detail, kt_memline_keys[i].metric),
				kt_memreport_sum_zones(detail, i), votes);
	}
	for (unsigned i = 1; i < 7; i++)
		best = votes[i] > votes[best] ? i : best;
	return votes[best] >= 2 ? 4ll << best : 0;
}

int64_t kt_memreport_page_bytes(const struct kt_memreport_detail *detail)
{
	int64_t listed = 0, voted = voted_page_kb(detail);

	for (size_t i = 0; i < detail->zones.count; i++) {
		const struct kt_memreport_zone *zone = &detail->zones.items[i];

		if (!zone->listed || !zone->nr_orders)
			continue;
		if (listed && zone->page_kb != listed)
			return -1;
		listed = zone->page_kb;
	}
	if (listed < 0 || listed > 1024 || (listed & (listed - 1)) ||
		(listed && voted && listed != voted))
		return -1;
	return (listed ? listed : voted) * 1024;
}

/* ---- how much memory there is ---- */

/*
 * "pages RAM" minus "pages reserved" is what the page allocator got. Beside "HighMem/
 * MovableOnly" (3.14, c78e93630d15) both are sums over all zones, whichever zones the report
 * shows: it leaves out nodes that the request could not use, and from 6.0 on zones. Before
 * that they were counted by the flags of pages, holes included: then the zones are believed
 * where they have "managed" (3.9) and none is left out.
 */
struct kt_memreport_total kt_memreport_total(const struct kt_memreport_detail *detail)
{
	struct kt_memreport_total total = { -1, -1, false, false };
	int64_t ram = detail->sums[KT_SUM_RAM], reserved = detail->sums[KT_SUM_RESERVED];
	int64_t page_kb = kt_memreport_page_bytes(detail) / 1024;
	int64_t managed = kt_memreport_sum_zones(detail, KT_ZKEY_MANAGED);
	int64_t present = kt_memreport_sum_zones(detail, KT_ZKEY_PRESENT), close;

	if (ram < 0 || reserved < 0 || reserved >= ram || page_kb <= 0)
		return total;
	total.managed = ram - reserved;
	close = total.managed / 32;
	managed = managed < 0 ? -1 : managed / page_kb;
	if (detail->sums[KT_SUM_MOVABLE] >= 0) {
		total.exact = true;
		total.present = ram;
		total.all_zones = managed >= 0 && llabs(managed - total.managed) <= close;
		return total;
	}
	/* without "managed", "present" is without the memory map: less, but not much */
	total.all_zones = present / page_kb >= total.managed - close * 2;
	if (managed < 0 || llabs(managed - total.managed) > close)
		return total;
	total.exact = true;
	total.managed = managed;
	total.present = present / page_kb;
	return total;
}

/* ---- why it failed ---- */

/* By the names of its flags; where the log has only their number, it may use any zone. */
static bool may_use(const struct kt_memreport_detail *detail, const char *zone)
{
	const char *gfp = detail->about.gfp ? detail->about.gfp : "";

	if (!strstr(gfp, "GFP_"))
		return true;
	if (strcmp(zone, "Movable") == 0)
		return strstr(gfp, "MOVABLE");
	if (strcmp(zone, "HighMem") == 0)
		return strstr(gfp, "HIGHUSER") || strstr(gfp, "HIGHMEM");
	if (strstr(gfp, "GFP_DMA32"))
		return strcmp(zone, "DMA32") == 0 || strcmp(zone, "DMA") == 0;
	if (strstr(gfp, "GFP_DMA"))
		return strcmp(zone, "DMA") == 0;
	return true;
}

static int64_t blocks_that_fit(const struct kt_memreport_zone *zone, int order)
{
	int64_t blocks = 0;

	for (unsigned i = order < 0 ? 0 : (unsigned)order; i < zone->nr_orders; i++)
		blocks += zone->usable[i] ? zone->blocks[i] : 0;
	return blocks;
}

/* From low to high, the order in which a request falls back is the other way. */
static int rank_of(const char *zone)
{
	static const char *const names[] = { "DMA", "DMA32", "Normal", "HighMem", "Movable",
		"Device" };
	int rank = 0;

	while (rank < 5 && strcmp(names[rank], zone) != 0)
		rank++;
	return rank;
}

/*
 * lowmem_reserve[] of a zone has a number for each kind of zone that a request may prefer. It
 * rises at each zone above that has memory, so the one that counts is found by the number of
 * zones above that the request may use, whichever zones the kernel is built with.
 */
static int64_t reserve_of(
	const struct kt_memreport_detail *detail, const struct kt_memreport_zone *zone)
{
	int64_t reserve = 0;
	unsigned above = 0;

	for (size_t i = 0; i < detail->zones.count; i++) {
		const struct kt_memreport_zone *other = &detail->zones.items[i];

		above += other->shown && other->node == zone->node &&
			 rank_of(other->name) > rank_of(zone->name) && may_use(detail, other->name);
	}
	for (unsigned i = 0; i < zone->nr_reserves && above; i++) {
		if (zone->reserve_pages[i] <= reserve)
			continue;
		reserve = zone->reserve_pages[i];
		above--;
	}
	return reserve;
}

/*
 * A zone gives memory to an ordinary request while more is free than its min watermark and
 * its reserve, and a free block is large enough (mm/page_alloc.c, __zone_watermark_ok()).
 */
static enum kt_memreport_verdict judge(
	const struct kt_memreport_detail *detail, struct kt_memreport_total total, int64_t page)
{
	int order = detail->about.order;
	bool any = false, room = false, fits = false, lists = true;

	if (detail->about.asked_bytes > 0 && detail->about.asked_bytes / page > total.managed)
		return KT_VERDICT_TOO_LARGE;
	if (order < 0)
		return KT_VERDICT_UNKNOWN;
	for (size_t i = 0; i < detail->zones.count; i++) {
		const struct kt_memreport_zone *zone = &detail->zones.items[i];
		int64_t free_kb = zone->kb[KT_ZKEY_FREE], min_kb = zone->kb[KT_ZKEY_MIN];

		if (!zone->shown || !may_use(detail, zone->name) || free_kb < 0 || min_kb < 0)
			continue;
		any = true;
		if (zone->kb[KT_ZKEY_CMA] > 0 && detail->about.gfp &&
			!strstr(detail->about.gfp, "MOVABLE"))
			free_kb -= zone->kb[KT_ZKEY_CMA];
		min_kb += reserve_of(detail, zone) * (page / 1024);
		if (free_kb <= min_kb)
			continue;
		room = true;
		lists = lists && zone->listed;
		fits = fits || blocks_that_fit(zone, order) > 0;
	}
	if (!any)
		return KT_VERDICT_UNKNOWN;
	if (!room)
		return KT_VERDICT_SHORT;
	return order > 0 && lists && !fits ? KT_VERDICT_FRAGMENTED : KT_VERDICT_UNKNOWN;
}

/* ---- is it whole ---- */

static const char *missing_part(const struct kt_memreport_detail *detail)
{
	bool shown = false;

	for (size_t i = 0; i < detail->zones.count; i++)
		shown = shown || detail->zones.items[i].shown;
	if (head_of(detail, KT_ACTIVE_ANON) < 0 || head_of(detail, KT_NR_FREE) < 0 ||
		head_of(detail, KT_INACTIVE_FILE) < 0 || head_of(detail, KT_SLAB_U) < 0)
		return "the counters below 'Mem-Info:'";
	if (!shown)
		return "the lines of the zones";
	if (detail->sums[KT_SUM_CACHE] < 0)
		return "the line 'total pagecache pages'";
	if (detail->sums[KT_SUM_RAM] < 0)
		return "the line 'pages RAM'";
	if (detail->sums[KT_SUM_RESERVED] < 0)
		return "the line 'pages reserved'";
	return NULL;
}

/* No counter of pages can be larger than what there is. */
static const char *impossible_part(
	const struct kt_memreport_detail *detail, int64_t page, int64_t managed)
{
	int64_t listed_kb = 0;

	if (page == 0)
		return "nothing in it tells the page size: free lists and zones are missing";
	if (page < 0)
		return "its lines disagree about the page size: two reports are mixed";
	if (managed <= 0)
		return "'pages RAM' and 'pages reserved' leave no memory";
	for (int i = 0; i < KT_MEMLINE_HEADS && kt_memline_heads[i].name; i++) {
		if (detail->head[i] > managed + managed / 8)
			return kt_memline_heads[i].name;
	}
	for (size_t i = 0; i < detail->zones.count; i++)
		listed_kb += detail->zones.items[i].listed ? detail->zones.items[i].list_kb : 0;
	if (listed_kb / (page / 1024) > managed + managed / 8)
		return "the free lists have more than all memory";
	return NULL;
}

static void find_largest(struct kt_memreport_detail *detail, struct kt_arena *arena, int64_t page)
{
	struct kt_memreport *about = &detail->about;
	const struct kt_memreport_task *largest = NULL;
	int64_t most = 0;

	for (size_t i = 0; i < detail->tasks.count; i++) {
		const struct kt_memreport_task *task = &detail->tasks.items[i];
		int64_t swap = task->values[KT_TCOL_SWAP];
		int64_t pages = task->values[KT_TCOL_RSS] + (swap > 0 ? swap : 0);

		if (pages <= most)
			continue;
		most = pages;
		largest = task;
	}
	if (!largest)
		return;
	about->largest = kt_arena_name(arena, kt_span_str(largest->name));
	about->largest_pid = largest->pid;
	if (page <= 0 || __builtin_mul_overflow(
				 largest->values[KT_TCOL_RSS], page, &about->largest_rss_bytes))
		about->largest_rss_bytes = -1;
	if (page <= 0 || largest->values[KT_TCOL_SWAP] < 0 ||
		__builtin_mul_overflow(
			largest->values[KT_TCOL_SWAP], page, &about->largest_swap_bytes))
		about->largest_swap_bytes = -1;
}

void kt_memreport_conclude(struct kt_memreport_detail *detail, struct kt_arena *arena)
{
	struct kt_memreport *about = &detail->about;
	int64_t page = kt_memreport_page_bytes(detail);
	struct kt_memreport_total total = kt_memreport_total(detail);
	const char *part = about->machine ? missing_part(detail) : NULL;

	find_largest(detail, arena, page);
	if (!about->machine)
		return;
	if (!about->damage && part)
		about->damage = kt_arena_printf(arena, "it is cut: %s are not there", part);
	part = impossible_part(detail, page, total.managed);
	if (!about->damage && part)
		about->damage = kt_arena_printf(
			arena, "%s%s", part, strchr(part, ' ') ? "" : " is more than all memory");
	if (about->damage)
		return;
	about->total_bytes = total.managed * page;
	about->free_bytes = head_of(detail, KT_NR_FREE) * page;
	about->verdict = judge(detail, total, page);
}
