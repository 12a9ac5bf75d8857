// SPDX-License-Identifier: GPL-2.0-or-later
#include "files.h"
#include "test.h"

#include "model/holdings.h"
#include "source/held/held_list.h"

#define RING(from, to, offset)                                           \
	from "-" to " rw-s " offset " 00:0f 2067                       " \
	     "anon_inode:[io_uring]\n"
#define PERF "7f10000-7f21000 rw-s 00000000 00:0f 13   anon_inode:[perf_event]\n"

static int read_processes(struct kt_snapshot *snap, files_text *files, size_t count)
{
	KT_CLEANUP(root) struct kt_root *root = root_of_files(files, count);
	KT_CLEANUP(err) struct kt_err *err = NULL;

	kt_err_free(kt_root_memory_link(root, "proc/77/fd/3", "anon_inode:bpf-map"));
	kt_err_free(kt_root_memory_link(root, "proc/77/fd/4", "anon_inode:[io_uring]"));
	kt_err_free(kt_root_memory_link(root, "proc/78/fd/9", "anon_inode:bpf-map"));
	kt_err_free(kt_root_memory_link(root, "proc/77/ns/net", "net:[4026531840]"));
	snap->host.live = true;
	err = kt_source_held.read(root, snap);
	return err ? (int)kt_err_code(err) : NO_ERROR;
}
#define READ_LIVE(snap, files) read_processes((snap), (files), KT_LEN(files))

static void check_sum(
	const struct kt_snapshot *snap, enum kt_holding_kind kind, int64_t low, int64_t high)
{
	int64_t got_low, got_high;

	CHECK(kt_holding_sum(snap, kind, &got_low, &got_high));
	CHECK_INT(got_low, low);
	CHECK_INT(got_high, high);
}

/* 4096 entries on 6.18: 64 pages of entries, and rings of 37 pages in a block of 64. */
TEST(rings_are_their_mappings_up_to_the_next_power_of_two)
{
	static const char *const files[][2] = {
		{ "proc/77/maps", RING("7f0000000000", "7f0000040000", "10000000")
					  RING("7f0000100000", "7f0000125000", "00000000") },
		{ "proc/77/comm", "nginx\n" },
	};
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(READ_LIVE(snap, files), NO_ERROR);
	check_sum(snap, KT_HELD_IO_URING, (64 + 37) * 4096, 128 * 4096);
	if (CHECK_INT(snap->holdings.count, 2)) {
		CHECK_STR(snap->holdings.items[0].holder, "nginx");
		CHECK_INT(snap->holdings.items[0].pid, 77);
	}
	kt_derive(snap);
	CHECK_VALUE(snap, IO_URING, (64 + 37) * 4096);
	CHECK_INT(value(snap, KT_IO_URING).quality, KT_LOWER_BOUND);
}

TEST(what_a_child_has_from_its_parent_is_certain_once)
{
	static const char *const files[][2] = {
		{ "proc/77/maps", RING("7f0000000000", "7f0000040000", "10000000") PERF },
		{ "proc/78/maps", RING("7f0000000000", "7f0000040000", "10000000") },
	};
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(READ_LIVE(snap, files), NO_ERROR);
	check_sum(snap, KT_HELD_IO_URING, 64 * 4096, 128 * 4096);
	check_sum(snap, KT_HELD_PERF, 17 * 4096, 17 * 4096);
}

