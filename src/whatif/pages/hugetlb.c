// SPDX-License-Identifier: GPL-2.0-or-later
//
// Free huge pages that are promised to no process: a smaller pool gives them back at once.

#include "whatif/whatif.h"

/* Bytes that the pool would give back; KT_UNKNOWN: a count is missing or impossible. */
static int64_t idle_bytes(const struct kt_hugepool *pool)
{
	if (!kt_known(pool->total) || !kt_known(pool->free) || !kt_known(pool->reserved) ||
		pool->free > pool->total || pool->reserved > pool->free)
		return KT_UNKNOWN;
	return kt_known_times(pool->free - pool->reserved, pool->page_bytes);
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	int64_t sum = 0, now = 0;
	size_t nr_pools = 0;

	for (size_t i = 0; i < snap->hugepools.count; i++) {
		const struct kt_hugepool *pool = &snap->hugepools.items[i];
		int64_t idle = idle_bytes(pool);
		int64_t all = kt_known_times(pool->total, pool->page_bytes);

		if (pool->node != KT_NO_NODE)
			continue;
		if (!kt_known(idle) || !kt_known(all) || all > KT_AMOUNT_MAX - now) {
			kt_whatif_unknown(ret,
				"the counts of a pool of huge pages are missing or do "
				"not belong together");
			return;
		}
		nr_pools++;
		sum += idle;
		now += all;
		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){ .name = kt_arena_printf(arena, "pages of %lld KiB",
							 (long long)(pool->page_bytes / 1024)),
				.count = pool->free - pool->reserved,
				.now_bytes = all,
				.then_bytes = all - idle,
				.saves_bytes = idle,
				.how = "nr_hugepages" });
	}
	if (!nr_pools) {
		kt_whatif_lacks(ret, &kt_source_hugepages);
		return;
	}
	ret->now_bytes = now;
	if (sum)
		kt_whatif_note(arena, ret,
			"lower nr_hugepages of each size below /sys/kernel/mm/hugepages by its "
			"idle "
			"pages");
	kt_whatif_saves(ret, sum, KT_EXACT, snap->host.page_bytes);
}

const struct kt_whatif kt_whatif_hugetlb = {
	.name = "hugetlb",
	.title = "no huge pages in a pool that nothing uses",
	.needs = KT_WHATIF_SETTING,
	.how = "a smaller nr_hugepages",
	.algorithm = "For each pool: free minus reserved huge pages, times their size.",
	.parts_counted = "idle pages",
	.sources = KT_SOURCES(&kt_source_hugepages),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
