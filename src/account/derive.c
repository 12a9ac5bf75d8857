// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/derive.h"
#include "account/step.h"

#include "base/kernel_files.h"
#include "model/page_size.h"

#include <stdlib.h>
#include <string.h>

#define MIB (1ll << 20)

static void derive_host(struct kt_snapshot *snap)
{
	int last = KT_NO_NODE, nr_nodes = 0;
	int64_t nr_cpus = 0;

	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];

		nr_nodes += zone->node != last;
		last = zone->node;
		nr_cpus = zone->nr_cpus > nr_cpus ? zone->nr_cpus : nr_cpus;
	}
	for (size_t i = 0; i < snap->entries.count && !snap->zones.count; i++) {
		const struct kt_entry *entry = &snap->entries.items[i];

		nr_nodes += entry->metric == KT_MEM_TOTAL && entry->node >= 0;
	}
	if (!kt_known(snap->host.nr_nodes) && nr_nodes)
		snap->host.nr_nodes = nr_nodes;
	if (!kt_known(snap->host.nr_cpus) && nr_cpus)
		snap->host.nr_cpus = nr_cpus;
}

static void copy_machine(struct kt_step *step, enum kt_metric metric)
{
	struct kt_val val = kt_step_get_machine(step, metric);

	if (kt_ok(val))
		kt_step_put_bytes(step, metric, val.value, val.quality, "as for the machine");
}

/*
 * MemTotal of proc/meminfo. A node's MemTotal is no such value: it is the managed pages of its
 * zones.
 */
static struct kt_val mem_total(struct kt_step *step)
{
	struct kt_val total = kt_step_get(step, KT_MEM_TOTAL);

	if (step->node == KT_NO_NODE && kt_ok(total) && total.entry &&
		total.entry->node != KT_NO_NODE)
		return kt_val_lack(KT_ABSENT, "only the node files contain a memory total");
	return total;
}

/*
 * Splits the difference between MemTotal and the managed pages, which should be 0. A kernel that
 * initialises its memory lazily counts the rest in MemTotal and MemFree but in no zone: both differ
 * by the same amount. Any other difference becomes a row of its own.
 */
static void derive_gap(struct kt_step *step)
{
	struct kt_val gap = kt_val_sub(mem_total(step), kt_step_get(step, KT_ZONE_MANAGED));
	struct kt_val free_gap =
		kt_val_sub(kt_step_get(step, KT_MEM_FREE), kt_step_get(step, KT_NR_FREE));

	if (step->node != KT_NO_NODE && step->snap->host.nr_nodes == 1) {
		/*
		 * node files of such a kernel do not show it; with one node the machine's value is
		 * the node's
		 */
		copy_machine(step, KT_FREE_DEFERRED);
		copy_machine(step, KT_MANAGED_GAP);
		return;
	}
	if (!kt_ok(gap))
		return;
	if (gap.value > 16 * MIB && kt_ok(free_gap) &&
		llabs(free_gap.value - gap.value) <= gap.value / 100 + 16 * MIB) {
		kt_step_put(step, KT_FREE_DEFERRED, gap,
			"MemTotal - managed, where MemFree - free pages of the zones is the same");
		gap.value = 0;
	} else
		kt_step_none(step, KT_FREE_DEFERRED, "every page is in a zone");
	kt_step_put(step, KT_MANAGED_GAP, gap, "MemTotal - managed pages of the zones");
	if (gap.value && step->node == KT_NO_NODE)
		kt_snapshot_note(step->snap,
			"MemTotal is %lld KiB %s than the managed pages of the zones; the "
			"difference is a row of its own",
			llabs(gap.value) / 1024, gap.value > 0 ? "more" : "less");
}

/*
 * Free pages of the time at which the user pages were read. In a capture whose files were read at
 * different times, user pages come from meminfo, so free pages do too.
 */
static struct kt_val free_of_moment(struct kt_step *step, struct kt_val zones)
{
	struct kt_val meminfo = kt_step_get(step, KT_MEM_FREE);

