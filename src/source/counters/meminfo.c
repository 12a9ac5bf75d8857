// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/meminfo: the kernel's own summary, in kB. Source: fs/proc/meminfo.c.

#include "source/counters/keyed.h"
#include "source/source.h"

#define KB(name, metric)                 \
	{                                \
		name, KT_##metric, KT_KB \
	}
#define COUNT(name, metric)                 \
	{                                   \
		name, KT_##metric, KT_COUNT \
	}
#define IGNORE(name)                        \
	{                                   \
		name, KT_METRIC_NONE, KT_KB \
	}

static const struct kt_key keys[] = {
	IGNORE("total"), /* the table that 2.4 prints above the list */
	IGNORE("Mem"),
	IGNORE("Swap"),
	IGNORE("MemShared"),
	KB("MemTotal", MEM_TOTAL),
	KB("MemFree", MEM_FREE),
	KB("MemAvailable", MEM_AVAILABLE),
	KB("Buffers", BUFFERS),
	KB("Cached", CACHED),
	KB("SwapCached", SWAP_CACHED),
	IGNORE("Active"),
	IGNORE("Inactive"),
	KB("Active(anon)", ACTIVE_ANON),
	KB("Inactive(anon)", INACTIVE_ANON),
	KB("Active(file)", ACTIVE_FILE),
	KB("Inactive(file)", INACTIVE_FILE),
	KB("Unevictable", UNEVICTABLE),
	KB("Mlocked", MLOCKED),
	KB("HighTotal", HIGH_TOTAL),
	KB("HighFree", HIGH_FREE),
	IGNORE("LowTotal"),
	IGNORE("LowFree"),
	IGNORE("MmapCopy"),
	KB("SwapTotal", SWAP_TOTAL),
	KB("SwapFree", SWAP_FREE),
	KB("Zswap", ZSWAP),
	KB("Zswapped", ZSWAPPED),
	KB("Dirty", DIRTY),
	KB("Writeback", WRITEBACK),
	KB("AnonPages", ANON),
	KB("Mapped", MAPPED),
	KB("Shmem", SHMEM),
	KB("KReclaimable", KRECLAIMABLE),
	KB("Slab", SLAB),
	KB("SReclaimable", SLAB_R),
	KB("SUnreclaim", SLAB_U),
	KB("KernelStack", KERNEL_STACK),
	KB("ShadowCallStack", SHADOW_STACK),
	KB("PageTables", PAGE_TABLES),
	KB("SecPageTables", SEC_PAGE_TABLES),
	IGNORE("Quicklists"),
	KB("NFS_Unstable", NFS_UNSTABLE),
	KB("Bounce", BOUNCE),
	KB("WritebackTmp", WRITEBACK_TMP),
	IGNORE("CommitLimit"),
	IGNORE("Committed_AS"),
	KB("VmallocTotal", VMALLOC_SPACE),
	KB("VmallocUsed", VMALLOC_USED),
	KB("VmallocChunk", VMALLOC_CHUNK),
	KB("Percpu", PERCPU),
	IGNORE("EarlyMemtestBad"),
	KB("HardwareCorrupted", HW_CORRUPTED),
	KB("AnonHugePages", ANON_HUGE),
	KB("ShmemHugePages", SHMEM_HUGE),
	IGNORE("ShmemPmdMapped"),
	KB("FileHugePages", FILE_HUGE),
	IGNORE("FilePmdMapped"),
	KB("CmaTotal", CMA_TOTAL),
	KB("CmaFree", CMA_FREE),
	KB("Unaccepted", UNACCEPTED),
	KB("Balloon", BALLOON),
	KB("GPUActive", GPU_ACTIVE),
	KB("GPUReclaim", GPU_RECLAIM),
	COUNT("HugePages_Total", HUGE_TOTAL),
	COUNT("HugePages_Free", HUGE_FREE),
	COUNT("HugePages_Rsvd", HUGE_RSVD),
	COUNT("HugePages_Surp", HUGE_SURP),
	KB("Hugepagesize", HUGE_SIZE),
	KB("Hugetlb", HUGETLB),
	IGNORE("DirectMap4k"),
	IGNORE("DirectMap64k"),
	IGNORE("DirectMap1M"),
	IGNORE("DirectMap2M"),
	IGNORE("DirectMap4M"),
	IGNORE("DirectMap1G"),
	IGNORE("DirectMap2G"),
	/* names that only files of nodes have */
	IGNORE("MemUsed"),
	KB("FilePages", FILE_PAGES),
};

const struct kt_keys kt_meminfo_keys = {
	.keys = keys,
	.count = KT_LEN(keys),
	.rank = KT_RANK_MEMINFO,
	.node = KT_NO_NODE,
};

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	return kt_keyed_parse(snap, text, &kt_meminfo_keys);
}

/* The unit is in the line, for unknown fields too. */
static bool amount(uint32_t index, struct kt_span name, uint32_t nr_numbers, struct kt_span rest,
	struct kt_line_amount *ret_amount)
{
	size_t hint = 0;
	const struct kt_key *key = kt_keyed_find(&kt_meminfo_keys, name, &hint);

	*ret_amount = (struct kt_line_amount){
		.times = KT_NO_NUMBER, .size = KT_NO_NUMBER, .unit = KT_KB
	};
	return !index && nr_numbers == 1 && kt_span_eq(rest, " kB") && (!key || key->unit == KT_KB);
}

const struct kt_source kt_source_meminfo = {
	.name = "meminfo",
	.summary = "the kernel's own summary of memory",
	.paths = { KT_FILE_MEMINFO },
	.core = true,
	.cost = KT_COST_CHEAP,
	.lack = "vmalloc, per-CPU memory, huge pages and kernel stacks are unknown",
	.gives = "a mounted /proc",
	.parse = parse,
	.series = "meminfo",
	.amount = amount,
};
