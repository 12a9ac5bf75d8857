// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the size of the bounce buffers for DMA. The kernel log has their range, unless its
// beginning is lost or the buffers were forced (swiotlb=force on x86 prints nothing). Then debugfs
// is used. Its number includes pools added at run time (CONFIG_SWIOTLB_DYNAMIC), so the log comes
// first.

#include "source/source.h"

#define SLOT_BYTES 2048 /* include/linux/swiotlb.h, IO_TLB_SHIFT */

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	int64_t slots, bytes;

	if (!kt_span_i64(kt_span_trim(kt_text_span(text)), &slots) || slots < 0 ||
		__builtin_mul_overflow(slots, (int64_t)SLOT_BYTES, &bytes))
		return kt_err_new(KT_ERR_PARSE, "%s: not a number of slots", text->path);
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_SWIOTLB,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .rank = KT_RANK_NODE,
				      .raw = bytes,
				      .path = text->path,
				      .field = "io_tlb_nslabs" });
	return NULL;
}

const struct kt_source kt_source_swiotlb = {
	.name = "swiotlb",
	.summary = "bounce buffers for DMA",
	.paths = { "sys/kernel/debug/swiotlb/io_tlb_nslabs" },
	.cost = KT_COST_CHEAP,
	.lack = "bounce buffers that the kernel log does not name are counted as other boot memory",
	.gives = "root and a mounted debugfs",
	.provides = { KT_SWIOTLB },
	.nr_provides = 1,
	.parse = parse,
};
