// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/vmallocinfo"

static const char areas[] =
	"0xffffb0a0c0000000-0xffffb0a0c0005000   20480 irq_init_percpu_irqstack+0x105/0x170 vmap\n"
	"0xffffb0a0c0005000-0xffffb0a0c0007000    8192 acpi_os_map_iomem+0x1f1/0x220 "
	"phys=0x00000000bffe1000 ioremap\n"
	"0xffffb0a0c0010000-0xffffb0a0c0015000   20480 dup_task_struct+0x5a/0x1b0 pages=4 vmalloc "
	"N0=3 N1=1\n"
	"0xffffb0a0c0018000-0xffffb0a0c001d000   20480 dup_task_struct.constprop.0+0x5a/0x1b0 "
	"pages=4 vmalloc N1=4\n"
	"0xffffb0a0c0020000-0xffffb0a0c0101000  921600 alloc_large_system_hash+0x19c/0x259 "
	"pages=224 vmalloc vpages N0=224\n"
	"0xffffffffc0200000-0xffffffffc0208000   32768 move_module+0x23/0x180 pages=7 vmalloc "
	"N0=7\n"
	"0xffffb0a0d0000000-0xffffb0a0d0001000    4096 unpurged vm_area\n"
	"0xffffb0a0d0010000-0xffffb0a0d0020000   65536 vm_map_ram\n"
	"0xffffb0a0e0000000-0xffffb0a0e0009000   36864 dma_map+0x1/0x2 pages=8 user\n";

TEST(only_pages_that_vmalloc_itself_took_are_summed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, vmallocinfo, PATH, areas), NO_ERROR);
	CHECK_VALUE(snap, VMALLOC_AREAS, (4 + 4 + 224 + 7) * 4096);
	CHECK_VALUE(snap, VMALLOC_STACK, 8 * 4096);
}

TEST(areas_are_split_by_node_where_there_are_several)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *one = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *two = machine(4096);

	one->host.nr_nodes = 1;
	two->host.nr_nodes = 2;
	FEED(one, vmallocinfo, PATH, areas);
	FEED(two, vmallocinfo, PATH, areas);
	CHECK_INT(value_on(two, KT_VMALLOC_AREAS, 0).value, (3 + 224 + 7) * 4096);
	CHECK_INT(value_on(two, KT_VMALLOC_AREAS, 1).value, 5 * 4096);
	CHECK_VALUE(two, VMALLOC_AREAS, 239 * 4096);
	CHECK_INT(value_on(one, KT_VMALLOC_AREAS, 1).state, KT_ABSENT);
}

TEST(no_stack_among_the_areas_is_zero_and_not_missing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH, "0x1-0x2 8192 load_module+0x1/0x2 pages=1 vmalloc N0=1\n");
	CHECK_VALUE(snap, VMALLOC_STACK, 0);
}

TEST(a_caller_whose_name_only_begins_like_a_stacks_is_another)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH,
		"0x1-0x2 8192 copy_process_args+0x1/0x2 pages=9 vmalloc\n"
		"0x3-0x4 8192 kernel_clone+0xa/0xb pages=4 vmalloc\n"
		"0x5-0x6 8192 0xffffffffc0ffee00 pages=2 vmalloc\n");
	CHECK_VALUE(snap, VMALLOC_STACK, 4 * 4096);
	CHECK_VALUE(snap, VMALLOC_AREAS, 15 * 4096);
}

TEST(an_area_of_impossible_size_is_skipped)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, vmallocinfo, PATH,
			  "0x1-0x2 8192 f+0x1/0x2 pages=9223372036854775807 vmalloc\n"
			  "0x1-0x2 8192 f+0x1/0x2 pages=1 vmalloc\n"),
		NO_ERROR);
	CHECK_VALUE(snap, VMALLOC_AREAS, 4096);
}

TEST(a_text_without_areas_is_not_vmallocinfo)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, vmallocinfo, PATH, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, vmallocinfo, PATH, "nothing here\n"), KT_ERR_PARSE);
	CHECK_STATE(snap, VMALLOC_AREAS, KT_ABSENT);
}

TEST(scrubbing_takes_the_addresses_and_leaves_the_sums)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	struct kt_text text = { (char *)areas, sizeof(areas) - 1, PATH };

	kt_source_vmallocinfo.scrub(&text, &clean);
	kt_buf_add(&clean, "", 1);
	CHECK(!strstr(clean.data, "0xffffb0a0c0") && !strstr(clean.data, "0xffffffffc02"));
	CHECK_INT(FEED(snap, vmallocinfo, PATH, clean.data), NO_ERROR);
	CHECK_VALUE(snap, VMALLOC_AREAS, 239 * 4096);
	CHECK_VALUE(snap, VMALLOC_STACK, 8 * 4096);
}
