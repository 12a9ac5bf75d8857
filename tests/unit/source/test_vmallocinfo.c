// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "base/kernel_files.h"

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

/* ---- areas by caller, module and kind ---- */

static const struct kt_area *area_of(
	const struct kt_snapshot *snap, const char *caller, enum kt_area_kind kind)
{
	for (size_t i = 0; i < snap->areas.count; i++) {
		const struct kt_area *area = &snap->areas.items[i];

		if (area->kind == kind &&
			(caller ? area->caller && strcmp(area->caller, caller) == 0
				: !area->caller))
			return area;
	}
	return NULL;
}

#define CHECK_AREA(snap, caller, kind, count, size, pages)                           \
	do {                                                                         \
		const struct kt_area *found = area_of(snap, caller, KT_AREA_##kind); \
                                                                                     \
		if (CHECK(found)) {                                                  \
			CHECK_INT(found->nr_areas, count);                           \
			CHECK_INT(found->size_bytes, size);                          \
			CHECK_INT(found->nr_pages, pages);                           \
		}                                                                    \
	} while (0)

TEST(areas_of_one_place_and_kind_are_one_record)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH,
		"0x1-0x2 8192 f+0x1/0x9 pages=1 vmalloc N0=1\n"
		"0x2-0x3 12288 f+0x1/0x9 pages=2 vmalloc N0=1 N3=1\n"
		"0x3-0x4 8192 f+0x5/0x9 pages=1 vmalloc N0=1\n"
		"0x4-0x5 8192 f+0x1/0x9 [mod] pages=1 vmalloc N0=1\n"
		"0x5-0x6 8192 f+0x1/0x9 phys=0x00000000feb00000 ioremap\n");
	CHECK_INT(snap->areas.count, 4);
	CHECK_AREA(snap, "f+0x1/0x9", VMALLOC, 2, 20480, 3);
	CHECK_AREA(snap, "f+0x5/0x9", VMALLOC, 1, 8192, 1);
	CHECK_AREA(snap, "f+0x1/0x9", IOREMAP, 1, 8192, -1);
	CHECK(!snap->areas.items[0].module);
	CHECK_INT(snap->areas.items[0].nodes.count, 2);
	CHECK_INT(snap->areas.items[0].nodes.items[0].nr_pages, 2);
	CHECK_INT(snap->areas.items[0].nodes.items[1].node, 3);
	CHECK_STR(snap->areas.items[2].module, "mod");
}

TEST(every_kind_of_area_is_told)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH, areas);
	CHECK_AREA(snap, "irq_init_percpu_irqstack+0x105/0x170", VMAP, 1, 20480, -1);
	CHECK_AREA(snap, "acpi_os_map_iomem+0x1f1/0x220", IOREMAP, 1, 8192, -1);
	CHECK_AREA(snap, "dup_task_struct+0x5a/0x1b0", VMALLOC, 1, 20480, 4);
	CHECK_AREA(snap, NULL, UNPURGED, 1, 4096, -1);
	CHECK_AREA(snap, NULL, MAP_RAM, 1, 65536, -1);
	CHECK_AREA(snap, "dma_map+0x1/0x2", OTHER, 1, 36864, 8);
	FEED(snap, vmallocinfo, PATH,
		"0x1-0x2 8388608 pcpu_get_vm_areas+0x0/0xbe0 vmalloc\n"
		"0x1-0x2 8192 pcpu_mem_zalloc+0x48/0x70 pages=1 vmalloc\n"
		"0x1-0x2 8192 bpf_arena_map+0x1/0x2 sparse\n"
		"0x1-0x2 8192 dma_common_contiguous_remap+0x1/0x2 dma-coherent\n"
		"0x1-0x2 8192 rb_alloc+0x1/0x2 pages=1 vmalloc user\n"
		"0x1-0x2 8192 ringbuf+0x1/0x2 vmap user\n");
	CHECK_AREA(snap, "pcpu_get_vm_areas+0x0/0xbe0", PERCPU, 1, 8388608, -1);
	CHECK_AREA(snap, "pcpu_mem_zalloc+0x48/0x70", VMALLOC, 1, 8192, 1);
	CHECK_AREA(snap, "bpf_arena_map+0x1/0x2", SPARSE, 1, 8192, -1);
	CHECK_AREA(snap, "dma_common_contiguous_remap+0x1/0x2", DMA, 1, 8192, -1);
	CHECK_AREA(snap, "rb_alloc+0x1/0x2", VMALLOC, 1, 8192, 1);
	CHECK_AREA(snap, "ringbuf+0x1/0x2", VMAP, 1, 8192, -1);
}

