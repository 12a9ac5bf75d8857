// SPDX-License-Identifier: GPL-2.0-or-later
//
// Concludes from the lines of a report: whether it is complete, how large a page is, how much
// memory there is, why the request failed. Reads only what the lines contain.

#include "source/memreport/detail.h"

#include "base/attr.h"
#include "base/human.h"

#include <stdlib.h>
#include <string.h>

/* Returns a head counter by its metric; -1: the report has none. */
static int64_t head_of(const struct kt_memreport_detail *detail, enum kt_metric metric)
{
	for (int i = 0; i < KT_MEMLINE_HEADS && kt_memline_heads[i].name; i++) {
		if (kt_memline_heads[i].metric == metric)
			return detail->head[i];
	}
	return -1;
}

/* ---- page size ---- */

/* All or nothing: a sum that lacks a zone would look like a smaller machine. */
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

/*
 * Votes for a page size: a quantity that is printed in pages and in kB shows it. Counters below 64
 * pages do not vote, and 5 % difference is allowed: the two numbers are read at different times
 * while the kernel is short of memory. Page sizes from 4 KiB to 256 KiB are possible.
 */
static void vote(int64_t pages, int64_t kb, unsigned votes[7])
{
	for (unsigned shift = 2; pages >= 64 && kb > 0 && shift < 9; shift++) {
		int64_t expect;

		if (!__builtin_mul_overflow(pages, 1ll << shift, &expect) &&
			llabs(kb - expect) <= expect / 20)
			votes[shift - 2]++;
	}
}

/* Two votes are needed, because one counter may agree with a wrong size by chance. */
static int64_t voted_page_kb(const struct kt_memreport_detail *detail)
{
	int64_t ram = detail->sums[KT_SUM_RAM];
	int64_t present_kb = kt_memreport_sum_zones(detail, KT_ZKEY_PRESENT);
	unsigned votes[7] = { 0 }, best = 0;

	vote(ram, present_kb, votes);
	/* both are constants, so a size that fits them to the page needs no other witness */
	if (ram > 0 && present_kb > 0 && present_kb % ram == 0)
		vote(ram, present_kb, votes);

	for (int i = 0; i < KT_MEMLINE_KEYS && kt_memline_keys[i].name; i++) {
		if (kt_memline_keys[i].metric != KT_METRIC_NONE)
			vote(head_of(detail, kt_memline_keys[i].metric),
				kt_memreport_sum_zones(detail, i), votes);
	}
	for (unsigned i = 1; i < 7; i++)
		best = votes[i] > votes[best] ? i : best;
	return votes[best] >= 2 ? 4ll << best : 0;
}

/*
 * Blocks of order 0 show the page size exactly. A vote that contradicts them means that lines of
 * two machines or reports are mixed, and then no number in pages can be trusted.
 */
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
 * "pages RAM" minus "pages reserved" is the memory of the page allocator. With
 * "HighMem/MovableOnly" (3.14, c78e93630d15) both numbers are sums over all zones, even if the
 * report shows fewer zones: it leaves out nodes that the request could not use, and from 6.0 on
 * zones. Before 3.14 both numbers counted pages by their flags, holes included. Then the zones are
 * used if they have "managed" (3.9) and no zone is left out.
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
	/* without "managed", "present" excludes the memory map, which makes a small difference */
	total.all_zones = present / page_kb >= total.managed - close * 2;
	if (managed < 0 || llabs(managed - total.managed) > close)
		return total;
	total.exact = true;
	total.managed = managed;
	total.present = present / page_kb;
	return total;
}

/* ---- why it failed ---- */

/* Kernels that count the free pages among what is kept back take off only these. */
int64_t kt_memreport_high_atomic_kb(const struct kt_memreport_zone *zone)
{
	int64_t free_kb = zone->kb[KT_ZKEY_FREE_ATOMIC];

	return free_kb >= 0 ? free_kb : zone->kb[KT_ZKEY_RESERVED_ATOMIC];
}

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

/* kB of the free memory of a zone that is only for movable pages, which the request is not of. */
static int64_t cma_kept_kb(
	const struct kt_memreport_detail *detail, const struct kt_memreport_zone *zone)
{
	const char *gfp = detail->about.gfp;

	return zone->kb[KT_ZKEY_CMA] > 0 && gfp && !strstr(gfp, "MOVABLE") ? zone->kb[KT_ZKEY_CMA]
									   : 0;
}

/* Larger blocks count too, because the allocator splits them. */
static int64_t blocks_that_fit(const struct kt_memreport_zone *zone, int order)
{
	int64_t blocks = 0;

	for (unsigned i = order < 0 ? 0 : (unsigned)order; i < zone->nr_orders; i++)
		blocks += zone->usable[i] ? zone->blocks[i] : 0;
	return blocks;
}