	if (step->snap->drift_bytes >= 0 || !kt_ok(meminfo) || !kt_ok(zones) ||
		kt_step_has(step, KT_FREE_DEFERRED))
		return zones;
	return llabs(meminfo.value - zones.value) > MIB ? meminfo : zones;
}

/* Bounds how much moved between zoneinfo and vmstat in a capture: by how far they disagree. */
static void derive_skew(struct kt_snapshot *snap)
{
	static const enum kt_metric both[] = { KT_NR_FREE, KT_ANON_BASE, KT_FILE_PAGES, KT_SLAB_R,
		KT_SLAB_U, KT_PAGE_TABLES };
	int64_t skew = 0;
	bool any = false;

	for (size_t i = 0; i < KT_LEN(both) && snap->drift_bytes < 0; i++) {
		struct kt_val a = kt_snapshot_get_rank(snap, both[i], KT_NO_NODE, KT_RANK_VMSTAT);
		struct kt_val b = kt_snapshot_sum_rank(snap, both[i], KT_RANK_ZONEINFO);

		if (both[i] == KT_NR_FREE)
			b = kt_snapshot_get_rank(snap, both[i], KT_NO_NODE, KT_RANK_FIRST);
		if (!kt_ok(a) || !kt_ok(b) ||
			__builtin_add_overflow(skew, llabs(a.value - b.value), &skew))
			continue;
		any = true;
	}
	if (any)
		snap->skew_bytes = skew;
}

static void derive_managed(struct kt_step *step)
{
	struct kt_val zones = kt_step_get(step, KT_ZONE_MANAGED);
	struct kt_val all = kt_step_get(step, KT_MEM_TOTAL), total = mem_total(step);

	if (kt_ok(zones))
		kt_step_put(step, KT_MANAGED, zones, "managed pages of the zones");
	else if (kt_ok(total))
		kt_step_put(step, KT_MANAGED, total, "MemTotal");
	else if (kt_ok(all) && !step->snap->host.live)
		kt_step_put(step, KT_MANAGED, kt_val_add(all, kt_val_bytes(0, KT_LOWER_BOUND)),
			"MemTotal of the nodes, without memory not yet initialised");
	else
		kt_step_lack(step, KT_MANAGED, total.state,
			zones.entry && zones.state == KT_BAD
				? zones.reason
				: "neither zoneinfo nor meminfo contains a memory total");
}

/* Not an input of the account: kt_step_get() would list it as one. */
static bool has_all_counters(const struct kt_snapshot *snap)
{
	struct kt_val whole = kt_snapshot_get(snap, KT_VMSTAT_WHOLE, KT_NO_NODE);

	return kt_ok(whole) && whole.value;
}

/* Derives a part of the free pages that another row counts. */
static void derive_part(
	struct kt_step *step, enum kt_metric whole, enum kt_metric part, const char *how)
{
	struct kt_val val = kt_step_get(step, whole);

	if (!kt_ok(val) && step->node == KT_NO_NODE && has_all_counters(step->snap)) {
		kt_step_none(step, whole, KT_FILE_VMSTAT " has no counter of it");
		val = kt_val_bytes(0, KT_EXACT);
	}
	kt_step_put(step, part, val, how);
}

static void derive_cma(struct kt_step *step)
{
	derive_part(step, KT_CMA_FREE, KT_CMA_IN_FREE, "free CMA pages");
}

/* Free pages of HighMem zones, without CMA areas in them. */
static struct kt_val free_of_high_zones(struct kt_step *step)
{
	const struct kt_snapshot *snap = step->snap;
	struct kt_val sum = kt_val_lack(KT_ABSENT, "nothing here names a HighMem zone");
	int64_t page = snap->host.page_bytes;

	for (size_t i = 0; i < snap->zones.count && kt_known(page); i++) {
		const struct kt_zone *zone = &snap->zones.items[i];
		struct kt_val part;

		if (strcmp(zone->name, "HighMem") != 0 || !kt_known(zone->free) ||
			(step->node != KT_NO_NODE && zone->node != step->node))
			continue;
		part = kt_val_bytes((zone->free - kt_known_of(zone->cma_free, 0)) * page,
			snap->zones_doubted ? KT_ESTIMATE : KT_EXACT);
		sum = kt_ok(sum) ? kt_val_add(sum, part) : part;
	}
	return sum;
}

