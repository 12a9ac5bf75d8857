// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bounce buffers for devices that cannot reach all memory. How many are in use is not read, so the
// whole pool is an upper bound.

#include "whatif/whatif.h"

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct kt_val pool = kt_snapshot_get(snap, KT_SWIOTLB, KT_NO_NODE);

	if (!kt_ok(pool) && !pool.none) {
		kt_whatif_lacks(ret, &kt_source_swiotlb);
		return;
	}
	ret->now_bytes = kt_ok(pool) ? pool.value : 0;
	kt_whatif_input_bytes(arena, ret, "bounce buffers", ret->now_bytes,
		pool.entry && pool.entry->path ? pool.entry->path : "kernel log");
	kt_whatif_saves(ret, ret->now_bytes, ret->now_bytes ? KT_UPPER_BOUND : KT_EXACT,
		snap->host.page_bytes);
	if (ret->now_bytes)
		kt_whatif_note(arena, ret,
			"swiotlb= takes a number of slots of 2 KiB, or noforce for none; machines "
			"with encrypted memory, and devices that cannot reach all memory, "
			"need them");
}

const struct kt_whatif kt_whatif_swiotlb = {
	.name = "swiotlb",
	.title = "no bounce buffers for DMA",
	.needs = KT_WHATIF_REBOOT,
	.how = "swiotlb= at boot",
	.algorithm = "The whole pool: how much of it is in use is not read.",
	.sources = KT_SOURCES(&kt_source_kmsg, &kt_source_boot_log, &kt_source_swiotlb),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
