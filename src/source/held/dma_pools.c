// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the pools for atomic allocations of DMA memory, one for each address range that devices
// reach: blocks of the page allocator (kernel/dma/pool.c: atomic_pool_expand,
// dma_atomic_pool_debugfs_init). Each file contains one number of bytes; a pool that does not exist
// has 0.

#include "model/holdings.h"
#include "source/source.h"

#include <string.h>

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	const char *name = strrchr(text->path, '/');
	uint64_t bytes;

	if (!kt_span_u64(kt_span_trim(kt_text_span(text)), &bytes) ||
		bytes > (uint64_t)KT_AMOUNT_MAX)
		return kt_err_new(KT_ERR_PARSE, "%s: not a number of bytes", text->path);
	if (bytes)
		kt_holding_put(snap, (struct kt_holding){ .kind = KT_HELD_DMA_POOL,
					     .low_bytes = (int64_t)bytes,
					     .high_bytes = (int64_t)bytes,
					     .holder = kt_arena_name(&snap->arena,
						     kt_span_str(name ? name + 1 : "")) });
	kt_holding_searched(
		snap, KT_HELD_DMA_POOL, (struct kt_search){ .why = KT_DIR_DMA_POOLS "*" });
	return NULL;
}

const struct kt_source kt_source_dma_pools = {
	.name = "dma_pools",
	.summary = "pools for atomic allocations of DMA memory",
	.paths = { KT_DIR_DMA_POOLS "pool_size_dma", KT_DIR_DMA_POOLS "pool_size_dma32",
		KT_DIR_DMA_POOLS "pool_size_kernel" },
	.cost = KT_COST_CHEAP,
	.lack = "pools for atomic DMA are unattributed",
	.gives = "root, a mounted debugfs and a kernel with such pools",
	.provides = { KT_DMA_POOLS },
	.nr_provides = 1,
	.parse = parse,
};
