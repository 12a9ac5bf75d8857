// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/derive.h"

#include <stdlib.h>
#include <string.h>

#define GET(metric) kt_snapshot_get(snap, KT_##metric, node)

#define MIB (1ll << 20)

static int64_t or_zero(struct kt_val val)
{
	return kt_ok(val) ? val.value : 0;
}

/* A quantity that one file has in kB and another in pages tells the page size. */
static void vote(struct kt_val kb, const struct kt_entry *pages, unsigned votes[])
{
	if (!kt_ok(kb) || !pages || pages->unit != KT_PAGES || pages->state != KT_OK ||
		pages->raw < 64)
		return;
	for (unsigned shift = 12; shift <= 18; shift++) {
		int64_t expect;

		if (__builtin_mul_overflow(pages->raw, 1ll << shift, &expect))
			return;
		if (llabs(kb.value - expect) <= expect / 20)
			votes[shift - 12]++;
	}
}

/* One quantity may fit by chance; files of different machines must not give a page size. */
void kt_derive_page_size(struct kt_snapshot *snap)
{
	static const struct {
		enum kt_metric kb, pages;
	} both[] = {
		{ KT_ANON, KT_ANON_BASE },
		{ KT_SHMEM, KT_SHMEM_BASE },
		{ KT_SLAB_R, KT_SLAB_R },
		{ KT_SLAB_U, KT_SLAB_U },
		{ KT_PAGE_TABLES, KT_PAGE_TABLES },
		{ KT_MAPPED, KT_MAPPED },
		{ KT_ACTIVE_ANON, KT_ACTIVE_ANON },
		{ KT_INACTIVE_ANON, KT_INACTIVE_ANON },
		{ KT_ACTIVE_FILE, KT_ACTIVE_FILE },
		{ KT_INACTIVE_FILE, KT_INACTIVE_FILE },
	};
	const int node = KT_NO_NODE;
	unsigned votes[7] = { 0 }, best = 0;

	if (snap->host.page_bytes)
		return;
	for (size_t i = 0; i < KT_LEN(both); i++) {
		struct kt_val kb = kt_snapshot_get_rank(snap, both[i].kb, node, KT_RANK_MEMINFO);

		vote(kb, kt_snapshot_get_rank(snap, both[i].pages, node, KT_RANK_VMSTAT).entry,
			votes);
		vote(kb, kt_snapshot_get_rank(snap, both[i].pages, 0, KT_RANK_ZONEINFO).entry,
			votes);
	}
	vote(GET(MEM_FREE), GET(NR_FREE).entry, votes);
	vote(GET(MEM_TOTAL), GET(ZONE_MANAGED).entry, votes);
	for (unsigned i = 1; i < KT_LEN(votes); i++)
		best = votes[i] > votes[best] ? i : best;
	if (votes[best] >= 2)
		snap->host.page_bytes = 4096ll << best;
}

/* A container without a limit has the machine's MemTotal, but its own page cache. */
static bool foreign_cache(const struct kt_snapshot *snap)
{
	const int node = KT_NO_NODE;
	struct kt_val file = GET(FILE_PAGES), cached = GET(CACHED);
	int64_t sum;

	if (!kt_ok(file) || !kt_ok(cached))
		return false;
	sum = cached.value + or_zero(GET(BUFFERS)) + or_zero(GET(SWAP_CACHED));
	return llabs(sum - file.value) > 256 * MIB + file.value / 4;
}

/*
 * A container's /proc/meminfo (lxcfs), or one of another machine, has a MemTotal well
 * below what the zones manage, or a page cache that is not the counters'. Its numbers must
 * not be mixed with those of the zones.
 */
