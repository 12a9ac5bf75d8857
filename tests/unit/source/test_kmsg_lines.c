// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines of a kernel log that programs wrote, and where the boot in it ends.

#include "kmsg_log.h"

TEST(who_wrote_a_line_is_told_by_the_number_before_it)
{
	static const struct {
		const char *line;
		int facility;
	} cases[] = {
		{ "6,339,514062,-;Memory:", 0 },
		{ "7,339,514062,-,caller=T1;Memory:", 0 },
		{ "12,339,514062,-;Memory:", 1 },
		{ "30,339,514062,-;Memory:", 1 },
		{ "99999999999,339,514062,-;Memory:", 1 },
		{ "<6>[    0.5] Memory:", 0 },
		{ "<12>[    0.5] Memory:", 1 },
		{ "<30>Feb  3 13:50:55 h kernel: Memory:", 1 },
		{ "kern  :info  : [    0.5] Memory:", 0 },
		{ "user  :warn  : [    0.5] Memory:", 1 },
		{ "daemon:info  : [    0.5] Memory:", 1 },
		{ "[    0.5] Memory:", -1 },
		{ "Feb  3 13:50:55 h kernel: Memory:", -1 },
		{ "Memory:", -1 },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct kt_log_record line;

		kt_log_parse(kt_span_str(cases[i].line), &line);
		if (!CHECK_INT(line.facility, cases[i].facility) ||
			!CHECK(kt_span_eq(line.message, "Memory:")))
			printf("  %s\n", cases[i].line);
	}
}

TEST(a_tag_inside_a_message_is_no_tag)
{
	CHECK(kt_span_eq(
		message_of(KT_SPAN("usb 1-1: kernel: Memory: 1K")), "usb 1-1: kernel: Memory: 1K"));
	CHECK(kt_span_eq(message_of(KT_SPAN("Feb  3 13:50:55 h evil: a kernel: Memory: 1K")),
		"Feb  3 13:50:55 h evil: a kernel: Memory: 1K"));
	CHECK(kt_span_eq(
		message_of(KT_SPAN("[ 5.1] evil kernel: Memory: 1K")), "evil kernel: Memory: 1K"));
	CHECK(kt_span_eq(message_of(KT_SPAN("[ 1229.1] [    0.0] Linux version 9")),
		"[    0.0] Linux version 9"));
}

static void check_boot(const struct kt_snapshot *snap)
{
	CHECK(!snap->log_cut);
	CHECK_VALUE(snap, BOOT_PRESENT, 2000 * KIB);
	CHECK_VALUE(snap, INITRD, 0x1000);
	CHECK_STATE(snap, CRASHKERNEL, KT_ABSENT);
	CHECK_INT(snap->hashes.count, 1);
	CHECK_INT(event_of(snap, KT_BOOT_IS_IMAGE)->time_us, 0);
}

/* What a program wrote to /dev/kmsg once the machine was up, in three forms of a log. */
TEST(lines_of_programs_change_nothing_where_a_number_tells_whose_they_are)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed("5,0,0,-;Linux version 6.1\n"
		       "6,1,0,-;RAMDISK: [mem 0x1000-0x1fff]\n"
		       "6,2,300000,-;Memory: 1000K/2000K available (1K kernel code)\n"
		       "6,3,400000,-;UDP hash table entries: 1 (order: 0, 4096 bytes, linear)\n"
		       "12,4,1229000000,-;Linux version 9.9\n"
		       "12,5,1229000001,-;Reserving 16MB of memory at 64MB for crashkernel (1MB)\n"
		       "12,6,1229000002,-;Memory: 1K/2K available (1K kernel code)\n"
		       "12,7,1229000003,-;evil hash table entries: 9 (order: 9, 1 bytes, linear)\n"
		       "6,8,1229000004,-;usb 1-1: the kernel's own, later\n");
	KT_CLEANUP(snapshot)
	struct kt_snapshot *raw = parsed(
		"<5>[    0.000000] Linux version 6.1\n"
		"<6>[    0.000000] RAMDISK: [mem 0x1000-0x1fff]\n"
		"<6>[    0.300000] Memory: 1000K/2000K available (1K kernel code)\n"
		"<6>[    0.400000] UDP hash table entries: 1 (order: 0, 4096 bytes, linear)\n"
		"<12>[    9.000000] Linux version 9.9\n"
		"<12>[    9.000001] Reserving 16MB of memory at 64MB for crashkernel (1MB)\n"
		"<12>[    9.000002] Memory: 1K/2K available (1K kernel code)\n");

	check_boot(snap);
	check_boot(raw);
}

#define LATE                                                                      \
	"[ 1229.000000] Linux version 9.9\n"                                      \
	"[ 1229.000001] Reserving 16MB of memory at 64MB for crashkernel (1MB)\n" \
	"[ 1229.000002] RAMDISK: [mem 0x1000-0x9fff]\n"                           \
	"[ 1229.000003] Memory: 1K/2K available (1K kernel code)\n"               \
	"[ 1229.000004] evil hash table entries: 9 (order: 9, 2097152 bytes, linear)\n"
#define EARLY                                                             \
	"[    0.000000] Linux version 6.1\n"                              \
	"[    0.000000] RAMDISK: [mem 0x1000-0x1fff]\n"                   \
	"[    0.300000] Memory: 1000K/2000K available (1K kernel code)\n" \
	"[    0.400000] UDP hash table entries: 1 (order: 0, 4096 bytes, linear)\n"
#define FREED "[    0.500000] Freeing unused kernel image (initmem) memory: 0K\n"