TEST(a_map_that_two_processes_hold_is_counted_once)
{
	static const char *const info = "pos:\t0\nflags:\t02000002\nmap_type:\t27\nkey_size:\t0\n"
					"max_entries:\t33554432\nmap_id:\t12\n";
	const char *const files[][2] = { { "proc/77/fdinfo/3", info }, { "proc/78/fdinfo/9", info },
		{ "proc/77/fdinfo/4", "map_type:\t27\nmax_entries:\t4096\nmap_id:\t13\n" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(READ_LIVE(snap, files), NO_ERROR);
	check_sum(snap, KT_HELD_BPF_RING, (32 << 20) + 3 * 4096, (32 << 20) + 3 * 4096);
	if (CHECK_INT(snap->holdings.count, 1))
		CHECK_INT(snap->holdings.items[0].id, 12);
}

/* Two of 32 MiB and one of a page by vmallocinfo; a process holds one of them. */
TEST(bpf_rings_that_no_process_holds_are_found_by_their_areas)
{
	static const char *const files[][2] = { { "proc/77/fdinfo/3",
		"map_type:\t27\nmax_entries:\t33554432\nmap_id:\t12\n" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, vmallocinfo, "proc/vmallocinfo",
			  "0xffffc90000400000-0xffffc90004404000 67125248 "
			  "ringbuf_map_alloc+0x1a2/0x330 vmap user\n"
			  "0xffffc90004500000-0xffffc90008504000 67125248 "
			  "ringbuf_map_alloc+0x1a2/0x330 vmap user\n"
			  "0xffffc90008600000-0xffffc90008606000 24576 "
			  "ringbuf_map_alloc+0x1a2/0x330 vmap user\n"
			  "0xffffc90008700000-0xffffc90008704000 16384 "
			  "other_vmap+0x1/0x2 vmap\n"),
		NO_ERROR);
	CHECK_INT(READ_LIVE(snap, files), NO_ERROR);
	kt_derive(snap);
	CHECK_VALUE(snap, BPF_RINGS, 2 * ((32 << 20) + 3 * 4096) + 4 * 4096);
	CHECK_INT(value(snap, KT_BPF_RINGS).quality, KT_EXACT);
	CHECK_INT(snap->holdings.count, 2);
}

TEST(only_packet_sockets_are_rings_and_those_of_vmalloc_are_not_certain)
{
	static const char *const files[][2] = {
		{ "proc/77/net/packet",
			"sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n"
			"ffff888003e4b000 3      3    0003   2     1 0      0      33554\n" },
		{ "proc/77/maps",
			"7f0000000000-7f0000200000 rw-s 00000000 00:08 33554    socket:[33554]\n"
			"7f0000200000-7f0000300000 rw-s 00000000 00:08 33554    socket:[33554]\n"
			"7f0000400000-7f0000500000 rw-s 00000000 00:08 33555    socket:[33555]\n" },
	};
	KT_CLEANUP(snapshot) struct kt_snapshot *a = machine(4096), *b = machine(4096);

	CHECK_INT(READ_LIVE(a, files), NO_ERROR);
	check_sum(a, KT_HELD_PACKET, 0, 2 << 20);
	CHECK_INT(FEED(b, vmallocinfo, "proc/vmallocinfo",
			  "0xffffc90000400000-0xffffc90000411000 69632 "
			  "alloc_one_pg_vec_page+0x5/0x60 pages=16 vmalloc N0=16\n"),
		NO_ERROR);
	CHECK_INT(READ_LIVE(b, files), NO_ERROR);
	kt_derive(b);
	CHECK_VALUE(b, PACKET_RINGS, (2 << 20) - 16 * 4096);
}

TEST(private_copies_and_names_that_only_look_so_are_nothing)
{
	static const char *const files[][2] = { { "proc/77/maps",
		"7f0000000000-7f0000040000 rw-p 10000000 00:0f 2067  anon_inode:[io_uring]\n"
		"7f0000000000-7f0000040000 rw-s 00000000 fe:00 9  /tmp/anon_inode:[perf_event]x\n"
		"7f0000040000-7f0000000000 rw-s 00000000 00:0f 2067  anon_inode:[io_uring]\n"
		"0-ffffffffffffffff rw-s 00000000 00:0f 2067  anon_inode:[perf_event]\n"
		"zz-7f rw-s anon_inode:[perf_event]\n:[\n-:[anon_inode:[io_uring]\n" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(READ_LIVE(snap, files), NO_ERROR);
	CHECK_INT(snap->holdings.count, 0);
	kt_derive(snap);
	CHECK_VALUE(snap, PERF_BUFFERS, 0);
}

TEST(the_list_of_a_capture_gives_what_was_read)
{
	static const char *const files[][2] = { { "proc/77/maps", PERF },
		{ "proc/77/comm", "perf record\n" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096), *again = machine(4096);
	KT_CLEANUP(buf) struct kt_buf list = { 0 }, clean = { 0 };
	struct kt_text text;

	READ_LIVE(snap, files);
	kt_held_list_write(snap, &list);
	text = (struct kt_text){ list.data, list.size, KT_HELD_LIST };
	CHECK_INT(feed_bytes(again, &kt_source_held, KT_HELD_LIST, list.data, list.size), NO_ERROR);
	check_sum(again, KT_HELD_PERF, 17 * 4096, 17 * 4096);
	if (CHECK_INT(again->holdings.count, 1))
		CHECK_STR(again->holdings.items[0].holder, "perf record");
	CHECK(again->searches[KT_HELD_PIPE].done);
	CHECK_STR(again->searches[KT_HELD_PERF].why, snap->searches[KT_HELD_PERF].why);
	kt_held_list_scrub(&text, &clean);
	kt_buf_add(&clean, "", 1);
	CHECK(strstr(clean.data, "(scrubbed)") && !strstr(clean.data, "perf record"));
}

TEST(lists_that_cannot_be_are_refused)
{
	static const char *const lists[] = { "perf 1\n", "perf -1 2 3 0 a\n", "what 1 2 3 0 a\n",
		"searched perf maybe x\n", "perf 99999999999999999999 1 1 1 x\n",
		"perf 1 9007199254740993 1 0 x\n", "searched\n" };

	for (size_t i = 0; i < KT_LEN(lists); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		CHECK_INT(FEED(snap, held, KT_HELD_LIST, lists[i]), KT_ERR_PARSE);
	}
}

/* 36.6 MiB of queues; each of 2 CPUs may keep 1 MiB more to itself. */
TEST(queues_of_sockets_are_upper_bounds)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	snap->host.nr_cpus = 2;
	CHECK_INT(FEED(snap, sockstat, "proc/net/sockstat",
			  "sockets: used 316\nTCP: inuse 17 orphan 0 tw 3 alloc 30 mem 9370\n"
			  "UDP: inuse 2 mem 12\nUDPLITE: inuse 0\nRAW: inuse 0\n"
			  "FRAG: inuse 2 memory 2816\n"),
		NO_ERROR);
	CHECK_INT(FEED(snap, sockstat, "proc/net/sockstat6",
			  "TCP6: inuse 4\nUDP6: inuse 1\nFRAG6: inuse 1 memory 100\n"),
		NO_ERROR);
	check_sum(snap, KT_HELD_TCP, 0, 9370 * 4096 + 2 * MIB);
	check_sum(snap, KT_HELD_UDP, 0, 12 * 4096 + 2 * MIB);
	check_sum(snap, KT_HELD_FRAGMENT, 0, 2916);
	kt_derive(snap);
	CHECK_VALUE(snap, TCP_MOST, 9370 * 4096 + 2 * MIB);
	CHECK_INT(value(snap, KT_TCP_MOST).quality, KT_UPPER_BOUND);
}

TEST(pools_of_dma_add_up)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096), *none = machine(4096);

	FEED(snap, dma_pools, "sys/kernel/debug/dma_pools/pool_size_dma", "0\n");
	FEED(snap, dma_pools, "sys/kernel/debug/dma_pools/pool_size_dma32", "262144\n");
	FEED(snap, dma_pools, "sys/kernel/debug/dma_pools/pool_size_kernel", "4194304\n");
	kt_derive(snap);
	CHECK_VALUE(snap, DMA_POOLS, 4456448);
	CHECK_INT(FEED(none, dma_pools, "sys/kernel/debug/dma_pools/pool_size_dma", "-1\n"),
		KT_ERR_PARSE);
	kt_derive(none);
	CHECK_STATE(none, DMA_POOLS, KT_ABSENT);
}

TEST(pools_of_devices_are_bounds_with_the_device_as_holder)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, device_pools, "sys/bus/pci/devices/0000:85:00.0/pools",
			  "poolinfo - 0.1\n"
			  "reply_post_free_array pool  1      21     192     1\n"
			  "reply pool          1    1 1335296  1\n"
			  "chain pool       373959 386048  128 12064\n"),
		NO_ERROR);
	CHECK_INT(FEED(snap, device_pools, "sys/bus/usb/devices/usb1/pools", "poolinfo - 0.1\n"),
		NO_ERROR);
	CHECK_INT(snap->holdings.count, 1);
	CHECK_STR(snap->holdings.items[0].holder, "0000:85:00.0");
	/* 1.3 MB are a block of 2 MiB */
	check_sum(snap, KT_HELD_DEVICE_POOL, 0, 4096 + 2 * MIB + 12064 * 4096);
	kt_derive(snap);
	CHECK_VALUE(snap, DEVICE_POOLS_MOST, 4096 + 2 * MIB + 12064 * 4096);
	CHECK_INT(value(snap, KT_DEVICE_POOLS_MOST).quality, KT_UPPER_BOUND);
}

