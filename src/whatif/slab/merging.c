// SPDX-License-Identifier: GPL-2.0-or-later
//
// Caches of similar objects that share slabs. The kernel merges a new cache with an old one if
// size, flags and alignment allow it (find_mergeable() in mm/slab_common.c): /sys/kernel/slab then
// has a directory ":0000064" with a link for each name. With slab_nomerge (slub_nomerge on older
// kernels) each cache has slabs of its own, of which each CPU and node has one that is only partly
// filled.

#include "analysis/slab.h"
#include "whatif/slab/counts.h"

#include <stdlib.h>
#include <string.h>

#define CACHES_MAX 8192u

/* ---- caches that share slabs ---- */

struct merged {
	int64_t nr_folders, nr_names; /* merged caches, and their names */
	int64_t now, cost;	      /* slabs of them; what slabs of their own would take more */
	size_t nr_unknown;	      /* without counts */
	bool is_on;		      /* the kernel merges */
};

static void add_folder(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct kt_cache_folder *folder, struct kt_whatif_result *ret, struct merged *merged)
{
	const struct kt_cache *cache = kt_slab_cache_of(snap, folder);
	int64_t nr_lists = kt_slabs_machine(snap).nr_lists, slab, now, cost;
	int64_t nr_names = (int64_t)folder->names.count;
	struct kt_slab_counts counts;

	if (!cache || !kt_slab_counts(snap, cache, &counts)) {
		merged->nr_unknown++;
		return;
	}
	slab = kt_known_times(counts.pages_per_slab, snap->host.page_bytes);
	now = kt_known_times(counts.nr_slabs, slab);
	cost = kt_known_times(kt_known_times(nr_names - 1, nr_lists), slab);
	if (!kt_known(now) || !kt_known(cost) || now > KT_AMOUNT_MAX / 4 - merged->now ||
		cost > KT_AMOUNT_MAX / 4 - merged->cost) {
		merged->nr_unknown++;
		return;
	}
	cost /= 2;
	merged->nr_folders++;
	merged->nr_names += nr_names;
	merged->now += now;
	merged->cost += cost;
	kt_whatif_part(arena, ret,
		(struct kt_whatif_part){ .name = counts.name,
			.count = nr_names,
			.now_bytes = now,
			.then_bytes = now + cost,
			.saves_bytes = KT_UNKNOWN });
}

static int by_cost(const void *a, const void *b)
{
	const struct kt_whatif_part *x = a, *y = b;
	int64_t first = x->then_bytes - x->now_bytes, second = y->then_bytes - y->now_bytes;

	return (first < second) - (first > second);
}

static void put_merged(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct merged *merged, struct kt_whatif_result *ret)
{
	ret->now_bytes = merged->now;
	kt_whatif_input_count(
		arena, ret, "caches that share slabs", merged->nr_folders, "names of slab caches");
	kt_whatif_input_count(arena, ret, "their names", merged->nr_names, "names of slab caches");
	kt_whatif_input_bytes(arena, ret, "their slabs", merged->now, "slab caches");
	kt_whatif_input_count(arena, ret, "lists of slabs partly filled",
		kt_slabs_machine(snap).nr_lists, "CPUs and nodes");
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){ "merged, as today", merged->nr_folders, merged->now, 0 });
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){
			"slab_nomerge", merged->nr_names, merged->now + merged->cost, KT_UNKNOWN });
	kt_whatif_saves(ret, 0, KT_EXACT, snap->host.page_bytes);
	kt_whatif_note(arena, ret,
		"this kernel merges all that it can. slab_nomerge would take about %lld KiB "
		"more: half a slab for each CPU and node of each name, and nothing for names "
		"without objects",
		(long long)(merged->cost / 1024));
	if (merged->nr_unknown)
		kt_whatif_note(arena, ret,
			"%zu caches that share slabs are left out: a count is missing",
			merged->nr_unknown);
	if (ret->parts.count)
		qsort(ret->parts.items, ret->parts.count, sizeof(*ret->parts.items), by_cost);
	if (ret->parts.count > KT_WHATIF_PARTS)
		ret->parts.count = KT_WHATIF_PARTS;
}

/* ---- caches that could share slabs ---- */

/* A cache that nothing of what is read keeps from being merged. */
struct candidate {
	struct kt_slab_counts counts;
	int64_t reclaimable;
};

static int by_size(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->counts.slot_bytes != y->counts.slot_bytes)
		return x->counts.slot_bytes < y->counts.slot_bytes ? -1 : 1;
	return (x->reclaimable > y->reclaimable) - (x->reclaimable < y->reclaimable);
}

