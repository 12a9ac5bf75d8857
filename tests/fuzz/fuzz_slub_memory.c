// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slab caches in damaged memory. The first byte chooses a kernel, then the input is a list of
// changes to memory that was made by hand: a place and eight bytes, or a place and where it leads.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/slub.h"
#include "memory/slub_bytes.h"

#define CACHES	  3u
#define READS_MAX 3000000u /* more is no bounded walk */

static void fill(struct slub_bytes *slub)
{
	for (unsigned i = 0; i < CACHES; i++) {
		uint64_t cache = slub_cache(slub, "cache", 96, 88, 42);

		slub_total(slub, cache, 10, 420);
		for (uint32_t k = 0; k < 4; k++)
			slub_partial(slub, cache, 42, 10 * k);
		if (slub->sheaves) {
			slub_set64(slub, slub_cpu(slub, cache, 0), slub_sheaf(slub, cache, 9));
			slub_link(slub, slub_get64(slub, cache + CACHE_NODES) + 8,
				slub_sheaf(slub, cache, 28));
			continue;
		}
		slub_set64(slub, slub_cpu(slub, cache, 0), slub_freelist(slub, cache, 5));
		slub_set64(slub, slub_cpu(slub, cache, 0) + 16, slub_slab(slub, cache, 42, 39));
		slub_set64(slub, slub_cpu(slub, cache, 1) + 24, slub_slab(slub, cache, 42, 3));
	}
}

static void must_add_up(const struct kt_cache_memory *memory)
{
	if (!kt_known(memory->used_objs))
		return;
	if (memory->used_objs + memory->free_objs + memory->cached_objs + memory->rcu_objs !=
			memory->nr_objs ||
		memory->used_objs < 0 || memory->free_objs < 0 || memory->cached_objs < 0 ||
		memory->rcu_objs < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 2 };
	struct kt_snapshot *snap;
	struct slub_bytes slub;
	struct kt_slub_sum sum;

	if (!size)
		return 0;
	snap = kt_snapshot_new();
	if (!snap)
		abort();
	slub_init(&slub, data[0] & 1, data[0] & 2);
	fill(&slub);
	fuzz_damage(slub.memory, slub.used, SLUB_BASE, data + 1, size - 1);
	kt_err_free(kt_slub_walk(slub.target, &opts, snap, &sum));
	for (size_t i = 0; i < snap->cache_memories.count; i++)
		must_add_up(&snap->cache_memories.items[i]);
	if (slub.target->nr_reads > READS_MAX)
		abort();
	slub_fini(&slub);
	kt_snapshot_free(snap);
	return 0;
}