TEST(stacks_are_known_by_their_caller)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH, areas);
	for (size_t i = 0; i < snap->areas.count; i++) {
		const char *caller = snap->areas.items[i].caller;

		CHECK_INT(snap->areas.items[i].is_stack,
			caller && strncmp(caller, "dup_task_struct", 15) == 0);
	}
}

TEST(an_area_without_a_caller_is_read_all_the_same)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH,
		"0x1-0x2 8192 pages=1 vmalloc N0=1\n"
		"0x1-0x2 8192 phys=0x1000 ioremap\n"
		"0x1-0x2 8192 vmap\n"
		"0x1-0x2 8192\n");
	CHECK_AREA(snap, NULL, VMALLOC, 1, 8192, 1);
	CHECK_AREA(snap, NULL, IOREMAP, 1, 8192, -1);
	CHECK_AREA(snap, NULL, VMAP, 1, 8192, -1);
	CHECK_AREA(snap, NULL, OTHER, 1, 8192, -1);
	CHECK_VALUE(snap, VMALLOC_AREAS, 4096);
}

TEST(a_function_named_like_a_kind_is_a_caller)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH,
		"0x1-0x2 8192 vmap+0x10/0x90 pages=1 vmalloc\n"
		"0x1-0x2 8192 ioremap+0x1/0x2 phys=1000 ioremap\n"
		"0x1-0x2 8192 N0x+0x1/0x2 pages=1 vmalloc\n");
	CHECK_AREA(snap, "vmap+0x10/0x90", VMALLOC, 1, 8192, 1);
	CHECK_AREA(snap, "ioremap+0x1/0x2", IOREMAP, 1, 8192, -1);
	CHECK_AREA(snap, "N0x+0x1/0x2", VMALLOC, 1, 8192, 1);
}

/* 2.6.28: physical addresses without 0x; 4.15: no addresses before there is entropy. */
TEST(addresses_may_be_plain_hashed_or_not_there)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH,
		"0xf7bfe000-0xf7c00000    8192 hpet_enable+0x2d/0x206 phys=fed00000 ioremap\n"
		"0x(____ptrval____)-0x(____ptrval____)    8192 f+0x1/0x2 pages=1 vmalloc N0=1\n"
		"0x(ptrval)-0x(ptrval)   12288 f+0x1/0x2 pages=2 vmalloc\n"
		"0x0000000000000000-0x0000000000000000    8192 f+0x1/0x2 pages=1 vmalloc\n");
	CHECK_AREA(snap, "f+0x1/0x2", VMALLOC, 3, 28672, 4);
	CHECK_AREA(snap, "hpet_enable+0x2d/0x206", IOREMAP, 1, 8192, -1);
}

TEST(what_is_no_line_of_vmallocinfo_is_skipped)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH,
		"0x1-0x2 size f+0x1/0x2 pages=1 vmalloc\n"
		"0x1-0x2 99999999999999999999 f+0x1/0x2 pages=1 vmalloc\n"
		"0x1-0x2\n\n"
		"f+0x1/0x2 pages=1 vmalloc\n"
		"0x1-0x2 8192 f+0x1/0x2 pages=1 vmalloc\n");
	CHECK_INT(snap->areas.count, 1);
	CHECK_INT(snap->areas.items[0].nr_areas, 1);
}

TEST(names_of_callers_are_safe_to_print)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmallocinfo, PATH,
		"0x1-0x2 8192 f\x1b[31m\xff+0x1/0x2 [m\x07\"] pages=1 vmalloc\n");
	CHECK_STR(snap->areas.items[0].caller, "f?[31m?+0x1/0x2");
	CHECK_STR(snap->areas.items[0].module, "m?\"");
}

TEST(a_sum_of_addresses_that_is_too_large_is_not_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (int i = 0; i < 1100; i++)
		kt_buf_puts(&text, "0x1-0x2 9007199254740992 f+0x1/0x2 pages=1 vmalloc\n");
	feed_bytes(snap, &kt_source_vmallocinfo, PATH, text.data, text.size);
	CHECK_AREA(snap, "f+0x1/0x2", VMALLOC, 1100, -1, 1100);
	CHECK_VALUE(snap, VMALLOC_AREAS, 1100 * 4096);
}

