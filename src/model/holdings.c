// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/holdings.h"

#define HOLDINGS_MAX (1u << 20)

const struct kt_holding_about kt_holdings_about[KT_HELD_KINDS] = {
	[KT_HELD_TRACE] = { .id = "trace",
		.title = "trace buffers",
		.certain = KT_TRACE_BUFFERS,
		.most = KT_METRIC_NONE,
		.files = "sys/kernel/tracing/buffer_size_kb, also of each instance",
		.note = "pages of each CPU's buffer, its reader's page, and the snapshot's "
			"buffer" },
	[KT_HELD_BPF_RING] = { .id = "bpf_ring",
		.title = "BPF ring buffers",
		.certain = KT_BPF_RINGS,
		.most = KT_METRIC_NONE,
		.files = "proc/vmallocinfo, and fdinfo of the processes that hold the maps",
		.note = "the data, mapped twice but allocated once, and three pages" },
	[KT_HELD_IO_URING] = { .id = "io_uring",
		.title = "rings of io_uring",
		.certain = KT_IO_URING,
		.most = KT_METRIC_NONE,
		.files = "proc/PID/maps of every process",
		.note = "at most the next power of two, because a ring is allocated as one block" },
	[KT_HELD_PERF] = { .id = "perf",
		.title = "buffers of perf events",
		.certain = KT_PERF_BUFFERS,
		.most = KT_METRIC_NONE,
		.files = "proc/PID/maps of every process",
		.note = "exactly the mapped pages are allocated" },
	[KT_HELD_PACKET] = { .id = "packet",
		.title = "rings of packet sockets",
		.certain = KT_PACKET_RINGS,
		.most = KT_METRIC_NONE,
		.files = "proc/PID/maps and proc/PID/net/packet",
		.note = "without the blocks that came from vmalloc" },
	[KT_HELD_PIPE] = { .id = "pipes",
		.title = "pages in pipes",
		.certain = KT_METRIC_NONE,
		.most = KT_PIPES_MOST,
		.files = "proc/PID/fd of every process, F_GETPIPE_SZ",
		.note = "one page for each used slot of a pipe, and two more; spliced data "
			"may be page cache" },
	[KT_HELD_TCP] = { .id = "tcp",
		.title = "queues of TCP",
		.certain = KT_METRIC_NONE,
		.most = KT_TCP_MOST,
		.files = "proc/net/sockstat",
		.note = "all network namespaces; true sizes include the packets' slab memory, "
			"and each CPU may cache some more" },
	[KT_HELD_UDP] = { .id = "udp",
		.title = "queues of UDP",
		.certain = KT_METRIC_NONE,
		.most = KT_UDP_MOST,
		.files = "proc/net/sockstat",
		.note = "all network namespaces; true sizes include the packets' slab memory, "
			"and each CPU may cache some more" },
	[KT_HELD_FRAGMENT] = { .id = "fragments",
		.title = "fragments of IP packets",
		.certain = KT_METRIC_NONE,
		.most = KT_FRAGMENTS_MOST,
		.files = "proc/net/sockstat, proc/net/sockstat6",
		.note = "this network namespace only; true sizes, slab included" },
	[KT_HELD_UNIX] = { .id = "unix",
		.title = "queues of unix sockets",
		.certain = KT_METRIC_NONE,
		.most = KT_METRIC_NONE,
		.files = NULL,
		.note = "'ss -xm' shows them for one network namespace" },
	[KT_HELD_BLOCK] = { .id = "block",
		.title = "requests of block devices",
		.certain = KT_METRIC_NONE,
		.most = KT_BLOCK_MOST,
		.files = "sys/block/*/mq",
		.note = "tags, plus nr_requests with a scheduler, times an upper bound for a "
			"request and the scatter list of its segments" },
	[KT_HELD_DEVICE_POOL] = { .id = "device_pool",
		.title = "DMA pools of devices",
		.certain = KT_METRIC_NONE,
		.most = KT_DEVICE_POOLS_MOST,
		.files = "sys/bus/*/devices/*/pools",
		.note = "each piece as a block of the page allocator; it may be CMA or the "
			"device's own" },
	[KT_HELD_INTEGRITY] = { .id = "integrity",
		.title = "integrity buffers of the block layer",
		.certain = KT_METRIC_NONE,
		.most = KT_INTEGRITY_MOST,
		.files = "sys/kernel/btf/vmlinux",
		.note = "two buffers of 2 MiB, allocated at boot if the kernel has "
			"bio_integrity_alloc_buf, even without disks" },
	[KT_HELD_DMA_POOL] = { .id = "dma_pool",
		.title = "pools for atomic DMA",
		.certain = KT_DMA_POOLS,
		.most = KT_METRIC_NONE,
		.files = "sys/kernel/debug/dma_pools, the kernel log",
		.note = "allocated at boot; they only grow" },
};

void kt_holding_put(struct kt_snapshot *snap, struct kt_holding holding)
{
	struct kt_holding *slot;

	if (holding.low_bytes < 0 || holding.high_bytes < holding.low_bytes ||
		holding.high_bytes > KT_AMOUNT_MAX || snap->holdings.count >= HOLDINGS_MAX)
		return;
	slot = kt_list_push(&snap->arena, &snap->holdings);
	if (slot)
		*slot = holding;
}

void kt_holding_searched(
	struct kt_snapshot *snap, enum kt_holding_kind kind, struct kt_search search)
{
	struct kt_search *known = &snap->searches[kind];

	if (known->done && known->state == KT_OK && !known->partial)
		return;
	search.done = true;
	*known = search;
}

bool kt_holding_sum(const struct kt_snapshot *snap, enum kt_holding_kind kind, int64_t *ret_low,
	int64_t *ret_high)
{
	*ret_low = *ret_high = 0;
	for (size_t i = 0; i < snap->holdings.count; i++) {
		const struct kt_holding *holding = &snap->holdings.items[i];

		if (holding->kind != kind)
			continue;
		*ret_low += holding->low_bytes;
		*ret_high += holding->high_bytes;
		if (*ret_high > KT_AMOUNT_MAX)
			return false;
	}
	return true;
}
