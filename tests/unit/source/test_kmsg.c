// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmsg_log.h"

static int64_t time_of(struct kt_span text)
{
	struct kt_log_record line;

	kt_log_parse(text, &line);
	return line.time_us;
}

TEST(the_message_is_found_behind_every_prefix)
{
	static const char wanted[] = "Memory: 1K/2K available";
	static const char *const lines[] = {
		"Memory: 1K/2K available",
		"[    0.512345] Memory: 1K/2K available",
		"[12345.512345] Memory: 1K/2K available",
		"<6>[    0.512345] Memory: 1K/2K available",
		"<6>Memory: 1K/2K available",
		"6,339,514062,-;Memory: 1K/2K available",
		"30,339,514062,-,caller=T1;Memory: 1K/2K available",
		"Feb  3 13:50:55 myhost kernel: [    0.512345] Memory: 1K/2K available",
		"Feb  3 13:50:55 myhost kernel: Memory: 1K/2K available",
		"2024-02-03T13:50:55.123+01:00 myhost kernel: [    0.5] Memory: 1K/2K available",
		"[    0.512345]   Memory: 1K/2K available\r",
	};

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		struct kt_span message = message_of(kt_span_str(lines[i]));

		if (!CHECK(kt_span_eq(message, wanted)))
			printf("  %s\n  gives %.*s\n", lines[i], (int)message.n, message.p);
	}
}

TEST(brackets_that_are_no_time_stamp_belong_to_the_message)
{
	CHECK(kt_span_eq(message_of(KT_SPAN("[drm] ready")), "[drm] ready"));
	CHECK(kt_span_eq(message_of(KT_SPAN("[    0.1] [drm] ready")), "[drm] ready"));
	CHECK(kt_span_eq(message_of(KT_SPAN("<longer>text")), "<longer>text"));
	CHECK_INT(message_of(KT_SPAN("")).n, 0);
}

TEST(the_memory_line_names_what_is_reserved)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed(BOOT
		"[    0.3] Memory: 3212572K/25165432K available (18457K kernel code, 3276K rwdata, "
		"10248K rodata, 3728K init, 5096K bss, 454932K reserved, 0K cma-reserved)\n");

	CHECK_VALUE(snap, BOOT_PRESENT, 25165432 * KIB);
	CHECK_VALUE(snap, BOOT_CODE, 18457 * KIB);
	CHECK_VALUE(snap, BOOT_DATA, 3276 * KIB);
	CHECK_VALUE(snap, BOOT_RODATA, 10248 * KIB);
	CHECK_VALUE(snap, BOOT_INIT, 3728 * KIB);
	CHECK_VALUE(snap, BOOT_BSS, 5096 * KIB);
	CHECK_VALUE(snap, BOOT_RESERVED, 454932 * KIB);
}

TEST(the_memory_line_before_3_10_counted_holes_and_named_them)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed(BOOT "[    0.0] Memory: 8065900k/9437184k available "
					       "(5003k kernel code, 1060164k absent, "
					       "311120k reserved, 6030k data, 1008k init)\n");

	CHECK_VALUE(snap, BOOT_PRESENT, (9437184 - 1060164) * KIB);
	CHECK_VALUE(snap, BOOT_CODE, 5003 * KIB);
	CHECK_VALUE(snap, BOOT_DATA, 6030 * KIB);
	CHECK_STATE(snap, BOOT_RODATA, KT_ABSENT);
}

TEST(only_what_is_freed_after_the_memory_line_counts)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed(BOOT "[    0.1] Freeing SMP alternatives memory: 999K\n"
			    "[    0.3] Memory: 1000K/2000K available (1K kernel code)\n"
			    "[    0.4] Freeing SMP alternatives memory: 48K\n"
			    "[    1.0] Freeing initrd memory: 30564K\n"
			    "[    1.1] Freeing unused kernel image (initmem) memory: 3728K\n"
			    "[    1.2] Freeing unused kernel memory: 984k freed\n"
			    "[    1.3] Freeing nothing in particular\n");

	CHECK_VALUE(snap, BOOT_FREED, (48 + 30564 + 3728 + 984) * KIB);
	CHECK_VALUE(snap, BOOT_FREED_INITRD, 30564 * KIB);
}