/* Ranks zones from low to high; a request falls back from high to low. */
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
 * lowmem_reserve[] of a zone has a number for each kind of zone that a request may prefer. It rises
 * at each higher zone that has memory. So the number that applies is found by counting the higher
 * zones that the request may use, whichever zones the kernel is built with.
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
 * Decides whether a zone could give memory to an ordinary request: more must be free than its min
 * watermark plus its reserve, and one free block must be large enough (mm/page_alloc.c,
 * __zone_watermark_ok()). The verdict is given only if the numbers leave no other explanation;
 * everything else is unknown. The counters may have changed since the request failed, so a zone
 * with room is no contradiction.
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
		free_kb -= cma_kept_kb(detail, zone);
		if (kt_memreport_high_atomic_kb(zone) > 0)
			free_kb -= kt_memreport_high_atomic_kb(zone);
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

/* ---- is it complete ---- */

/*
 * Checks the first and the last lines of each part, which are there in every kernel. A log that was
 * rotated or a console that was too slow loses lines at any place.
 */
static const char *missing_part(const struct kt_memreport_detail *detail)
{
	bool shown = false;

	for (size_t i = 0; i < detail->zones.count; i++)
		shown = shown || detail->zones.items[i].shown;
	if (head_of(detail, KT_ACTIVE_ANON) < 0 || head_of(detail, KT_NR_FREE) < 0 ||
		head_of(detail, KT_INACTIVE_FILE) < 0 || head_of(detail, KT_SLAB_U) < 0)
		return "counters below 'Mem-Info:'";
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

/*
 * Finds a counter of pages that exceeds the memory. An eighth above the total is allowed, because
 * the counters are not read at one time.
 */
static const char *impossible_part(
	const struct kt_memreport_detail *detail, int64_t page, int64_t managed)
{
	int64_t listed_kb = 0;

	if (page == 0)
		return "it does not show the page size: free lists and zones are missing";
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
		return "the free lists have more pages than the machine";
	return NULL;
}

/* Swap counts as well: a process whose memory was swapped out is as large as before. */
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
		about->largest_rss_bytes = KT_UNKNOWN;
	if (page <= 0 || largest->values[KT_TCOL_SWAP] < 0 ||
		__builtin_mul_overflow(
			largest->values[KT_TCOL_SWAP], page, &about->largest_swap_bytes))
		about->largest_swap_bytes = KT_UNKNOWN;
}

/* Managed pages of the zones that count as "HighMem/MovableOnly" and that the report shows. */
static int64_t high_shown(const struct kt_memreport_detail *detail, int64_t page_kb)
{
	int64_t pages = 0;

	for (size_t i = 0; i < detail->zones.count; i++) {
		const struct kt_memreport_zone *zone = &detail->zones.items[i];

		if (zone->shown &&
			(strcmp(zone->name, "HighMem") == 0 || strcmp(zone->name, "Movable") == 0))
			pages += zone->kb[KT_ZKEY_MANAGED] / page_kb;
	}
	return pages;
}

/*
 * Free memory in HighMem, which a report leaves out where the request could not use it. Only a
 * kernel with HighMem counts pages as "HighMem/MovableOnly": this zone, and Movable if its memory
 * is high (is_highmem_idx() in include/linux/mmzone.h). Where other memory is missing as well,
 * because nodes were left out or lines were lost, the zones of the other free pages are unknown.
 */
static int64_t free_beyond(
	const struct kt_memreport_detail *detail, struct kt_memreport_total total, int64_t page)
{
	int64_t shown = kt_memreport_sum_zones(detail, KT_ZKEY_FREE);
	int64_t managed = kt_memreport_sum_zones(detail, KT_ZKEY_MANAGED);
	int64_t free = head_of(detail, KT_NR_FREE), high = detail->sums[KT_SUM_MOVABLE], left_out;

	if (total.all_zones || high <= 0 || high > total.managed || shown < 0 || managed < 0 ||
		shown > free * (page / 1024))
		return KT_UNKNOWN;
	left_out = total.managed - managed / (page / 1024);
	if (llabs(left_out - (high - high_shown(detail, page / 1024))) > total.managed / 32)
		return KT_UNKNOWN;
	return free * page - shown * 1024;
}

/* Sums the zones that the request could use. */
static void sum_reach(struct kt_memreport_detail *detail)
{
	struct kt_memreport *about = &detail->about;
	int64_t free_kb = 0, cma_kb = 0;

	for (size_t i = 0; i < detail->zones.count; i++) {
		const struct kt_memreport_zone *zone = &detail->zones.items[i];

		if (!zone->shown || !may_use(detail, zone->name) || zone->kb[KT_ZKEY_FREE] < 0)
			continue;
		free_kb += zone->kb[KT_ZKEY_FREE];
		cma_kb += cma_kept_kb(detail, zone);
	}
	about->reach_free_bytes = free_kb * 1024;
	about->reach_cma_bytes = cma_kb * 1024;
}

struct counted {
	const char *name;
	int nr_metrics;
	enum kt_metric metrics[3];
};