/* A memory report leaves out HighMem where the request could not use it. */
static struct kt_val free_beyond_report(struct kt_step *step)
{
	const struct kt_memreport *memreport = step->snap->memreport_chosen;

	if (!memreport || step->node != KT_NO_NODE || memreport->beyond_bytes <= 0)
		return kt_val_lack(KT_ABSENT, "nothing here names a HighMem zone");
	return kt_val_bytes(memreport->beyond_bytes, KT_EXACT);
}

/* HighMem is the zone of 32-bit kernels for memory that they cannot address. */
static void derive_high(struct kt_step *step)
{
	struct kt_val zones = free_of_high_zones(step), beyond = free_beyond_report(step);
	struct kt_val file = kt_step_get(step, KT_HIGH_FREE);
	struct kt_val total = kt_step_get(step, KT_HIGH_TOTAL);
	struct kt_val cma = kt_step_get(step, KT_CMA_FREE);

	if (kt_ok(zones))
		kt_step_put(step, KT_FREE_HIGH, zones, "free pages of the zone HighMem");
	else if (kt_ok(file) && kt_ok(total) && total.value)
		kt_step_put_bytes(step, KT_FREE_HIGH, file.value,
			kt_ok(cma) && cma.value ? KT_UPPER_BOUND : KT_EXACT, "HighFree");
	else if (kt_ok(beyond))
		kt_step_put(step, KT_FREE_HIGH, beyond,
			"free pages of HighMem, which the report leaves out");
	else
		kt_step_none(step, KT_FREE_HIGH, "nothing here names a HighMem zone");
}

static void derive_unaccepted(struct kt_step *step)
{
	derive_part(step, KT_UNACCEPTED, KT_UNACCEPTED_IN_FREE, "unaccepted memory");
}

/*
 * Prefers the free pages of the zones. MemTotal and MemFree belong together: both include memory
 * that is not yet initialised and that no zone has.
 */
static void derive_free(struct kt_step *step)
{
	struct kt_val zones = kt_step_get(step, KT_NR_FREE);
	struct kt_val meminfo = kt_step_get(step, KT_MEM_FREE);
	bool by_zone = kt_step_has(step, KT_ZONE_MANAGED);
	struct kt_val free = kt_ok(zones) && (by_zone || !kt_ok(meminfo)) ? zones : meminfo;

	if (by_zone && step->node == KT_NO_NODE)
		free = free_of_moment(step, free);
	kt_step_put(step, KT_FREE_BUDDY, free, "free pages");
}

static void derive_deferred(struct kt_step *step)
{
	if (step->node != KT_NO_NODE || kt_step_has(step, KT_ZONE_MANAGED) ||
		!kt_ok(mem_total(step)))
		kt_step_put_bytes(step, KT_DEFERRED_IN_FREE, 0, KT_EXACT,
			"only pages in a zone are counted as free");
	else
		kt_step_lack(step, KT_DEFERRED_IN_FREE, KT_ABSENT,
			"without proc/zoneinfo it is counted as free");
}

/* Prefers /proc/meminfo: the counters that an LRU list is compared with come from there. */
static struct kt_val lru_list(struct kt_step *step, enum kt_metric metric)
{
	struct kt_val val = kt_step_get_rank(step, metric, KT_RANK_MEMINFO);

	return kt_ok(val) ? val : kt_step_get(step, metric);
}

static struct kt_val sum_lru(struct kt_step *step)
{
	static const enum kt_metric lists[] = { KT_ACTIVE_ANON, KT_INACTIVE_ANON, KT_ACTIVE_FILE,
		KT_INACTIVE_FILE, KT_UNEVICTABLE };
	struct kt_val sum = kt_val_add(kt_val_or_some(kt_step_get(step, KT_ISOLATED_ANON)),
		kt_val_or_some(kt_step_get(step, KT_ISOLATED_FILE)));