TEST(the_first_percpu_chunk_is_in_pages_of_a_unit)
{
	static const char *const lines[] = {
		"[    0.2] percpu: Embedded 53 pages/cpu s185496 r8192 d28520 u262144\n",
		"[    0.2] PERCPU: Embedded 53 pages/cpu @ffff88023fc00000 s185496 r8192\n",
		"[    0.2] percpu: 53 4K pages/cpu s185496 r8192 d28520\n",
	};

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = parsed(lines[i]);

		CHECK_VALUE(snap, PERCPU_FIRST_UNIT, 53 * 4096);
	}
}

TEST(units_without_a_cpu_are_units)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed(BOOT "[    0.2] pcpu-alloc: s185496 r8192 d28520 u262144 alloc=1*2097152\n"
			    "[    0.2] pcpu-alloc: [0] 00 01 02 03 [0] 04 05 -- -- \n"
			    "[    0.2] pcpu-alloc: [1] 06 07 08 09 \n");

	CHECK_VALUE(snap, PERCPU_UNITS, 12);
}

TEST(ranges_are_inclusive_but_for_that_of_the_bounce_buffers)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed(BOOT
		"[    0.0] RAMDISK: [mem 0x35fa2000-0x36fa1fff]\n"
		"[    0.5] software IO TLB: mapped [mem 0x00000000b7c00000-0x00000000bbc00000] "
		"(64MB)\n"
		"[    0.0] Reserving Intel graphics memory at [mem 0x7c000000-0x7fffffff]\n");

	CHECK_VALUE(snap, INITRD, 0x1000000);
	CHECK_VALUE(snap, SWIOTLB, 64 * MIB);
	CHECK_VALUE(snap, FW_GRAPHICS, 64 * MIB);
	CHECK_INT(snap->graphics.start, 0x7c000000);
	CHECK_INT(snap->graphics.end, 0x80000000);
}

TEST(the_initial_ram_disk_is_read_in_the_old_form_too)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed(BOOT "[    0.0] RAMDISK: 359ec000 - 36cee000\n");

	CHECK_VALUE(snap, INITRD, 19464 * KIB);
}

TEST(what_the_crash_kernel_keeps_is_read_in_every_form)
{
	static const struct {
		const char *log;
		int64_t mib;
	} cases[] = {
		{ "[ 0.0] Reserving 128MB of memory at 720MB for crashkernel (System RAM: "
		  "3062MB)\n",
			128 },
		{ "[ 0.0] Reserving 72MB of low memory at 2992MB for crashkernel (low RAM limit: "
		  "4096MB)\n[ 0.0] Reserving 256MB of memory at 720MB for crashkernel (System "
		  "RAM: 3062MB)\n",
			328 },
		{ "[ 0.0] crashkernel reserved: 0x000000007e000000 - 0x0000000086000000 (128 MB)\n"
		  "[ 0.0] crashkernel CMA reserved: 512 MB in 1 ranges\n",
			128 },
		{ "[ 0.0] crashkernel low memory reserved: 0xb0000000 - 0xc0000000 (256 MB)\n",
			256 },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = parsed(cases[i].log);

		CHECK_VALUE(snap, CRASHKERNEL, cases[i].mib * MIB);
	}
}

TEST(the_running_kernel_knows_better_what_the_crash_kernel_keeps)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, kexec, "sys/kernel/kexec_crash_size", "67108864\n");
	FEED(snap, kmsg, PATH, "crashkernel reserved: 0x1000000 - 0x9000000 (128 MB)\n");
	CHECK_VALUE(snap, CRASHKERNEL, 64 * MIB);
}

