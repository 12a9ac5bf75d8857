// SPDX-License-Identifier: GPL-2.0-or-later
#include "whatif/slab/counts.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 20u
#define OBJS_MAX  (1ll << 40)

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

bool kt_slab_counts(const struct kt_snapshot *snap, const struct kt_cache *cache,
	struct kt_slab_counts *ret_counts)
{
	const struct kt_cache_memory *memory = cache->name ? memory_of(snap, cache) : NULL;

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
	return cache->name && ret_counts->slot_bytes > 0 && kt_known(ret_counts->nr_slabs) &&
	       ret_counts->objs_per_slab > 0 && ret_counts->pages_per_slab > 0 &&
	       ret_counts->pages_per_slab <= 1 << 20 && ret_counts->nr_slabs <= OBJS_MAX / 1024 &&
	       kt_known(ret_counts->nr_slots) && ret_counts->nr_slots <= OBJS_MAX &&
	       kt_known(ret_counts->used_objs) && ret_counts->used_objs <= ret_counts->nr_slots;
}

static int by_saves(const void *a, const void *b)
{
	const struct kt_whatif_part *x = a, *y = b;

	return (x->saves_bytes < y->saves_bytes) - (x->saves_bytes > y->saves_bytes);
}

void kt_slab_parts_cut(struct kt_arena *arena, struct kt_whatif_result *ret, const char *counted)
{
	if (ret->parts.count)
		qsort(ret->parts.items, ret->parts.count, sizeof(*ret->parts.items), by_saves);
	if (ret->parts.count <= PARTS_MAX)
		return;
	kt_whatif_note(
		arena, ret, "the table has %u of %zu %s", PARTS_MAX, ret->parts.count, counted);
	ret->parts.count = PARTS_MAX;
}