	for (size_t i = 0; i < KT_LEN(lists); i++)
		sum = kt_val_add(sum, lru_list(step, lists[i]));
	return sum;
}

/* Sum of the user pages that counters other than the LRU lists count. */
static struct kt_val sum_counted(struct kt_step *step)
{
	struct kt_val cache = kt_step_get(step, KT_CACHED);

	if (kt_ok(cache))
		cache = kt_val_add(cache, kt_val_or_some(kt_step_get(step, KT_BUFFERS)));
	else
		cache = kt_val_sub(
			kt_step_get(step, KT_FILE_PAGES), kt_step_get(step, KT_SWAP_CACHED));
	return kt_val_add(cache, kt_step_get(step, KT_ANON));
}

/*
 * The LRU lists hold every user page once. Beyond the counters of mapped anonymous pages and of the
 * page cache they hold swap cache that no process maps; mapped swap cache is counted as anonymous.
 * What exceeds the size of the swap cache as well is parts of transparent huge pages that were
 * unmapped and wait to be split: no process maps them, and they are not free. Pages in per-CPU LRU
 * batches are missing from the lists, so a small negative difference counts as 0.
 */
static void derive_lru(struct kt_step *step)
{
	struct kt_val swap = kt_step_get(step, KT_SWAP_CACHED);
	struct kt_val lru = sum_lru(step), counted = sum_counted(step);
	int64_t surplus, in_swap;
	bool known = kt_ok(lru);

	if (!kt_ok(counted))
		return;
	if (!known && kt_ok(swap) && swap.value)
		kt_step_lack(step, KT_SWAP_CACHE_ONLY, KT_UNSUPPORTED,
			"without LRU counters the part of the swap cache that is counted as "
			"anonymous too is unknown");
	if (!known && kt_ok(swap) && !swap.value)
		kt_step_put_bytes(step, KT_SWAP_CACHE_ONLY, 0, KT_EXACT, "no swap cache");
	if (!known || !kt_ok(swap))
		return;
	surplus = lru.value > counted.value ? lru.value - counted.value : 0;
	in_swap = surplus < swap.value ? surplus : swap.value;
	kt_step_put_bytes(step, KT_SWAP_CACHE_ONLY, in_swap, swap.value ? KT_ESTIMATE : KT_EXACT,
		swap.value ? "LRU lists + isolated - anonymous - page cache - buffers"
			   : "no swap cache");
	kt_step_put_bytes(step, KT_LRU_ONLY, surplus - in_swap, KT_ESTIMATE,
		"LRU lists + isolated - anonymous - page cache - buffers - swap cache");
}

/* Prefers meminfo's line; takes the counter where meminfo has no such line. */
static void derive_or_counter(struct kt_step *step, enum kt_metric metric, enum kt_metric counter,
	enum kt_quality quality)
{
	struct kt_val base = kt_step_get(step, counter);

	if (!kt_step_has(step, metric) && kt_ok(base))
		kt_step_put(step, metric, kt_val_add(base, kt_val_bytes(0, quality)),
			kt_metric_doc(counter));
}

/* AnonPages has huge pages in it on every kernel; nr_anon_pages only from 4.8 on. */
static void derive_anon(struct kt_step *step)
{
	derive_or_counter(step, KT_ANON, KT_ANON_BASE, KT_LOWER_BOUND);
}

/* Takes Shmem from the file that Cached comes from, because it is subtracted from Cached. */
static void derive_shmem(struct kt_step *step)
{
	derive_or_counter(step, KT_SHMEM, KT_SHMEM_BASE, KT_EXACT);
}

static void derive_page_cache(struct kt_step *step)
{
	struct kt_val cached = kt_step_get(step, KT_CACHED);
	struct kt_val file = kt_step_get(step, KT_FILE_PAGES);

	if (kt_ok(cached))
		kt_step_put(step, KT_PAGE_CACHE, cached, "Cached");
	else
		kt_step_put(step, KT_PAGE_CACHE, file, kt_metric_doc(KT_FILE_PAGES));
}

