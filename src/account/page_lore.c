// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/page_lore.h"

#include "base/attr.h"

#include <stddef.h>
#include <string.h>

/*
 * Parts of an owner's name: the kernel's own names of variables, functions and slab caches. The
 * first entry that fits counts.
 */
static const struct {
	const char *part, *title;
} lore[] = {
	{ "anon_pipe_buf", "data in pipes" },
	{ "pipe_buf", "data in pipes" },
	{ "pipefifo", "data in pipes" },
	{ "anon_pipe", "data in pipes" },
	{ "packet_", "rings of packet sockets" },
	{ "PACKET", "rings of packet sockets" },
	{ "perf_event", "buffers of perf events" },
	{ "perf_mmap", "buffers of perf events" },
	{ "perf_swevent", "buffers of perf events" },
	{ "perf_cpu_clock", "buffers of perf events" },
	{ "cpu_clock_event", "buffers of perf events" },
	{ "io_uring", "rings of io_uring" },
	{ "io_ring", "rings of io_uring" },
	{ "io_fallback", "rings of io_uring" },
	{ "io_rsrc", "rings of io_uring" },
	{ "ringbuf_map", "ring buffers of BPF" },
	{ "bpf", "BPF maps and programs" },
	{ "update_pages_handler", "trace buffers" },
	{ "rb_wake_up_waiters", "trace buffers" },
	{ "ring_buffer", "trace buffers" },
	{ "ftrace_pages", "places of functions for tracing" },
	{ "savedcmd", "names of traced tasks" },
	{ "huge_zero_", "huge page of zeros" }, /* huge_zero_page or huge_zero_folio */
	{ "gen_pool", "pools of memory for DMA" },
	{ "atomic_pool", "pools of memory for DMA" },
	{ "integrity_buf_pool", "reserve for checksums of block devices" },
	{ "blk_mq", "requests of block devices" },
	{ "skb_recv_done", "network buffers of virtio" },
	{ "virtnet", "network buffers of virtio" },
	{ "skb_xmit_done", "queues of virtio devices" },
	{ "balloon_ack", "queues of virtio devices" },
	{ "stats_request", "queues of virtio devices" },
	{ "virtblk_done", "queues of virtio devices" },
	{ "virtio", "queues of virtio devices" },
	{ "skbuff", "data in network buffers" },
	{ "page_frag", "data in network buffers" },
	{ "tcp_hashinfo", "hash tables of the network" },
	{ "tcp_metrics", "hash tables of the network" },
	{ "udp_table", "hash tables of the network" },
	{ "udplite_table", "hash tables of the network" },
	{ "ip_idents", "hash tables of the network" },
	{ "ip_tstamps", "hash tables of the network" },
	{ "table_perturb", "hash tables of the network" },
	{ "token_hash", "hash tables of the network" },
	{ "mount_hashtable", "hash tables of mounts" },
	{ "mountpoint_hashtable", "hash tables of mounts" },
	{ "dquot_hash", "hash table of disk quotas" },
	{ "futex", "hash table of futexes" },
	{ "pgd_list", "page tables of processes" },
	{ "mm_struct", "page tables of processes" },
	{ "__start_BTF", "type data (BTF)" },
	{ "btf", "type data (BTF)" },
	{ "zspage", "compressed memory" },
	{ "flush_to_ldisc", "buffers of terminals" },
	{ "uart_ops", "buffers of terminals" },
	{ "files_cache", "tables of open files" },
};

/* Amounts of the account that have these pages. */
static const struct {
	const char *title;
	enum kt_metric metric;
} amounts[] = {
	{ "rings of packet sockets", KT_PACKET_RINGS },
	{ "buffers of perf events", KT_PERF_BUFFERS },
	{ "rings of io_uring", KT_IO_URING },
	{ "ring buffers of BPF", KT_BPF_RINGS },
	{ "trace buffers", KT_TRACE_BUFFERS },
	{ "pools of memory for DMA", KT_DMA_POOLS },
	{ "places of functions for tracing", KT_BOOT_FTRACE },
};

const char *kt_page_lore(const struct kt_page_owner *owner)
{
	static const char *const titles[KT_OWNER_KINDS] = {
		[KT_OWNER_TABLE] = "page tables of the kernel",
		[KT_OWNER_USER_TABLE] = "page tables of processes",
		[KT_OWNER_MEMMAP] = "memory map",
		[KT_OWNER_POOL] = "page pools of network devices",
		[KT_OWNER_HASH] = "hash table of the boot",
	};

	if (owner->kind == KT_OWNER_HASH)
		return titles[owner->kind];
	for (size_t i = 0; owner->name && i < KT_LEN(lore); i++) {
		if (strstr(owner->name, lore[i].part))
			return lore[i].title;
	}
	return titles[owner->kind];
}

enum kt_metric kt_page_lore_metric(const struct kt_page_owner *owner)
{
	const char *title = kt_page_lore(owner);

	for (size_t i = 0; title && i < KT_LEN(amounts); i++) {
		if (strcmp(title, amounts[i].title) == 0)
			return amounts[i].metric;
	}
	return owner->kind == KT_OWNER_MEMMAP ? KT_MEMMAP_LATE : KT_METRIC_NONE;
}

bool kt_page_lore_is_hash(const struct kt_page_owner *owner)
{
	const char *title = kt_page_lore(owner);

	return title && strncmp(title, "hash table", strlen("hash table")) == 0;
}

bool kt_page_owner_has_name(const struct kt_page_owner *owner)
{
	return owner->name || kt_page_lore(owner);
}
