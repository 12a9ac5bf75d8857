// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/vmstat: zone and node counters in pages, and events, which are not memory.
// Source: mm/vmstat.c, vmstat_text[]. Counters in other units than pages are left to
// /proc/meminfo: nr_kernel_stack (threads, then kB), the transparent huge page counters
// (huge pages), nr_hugetlb (only faulted huge pages).

#include "source/keyed.h"
#include "source/source.h"

#define EVENTS_MAX 256u

#define PAGES(name, metric)                 \
	{                                   \
		name, KT_##metric, KT_PAGES \
	}
#define IGNORE(name)                           \
	{                                      \
		name, KT_METRIC_NONE, KT_PAGES \
	}

static const struct kt_key keys[] = {
	PAGES("nr_free_pages", NR_FREE),
	IGNORE("nr_free_pages_blocks"),
	IGNORE("nr_alloc_batch"),
	IGNORE("nr_zone_inactive_anon"),
	IGNORE("nr_zone_active_anon"),
	IGNORE("nr_zone_inactive_file"),
	IGNORE("nr_zone_active_file"),
	IGNORE("nr_zone_unevictable"),
	IGNORE("nr_zone_write_pending"),
	PAGES("nr_mlock", MLOCKED),
	PAGES("nr_bounce", BOUNCE),
	PAGES("nr_zspages", ZSPAGES),
	PAGES("nr_free_cma", CMA_FREE),
	PAGES("nr_unaccepted", UNACCEPTED),
	PAGES("nr_inactive_anon", INACTIVE_ANON),
	PAGES("nr_active_anon", ACTIVE_ANON),
	PAGES("nr_inactive_file", INACTIVE_FILE),
	PAGES("nr_active_file", ACTIVE_FILE),
	PAGES("nr_unevictable", UNEVICTABLE),
	PAGES("nr_slab_reclaimable", SLAB_R),
	PAGES("nr_slab_unreclaimable", SLAB_U),
	PAGES("nr_isolated_anon", ISOLATED_ANON),
	PAGES("nr_isolated_file", ISOLATED_FILE),
	PAGES("nr_anon_pages", ANON_BASE),
	PAGES("nr_mapped", MAPPED),
	PAGES("nr_file_pages", FILE_PAGES),
	PAGES("nr_dirty", DIRTY),
	PAGES("nr_writeback", WRITEBACK),
	PAGES("nr_writeback_temp", WRITEBACK_TMP),
	PAGES("nr_shmem", SHMEM_BASE),
	IGNORE("nr_shmem_hugepages"),
	IGNORE("nr_shmem_pmdmapped"),
	IGNORE("nr_file_hugepages"),
	IGNORE("nr_file_pmdmapped"),
	IGNORE("nr_anon_transparent_hugepages"),
	IGNORE("nr_unstable"),
	IGNORE("nr_vmscan_write"),
	IGNORE("nr_vmscan_immediate_reclaim"),
	IGNORE("nr_dirtied"),
	IGNORE("nr_written"),
	IGNORE("nr_throttled_written"),
	IGNORE("nr_indirectly_reclaimable"),
	PAGES("nr_kernel_misc_reclaimable", MISC_RECLAIMABLE),
	IGNORE("nr_foll_pin_acquired"),
	IGNORE("nr_foll_pin_released"),
	IGNORE("nr_kernel_stack"),
	IGNORE("nr_shadow_call_stack"),
	IGNORE("nr_overhead"),
	PAGES("nr_page_table_pages", PAGE_TABLES),
	PAGES("nr_sec_page_table_pages", SEC_PAGE_TABLES),
	PAGES("nr_iommu_pages", IOMMU_PAGES),
	PAGES("nr_swapcached", SWAP_CACHED),
	PAGES("nr_vmalloc", VMALLOC_USED),
	IGNORE("nr_hugetlb"),
	PAGES("nr_balloon_pages", BALLOON),
	IGNORE("nr_kernel_file_pages"),
	PAGES("nr_gpu_active", GPU_ACTIVE),
	PAGES("nr_gpu_reclaim", GPU_RECLAIM),
	IGNORE("nr_pages_scanned"),
	IGNORE("nr_dirty_threshold"),
	IGNORE("nr_dirty_background_threshold"),
	PAGES("nr_memmap_pages", MEMMAP_LATE),
	PAGES("nr_memmap_boot_pages", MEMMAP_BOOT),
	IGNORE("nr_memmap"),
	IGNORE("nr_memmap_boot"),
	IGNORE("nr_tlb_remote_flush"),
	IGNORE("nr_tlb_remote_flush_received"),
	IGNORE("nr_tlb_local_flush_all"),
	IGNORE("nr_tlb_local_flush_one"),
	IGNORE("nr_unstable_nfs"),
};

const struct kt_keys kt_vmstat_keys = {
	.keys = keys,
	.count = KT_LEN(keys),
	.rank = KT_RANK_VMSTAT,
	.unknown_prefix = "nr_",
	.node = KT_NO_NODE,
};

/* Events, but their difference is the size of the balloon on every kernel that has them. */
static const struct kt_key balloon_keys[] = {
	PAGES("balloon_inflate", BALLOON_INFLATE),
	PAGES("balloon_deflate", BALLOON_DEFLATE),
	IGNORE("balloon_migrate"),
};

/* What happened to the page allocator, for those who ask why an allocation was slow. */
static void put_events(struct kt_snapshot *snap, const struct kt_text *text)
{
	static const char *const prefixes[] = { "allocstall", "cma_alloc_", "compact_",
		"htlb_buddy_", "oom_kill", "thp_" };
	struct kt_span rest = kt_text_span(text), line, name, number;
	struct kt_event *slot;
	int64_t count;

	snap->events.count = 0; /* of two readings the last one counts */
	while (kt_span_line(&rest, &line) && snap->events.count < EVENTS_MAX) {
		bool known = false;

		for (size_t i = 0; i < KT_LEN(prefixes) && !known; i++)
			known = kt_span_starts(line, prefixes[i]);
		if (!known || !kt_span_word(&line, &name) || !kt_span_word(&line, &number) ||
			!kt_span_i64(number, &count) || count < 0)
			continue;
		slot = kt_list_push(&snap->arena, &snap->events);
		if (slot)
			*slot = (struct kt_event){ kt_arena_name(&snap->arena, name), count };
	}
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	static const struct kt_keys balloon = {
		.keys = balloon_keys,
		.count = KT_LEN(balloon_keys),
		.rank = KT_RANK_VMSTAT,
		.unknown_prefix = "balloon_",
		.node = KT_NO_NODE,
	};

	put_events(snap, text);
	kt_err_free(kt_keyed_parse(snap, text, &balloon)); /* not every kernel has a balloon */
	return kt_keyed_parse(snap, text, &kt_vmstat_keys);
}

const struct kt_source kt_source_vmstat = {
	.name = "vmstat",
	.summary = "counters of the zones and nodes, in pages",
	.paths = { "proc/vmstat" },
	.cost = KT_COST_CHEAP,
	.lack = "user memory and slab come from the coarser /proc/meminfo",
	.gives = "a mounted /proc",
	.parse = parse,
};