static void distrust_meminfo(struct kt_snapshot *snap)
{
	const int node = KT_NO_NODE;
	struct kt_val total = GET(MEM_TOTAL), zones = GET(ZONE_MANAGED);

	if (!kt_ok(total) || !kt_ok(zones) ||
		(total.value >= zones.value / 10 * 9 && !foreign_cache(snap)))
		return;
	kt_snapshot_note(snap,
		"proc/meminfo (MemTotal %lld MiB) is not of the machine that proc/zoneinfo is of "
		"(%lld MiB): a container's view, or another machine's; it is left out",
		(long long)(total.value / MIB), (long long)(zones.value / MIB));
	for (size_t i = 0; i < snap->entries.count; i++) {
		struct kt_entry *entry = &snap->entries.items[i];

		if (entry->rank != KT_RANK_MEMINFO || !entry->path ||
			strcmp(entry->path, "proc/meminfo") != 0)
			continue;
		entry->state = KT_UNSUPPORTED;
		entry->field = "proc/meminfo is not of this machine";
	}
}

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
	if (!snap->host.nr_nodes)
		snap->host.nr_nodes = nr_nodes;
	if (!snap->host.nr_cpus)
		snap->host.nr_cpus = nr_cpus;
}

static void copy_machine(struct kt_snapshot *snap, enum kt_metric metric, int node)
{
	struct kt_val val = kt_snapshot_get(snap, metric, KT_NO_NODE);

	if (kt_ok(val))
		kt_snapshot_derive(
			snap, metric, node, val.value, val.quality, "as for the machine");
}

/*
 * MemTotal should be the sum of the managed pages. A kernel that initialises its memory
 * lazily counts the rest in MemTotal and MemFree but in no zone: then both differences
 * are the same. Any other difference is shown as a row of its own.
 */
static void derive_gap(struct kt_snapshot *snap, int node)
{
	struct kt_val total = GET(MEM_TOTAL), zones = GET(ZONE_MANAGED);
	struct kt_val meminfo_free = GET(MEM_FREE), zone_free = GET(NR_FREE);
	int64_t gap, free_gap = 0;

	if (node != KT_NO_NODE && snap->host.nr_nodes == 1) {
		/* node files of such a kernel do not show it; on one node it is the machine's */
		copy_machine(snap, KT_FREE_DEFERRED, node);
		copy_machine(snap, KT_MANAGED_GAP, node);
		return;
	}
	if (!kt_ok(total) || !kt_ok(zones))
		return;
	gap = total.value - zones.value;
	if (kt_ok(meminfo_free) && kt_ok(zone_free))
		free_gap = meminfo_free.value - zone_free.value;
	if (gap > 16 * MIB && llabs(free_gap - gap) <= gap / 100 + 16 * MIB) {
		kt_snapshot_derive(snap, KT_FREE_DEFERRED, node, gap, KT_EXACT,
			"MemTotal - managed, where MemFree - free pages of the zones is the same");
		gap = 0;
	}
	kt_snapshot_derive(
		snap, KT_MANAGED_GAP, node, gap, KT_EXACT, "MemTotal - managed pages of the zones");
	if (gap && node == KT_NO_NODE)
		kt_snapshot_note(snap,
			"MemTotal is %lld KiB %s than the pages that the zones manage; the "
			"difference is a row of its own",
			llabs(gap) / 1024, gap > 0 ? "more" : "less");
}

/*
 * In a capture whose files are of different moments, free pages must be of the moment of
 * the user pages, which come from meminfo.
 */
static struct kt_val free_of_moment(const struct kt_snapshot *snap, struct kt_val zones)
{
	const int node = KT_NO_NODE;
	struct kt_val meminfo = GET(MEM_FREE), deferred = GET(FREE_DEFERRED);

	if (snap->drift_bytes >= 0 || !kt_ok(meminfo) || !kt_ok(zones) || kt_ok(deferred))
		return zones;
	return llabs(meminfo.value - zones.value) > MIB ? meminfo : zones;
}

/* How far zoneinfo and vmstat disagree bounds what moved between them in a capture. */
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

static void derive_managed(struct kt_snapshot *snap, int node)
{
	struct kt_val zones = GET(ZONE_MANAGED), total = GET(MEM_TOTAL), free = GET(NR_FREE);

	if (kt_ok(zones))
		kt_snapshot_derive(snap, KT_MANAGED, node, zones.value, KT_EXACT,
			"managed pages of the zones");
	else if (kt_ok(total))
		kt_snapshot_derive(snap, KT_MANAGED, node, total.value, total.quality, "MemTotal");
	else
		kt_snapshot_lack(snap, KT_MANAGED, node, total.state,
			zones.entry && zones.state == KT_BAD
				? zones.reason
				: "neither proc/zoneinfo nor proc/meminfo says how much memory "
				  "there is");
	derive_gap(snap, node);

	if (!kt_ok(free))
		free = GET(MEM_FREE);
	if (node == KT_NO_NODE)
		free = free_of_moment(snap, free);
	if (kt_ok(free))
		kt_snapshot_derive(snap, KT_FREE_BUDDY, node,
			free.value - or_zero(GET(CMA_FREE)) - or_zero(GET(UNACCEPTED)), KT_EXACT,
			"free pages - free CMA pages - unaccepted pages");
}

