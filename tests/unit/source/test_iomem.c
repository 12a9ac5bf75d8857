// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/iomem"

static const char pc[] = "00000000-00000fff : Reserved\n"
			 "00001000-0009fbff : System RAM\n"
			 "000a0000-000bffff : PCI Bus 0000:00\n"
			 "00100000-bffdffff : System RAM\n"
			 "  2e000000-2effffff : Kernel code\n"
			 "  2f000000-2f7fffff : Kernel rodata\n"
			 "  2f800000-2fafffff : Kernel data\n"
			 "  2fe00000-2fffffff : Kernel bss\n"
			 "100000000-13fffffff : System RAM\n"
			 "200000000-2ffffffff : dax0.0\n"
			 "  200000000-27fffffff : System RAM (kmem)\n";

TEST(ends_are_inclusive_in_the_file_and_nested_memory_counts)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, iomem, PATH, pc), NO_ERROR);
	if (!CHECK_INT(snap->iomem.count, 4))
		return;
	CHECK_INT(snap->iomem.items[0].start, 0x1000);
	CHECK_INT(snap->iomem.items[0].end, 0x9fc00);
	CHECK_INT(snap->iomem.items[2].end, 0x140000000);
	CHECK_INT(snap->iomem.items[3].start, 0x200000000);
	CHECK_STR(snap->iomem.items[3].type, "System RAM (kmem)");
}

TEST(the_kernel_image_is_told_apart)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, iomem, PATH, pc);
	CHECK_VALUE(snap, BOOT_CODE, 0x1000000);
	CHECK_VALUE(snap, BOOT_RODATA, 0x800000);
	CHECK_VALUE(snap, BOOT_DATA, 0x300000);
	CHECK_VALUE(snap, BOOT_BSS, 0x200000);
}

TEST(the_kernel_log_is_believed_before_iomem)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, iomem, PATH, pc);
	fact(snap, KT_BOOT_CODE, 5);
	CHECK_VALUE(snap, BOOT_CODE, 5);
}

TEST(zeros_for_everybody_but_root_are_denied_and_not_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, iomem, PATH,
			  "00000000-00000000 : Reserved\n"
			  "00000000-00000000 : System RAM\n"
			  "  00000000-00000000 : Kernel code\n"),
		KT_ERR_DENIED);
	CHECK_INT(snap->iomem.count, 0);
	CHECK_STATE(snap, BOOT_CODE, KT_ABSENT);
}

TEST(a_text_without_ranges_is_not_iomem)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, iomem, PATH, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, iomem, PATH, "Node 0, zone DMA\n"), KT_ERR_PARSE);
}

TEST(ranges_that_cannot_be_are_skipped)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, iomem, PATH,
			  "00002000-00001fff : System RAM\n"
			  "00000000-ffffffffffffffff : System RAM\n"
			  "0000x000-00001fff : System RAM\n"
			  "00000000-00001fff: System RAM\n"
			  "00001000-00001fff : System RAM\n"),
		NO_ERROR);
	if (CHECK_INT(snap->iomem.count, 1))
		CHECK_INT(snap->iomem.items[0].start, 0x1000);
}

TEST(a_scrubbed_map_parses_the_same_and_hides_where_the_kernel_is)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	struct kt_text text = { (char *)pc, sizeof(pc) - 1, PATH };

	kt_source_iomem.scrub(&text, &clean);
	kt_buf_add(&clean, "", 1);
	CHECK(!strstr(clean.data, "2e000000") && !strstr(clean.data, "PCI"));
	CHECK_INT(FEED(snap, iomem, PATH, clean.data), NO_ERROR);
	CHECK_INT(snap->iomem.count, 4);
	CHECK_VALUE(snap, BOOT_CODE, 0x1000000);
	CHECK_VALUE(snap, BOOT_BSS, 0x200000);
}

TEST(ram_made_persistent_by_memmap_is_found)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, iomem, PATH,
			  "00100000-bffdffff : System RAM\n"
			  "100000000-10fffffff : Persistent Memory (legacy)\n"
			  "  100000000-10fffffff : namespace0.0\n"
			  "110000000-13fffffff : System RAM\n"
			  "300000000-3ffffffff : Persistent Memory\n"),
		NO_ERROR);
	CHECK_INT(snap->iomem.count, 2);
	if (CHECK_INT(snap->legacy_persistent.count, 1)) {
		CHECK_INT(snap->legacy_persistent.items[0].start, 0x100000000);
		CHECK_INT(snap->legacy_persistent.items[0].end, 0x110000000);
	}
}