TEST(more_callers_than_a_kernel_has_are_one_and_no_page_is_lost)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	int64_t nr_areas = 0, nr_pages = 0;

	for (int i = 0; i < 20000; i++)
		kt_buf_printf(&text, "0x1-0x2 8192 f%d+0x1/0x2 pages=1 vmalloc\n", i);
	kt_buf_puts(&text, "0x1-0x2 8192 f0+0x1/0x2 pages=1 vmalloc\n"
			   "0x1-0x2 8192 fork_idle+0x1/0x2 pages=1 vmalloc\n");
	feed_bytes(snap, &kt_source_vmallocinfo, PATH, text.data, text.size);
	CHECK(snap->areas.count < 17000);
	for (size_t i = 0; i < snap->areas.count; i++) {
		nr_areas += snap->areas.items[i].nr_areas;
		nr_pages += snap->areas.items[i].nr_pages;
	}
	CHECK_INT(nr_areas, 20002);
	CHECK_INT(nr_pages, 20002);
	CHECK_AREA(snap, "f0+0x1/0x2", VMALLOC, 2, 16384, 2);
	CHECK(area_of(snap, "(other callers)", KT_AREA_VMALLOC));
	CHECK_VALUE(snap, VMALLOC_AREAS, 20002 * 4096);
	CHECK_VALUE(snap, VMALLOC_STACK, 4096);
}

TEST(nodes_beyond_any_machine_are_not_kept)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_buf_puts(&text, "0x1-0x2 8192 f+0x1/0x2 pages=1 vmalloc N99999=1");
	for (int i = 0; i < 200; i++)
		kt_buf_printf(&text, " N%d=1", i);
	feed_bytes(snap, &kt_source_vmallocinfo, PATH, text.data, text.size);
	CHECK_INT(snap->areas.items[0].nodes.count, 64);
}

TEST(condensed_areas_are_read_to_the_same_sums)
{
	static const char text[] =
		"0x1-0x2 20480 kernel_clone+0x9c/0x3a0 pages=4 vmalloc N0=4\n"
		"0x1-0x2 20480 kernel_clone+0x9c/0x3a0 pages=4 vmalloc N0=1 N1=3\n"
		"0x1-0x2 8192 foo+0x1/0x2 [mod] pages=1 vmalloc N1=1\n"
		"0x1-0x2 4194304 pcpu_get_vm_areas+0x0/0x1 vmalloc\n"
		"0x1-0x2 4096 unpurged vm_area\n0x1-0x2 8192 unpurged vm_area\n"
		"0x1-0x2 12288 acpi_os_map_iomem+0x1/0x2 phys=0x1 ioremap\n";
	KT_CLEANUP(snapshot) struct kt_snapshot *whole = machine(4096), *again = machine(4096);
	KT_CLEANUP(buf) struct kt_buf condensed = { 0 };
	struct kt_text from = { (char *)text, sizeof(text) - 1, "proc/vmallocinfo" };

	kt_source_vmallocinfo.condense(&from, &condensed);
	kt_buf_add(&condensed, "", 1);
	CHECK(strstr(condensed.data, "pages=8 vmalloc areas=2 N0=5 N1=3\n") != NULL);
	FEED(whole, vmallocinfo, "proc/vmallocinfo", text);
	FEED(again, vmallocinfo, "proc/vmallocinfo", condensed.data);
	CHECK_INT(again->areas.count, whole->areas.count);
	for (size_t i = 0; i < whole->areas.count && i < again->areas.count; i++) {
		CHECK_INT(again->areas.items[i].nr_areas, whole->areas.items[i].nr_areas);
		CHECK_INT(again->areas.items[i].nr_pages, whole->areas.items[i].nr_pages);
		CHECK_INT(again->areas.items[i].size_bytes, whole->areas.items[i].size_bytes);
		CHECK_INT(again->areas.items[i].kind, whole->areas.items[i].kind);
	}
	CHECK_VALUE(again, VMALLOC_AREAS, 9 * 4096);
	CHECK_VALUE(again, VMALLOC_STACK, 8 * 4096);
}

static struct kt_stream *stream_of(const struct kt_buf *text)
{
	struct kt_stream *stream = NULL;

