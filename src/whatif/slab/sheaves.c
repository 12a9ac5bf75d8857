// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sheaves keep free objects for each CPU, and barns keep full sheaves for each node; the file
// sheaf_capacity of a cache says how many objects a sheaf has. The slabs count these objects as
// allocated. How many are idle is linear in the capacity, as long as sheaves are as full as they
// are.

#include "analysis/slab.h"
#include "whatif/slab/counts.h"

#include <string.h>

struct sums {
	int64_t idle, nr_idle; /* bytes and objects */
	size_t nr_caches;      /* with sheaves */
	size_t nr_unknown;     /* with sheaves, without counts */
	bool exact;
};

/*
 * Objects that the CPUs and nodes keep ready, by kernel memory; KT_UNKNOWN: it was not read.
 * Kernels that have slabs of CPUs too keep free objects there, so no more counts than sheaves can
 * hold. Sheaves that wait for RCU have no limit.
 */
static int64_t ready_of(
	const struct kt_snapshot *snap, const struct kt_cache_folder *folder, int64_t most)
{
	for (size_t i = 0; i < snap->cache_memories.count; i++) {
		const struct kt_cache_memory *memory = &snap->cache_memories.items[i];
		int64_t cached = memory->cached_objs;

		if (!memory->name || !kt_slab_has_name(folder, memory->name) || !kt_known(cached) ||
			!kt_known(memory->rcu_objs))
			continue;
		if (folder->nr_cpu_slabs != 0 && kt_known(most) && cached > most)
			cached = most;
		return cached + memory->rcu_objs;
	}
	return KT_UNKNOWN;
}

static void add_folder(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct kt_cache_folder *folder, struct kt_whatif_result *ret, struct sums *sums)
{
	const struct kt_cache *cache = kt_slab_cache_of(snap, folder);
	int64_t most = kt_slab_sheaves_most(snap, folder->sheaf_capacity);
	int64_t ready = ready_of(snap, folder, most), idle = ready, bytes;

	sums->nr_caches++;
	if (!kt_known(idle) && cache && kt_known(cache->active_objs)) /* all, or full sheaves */
		idle = cache->active_objs < most ? cache->active_objs : most;
	bytes = cache ? kt_known_times(idle, cache->slot_bytes) : KT_UNKNOWN;
	if (!kt_known(most) || !kt_known(bytes) || bytes > KT_AMOUNT_MAX / 4 - sums->idle) {
		sums->nr_unknown++;
		return;
	}
	sums->exact |= kt_known(ready);
	sums->idle += bytes;
	sums->nr_idle += idle;
	kt_whatif_part(arena, ret,
		(struct kt_whatif_part){ .name = cache->name,
			.count = folder->sheaf_capacity,
			.now_bytes = bytes,
			.then_bytes = bytes - bytes / 2,
			.saves_bytes = bytes / 2,
			.how = kt_arena_printf(arena, "%lld instead of %lld",
				(long long)folder->sheaf_capacity / 2,
				(long long)folder->sheaf_capacity) });
}

/* Adds all caches with sheaves. False: no directory has a capacity. */
static bool add_folders(struct kt_arena *arena, const struct kt_snapshot *snap,
	struct kt_whatif_result *ret, struct sums *sums)
{
	bool known = false;

	for (size_t i = 0; i < snap->cache_folders.count; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];

		known |= kt_known(folder->sheaf_capacity);
		if (folder->sheaf_capacity > 0)
			add_folder(arena, snap, folder, ret, sums);
	}
	return known;
}

static void put_points(
	struct kt_arena *arena, const struct sums *sums, struct kt_whatif_result *ret)
{
	const struct kt_whatif_point points[] = {
		{ "today's capacity", sums->nr_idle, sums->idle, 0 },
		{ "half of it", sums->nr_idle - sums->nr_idle / 2, sums->idle - sums->idle / 2,
			sums->idle / 2 },
		{ "no sheaves", 0, 0, sums->idle },
		{ "twice as much", sums->nr_idle * 2, sums->idle * 2, KT_UNKNOWN },
	};

	for (size_t i = 0; i < KT_LEN(points); i++)
		kt_whatif_point(arena, ret, points[i]);
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct sums sums = { 0 };

	if (!snap->cache_folders.count) {
		kt_whatif_lacks(ret, &kt_source_slabs);
		return;
	}
	if (kt_slabs_are_too_many(snap)) {
		kt_whatif_unknown(ret, KT_SLABS_TOO_MANY);
		return;
	}
	if (!add_folders(arena, snap, ret, &sums)) {
		kt_whatif_unknown(
			ret, "this kernel has no sheaves, or no file says how large they are");
		return;
	}
	if (sums.nr_caches == sums.nr_unknown && sums.nr_caches) {
		kt_whatif_unknown(ret, "no cache with sheaves has the counts that are needed");
		return;
	}
	ret->now_bytes = sums.idle;
	kt_whatif_input_count(arena, ret, "caches with sheaves", (int64_t)sums.nr_caches,
		"sheaf_capacity of each cache");
	kt_whatif_input_count(arena, ret, "objects in them, at most", sums.nr_idle,
		sums.exact ? "kernel memory" : "capacity of all sheaves");
	kt_whatif_saves(ret, 0, KT_EXACT, snap->host.page_bytes);
	if (!sums.nr_caches)
		return;
	kt_whatif_saves(ret, sums.idle / 2, KT_UPPER_BOUND, snap->host.page_bytes);
	put_points(arena, &sums, ret);
	if (!sums.exact)
		kt_whatif_note(arena, ret,
			"without --exact, sheaves count as full: 3 for each CPU, and the barn of "
			"each node; sheaves that wait for RCU are not known");
	if (sums.nr_unknown)
		kt_whatif_note(arena, ret,
			"%zu caches with sheaves are left out: a count is missing",
			sums.nr_unknown);
	kt_whatif_cut(arena, ret, "caches with sheaves");
}

const struct kt_whatif kt_whatif_sheaves = {
	.name = "sheaves",
	.title = "sheaves of half the size",
	.needs = KT_WHATIF_KERNEL,
	.how = "no parameter: the kernel chooses the capacity, or the maker of a cache",
	.algorithm =
		"Free objects in sheaves and barns, times the size of a slot, times the share of "
		"the capacity. It is an upper bound: the objects are in many slabs, and only "
		"whole slabs come free. On kernels with slabs of CPUs too, their free objects "
		"count as well, up to what the sheaves can hold. The sheaves' own memory is left "
		"out.",
	.counted = "objects",
	.parts_counted = "objects of a sheaf",
	.sources = KT_SOURCES(&kt_source_slabinfo, &kt_source_slabs),
	.exact = KT_SOURCES(&kt_source_slub),
	.compute = compute,
};