/* One LRU counter, of meminfo where it has it: of the moment of what it is compared with. */
static struct kt_val lru_list(const struct kt_snapshot *snap, enum kt_metric metric, int node)
{
	struct kt_val val = kt_snapshot_get_rank(snap, metric, node, KT_RANK_MEMINFO);

	return kt_ok(val) ? val : kt_snapshot_get(snap, metric, node);
}

static bool sum_lru(const struct kt_snapshot *snap, int node, int64_t *ret_sum)
{
	static const enum kt_metric lists[] = { KT_ACTIVE_ANON, KT_INACTIVE_ANON, KT_ACTIVE_FILE,
		KT_INACTIVE_FILE, KT_UNEVICTABLE };

	*ret_sum = or_zero(GET(ISOLATED_ANON)) + or_zero(GET(ISOLATED_FILE));
	for (size_t i = 0; i < KT_LEN(lists); i++) {
		struct kt_val list = lru_list(snap, lists[i], node);

		if (!kt_ok(list))
			return false;
		*ret_sum += list.value;
	}
	return true;
}

/*
 * The LRU lists hold every user page once. What they have beyond the counters of mapped
 * anonymous pages and of the page cache is swap cache that nobody maps (the mapped part is
 * counted as anonymous), and, beyond the size of the swap cache, parts of transparent huge
 * pages that were unmapped and wait to be split: mapped by nobody, not free. Per-CPU LRU
 * batches make the lists short by a few pages, so less than nothing is nothing.
 */
static void derive_lru(struct kt_snapshot *snap, int node, int64_t counted)
{
	struct kt_val swap = GET(SWAP_CACHED);
	int64_t lru, surplus, in_swap;
	bool known = sum_lru(snap, node, &lru);

	if (!known && kt_ok(swap) && swap.value)
		kt_snapshot_lack(snap, KT_SWAP_CACHE_ONLY, node, KT_UNSUPPORTED,
			"without LRU counters it cannot be told how much of the swap cache is "
			"counted as anonymous too");
	if (!known && kt_ok(swap) && !swap.value)
		kt_snapshot_derive(snap, KT_SWAP_CACHE_ONLY, node, 0, KT_EXACT, "no swap cache");
	if (!known || !kt_ok(swap))
		return;
	surplus = lru > counted ? lru - counted : 0;
	in_swap = surplus < swap.value ? surplus : swap.value;
	kt_snapshot_derive(snap, KT_SWAP_CACHE_ONLY, node, in_swap,
		swap.value ? KT_ESTIMATE : KT_EXACT,
		swap.value ? "LRU lists + isolated - anonymous - page cache - buffers"
			   : "no swap cache");
	kt_snapshot_derive(snap, KT_LRU_ONLY, node, surplus - in_swap, KT_ESTIMATE,
		"LRU lists + isolated - anonymous - page cache - buffers - swap cache");
}

/* What only the counters have, where meminfo has no such line. */
static struct kt_val or_counter(
	struct kt_snapshot *snap, int node, enum kt_metric metric, enum kt_metric counter)
{
	struct kt_val val = kt_snapshot_get(snap, metric, node);
	struct kt_val base = kt_snapshot_get(snap, counter, node);

	if (kt_ok(val) || !kt_ok(base))
		return val;
	kt_snapshot_derive(snap, metric, node, base.value,
		metric == KT_ANON ? KT_LOWER_BOUND : KT_EXACT, kt_metric_doc(counter));
	return base;
}