TEST(what_is_no_list_of_pools_is_refused)
{
	static const char *const wrong[] = { "", "pools\n", "poolinfo - 0.1\nname 1 2\n",
		"poolinfo - 0.1\nname 1 2 9223372036854775807 1\n",
		"poolinfo - 0.1\nname 1 2 4096 9223372036854775807\n",
		"poolinfo - 0.1\nname 1 2 -4096 1\n" };

	for (size_t i = 0; i < KT_LEN(wrong); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		CHECK_INT(FEED(snap, device_pools, "sys/bus/pci/devices/a/pools", wrong[i]),
			KT_ERR_PARSE);
		CHECK_INT(snap->holdings.count, 0);
	}
}

TEST(without_debugfs_the_kernel_log_tells_the_pools_of_dma)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, kmsg, "ktally/dmesg",
			  "[    0.000000] Linux version 6.1.0-56-amd64 (debian)\n"
			  "[    0.120000] DMA: preallocated 256 KiB GFP_KERNEL pool for atomic "
			  "allocations\n"
			  "[    0.120001] DMA: preallocated 256 KiB GFP_KERNEL|GFP_DMA pool for "
			  "atomic allocations\n"
			  "[    0.120002] DMA: preallocated 256 KiB GFP_KERNEL|GFP_DMA32 pool for "
			  "atomic allocations\n"
			  "[    0.120003] DMA: failed to allocate 256 KiB pool\n"),
		NO_ERROR);
	kt_derive(snap);
	CHECK_VALUE(snap, DMA_POOLS, 3 * 256 * KIB);
	CHECK_INT(value(snap, KT_DMA_POOLS).quality, KT_LOWER_BOUND);
}

