// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/vmstat: counters of zones and nodes in pages, and events, which are not memory.
// Source: mm/vmstat.c, vmstat_text[]. Counters in units other than pages are taken from
// /proc/meminfo: nr_kernel_stack (threads, then kB), the transparent huge page counters (huge
// pages), nr_hugetlb (only faulted huge pages).

#include "source/counters/keyed.h"
#include "source/source.h"

#define EVENTS_MAX 256u /* events that are kept */

#define PAGES(name, metric)                 \
	{                                   \
		name, KT_##metric, KT_PAGES \
	}
#define IGNORE(name)                           \
	{                                      \
		name, KT_METRIC_NONE, KT_PAGES \
	}
/* not an amount in pages: events, thresholds, huge pages, threads or kB */
#define OTHER(name)                            \
	{                                      \
		name, KT_METRIC_NONE, KT_COUNT \
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
	OTHER("nr_shmem_hugepages"),
	OTHER("nr_shmem_pmdmapped"),
	OTHER("nr_file_hugepages"),
	OTHER("nr_file_pmdmapped"),
	OTHER("nr_anon_transparent_hugepages"),
	IGNORE("nr_unstable"),
	OTHER("nr_vmscan_write"),
	OTHER("nr_vmscan_immediate_reclaim"),
	OTHER("nr_dirtied"),
	OTHER("nr_written"),
	OTHER("nr_throttled_written"),
	/* in bytes: NR_INDIRECTLY_RECLAIMABLE_BYTES, Linux 4.17 (commit eb59254608bc) */
	{ "nr_indirectly_reclaimable", KT_METRIC_NONE, KT_BYTES },
	PAGES("nr_kernel_misc_reclaimable", MISC_RECLAIMABLE),
	OTHER("nr_foll_pin_acquired"),
	OTHER("nr_foll_pin_released"),
	OTHER("nr_kernel_stack"),
	OTHER("nr_shadow_call_stack"),
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
	OTHER("nr_dirty_threshold"),
	OTHER("nr_dirty_background_threshold"),
	PAGES("nr_memmap_pages", MEMMAP_LATE),
	PAGES("nr_memmap_boot_pages", MEMMAP_BOOT),
	IGNORE("nr_memmap"),
	IGNORE("nr_memmap_boot"),
	OTHER("nr_tlb_remote_flush"),
	OTHER("nr_tlb_remote_flush_received"),
	OTHER("nr_tlb_local_flush_all"),
	OTHER("nr_tlb_local_flush_one"),
	IGNORE("nr_unstable_nfs"),
};

const struct kt_keys kt_vmstat_keys = {
	.keys = keys,
	.count = KT_LEN(keys),
	.rank = KT_RANK_VMSTAT,
	.unknown_prefix = "nr_",
	.node = KT_NO_NODE,
};

/* Events, but inflated minus deflated is the size of the balloon on every kernel that has them. */
static const struct kt_key balloon_keys[] = {
	PAGES("balloon_inflate", BALLOON_INFLATE),
	PAGES("balloon_deflate", BALLOON_DEFLATE),
	IGNORE("balloon_migrate"),
};

/* Stores events of the page allocator, which show why an allocation was slow. */
static void put_events(struct kt_snapshot *snap, const struct kt_text *text)
{
	static const char *const prefixes[] = { "allocstall", "cma_alloc_", "compact_",
		"htlb_buddy_", "oom_kill", "pgscan_direct", "pgscan_kswapd", "slabs_scanned",
		"thp_", "zone_reclaim_" };
	struct kt_span rest = kt_text_span(text), line, name, number;
	struct kt_vm_event *slot;
	int64_t count;

	snap->events.count = 0; /* the last of two readings replaces the first */
	while (kt_span_line(&rest, &line) && snap->events.count < EVENTS_MAX) {
		bool known = false;

		for (size_t i = 0; i < KT_LEN(prefixes) && !known; i++)
			known = kt_span_starts(line, prefixes[i]);
		if (!known || !kt_span_word(&line, &name) || !kt_span_word(&line, &number) ||
			!kt_span_i64(number, &count) || count < 0)
			continue;
		slot = kt_list_push(&snap->arena, &snap->events);
		if (slot)
			*slot = (struct kt_vm_event){ kt_arena_name(&snap->arena, name), count };
	}
}

/*
 * The counters of memory come first, then events (mm/vmstat.c, vmstat_text[]). So a file that
 * contains events contains all counters.
 */
static bool is_whole(const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;
	bool any = false;

	while (kt_span_line(&rest, &line)) {
		bool counter = kt_span_starts(line, "nr_");

		if (any && !counter)
			return rest.n > 0; /* the line itself is complete */
		any |= counter;
	}
	return false;
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
	struct kt_err *err;

	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_VMSTAT_WHOLE,
				      .node = KT_NO_NODE,
				      .unit = KT_COUNT,
				      .raw = is_whole(text),
				      .path = text->path,
				      .field = "nr_*" });
	put_events(snap, text);
	/* a kernel without a balloon has none of these keys */
	kt_arena_ignore(&snap->arena, kt_keyed_parse(snap, text, &balloon));
	err = kt_keyed_parse(snap, text, &kt_vmstat_keys);
	if (!err || kt_err_code(err) != KT_ERR_PARSE || !snap->events.count)
		return err;
	/* a part of the file, as people paste it: nothing is wrong with it */
	kt_err_free(err);
	return kt_err_new(
		KT_ERR_ABSENT, "%s: contains events, but no counter of memory", text->path);
}

/* Unknown counters are pages unless their name says otherwise. */
static bool names_other(struct kt_span name)
{
	return kt_span_ends(name, "threshold") || kt_span_starts(name, "nr_tlb") ||
	       kt_span_ends(name, "hugepages") || kt_span_ends(name, "pmdmapped");
}

static bool amount(uint32_t index, struct kt_span name, uint32_t nr_numbers, struct kt_span rest,
	struct kt_line_amount *ret_amount)
{
	size_t hint = 0;
	const struct kt_key *key;

	if (index || nr_numbers != 1 || rest.n ||
		!kt_span_starts(name, kt_vmstat_keys.unknown_prefix))
		return false;
	key = kt_keyed_find(&kt_vmstat_keys, name, &hint);
	*ret_amount = (struct kt_line_amount){
		.times = KT_NO_NUMBER, .size = KT_NO_NUMBER, .unit = key ? key->unit : KT_PAGES
	};
	return key ? key->unit != KT_COUNT : !names_other(name);
}

const struct kt_source kt_source_vmstat = {
	.name = "vmstat",
	.summary = "counters of the zones and nodes, in pages",
	.paths = { KT_FILE_VMSTAT },
	.core = true,
	.cost = KT_COST_CHEAP,
	.lack = "user memory and slab come from /proc/meminfo, which has fewer counters",
	.gives = "a mounted /proc",
	.parse = parse,
	.series = "vmstat",
	.amount = amount,
};