TEST(what_was_taken_and_given_back_has_the_time_of_its_line)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed(
		BOOT "[    0.000950] RAMDISK: [mem 0x35fa2000-0x36fa1fff]\n"
		     "[    0.001916] NODE_DATA(0) allocated [mem 0x63ffd5000-0x63fffffff]\n"
		     "[    0.1] cma: Reserved 64 MiB at 0x000000007c000000 on node -1\n"
		     "[    0.111] printk: log_buf_len: 1048576 bytes\n"
		     "[    0.171215] Dentry cache hash table entries: 4 (order: 0, 4096 bytes, "
		     "linear)\n"
		     "[   12.421871] Freeing initrd memory: 11328K\n");
	const struct kt_boot_event *taken = event_of(snap, KT_BOOT_IS_INITRD);

	if (!CHECK_INT(snap->boot_events.count, 7) || !taken)
		return;
	CHECK_INT(taken->time_us, 950);
	CHECK_INT(taken->bytes, 0x1000000);
	CHECK_INT(event_of(snap, KT_BOOT_IS_NODE_DATA)->bytes, 0x2b000);
	CHECK_INT(event_of(snap, KT_BOOT_IS_CMA)->bytes, 64 * MIB);
	CHECK_INT(event_of(snap, KT_BOOT_IS_CMA)->time_us, 100000);
	CHECK_INT(event_of(snap, KT_BOOT_IS_LOG_BUFFER)->bytes, MIB);
	CHECK_INT(event_of(snap, KT_BOOT_IS_HASH)->time_us, 171215);
	CHECK_STR(event_of(snap, KT_BOOT_IS_HASH)->name, "Dentry cache");
	CHECK(snap->boot_events.items[6].freed);
	CHECK_INT(snap->boot_events.items[6].time_us, 12421871);
}

TEST(node_data_is_read_in_the_old_form_too)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed(BOOT "[ 0.0]   NODE_DATA [00000000bf6c6000 - 00000000bf6cafff]\n"
			    "[ 0.0]   NODE_DATA(0) on node 1\n");

	if (CHECK_INT(snap->boot_events.count, 2))
		CHECK_INT(event_of(snap, KT_BOOT_IS_NODE_DATA)->bytes, 0x5000);
}

TEST(the_time_stamp_is_found_in_every_form)
{
	static const struct {
		const char *line;
		int64_t time_us;
	} cases[] = {
		{ "[    0.512345] Memory:", 512345 },
		{ "[12345.5] Memory:", 12345500000 },
		{ "<6>[    1.000001] Memory:", 1000001 },
		{ "6,339,514062,-;Memory:", 514062 },
		{ "Feb  3 13:50:55 myhost kernel: [    0.512345] Memory:", 512345 },
		{ "Memory: 1K/2K", -1 },
		{ "[drm] ready", -1 },
		{ "[    0.1234567] Memory:", -1 },
		{ "[99999999999999999999.1] Memory:", -1 },
		{ "6,339,99999999999999999999,-;Memory:", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		int64_t found = time_of(kt_span_str(cases[i].line));

		if (!CHECK_INT(found, cases[i].time_us))
			printf("  %s\n", cases[i].line);
	}
}

TEST(tracer_records_that_were_taken_are_believed_before_those_that_were_needed)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *old =
		parsed("[    0.4] ftrace: allocating 49152 entries in 192 pages\n");
	KT_CLEANUP(snapshot)
	struct kt_snapshot *both =
		parsed("[    0.4] ftrace: allocating 49152 entries in 192 pages\n"
		       "[    0.4] ftrace: allocated 200 pages with 3 groups\n");

	CHECK_VALUE(old, BOOT_FTRACE, 192 * 4096);
	CHECK_INT(value(old, KT_BOOT_FTRACE).quality, KT_ESTIMATE);
	CHECK_VALUE(both, BOOT_FTRACE, 200 * 4096);
	CHECK_INT(value(both, KT_BOOT_FTRACE).quality, KT_EXACT);
}