/* Of 256 tags and 256 more for the scheduler, each at most 1344 + 32 x 128 bytes: 12 in 64 KiB. */
TEST(requests_of_block_devices_are_bounded_by_their_queues)
{
	static const char *const files[][2] = { { "sys/block/vda/mq/0/nr_tags", "256\n" },
		{ "sys/block/vda/queue/nr_requests", "256\n" },
		{ "sys/block/vda/queue/max_segments", "126\n" },
		{ "sys/block/vda/queue/scheduler", "[mq-deadline] none\n" },
		{ "sys/block/vdb/mq/0/nr_tags", "256\n" },
		{ "sys/block/vdb/queue/nr_requests", "256\n" },
		{ "sys/block/vdb/queue/max_segments", "126\n" },
		{ "sys/block/vdb/queue/scheduler", "[none] mq-deadline\n" },
		{ "sys/block/dm-0/queue/nr_requests", "128\n" },
		{ "sys/block/bad/mq/0/nr_tags", "-1\n" } };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(READ(snap, blk_pools, files), NO_ERROR);
	check_sum(snap, KT_HELD_BLOCK, 0, 3 * 22 * 65536);
	kt_derive(snap);
	CHECK_VALUE(snap, BLOCK_MOST, 3 * 22 * 65536);
	CHECK_INT(value(snap, KT_BLOCK_MOST).quality, KT_UPPER_BOUND);
}

TEST(without_the_walk_the_rows_say_what_reads_them)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	kt_derive(snap);
	CHECK_STATE(snap, PERF_BUFFERS, KT_ABSENT);
	CHECK(strstr(value(snap, KT_PERF_BUFFERS).reason, "ktally explain unattributed") != NULL);
}