TEST(behind_the_start_of_init_nothing_counts_in_a_log_without_numbers)
{
	static const char soon[] = EARLY FREED
		"[    0.600000] Run /sbin/init as init process\n"
		"[    1.000000] Linux version 9.9\n"
		"[    1.000001] Reserving 16MB of memory at 64MB for crashkernel (1MB)\n";
	KT_CLEANUP(snapshot) struct kt_snapshot *late = parsed(EARLY FREED LATE);
	KT_CLEANUP(snapshot) struct kt_snapshot *no_freed = parsed(EARLY LATE);
	KT_CLEANUP(snapshot) struct kt_snapshot *started = parsed(soon);

	check_boot(late);
	check_boot(no_freed);
	check_boot(started);
}

TEST(an_old_kernel_does_not_name_init_but_little_comes_before_it)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	kt_buf_puts(&text, EARLY FREED);
	kt_buf_puts(&text, "[    0.6] Freeing unused kernel memory: 0K\n");
	for (int i = 0; i < 64; i++)
		kt_buf_printf(&text, "[    2.%06d] systemd[1]: started\n", i);
	kt_buf_puts(&text, "[    3.0] Reserving 16MB of memory at 64MB for crashkernel (1MB)\n");
	kt_buf_add(&text, "", 1);
	snap = parsed(text.data);
	check_boot(snap);
}

TEST(without_times_a_boot_has_its_memory_behind_it)
{
	static const char once[] = "Linux version 6.1\nRAMDISK: [mem 0x1000-0x1fff]\n"
				   "Memory: 1000K/2000K available (1K kernel code)\n"
				   "UDP hash table entries: 1 (order: 0, 4096 bytes, linear)\n"
				   "Linux version 9.9\n";
	static const char twice[] = "Linux version 6.1\nRAMDISK: [mem 0x1000-0x9fff]\n"
				    "Memory: 10K/20K available\n"
				    "Linux version 6.2\nRAMDISK: [mem 0x1000-0x1fff]\n"
				    "Memory: 1000K/2000K available\n";
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = parsed(once), *later = parsed(twice);

	CHECK(!snap->log_cut);
	CHECK_VALUE(snap, BOOT_PRESENT, 2000 * KIB);
	CHECK_VALUE(snap, INITRD, 0x1000);
	CHECK_INT(snap->hashes.count, 1);
	CHECK_VALUE(later, BOOT_PRESENT, 2000 * KIB);
	CHECK_VALUE(later, INITRD, 0x1000);
}

TEST(a_log_whose_beginning_is_lost_is_not_completed_by_a_program)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("12,900,700000000,-;Linux version 9.9\n"
					  "12,901,700000001,-;Memory: 1K/2K available\n");
	KT_CLEANUP(snapshot) struct kt_snapshot *text = parsed(LATE);

	CHECK(snap->log_cut && text->log_cut);
	CHECK_STATE(snap, BOOT_PRESENT, KT_ABSENT);
	CHECK_STATE(text, BOOT_PRESENT, KT_ABSENT);
	CHECK_STATE(text, CRASHKERNEL, KT_ABSENT);
}

TEST(a_scrubbed_log_has_no_line_of_a_program_and_no_address)
{
	static const char log[] =
		BOOT "[    0.3] Memory: 1000K/2000K available (1K kernel code)\n"
		     "[    0.4] Freeing 52:54:00:12:34:56 memory: 4K\n"
		     "[    0.4] Freeing 192.168.1.5 memory: 4K\n"
		     "[    0.4] Freeing 3f2504e0-4f89-11d3-9a0c-0305e82c3301 memory: 4K\n"
		     "[    0.4] Freeing SMP alternatives memory: 52K\n"
		     "[    0.5] Run /init as init process\n"
		     "[    5.0] Freeing 0800200c9a66 memory: 4K\n"
		     "<12>[    5.0] Freeing 52:54:00:12:34:57 memory: 4K\n";
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	struct kt_text text = { (char *)log, sizeof(log) - 1, PATH };

	kt_source_kmsg.scrub(&text, &clean);
	kt_buf_add(&clean, "", 1);
	CHECK(strstr(clean.data, "SMP alternatives"));
	CHECK(!strstr(clean.data, "52:54") && !strstr(clean.data, "192.168") &&
		!strstr(clean.data, "3f2504e0") && !strstr(clean.data, "0800200c9a66"));
}

TEST(records_are_read_up_to_the_start_of_init)
{
	static const struct {
		const char *record;
		bool behind;
	} records[] = {
		{ "5,0,0,-;Linux version 6.1", false },
		{ "6,1,9,-;Freeing unused kernel image (initmem) memory: 4K", false },
		{ " SUBSYSTEM=pci", false },
		{ "6,2,10,-;Run /init as init process", false },
		{ "7,3,11,-;  with arguments:", true },
		{ "6,4,12,-;Memory: 1K/2K available", true },
	};
	struct kt_kmsg_end end = { 0 };

	for (size_t i = 0; i < KT_LEN(records); i++)
		CHECK_INT(kt_kmsg_record_is_behind(&end, kt_span_str(records[i].record)),
			records[i].behind);
	end = (struct kt_kmsg_end){ 0 };
	CHECK(kt_kmsg_record_is_behind(&end, KT_SPAN("30,9,99,-;systemd[1]: hello")));
	end = (struct kt_kmsg_end){ 0 };
	CHECK(!kt_kmsg_record_is_behind(&end, KT_SPAN("6,9,600000000,-;late")));
	CHECK(kt_kmsg_record_is_behind(&end, KT_SPAN("6,9,600000001,-;later")));
}
