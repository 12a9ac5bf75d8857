// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bounce buffers for devices that cannot reach all memory. How many are in use is not read, so the
// whole pool is an upper bound.

#include "analysis/tasks.h"
#include "whatif/whatif.h"

#define SLOT_BYTES 2048 /* include/linux/swiotlb.h, IO_TLB_SHIFT */

/* Bytes of the records that the kernel keeps of the slots, in one block; KT_UNKNOWN: not known. */
static int64_t records_of(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct kt_val record = kt_snapshot_get(snap, KT_SWIOTLB_RECORD, KT_NO_NODE);
	int64_t records;

	if (!kt_ok(record)) {
		kt_whatif_note(arena, ret,
			"the records of the slots come on top, 8 to 32 bytes for each slot of 2 "
			"KiB: their size is not known");
		return KT_UNKNOWN;
	}
	records = kt_known_times(ret->now_bytes / SLOT_BYTES, record.value);
	if (kt_known(records))
		kt_whatif_input_bytes(arena, ret, "records of the slots", records,
			"struct io_tlb_slot in /" KT_FILE_BTF);
	return records;
}

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
	kt_whatif_saves(ret, 0, KT_EXACT, snap->host.page_bytes);
	if (!ret->now_bytes)
		return;
	kt_add_known(&ret->now_bytes, records_of(arena, snap, ret));
	kt_whatif_saves(ret, ret->now_bytes, KT_UPPER_BOUND, snap->host.page_bytes);
	kt_whatif_note(arena, ret,
		"swiotlb= takes a number of slots of 2 KiB, or noforce for none; machines with "
		"encrypted memory, and devices that cannot reach all memory, need them");
}

const struct kt_whatif kt_whatif_swiotlb = {
	.name = "swiotlb",
	.title = "no bounce buffers for DMA",
	.needs = KT_WHATIF_REBOOT,
	.how = "swiotlb= at boot",
	.algorithm = "The whole pool, and the kernel's records of its slots: how much of it is in "
		     "use is not read.",
	.sources = KT_SOURCES(
		&kt_source_kmsg, &kt_source_boot_log, &kt_source_swiotlb, &kt_source_btf_sizes),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