static void derive_user(struct kt_snapshot *snap, int node)
{
	/* AnonPages has huge pages in it on every kernel; nr_anon_pages only from 4.8 on */
	struct kt_val anon = or_counter(snap, node, KT_ANON, KT_ANON_BASE);
	/* of the same file as Cached, from which it is subtracted */
	struct kt_val shmem = or_counter(snap, node, KT_SHMEM, KT_SHMEM_BASE);
	struct kt_val cached = GET(CACHED), file = GET(FILE_PAGES);
	struct kt_val buffers = GET(BUFFERS), swap = GET(SWAP_CACHED);
	bool exact = kt_ok(cached); /* Cached is without swap cache */
	const char *how = "Cached - Shmem";

	if (!kt_ok(cached) && kt_ok(file)) {
		cached = file;
		cached.value -= or_zero(buffers) + or_zero(swap);
		how = "file pages - buffers - swap cache - shared memory, where they are known";
	}
	if (!kt_ok(cached))
		return;
	kt_snapshot_derive(snap, KT_PAGE_CACHE, node, cached.value - or_zero(shmem),
		kt_ok(shmem) && (exact || kt_ok(swap)) ? KT_EXACT : KT_UPPER_BOUND, how);
	if (kt_ok(anon))
		derive_lru(snap, node, anon.value + cached.value + or_zero(buffers));
}

/* Huge page pools are on no LRU list and in no other counter, used or free. */
static void derive_hugetlb(struct kt_snapshot *snap, int node)
{
	struct kt_val hugetlb = GET(HUGETLB), total = GET(HUGE_TOTAL);
	struct kt_val size = kt_snapshot_get(snap, KT_HUGE_SIZE, KT_NO_NODE);
	int64_t sum = 0, part;
	bool any = false;

	for (size_t i = 0; i < snap->hugepools.count; i++) {
		const struct kt_hugepool *pool = &snap->hugepools.items[i];

		if (pool->node != node || pool->total < 0 ||
			__builtin_mul_overflow(pool->total, pool->page_bytes, &part))
			continue;
		if (__builtin_add_overflow(sum, part, &sum))
			return;
		any = true;
	}
	if (any)
		kt_snapshot_derive(snap, KT_HUGETLB_POOLS, node, sum, KT_EXACT,
			"pages x size over the huge page pools");
	else if (kt_ok(hugetlb))
		kt_snapshot_derive(
			snap, KT_HUGETLB_POOLS, node, hugetlb.value, KT_EXACT, "Hugetlb");
	else if (kt_ok(total) && kt_ok(size) &&
		 !__builtin_mul_overflow(total.value, size.value, &part))
		kt_snapshot_derive(snap, KT_HUGETLB_POOLS, node, part, KT_LOWER_BOUND,
			"HugePages_Total x Hugepagesize: the default size only");
	else if (kt_ok(total) && total.value == 0)
		kt_snapshot_derive(snap, KT_HUGETLB_POOLS, node, 0, KT_LOWER_BOUND,
			"HugePages_Total is 0: the default size only");
	if (any && kt_ok(hugetlb) && node == KT_NO_NODE && llabs(sum - hugetlb.value) > 16 * MIB)
		kt_snapshot_note(snap,
			"the huge page pools add up to %lld MiB, Hugetlb says %lld MiB: the files "
			"are of different moments or machines",
			(long long)(sum / MIB), (long long)(hugetlb.value / MIB));
}

/* Files of one machine at one moment agree; captures put together by hand do not. */
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
			"proc/vmstat has %lld MiB of %s, proc/meminfo %lld MiB: the files are of "
			"different moments or machines",
			(long long)(a.value / MIB), both[i].name, (long long)(b.value / MIB));
	}
}

void kt_derive(struct kt_snapshot *snap)
{
	kt_derive_page_size(snap);
	distrust_meminfo(snap);
	derive_host(snap);
	derive_skew(snap);
	derive_managed(snap, KT_NO_NODE);
	derive_user(snap, KT_NO_NODE);
	derive_hugetlb(snap, KT_NO_NODE);
	kt_derive_kernel(snap, KT_NO_NODE);
	kt_derive_boot(snap, KT_NO_NODE);
	kt_derive_firmware(snap);
	check_agreement(snap);
}

void kt_derive_node(struct kt_snapshot *snap, int node)
{
	derive_managed(snap, node);
	derive_user(snap, node);
	derive_hugetlb(snap, node);
	kt_derive_kernel(snap, node);
	kt_derive_boot(snap, node);
}
