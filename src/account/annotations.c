// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lists the quantities that are contained in rows of the account and are shown next to the rows.

#include "account/row.h"

const struct kt_annotation kt_annotations[] = {
	{ "unevictable", KT_ROW_USER, "unevictable", KT_UNEVICTABLE },
	{ "mlocked", KT_ROW_USER, "locked by mlock, contained in unevictable too", KT_MLOCKED },
	{ "mapped", KT_ROW_PAGE_CACHE, "page cache mapped by processes", KT_MAPPED },
	{ "dirty", KT_ROW_PAGE_CACHE, "page cache waiting to be written", KT_DIRTY },
	{ "writeback", KT_ROW_PAGE_CACHE, "page cache being written", KT_WRITEBACK },
	{ "anon_huge", KT_ROW_ANONYMOUS, "anonymous in huge pages", KT_ANON_HUGE },
	{ "shmem_huge", KT_ROW_SHMEM, "shared memory in huge pages", KT_SHMEM_HUGE },
	{ "file_huge", KT_ROW_PAGE_CACHE, "page cache in huge pages", KT_FILE_HUGE },
	{ "swap_cached", KT_ROW_ANONYMOUS, "swap cache, mapped or not", KT_SWAP_CACHED },
	{ "iommu_pages", KT_ROW_SEC_PAGE_TABLES, "IOMMU page tables", KT_IOMMU_PAGES },
	{ "zswap", KT_ROW_ZSMALLOC, "compressed pool of zswap", KT_ZSWAP },
	{ "cma_total", KT_ROW_FREE_CMA, "total CMA, used part contained elsewhere", KT_CMA_TOTAL },
	{ "kreclaimable", KT_ROW_SLAB_RECLAIMABLE, "reclaimable, drivers included",
		KT_KRECLAIMABLE },
	{ "pipes", KT_ROW_UNATTRIBUTED, "in pipes, at most", KT_PIPES_MOST },
	{ "tcp", KT_ROW_UNATTRIBUTED, "in queues of TCP, at most", KT_TCP_MOST },
	{ "udp", KT_ROW_UNATTRIBUTED, "in queues of UDP, at most", KT_UDP_MOST },
	{ "block", KT_ROW_UNATTRIBUTED, "in requests of block devices, at most", KT_BLOCK_MOST },
	{ "device_pools", KT_ROW_UNATTRIBUTED, "in DMA pools of devices, at most",
		KT_DEVICE_POOLS_MOST },
	{ "integrity", KT_ROW_UNATTRIBUTED, "in integrity buffers of the block layer, at most",
		KT_INTEGRITY_MOST },
	{ "fragments", KT_ROW_UNATTRIBUTED, "in fragments of IP packets, at most",
		KT_FRAGMENTS_MOST },
	{ "boot_init", KT_ROW_BOOT, "kernel init code and data, given back", KT_BOOT_INIT },
	{ "boot_freed", KT_ROW_BOOT, "total given back after boot", KT_BOOT_FREED },
	{ "boot_freed_initrd", KT_ROW_BOOT, "initial RAM disk, given back", KT_BOOT_FREED_INITRD },
};

const size_t kt_nr_annotations = KT_LEN(kt_annotations);