TEST(what_is_made_late_is_named_with_its_unit)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed(BOOT "[    0.1]   DMA zone: 64 pages used for memmap\n"
			    "[    0.1]   DMA zone: 22 pages reserved\n"
			    "[    0.1]   DMA32 zone: 12000 pages used for memmap\n"
			    "[    0.4] ftrace: allocating 49152 entries in 192 pages\n"
			    "[    0.4] ftrace: allocated 192 pages with 2 groups\n"
			    "[    0.5] allocated 6291456 bytes of page_ext\n"
			    "[    0.5] allocated 1048576 bytes of page_ext\n");

	CHECK_VALUE(snap, BOOT_MEMMAP_LINES, 12064 * 4096);
	CHECK_VALUE(snap, BOOT_FTRACE, 192 * 4096);
	CHECK_VALUE(snap, BOOT_PAGE_EXT, 7 * MIB);
}

/* ---- hash tables ---- */

static void check_hash(const char *line, struct kt_hash wanted)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = parsed(line);
	const struct kt_hash *hash = snap->hashes.items;

	if (!CHECK_INT(snap->hashes.count, 1)) {
		printf("  %s\n", line);
		return;
	}
	CHECK_STR(hash->name, wanted.name);
	CHECK_INT(hash->entries, wanted.entries);
	CHECK_INT(hash->size_bytes, wanted.size_bytes);
	CHECK_INT(hash->place, wanted.place);
	CHECK_INT(hash->has_kind, wanted.has_kind);
	CHECK_INT(hash->order, wanted.order);
}

TEST(hash_tables_are_read_in_every_form)
{
	check_hash("[0.1] Dentry cache hash table entries: 2097152 (order: 12, 16777216 bytes, "
		   "linear)",
		(struct kt_hash){ "Dentry cache", 2097152, 16777216, KT_HASH_RESERVED, true, 12 });
	check_hash("[0.1] Inode-cache hash table entries: 1048576 (order: 11, 8388608 bytes, "
		   "vmalloc)",
		(struct kt_hash){ "Inode-cache", 1048576, 8388608, KT_HASH_VMALLOC, true, 11 });
	check_hash("[0.1] TCP established hash table entries: 65536 (order: 7, 524288 bytes, "
		   "vmalloc hugepage)",
		(struct kt_hash){ "TCP established", 65536, 524288, KT_HASH_VMALLOC, true, 7 });
	check_hash("[0.1] UDP hash table entries: 8192 (order: 6, 262144 bytes, linear)",
		(struct kt_hash){ "UDP", 8192, 262144, KT_HASH_DIRECT, true, 6 });
	/* before 5.5 without a kind */
	check_hash("[0.1] Mount-cache hash table entries: 32768 (order: 6, 262144 bytes)",
		(struct kt_hash){ "Mount-cache", 32768, 262144, KT_HASH_DIRECT, false, 6 });
	check_hash("[0.1] PID hash table entries: 4096 (order: 3, 32768 bytes)",
		(struct kt_hash){ "PID", 4096, 32768, KT_HASH_RESERVED, false, 3 });
	/* quota: no colon behind order */
	check_hash("[0.1] VFS: Dquot-cache hash table entries: 512 (order 0, 4096 bytes)",
		(struct kt_hash){ "Dquot-cache", 512, 4096, KT_HASH_DIRECT, false, 0 });
	/* futex from 6.17: a share for each node, then the total */
	check_hash("[0.1] futex hash table entries: 4096 (262144 bytes on 2 NUMA nodes, total 512 "
		   "KiB, linear).",
		(struct kt_hash){ "futex", 4096, 524288, KT_HASH_DIRECT, true, 0 });
}

TEST(the_same_table_of_an_earlier_boot_is_replaced)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed("UDP hash table entries: 1 (order: 0, 4096 bytes, linear)\n"
		       "UDP hash table entries: 2 (order: 1, 8192 bytes, linear)\n");

	if (CHECK_INT(snap->hashes.count, 1))
		CHECK_INT(snap->hashes.items[0].size_bytes, 8192);
}