	kt_err_free(kt_stream_of_span((struct kt_span){ text->data, text->size }, PATH, &stream));
	return stream;
}

/* More callers than are kept apart, in many pieces: names outlive the piece they came in. */
TEST(pieces_are_read_to_the_sums_of_the_whole)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *whole = machine(4096), *pieces = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 }, from_whole = { 0 }, from_pieces = { 0 };
	struct kt_stream *stream;

	for (int i = 0; i < 60000; i++)
		kt_buf_printf(&text, "0x1-0x2 8192 f\xc3%d+0x1/0x2 [m%d] pages=1 vmalloc N0=1\n",
			i % 20000, i % 7);
	CHECK(text.size > 8u * KT_STREAM_PIECE);
	feed_bytes(whole, &kt_source_vmallocinfo, PATH, text.data, text.size);
	stream = stream_of(&text);
	CHECK(stream && !kt_source_vmallocinfo.take(pieces, PATH, stream));
	kt_stream_free(stream);
	kt_source_vmallocinfo.keep(whole, &from_whole);
	kt_source_vmallocinfo.keep(pieces, &from_pieces);
	CHECK(from_whole.size > 0 && from_whole.size == from_pieces.size &&
		memcmp(from_whole.data, from_pieces.data, from_whole.size) == 0);
	CHECK_VALUE(pieces, VMALLOC_AREAS, 60000 * 4096);
}

TEST(a_list_that_cannot_be_read_to_its_end_is_none)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_stream *stream;
	struct kt_err *err;

	kt_buf_puts(&text, "no line of an area\n");
	stream = stream_of(&text);
	err = stream ? kt_source_vmallocinfo.take(snap, PATH, stream) : NULL;
	CHECK_INT(kt_err_code(err), KT_ERR_PARSE);
	CHECK_INT(snap->areas.count, 0);
	kt_err_free(err);
	kt_stream_free(stream);
}

TEST(names_that_no_kernel_has_are_cut)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_buf_puts(&text, "0x1-0x2 8192 ");
	for (int i = 0; i < 100000; i++)
		kt_buf_puts(&text, "x");
	kt_buf_puts(&text, " pages=1 vmalloc\n");
	feed_bytes(snap, &kt_source_vmallocinfo, PATH, text.data, text.size);
	CHECK_INT(snap->areas.count, 1);
	CHECK_INT(strlen(snap->areas.items[0].caller), 1024);
	CHECK_VALUE(snap, VMALLOC_AREAS, 4096);
}

#define LOST KT_LIST_CUT "9 vmalloc areas were found; others are damaged or not in the dump\n"

static void check_partial(const char *text, size_t size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	feed_bytes(snap, &kt_source_vmallocinfo, PATH, text, size);
	CHECK(snap->areas_partial);
	CHECK_INT(snap->notes.count, 1);
	CHECK_INT(kt_snapshot_get(snap, KT_VMALLOC_AREAS, KT_NO_NODE).quality, KT_LOWER_BOUND);
	CHECK_INT(kt_snapshot_get(snap, KT_VMALLOC_STACK, KT_NO_NODE).quality, KT_LOWER_BOUND);
	CHECK_VALUE(snap, VMALLOC_AREAS, (4 + 4 + 224 + 7) * 4096);
}

TEST(sums_of_a_list_that_is_not_whole_are_lower_bounds)
{
	static const char partial[] = "0x0-0x5000   20480 f+0x1/0x2 pages=239 vmalloc\n" LOST LOST;
	const struct kt_text text = { (char *)partial, sizeof(partial) - 1, PATH, false };
	KT_CLEANUP(buf) struct kt_buf scrubbed = { 0 }, condensed = { 0 };
	KT_CLEANUP(snapshot) struct kt_snapshot *whole = machine(4096);

	check_partial(partial, sizeof(partial) - 1);
	kt_source_vmallocinfo.scrub(&text, &scrubbed);
	check_partial(scrubbed.data, scrubbed.size);
	kt_source_vmallocinfo.condense(&text, &condensed);
	check_partial(condensed.data, condensed.size);
	CHECK_INT(FEED(whole, vmallocinfo, PATH, areas), NO_ERROR);
	CHECK(!whole->areas_partial);
	CHECK_INT(kt_snapshot_get(whole, KT_VMALLOC_AREAS, KT_NO_NODE).quality, KT_EXACT);
}