static size_t list_candidates(const struct kt_snapshot *snap, struct candidate *candidates)
{
	size_t count = 0;

	for (size_t i = 0; i < snap->cache_folders.count && count < CACHES_MAX; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];
		struct candidate *candidate = &candidates[count];

		/* kmalloc has its own what-if; a constructor forbids merging */
		if (folder->ctor || strstr(folder->name, "kmalloc-") ||
			!kt_known(folder->reclaimable))
			continue;
		for (size_t k = 0; k < snap->caches.count; k++) {
			const struct kt_cache *cache = &snap->caches.items[k];

			if (cache->name && strcmp(cache->name, folder->name) == 0 &&
				kt_slab_counts(snap, cache, &candidate->counts)) {
				candidate->reclaimable = folder->reclaimable;
				count++;
				break;
			}
		}
	}
	return count;
}

/* A group of caches with slots of one size. */
static void put_group(struct kt_arena *arena, struct kt_whatif_result *ret,
	const struct candidate *first, size_t count, int64_t page, int64_t *sum)
{
	struct kt_slab_pool pool = { 0 };
	int64_t slab, now, saves;

	for (size_t i = 0; i < count; i++)
		kt_slab_pool_add(&pool, &first[i].counts);
	slab = kt_known_times(pool.pages_per_slab, page);
	now = kt_known_times(pool.nr_slabs, slab);
	if (pool.nr_caches < 2 || !kt_known(now) || now > KT_AMOUNT_MAX - ret->now_bytes)
		return;
	saves = (pool.nr_slabs - kt_slab_pool_least(&pool)) * slab;
	ret->now_bytes += now;
	*sum += saves;
	kt_whatif_part(arena, ret,
		(struct kt_whatif_part){
			.name = kt_arena_printf(arena, "%lld bytes: %s, ...",
				(long long)first->counts.slot_bytes, first->counts.name),
			.count = (int64_t)pool.nr_caches,
			.now_bytes = now,
			.then_bytes = now - saves,
			.saves_bytes = saves,
			.how = "without slab_nomerge" });
}

static void put_mergeable(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct candidate *candidates = kt_arena_alloc(arena, CACHES_MAX * sizeof(*candidates));
	size_t count = candidates ? list_candidates(snap, candidates) : 0;
	int64_t sum = 0;

	if (!count) {
		kt_whatif_unknown(ret, "the kernel merges no caches, and the files that say which "
				       "it could are missing");
		return;
	}
	qsort(candidates, count, sizeof(*candidates), by_size);
	ret->now_bytes = 0;
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count && by_size(&candidates[i], &candidates[next]) == 0;)
			next++;
		put_group(arena, ret, &candidates[i], next - i, snap->host.page_bytes, &sum);
	}
	kt_whatif_input_count(
		arena, ret, "caches without constructor", (int64_t)count, "names of slab caches");
	kt_whatif_saves(ret, sum, KT_UPPER_BOUND, snap->host.page_bytes);
	kt_whatif_note(arena, ret,
		"this kernel merges no caches (slab_nomerge, or built so). Which may share slabs "
		"depends on flags that no file has");
	kt_whatif_cut(arena, ret, "sizes");
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct merged merged = { 0 };

	if (!snap->cache_folders.count) {
		kt_whatif_lacks(ret, &kt_source_slabs);
		return;
	}
	if (!snap->caches.count) {
		kt_whatif_lacks(ret, &kt_source_slabinfo);
		return;
	}
	if (kt_slabs_are_too_many(snap)) {
		kt_whatif_unknown(ret, KT_SLABS_TOO_MANY);
		return;
	}
	for (size_t i = 0; i < snap->cache_folders.count; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];

		merged.is_on |= folder->name[0] == ':';
		if (folder->name[0] == ':' && folder->names.count > 1)
			add_folder(arena, snap, folder, ret, &merged);
	}
	if (merged.is_on)
		put_merged(arena, snap, &merged, ret);
	else
		put_mergeable(arena, snap, ret);
}

const struct kt_whatif kt_whatif_slab_merging = {
	.name = "slab-merging",
	.title = "similar slab caches in the same slabs",
	.needs = KT_WHATIF_REBOOT,
	.how = "no slab_nomerge at boot",
	.algorithm =
		"Caches that share slabs: each name less one would have slabs of its own, half a "
		"slab for each CPU and node. Where the kernel merges none: caches of one size and "
		"kind without constructor, their slabs against the slabs for all their objects; "
		"it is an upper bound, because flags that no file has can forbid it.",
	.counted = "caches",
	.parts_counted = "names or caches",
	.sources = KT_SOURCES(&kt_source_slabinfo, &kt_source_slabs),
	.exact = KT_SOURCES(&kt_source_slub),
	.compute = compute,
};