/* Each page is in one of these at most. */
static const struct counted counted[KT_MEMREPORT_COUNTED] = {
	{ "unreclaimable slab", 1, { KT_SLAB_U } },
	{ "reclaimable slab", 1, { KT_SLAB_R } },
	{ "page cache and tmpfs", 3, { KT_ACTIVE_FILE, KT_INACTIVE_FILE, KT_ISOLATED_FILE } },
	{ "anonymous", 3, { KT_ACTIVE_ANON, KT_INACTIVE_ANON, KT_ISOLATED_ANON } },
	{ "unevictable", 1, { KT_UNEVICTABLE } },
	{ "page tables", 2, { KT_PAGE_TABLES, KT_SEC_PAGE_TABLES } },
	{ "free", 2, { KT_NR_FREE, KT_PCP } },
};

/* The same of kernels that neither split the LRU lists nor slab. */
static const struct counted counted_old[] = {
	{ "slab", 1, { KT_SLAB } },
	{ "processes and page cache", 2, { KT_LRU_ACTIVE, KT_LRU_INACTIVE } },
	{ "page tables", 1, { KT_PAGE_TABLES } },
	{ "free", 1, { KT_NR_FREE } },
};

static bool is_old(const struct kt_memreport_detail *detail)
{
	return head_of(detail, KT_LRU_ACTIVE) >= 0 && head_of(detail, KT_ACTIVE_ANON) < 0;
}

/* KT_UNKNOWN: the report has none of the counters. */
static int64_t pages_of(const struct kt_memreport_detail *detail, const struct counted *what)
{
	int64_t sum = KT_UNKNOWN, pages;

	for (int i = 0; i < what->nr_metrics; i++) {
		pages = head_of(detail, what->metrics[i]);
		if (pages == KT_MEMREPORT_CUT || pages > KT_AMOUNT_MAX / 4096)
			return KT_UNKNOWN;
		if (pages < 0)
			continue;
		sum = kt_known_of(sum, 0) + pages;
	}
	return sum;
}

/* Keeps the counters of a report that was cut: each is true, also without the rest. */
static void keep_counters(struct kt_memreport_detail *detail, int64_t page)
{
	struct kt_memreport *about = &detail->about;
	const struct counted *list = is_old(detail) ? counted_old : counted;

	about->nr_parts = is_old(detail) ? KT_LEN(counted_old) : KT_LEN(counted);
	about->counted_pages = 0;
	about->counted_page_bytes = page > 0 ? page : KT_UNKNOWN;
	for (size_t i = 0; i < about->nr_parts; i++) {
		about->parts[i] =
			(struct kt_memreport_counted){ list[i].name, pages_of(detail, &list[i]) };
		about->counted_pages += kt_known_of(about->parts[i].pages, 0);
	}
}

/* "unreclaimable slab 279862 of 311384 pages (90 %), …": the three largest */
static const char *what_counters_prove(const struct kt_memreport *about, struct kt_arena *arena)
{
	int64_t all = about->counted_pages;
	const struct kt_memreport_counted *last = NULL;
	const char *text = "";
	char human[24];

	for (int nth = 0; nth < 3 && all; nth++) {
		const struct kt_memreport_counted *most = NULL;

		for (size_t i = 0; i < about->nr_parts; i++) {
			const struct kt_memreport_counted *part = &about->parts[i];
			bool is_next = !last || part->pages < last->pages ||
				       (part->pages == last->pages && part > last);

			if (part->pages > 0 && is_next && (!most || part->pages > most->pages))
				most = part;
		}
		if (!most)
			break;
		kt_human_bytes(most->pages * 4096, human);
		text = kt_arena_printf(arena, "%s%s%s %lld (%lld %%, %s%s)", text, nth ? ", " : "",
			most->name, (long long)most->pages,
			(long long)((most->pages * 100 + all / 2) / all), human,
			nth ? "" : " if a page has 4 KiB");
		last = most;
	}
	return all ? kt_arena_printf(
			     arena, "of %lld pages that it counts: %s", (long long)all, text)
		   : NULL;
}

/* A report about a cgroup has no counters of the machine, so only its processes are looked at. */
void kt_memreport_conclude(struct kt_memreport_detail *detail, struct kt_arena *arena)
{
	struct kt_memreport *about = &detail->about;
	int64_t page = kt_memreport_page_bytes(detail);
	struct kt_memreport_total total = kt_memreport_total(detail);
	const char *part = about->machine ? missing_part(detail) : NULL;

	find_largest(detail, arena, page);
	if (!about->machine)
		return;
	if (!about->damage && part) {
		about->damage =
			is_old(detail)
				? "its kernel counts processes and page cache together"
				: kt_arena_printf(arena, "it is cut off: %s are missing", part);
		keep_counters(detail, page);
		about->counted = what_counters_prove(about, arena);
	}
	part = impossible_part(detail, page, total.managed);
	if (!about->damage && part)
		about->damage = kt_arena_printf(
			arena, "%s%s", part, strchr(part, ' ') ? "" : " is more than all memory");
	if (about->damage)
		return;
	about->total_bytes = total.managed * page;
	about->free_bytes = head_of(detail, KT_NR_FREE) * page;
	about->beyond_bytes = free_beyond(detail, total, page);
	about->verdict = judge(detail, total, page);
	sum_reach(detail);
}