TEST(hash_tables_that_cannot_be_are_skipped)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed("UDP hash table entries: 1 (order: 0, 0 bytes, linear)\n"
		       "UDP hash table entries: 1\n"
		       "UDP hash table entries: (order: 0, 4096 bytes)\n"
		       "UDP hash table entries: 1 (order: 99, 9999999999999999 bytes)\n"
		       "TCP: Hash tables configured (established 65536 bind 65536)\n");

	CHECK_INT(snap->hashes.count, 0);
}

TEST(a_table_without_a_kind_is_in_vmalloc_where_nodes_or_its_order_say_so)
{
	static const struct {
		int64_t nr_nodes;
		int order;
		enum kt_hash_place wanted;
	} cases[] = { { 1, 6, KT_HASH_DIRECT }, { 2, 6, KT_HASH_VMALLOC },
		{ 1, 11, KT_HASH_VMALLOC } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		char line[128];

		snprintf(line, sizeof(line), "UDP hash table entries: 1 (order: %d, 4096 bytes)",
			cases[i].order);
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = parsed(line);

		snap->host.nr_nodes = cases[i].nr_nodes;
		kt_derive(snap);
		CHECK_INT(snap->hashes.items[0].place, cases[i].wanted);
	}
}

/* Before 5.2 every NUMA kernel spread its tables by vmalloc, on one node too (hashdist). */
TEST(early_tables_that_the_log_has_late_say_that_all_but_the_earliest_are_in_vmalloc)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed(BOOT "PID hash table entries: 4096 (order: 3, 32768 bytes)\n"
			    "Memory: 1000K/2000K available (1K kernel code)\n"
			    "Dentry cache hash table entries: 524288 (order: 10, 4194304 bytes)\n"
			    "UDP hash table entries: 2048 (order: 4, 65536 bytes)\n");

	snap->host.nr_nodes = 1;
	kt_derive(snap);
	CHECK_INT(snap->hashes.items[0].place, KT_HASH_RESERVED);
	CHECK_INT(snap->hashes.items[1].place, KT_HASH_VMALLOC);
	CHECK_INT(snap->hashes.items[2].place, KT_HASH_VMALLOC);
}

TEST(early_tables_in_their_place_were_taken_before_the_page_allocator)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed(BOOT "Dentry cache hash table entries: 524288 (order: 10, 4194304 bytes)\n"
			    "Memory: 1000K/2000K available (1K kernel code)\n"
			    "UDP hash table entries: 2048 (order: 4, 65536 bytes)\n");

	snap->host.nr_nodes = 1;
	kt_derive(snap);
	CHECK_INT(snap->hashes.items[0].place, KT_HASH_RESERVED);
	CHECK_INT(snap->hashes.items[1].place, KT_HASH_DIRECT);
}

/* ---- firmware map ---- */

TEST(the_firmware_map_is_read_in_the_old_and_the_new_form)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed(
		"BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable\n"
		"BIOS-e820: 000000000009fc00 - 00000000000a0000 (reserved)\n"
		"BIOS-e820: [mem 0x0000000100000000-0x00000001ffffffff] persistent (type 7)\n"
		"BIOS-e820: [mem 0x5-0x1] usable\n"
		"BIOS-e820: [mem 0x5\n");

	if (!CHECK_INT(snap->firmware.count, 3))
		return;
	CHECK_INT(snap->firmware.items[0].end, 0x9fc00);
	CHECK_STR(snap->firmware.items[0].type, "usable");
	CHECK_INT(snap->firmware.items[1].start, 0x9fc00);
	CHECK_INT(snap->firmware.items[1].end, 0xa0000);
	CHECK_STR(snap->firmware.items[1].type, "reserved");
	CHECK_STR(snap->firmware.items[2].type, "persistent (type 7)");
}

