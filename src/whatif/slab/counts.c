// SPDX-License-Identifier: GPL-2.0-or-later
#include "whatif/slab/counts.h"

#include "analysis/slab.h"

#include <string.h>

#define OBJS_MAX  (1ll << 40)
#define STEPS_MAX (1ull << 25) /* names that are compared */

struct kt_slabs_of kt_slabs_machine(const struct kt_snapshot *snap)
{
	const struct kt_host *host = &snap->host;
	int64_t nr_cpus =
		host->nr_cpus_present > 1 ? host->nr_cpus_present : host->nr_cpus_possible;

	return (struct kt_slabs_of){ .page_bytes = host->page_bytes,
		.nr_cpus = nr_cpus,
		.nr_lists = kt_known_of(host->nr_cpus_present,
				    kt_known_of(nr_cpus, kt_known_of(host->nr_cpus, 1))) +
			    kt_known_of(host->nr_nodes, 1) };
}

bool kt_slabs_are_too_many(const struct kt_snapshot *snap)
{
	uint64_t nr_names = snap->cache_folders.count + snap->cache_memories.count;

	for (size_t i = 0; i < snap->cache_folders.count; i++)
		nr_names += snap->cache_folders.items[i].names.count;
	return nr_names * (uint64_t)snap->caches.count > STEPS_MAX;
}

const struct kt_cache *kt_slab_cache_of(
	const struct kt_snapshot *snap, const struct kt_cache_folder *folder)
{
	for (size_t i = 0; i < snap->caches.count; i++) {
		if (snap->caches.items[i].name &&
			kt_slab_has_name(folder, snap->caches.items[i].name))
			return &snap->caches.items[i];
	}
	return NULL;
}

/* The cache in kernel memory, if exactly one has the name and the list's slots. */
static const struct kt_cache_memory *memory_of(
	const struct kt_snapshot *snap, const struct kt_cache *cache)
{
	const struct kt_cache_memory *found = NULL;

	for (size_t i = 0; i < snap->cache_memories.count; i++) {
		const struct kt_cache_memory *memory = &snap->cache_memories.items[i];

		if (!memory->name || strcmp(memory->name, cache->name) != 0)
			continue;
		if (found)
			return NULL;
		found = memory;
	}
	return found && found->slot_bytes == cache->slot_bytes ? found : NULL;
}

/* kernel-side limits: main, spare, rcu_free for each CPU; full sheaves of a node, one over */
#define CPU_SHEAVES  3
#define BARN_SHEAVES 11

int64_t kt_slab_sheaves_most(const struct kt_snapshot *snap, int64_t sheaf_capacity)
{
	int64_t nr_cpus = kt_known_of(snap->host.nr_cpus_possible, snap->host.nr_cpus);
	int64_t nr_nodes = kt_known_of(snap->host.nr_nodes, 1);

	if (!kt_known(nr_cpus) || nr_cpus > 1 << 20 || nr_nodes > 1 << 16)
		return KT_UNKNOWN;
	return kt_known_times(sheaf_capacity, CPU_SHEAVES * nr_cpus + BARN_SHEAVES * nr_nodes);
}

/* Objects that are counted as allocated and may be free: kept by CPUs; KT_UNKNOWN: not known. */
static int64_t ready_of(const struct kt_snapshot *snap, const struct kt_cache *cache)
{
	const struct kt_cache_folder *folder;
	int64_t slabs, sheaves;

	folder = kt_slab_folder(snap, cache->name);
	if (!folder || !kt_known(folder->nr_cpu_slabs))
		return KT_UNKNOWN;
	slabs = kt_known_times(folder->nr_cpu_slabs, cache->objs_per_slab);
	sheaves = kt_slab_sheaves_most(snap, kt_known_of(folder->sheaf_capacity, 0));
	return kt_known(slabs) && kt_known(sheaves) ? slabs + sheaves : KT_UNKNOWN;
}

bool kt_slab_counts(const struct kt_snapshot *snap, const struct kt_cache *cache,
	struct kt_slab_counts *ret_counts)
{
	const struct kt_cache_memory *memory = cache->name ? memory_of(snap, cache) : NULL;

	int64_t ready;

	*ret_counts = (struct kt_slab_counts){
		.name = cache->name,
		.slot_bytes = cache->slot_bytes,
		.nr_slabs = cache->nr_slabs,
		.objs_per_slab = cache->objs_per_slab,
		.pages_per_slab = cache->pages_per_slab,
		.nr_slots = cache->nr_objs,
		.used_objs = cache->active_objs,
	};
	if (memory && kt_known(memory->used_objs) && kt_known(memory->nr_objs) &&
		kt_known(memory->nr_slabs)) {
		ret_counts->nr_slabs = memory->nr_slabs;
		ret_counts->nr_slots = memory->nr_objs;
		ret_counts->used_objs = memory->used_objs;
		ret_counts->is_exact = true;
	}
	ready = cache->name && !ret_counts->is_exact ? ready_of(snap, cache) : 0;
	ret_counts->least_objs = kt_known(ready) && ret_counts->used_objs > ready
					 ? ret_counts->used_objs - ready
					 : 0;
	return cache->name && ret_counts->slot_bytes > 0 && kt_known(ret_counts->nr_slabs) &&
	       ret_counts->objs_per_slab > 0 && ret_counts->pages_per_slab > 0 &&
	       ret_counts->pages_per_slab <= 1 << 20 && ret_counts->nr_slabs <= OBJS_MAX / 1024 &&
	       kt_known(ret_counts->nr_slots) && ret_counts->nr_slots <= OBJS_MAX &&
	       kt_known(ret_counts->used_objs) && ret_counts->used_objs <= ret_counts->nr_slots;
}

bool kt_slab_pool_add(struct kt_slab_pool *pool, const struct kt_slab_counts *counts)
{
	int64_t free = counts->nr_slots - counts->used_objs;

	if (!counts->nr_slabs)
		return true;
	if (pool->nr_caches && (pool->objs_per_slab != counts->objs_per_slab ||
				       pool->pages_per_slab != counts->pages_per_slab))
		return false;
	if (counts->nr_slabs > OBJS_MAX - pool->nr_slabs ||
		counts->nr_slots > OBJS_MAX * 16 - pool->used_objs)
		return false;
	pool->objs_per_slab = counts->objs_per_slab;
	pool->pages_per_slab = counts->pages_per_slab;
	pool->nr_caches++;
	pool->nr_slabs += counts->nr_slabs;
	pool->used_objs += counts->used_objs;
	pool->least_objs += counts->least_objs;
	pool->most_free = free > pool->most_free ? free : pool->most_free;
	return true;
}

static int64_t slabs_for(const struct kt_slab_pool *pool, int64_t objs)
{
	int64_t slabs = pool->objs_per_slab > 0
				? (objs + pool->objs_per_slab - 1) / pool->objs_per_slab
				: 0;

	return slabs < pool->nr_slabs ? slabs : pool->nr_slabs;
}

int64_t kt_slab_pool_likely(const struct kt_slab_pool *pool)
{
	if (pool->nr_caches < 2)
		return pool->nr_slabs;
	return slabs_for(pool, pool->used_objs + pool->most_free);
}

int64_t kt_slab_pool_least(const struct kt_slab_pool *pool)
{
	return pool->nr_caches < 2 ? pool->nr_slabs : slabs_for(pool, pool->least_objs);
}
