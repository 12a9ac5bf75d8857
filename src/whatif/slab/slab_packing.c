// SPDX-License-Identifier: GPL-2.0-or-later
//
// The objects of each slab cache in as few slabs as possible. The kernel cannot move objects, so
// this is a bound: what slabs that are not full keep.
//
// /proc/slabinfo counts objects that CPUs keep ready as in use, so only kernel memory has the
// number of objects.

#include "whatif/whatif.h"

/* Slabs that would be free with `objs` objects in use. */
static int64_t slabs_freed(const struct kt_cache_memory *cache, int64_t objs)
{
	int64_t needed;

	objs = objs < 0 ? 0 : objs > cache->nr_objs ? cache->nr_objs : objs;
	needed = (objs + cache->objs_per_slab - 1) / cache->objs_per_slab;
	return needed < cache->nr_slabs ? cache->nr_slabs - needed : 0;
}

static bool is_known(const struct kt_cache_memory *cache)
{
	return kt_known(cache->used_objs) && kt_known(cache->nr_objs) &&
	       kt_known(cache->nr_slabs) && kt_known(cache->pages_per_slab) &&
	       cache->objs_per_slab > 0;
}

/* Sums in bytes: what is saved, at least and at most; what the caches hold. */
struct sums {
	int64_t saves, least, most, held;
};

static bool add_cache(struct kt_arena *arena, struct kt_whatif_result *ret,
	const struct kt_cache_memory *cache, int64_t page_bytes, struct sums *sums)
{
	int64_t slab = kt_known_times(cache->pages_per_slab, page_bytes);
	int64_t unsure = kt_known_of(cache->uncertain_objs, 0);
	int64_t saves = kt_known_times(slabs_freed(cache, cache->used_objs), slab);
	int64_t held = kt_known_times(cache->nr_slabs, slab);

	if (!kt_known(slab) || !kt_known(saves) || !kt_known(held) ||
		held > KT_AMOUNT_MAX - sums->held)
		return false;
	sums->saves += saves;
	sums->least += slabs_freed(cache, cache->used_objs + unsure) * slab;
	sums->most += slabs_freed(cache, cache->used_objs - unsure) * slab;
	sums->held += held;
	kt_whatif_part(arena, ret,
		(struct kt_whatif_part){ .name = cache->name,
			.count = cache->used_objs,
			.now_bytes = held,
			.then_bytes = held - saves,
			.saves_bytes = saves,
			.how = cache->reclaimable == 1 ? "reclaimable" : NULL });
	return true;
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct sums sums = { 0 };
	size_t nr_unknown = 0;

	if (!snap->cache_memories.count) {
		kt_whatif_lacks(ret, &kt_source_slub);
		return;
	}
	for (size_t i = 0; i < snap->cache_memories.count; i++) {
		const struct kt_cache_memory *cache = &snap->cache_memories.items[i];

		if (!is_known(cache) || !add_cache(arena, ret, cache, snap->host.page_bytes, &sums))
			nr_unknown++;
	}
	if (ret->parts.count == 0) {
		kt_whatif_unknown(ret, "no cache has all of its counts");
		return;
	}
	ret->now_bytes = sums.held;
	kt_whatif_saves(ret, sums.most, KT_UPPER_BOUND, snap->host.page_bytes);
	kt_whatif_input_count(arena, ret, "caches", (int64_t)ret->parts.count, "kernel memory");
	kt_whatif_input_bytes(arena, ret, "their slabs", sums.held, "kernel memory");
	if (sums.least != sums.most)
		kt_whatif_note(arena, ret,
			"objects moved while they were counted: without them it is between %lld "
			"and %lld KiB, %lld KiB by the counts",
			(long long)(sums.least / 1024), (long long)(sums.most / 1024),
			(long long)(sums.saves / 1024));
	kt_whatif_note(arena, ret,
		"vm.drop_caches frees unused objects of reclaimable caches, and writing 1 to "
		"the file shrink of a cache in /sys/kernel/slab gives back empty slabs");
	if (nr_unknown)
		kt_whatif_note(
			arena, ret, "%zu caches are left out: a count is missing", nr_unknown);
	kt_whatif_cut(arena, ret, "caches");
}

const struct kt_whatif kt_whatif_slab_packing = {
	.name = "slab-packing",
	.title = "objects of slab caches packed into as few slabs as possible",
	.needs = KT_WHATIF_KERNEL,
	.how = "no kernel moves objects: drop caches, or shrink empty slabs",
	.algorithm =
		"For each cache: its slabs minus its objects in use divided by the objects of "
		"a slab, rounded up; times the size of a slab. Objects that CPUs keep ready or "
		"that wait for RCU count as free. It is an upper bound.",
	.parts_counted = "objects in use",
	.sources = KT_SOURCES(NULL),
	.exact = KT_SOURCES(&kt_source_slub),
	.compute = compute,
};
