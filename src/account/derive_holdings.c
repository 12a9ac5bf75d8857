// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/derive.h"
#include "account/step.h"

#include "base/span.h"
#include "model/holdings.h"

#define NOT_READ "not read here; 'ktally explain unattributed' looks for it"

/* Bytes that packet sockets got from vmalloc: the row of vmalloc has them already. */
static int64_t packets_in_vmalloc(const struct kt_snapshot *snap)
{
	int64_t sum = 0;

	for (size_t i = 0; i < snap->areas.count; i++) {
		const struct kt_area *area = &snap->areas.items[i];
		struct kt_span caller = kt_span_str(area->caller ? area->caller : "");

		if (area->nr_pages > 0 && area->nr_pages < KT_AMOUNT_MAX >> 20 &&
			(kt_span_starts(caller, "alloc_one_pg_vec_page+") ||
				kt_span_starts(caller, "packet_set_ring+")))
			sum += area->nr_pages * snap->host.page_bytes;
	}
	return sum;
}

/* Blocks outside vmalloc are certain where all areas of vmalloc are known. */
static void settle_packets(struct kt_snapshot *snap)
{
	int64_t elsewhere = packets_in_vmalloc(snap);

	for (size_t i = 0; i < snap->holdings.count && snap->areas.count && !snap->areas_partial;
		i++) {
		struct kt_holding *holding = &snap->holdings.items[i];

		if (holding->kind == KT_HELD_PACKET && holding->high_bytes > elsewhere)
			holding->low_bytes = holding->high_bytes - elsewhere;
	}
}

/*
 * A BPF ring buffer is an area of vmap without pages=, whose addresses are three pages, twice its
 * data, and a guard page (kernel/bpf/ringbuf.c: bpf_ringbuf_area_alloc). Areas have no holder.
 * Rings beyond the maps that processes hold are pinned, or their processes are hidden.
 */
static void settle_bpf_rings(struct kt_snapshot *snap)
{
	int64_t page = snap->host.page_bytes, all = 0, low, high;

	for (size_t i = 0; i < snap->areas.count && page > 0; i++) {
		const struct kt_area *area = &snap->areas.items[i];
		struct kt_span caller = kt_span_str(area->caller ? area->caller : "");
		int64_t data_pages;

		if (area->kind != KT_AREA_VMAP || area->size_bytes < 0 || area->nr_areas < 0 ||
			area->nr_areas > area->size_bytes / page ||
			!(kt_span_starts(caller, "ringbuf_map_alloc+") ||
				kt_span_starts(caller, "bpf_ringbuf_")))
			continue;
		data_pages = (area->size_bytes / page - 4 * area->nr_areas) / 2;
		if (data_pages > 0 && data_pages <= KT_AMOUNT_MAX / page / 2)
			all += (data_pages + 3 * area->nr_areas) * page;
	}
	if (!snap->areas.count || !kt_holding_sum(snap, KT_HELD_BPF_RING, &low, &high))
		return;
	if (all > low)
		kt_holding_put(snap, (struct kt_holding){ .kind = KT_HELD_BPF_RING,
					     .low_bytes = all - low,
					     .high_bytes = all - low });
	kt_holding_searched(snap, KT_HELD_BPF_RING,
		(struct kt_search){ .partial = snap->areas_partial,
			.why = "ringbuf_map_alloc of proc/vmallocinfo" });
}

/* Without debugfs the kernel log has the sizes of the pools at boot. They only grow. */
static void settle_dma_pools(struct kt_step *step)
{
	struct kt_val boot = kt_step_get(step, KT_BOOT_DMA_POOLS);
	struct kt_snapshot *snap = step->snap;

	if (snap->searches[KT_HELD_DMA_POOL].done || !kt_ok(boot))
		return;
	kt_holding_put(snap, (struct kt_holding){ .kind = KT_HELD_DMA_POOL,
				     .low_bytes = boot.value,
				     .high_bytes = boot.value });
	kt_holding_searched(snap, KT_HELD_DMA_POOL,
		(struct kt_search){ .partial = true,
			.why = "the kernel log: DMA: preallocated; they may have grown" });
}

static void put_sum(struct kt_step *step, enum kt_metric metric, enum kt_state state, int64_t bytes,
	const char *why, enum kt_quality quality)
{
	if (metric == KT_METRIC_NONE)
		return;
	if (state == KT_OK)
		kt_step_put_bytes(step, metric, bytes, quality, why);
	else
		kt_step_lack(step, metric, state, why);
}

static void derive_kind(struct kt_step *step, enum kt_holding_kind kind)
{
	const struct kt_snapshot *snap = step->snap;
	const struct kt_holding_about *about = &kt_holdings_about[kind];
	const struct kt_search *search = &snap->searches[kind];
	enum kt_state state = search->done ? search->state : KT_ABSENT;
	const char *why = search->done ? search->why : NOT_READ;
	int64_t low = 0, high = 0;

	/* the source that searches for it has already stored why there is nothing */
	if (!search->done && about->certain != KT_METRIC_NONE &&
		kt_snapshot_get(snap, about->certain, KT_NO_NODE).entry)
		return;

	if (state == KT_OK && !kt_holding_sum(snap, kind, &low, &high)) {
		state = KT_BAD;
		why = "the number is impossibly large";
	}
	put_sum(step, about->certain, state, low, why,
		low == high && !search->partial ? KT_EXACT : KT_LOWER_BOUND);
	put_sum(step, about->most, state, high, why,
		search->partial ? KT_ESTIMATE : KT_UPPER_BOUND);
}

/* Adds what other files contain about the holdings, before the holdings are summed. */
static void settle_from_areas(struct kt_step *step)
{
	settle_bpf_rings(step->snap);
	settle_packets(step->snap);
}

static void derive_kinds(struct kt_step *step)
{
	for (int kind = 0; kind < KT_HELD_KINDS; kind++)
		derive_kind(step, kind);
}

static const struct kt_rule rules[] = {
	{ settle_dma_pools, KT_MAKES(KT_DMA_POOLS) },
	{ settle_from_areas, KT_MAKES(KT_BPF_RINGS, KT_PACKET_RINGS) },
	{ derive_kinds, KT_MAKES(KT_TRACE_BUFFERS, KT_BPF_RINGS, KT_IO_URING, KT_PERF_BUFFERS,
				KT_PACKET_RINGS, KT_DMA_POOLS, KT_PIPES_MOST, KT_TCP_MOST,
				KT_UDP_MOST, KT_BLOCK_MOST, KT_INTEGRITY_MOST, KT_DEVICE_POOLS_MOST,
				KT_FRAGMENTS_MOST) },
};

void kt_derive_holdings(struct kt_snapshot *snap)
{
	kt_step_run(snap, KT_NO_NODE, rules, KT_LEN(rules));
}