/* Derives a part of nr_file_pages that Cached does not contain. */
static void derive_cache_part(struct kt_step *step, enum kt_metric whole, enum kt_metric part)
{
	struct kt_val val = kt_step_get(step, whole);

	if (kt_step_has(step, KT_CACHED))
		kt_step_put_bytes(step, part, 0, KT_EXACT, "not in Cached");
	else
		kt_step_put(step, part, val, kt_metric_doc(whole));
}

static void derive_buffers_in_cache(struct kt_step *step)
{
	derive_cache_part(step, KT_BUFFERS, KT_BUFFERS_IN_CACHE);
}

static void derive_swap_in_cache(struct kt_step *step)
{
	derive_cache_part(step, KT_SWAP_CACHED, KT_SWAP_IN_CACHE);
}

/* Sums the pools of all sizes; a pool whose size could not be read makes the sum a lower bound. */
static struct kt_val sum_pools(const struct kt_snapshot *snap, int node)
{
	struct kt_val sum = kt_val_lack(KT_ABSENT, "no file shows a huge page pool");

	for (size_t i = 0; i < snap->hugepools.count; i++) {
		const struct kt_hugepool *pool = &snap->hugepools.items[i];
		struct kt_val part = kt_val_bytes(0, KT_LOWER_BOUND);
		int64_t bytes;

		if (pool->node != node)
			continue;
		if (pool->total >= 0 &&
			!__builtin_mul_overflow(pool->total, pool->page_bytes, &bytes))
			part = kt_val_bytes(bytes, KT_EXACT);
		sum = kt_ok(sum) ? kt_val_add(sum, part) : part;
	}
	return sum;
}

/* Huge page pools are on no LRU list and in no other counter, used or free. */
static void derive_hugetlb(struct kt_step *step)
{
	struct kt_val hugetlb = kt_step_get(step, KT_HUGETLB);
	struct kt_val total = kt_step_get(step, KT_HUGE_TOTAL);
	struct kt_val size = kt_step_get_machine(step, KT_HUGE_SIZE);
	struct kt_val pools = sum_pools(step->snap, step->node);
	struct kt_val gap = kt_val_sub(pools, hugetlb);
	int64_t part;

	if (kt_ok(gap) && step->node == KT_NO_NODE && llabs(gap.value) > 16 * MIB) {
		pools.quality = KT_ESTIMATE;
		kt_snapshot_note(step->snap,
			"the huge page pools add up to %lld MiB, Hugetlb is %lld MiB: the files "
			"are of different times or machines",
			(long long)(pools.value / MIB), (long long)(hugetlb.value / MIB));
	}
	if (kt_ok(pools))
		kt_step_put(step, KT_HUGETLB_POOLS, pools, "pages x size over the huge page pools");
	else if (kt_ok(hugetlb))
		kt_step_put(step, KT_HUGETLB_POOLS, hugetlb, "Hugetlb");
	else if (kt_ok(total) && kt_ok(size) &&
		 !__builtin_mul_overflow(total.value, size.value, &part))
		kt_step_put_bytes(step, KT_HUGETLB_POOLS, part, KT_LOWER_BOUND,
			"HugePages_Total x Hugepagesize: the default size only");
	else if (kt_ok(total) && total.value == 0)
		kt_step_put_bytes(step, KT_HUGETLB_POOLS, 0, KT_LOWER_BOUND,
			"HugePages_Total is 0: the default size only");
}

/*
 * Compares counters that files of one machine and time share; captures put together by hand may mix
 * machines.
 */