TEST(the_log_does_not_add_to_a_map_that_is_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	*kt_list_push(&snap->arena, &snap->firmware) = (struct kt_region){ 0, 1, "System RAM" };
	FEED(snap, kmsg, PATH, "BIOS-e820: [mem 0x0-0xfff] usable\n");
	CHECK_INT(snap->firmware.count, 1);
}

/* ---- the log as a whole ---- */

TEST(only_the_last_boot_of_a_log_counts)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed(
		"Feb  3 10:00:00 h kernel: [    0.0] Linux version 5.10\n"
		"Feb  3 10:00:00 h kernel: [    0.0] RAMDISK: [mem 0x1000-0x1fff]\n"
		"Feb  3 10:00:00 h kernel: [    0.1] ftrace: allocated 9 pages with 2 groups\n"
		"Feb  3 11:00:00 h kernel: [    0.0] Linux version 6.1\n"
		"Feb  3 11:00:00 h kernel: [    0.0] RAMDISK: [mem 0x1000-0x4fff]\n"
		"Feb  3 11:00:01 h su: Linux version 7 is what he said\n");

	CHECK_VALUE(snap, INITRD, 0x4000);
	CHECK_STATE(snap, BOOT_FTRACE, KT_ABSENT);
	CHECK(!snap->log_cut);
}

TEST(a_log_that_lost_its_beginning_is_told_and_still_read)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("[    0.4] ftrace: allocated 192 pages with 2 groups\n");

	CHECK(snap->log_cut);
	CHECK_VALUE(snap, BOOT_FTRACE, 192 * 4096);
}

TEST(a_hypervisor_named_by_the_log_is_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = parsed("[ 0.0] Hypervisor detected: KVM\n");

	CHECK_STR(snap->host.hypervisor, "KVM");
	CHECK_INT(snap->host.kind, KT_MACHINE_VIRTUAL);
}

TEST(a_scrubbed_log_has_only_lines_that_are_read_and_reads_the_same)
{
	static const char log[] =
		BOOT "[    0.0] Command line: root=UUID=secret\n"
		     "[    0.3] Memory: 1000K/2000K available (1K kernel code)\n"
		     "[    0.4] audit: user alice did something\n"
		     "[    0.4] UDP hash table entries: 1 (order: 0, 4096 bytes, linear)\n"
		     "[    0.5]   DMA zone: 64 pages used for memmap\n";
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	struct kt_text text = { (char *)log, sizeof(log) - 1, PATH };

	kt_source_kmsg.scrub(&text, &clean);
	kt_buf_add(&clean, "", 1);
	CHECK(!strstr(clean.data, "secret") && !strstr(clean.data, "alice") &&
		!strstr(clean.data, "builder"));
	snap = parsed(clean.data);
	CHECK(!snap->log_cut);
	CHECK_VALUE(snap, BOOT_PRESENT, 2000 * KIB);
	CHECK_INT(snap->hashes.count, 1);
	CHECK_VALUE(snap, BOOT_MEMMAP_LINES, 64 * 4096);
	CHECK_INT(event_of(snap, KT_BOOT_IS_HASH)->time_us, 400000);
}

/* A log saved as JSON, with the newest entry first. */
TEST(the_log_of_a_folder_may_have_a_form_of_the_journal)
{
	static const char log[] =
		"{\"_TRANSPORT\":\"kernel\",\"_SOURCE_MONOTONIC_TIMESTAMP\":\"2000000\","
		"\"MESSAGE\":\"Memory: 1000K/2000K available (1K kernel code)\"}\n"
		"{\"_TRANSPORT\":\"kernel\",\"_SOURCE_MONOTONIC_TIMESTAMP\":\"0\","
		"\"MESSAGE\":\"Linux version 6.1\"}\n";
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, kmsg, "dmesg", log), NO_ERROR);
	CHECK(!snap->log_cut);
	CHECK_VALUE(snap, BOOT_PRESENT, 2000 * KIB);
	CHECK_INT(snap->notes.count, 1);
}