static void check_agreement(struct kt_snapshot *snap)
{
	static const struct {
		enum kt_metric metric;
		const char *name;
	} both[] = {
		{ KT_SLAB_R, "reclaimable slab" },
		{ KT_SLAB_U, "unreclaimable slab" },
		{ KT_PAGE_TABLES, "page tables" },
	};

	for (size_t i = 0; i < KT_LEN(both); i++) {
		struct kt_val a =
			kt_snapshot_get_rank(snap, both[i].metric, KT_NO_NODE, KT_RANK_VMSTAT);
		struct kt_val b =
			kt_snapshot_get_rank(snap, both[i].metric, KT_NO_NODE, KT_RANK_MEMINFO);

		if (!kt_ok(a) || !kt_ok(b) ||
			llabs(a.value - b.value) <= 16 * MIB + (a.value + b.value) / 20)
			continue;
		kt_snapshot_note(snap,
			KT_FILE_VMSTAT " has %lld MiB of %s, " KT_FILE_MEMINFO
				       " %lld MiB: the files are of different times or machines",
			(long long)(a.value / MIB), both[i].name, (long long)(b.value / MIB));
	}
}

/* Finds files that the account rests on and that could not be read, or contain no usable number. */
static void find_lacking(struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->sources.count; i++) {
		const struct kt_source_state *source = &snap->sources.items[i];
		const char **slot;

		if (!source->core || source->state == KT_OK || !source->why)
			continue;
		slot = kt_list_push(&snap->arena, &snap->degraded);
		if (slot)
			*slot = source->why;
	}
}

/* derive_lru() subtracts ANON from the lists, so the rule that makes ANON comes first. */
static const struct kt_rule rules[] = {
	{ derive_managed, KT_MAKES(KT_MANAGED) },
	{ derive_gap, KT_MAKES(KT_FREE_DEFERRED, KT_MANAGED_GAP) },
	{ derive_free, KT_MAKES(KT_FREE_BUDDY) },
	{ derive_cma, KT_MAKES(KT_CMA_FREE, KT_CMA_IN_FREE) },
	{ derive_high, KT_MAKES(KT_FREE_HIGH) },
	{ derive_unaccepted, KT_MAKES(KT_UNACCEPTED, KT_UNACCEPTED_IN_FREE) },
	{ derive_deferred, KT_MAKES(KT_DEFERRED_IN_FREE) },
	{ derive_anon, KT_MAKES(KT_ANON) },
	{ derive_page_cache, KT_MAKES(KT_PAGE_CACHE) },
	{ derive_buffers_in_cache, KT_MAKES(KT_BUFFERS_IN_CACHE) },
	{ derive_swap_in_cache, KT_MAKES(KT_SWAP_IN_CACHE) },
	{ derive_lru, KT_MAKES(KT_SWAP_CACHE_ONLY, KT_LRU_ONLY) },
	{ derive_shmem, KT_MAKES(KT_SHMEM) },
	{ derive_hugetlb, KT_MAKES(KT_HUGETLB_POOLS) },
};

/*
 * The order matters. The page size comes first: counters in pages have no value without it.
 * Then files that do not belong together are left out, before any of their numbers is used.
 * MANAGED comes before the kernel's rows and the boot, which compare with it. A balloon is
 * compared with the PRESENT of the zones only, so kt_derive_boot(), which may estimate
 * PRESENT from the kernel log, follows; the firmware's map is compared with that estimate
 * too. The holdings need BOOT_DMA_POOLS and areas only. Within a group the table of its
 * rules is the order.
 */
void kt_derive(struct kt_snapshot *snap)
{
	find_lacking(snap);
	kt_page_size_infer(snap);
	kt_derive_trust(snap);
	kt_derive_broken(snap);
	kt_derive_node_trust(snap);
	derive_host(snap);
	kt_derive_slab_trust(snap);
	derive_skew(snap);
	kt_step_run(snap, KT_NO_NODE, rules, KT_LEN(rules));
	kt_derive_kernel(snap, KT_NO_NODE);
	kt_derive_boot(snap, KT_NO_NODE);
	kt_derive_firmware(snap);
	kt_derive_holdings(snap);
	check_agreement(snap);
}

void kt_derive_node(struct kt_snapshot *snap, int node)
{
	kt_step_run(snap, node, rules, KT_LEN(rules));
	kt_derive_kernel(snap, node);
	kt_derive_boot(snap, node);
	kt_derive_node_rest(snap, node);
}
