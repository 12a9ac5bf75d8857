// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel memory whose counters overlap or lie.

#include "feed.h"
#include "test.h"

/* ---- vmalloc ---- */

static struct kt_snapshot *vmalloc(int64_t used, int64_t chunk, int64_t areas)
{
	struct kt_snapshot *snap = machine(4096);

	if (used >= 0)
		meminfo_kb(snap, KT_VMALLOC_USED, used / 1024);
	if (chunk >= 0)
		meminfo_kb(snap, KT_VMALLOC_CHUNK, chunk / 1024);
	if (areas >= 0)
		put_entry(snap, KT_VMALLOC_AREAS, KT_PAGES, KT_RANK_FIRST, "proc/vmallocinfo",
			areas / 4096);
	kt_derive(snap);
	return snap;
}

TEST(vmalloc_is_what_the_counter_says_where_the_areas_do_not_contradict)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *alone = vmalloc(100 * MIB, 0, -1);
	KT_CLEANUP(snapshot) struct kt_snapshot *both = vmalloc(100 * MIB, 0, 101 * MIB);
	KT_CLEANUP(snapshot) struct kt_snapshot *fewer = vmalloc(100 * MIB, 0, 60 * MIB);

	CHECK_VALUE(alone, VMALLOC, 100 * MIB);
	CHECK_VALUE(both, VMALLOC, 100 * MIB);
	CHECK_VALUE(fewer, VMALLOC, 100 * MIB);
}

TEST(a_counter_below_what_the_areas_hold_is_wrong_and_the_areas_are_believed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = vmalloc(100 * MIB, 0, 160 * MIB);

	CHECK_VALUE(snap, VMALLOC, 160 * MIB);
	CHECK(any_note_has(snap, "VmallocUsed"));
}

TEST(a_counter_wrapped_below_zero_gives_way_to_the_areas)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *alone = machine(4096);
	static const char text[] = "VmallocUsed:    18446744073709549568 kB\nVmallocChunk: 0 kB\n";

	FEED(snap, meminfo, "proc/meminfo", text);
	put_entry(snap, KT_VMALLOC_AREAS, KT_PAGES, KT_RANK_FIRST, "proc/vmallocinfo", 500);
	kt_derive(snap);
	CHECK_VALUE(snap, VMALLOC, 500 * 4096);
	FEED(alone, meminfo, "proc/meminfo", text);
	kt_derive(alone);
	CHECK_STATE(alone, VMALLOC, KT_BAD);
}

TEST(a_constant_zero_is_no_measurement)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *alone = vmalloc(0, 0, -1);
	KT_CLEANUP(snapshot) struct kt_snapshot *both = vmalloc(0, 0, 70 * MIB);

	CHECK_STATE(alone, VMALLOC, KT_UNSUPPORTED);
	CHECK_VALUE(both, VMALLOC, 70 * MIB);
}

TEST(address_space_is_not_memory)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *alone = vmalloc(300 * MIB, 33 * GIB, -1);
	KT_CLEANUP(snapshot) struct kt_snapshot *both = vmalloc(300 * MIB, 33 * GIB, 20 * MIB);

	CHECK_STATE(alone, VMALLOC, KT_UNSUPPORTED);
	CHECK_VALUE(both, VMALLOC, 20 * MIB);
}

static struct kt_snapshot *undercounted(
	int64_t used, int64_t areas, enum kt_quality quality, bool yes)
{
	struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_VMALLOC_USED, used / 1024);
	if (areas >= 0)
		kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_VMALLOC_AREAS,
					      .node = KT_NO_NODE,
					      .unit = KT_PAGES,
					      .quality = quality,
					      .raw = areas / 4096,
					      .path = "proc/vmallocinfo",
					      .field = "pages=" });
	put_entry(snap, KT_VMALLOC_UNDERCOUNTS, KT_COUNT, KT_RANK_FIRST, "sys/module/i915", yes);
	kt_derive(snap);
	return snap;
}

TEST(a_counter_that_is_known_to_be_right_is_believed_whatever_the_areas_hold)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = undercounted(100 * MIB, 400 * MIB, KT_EXACT, false);

	CHECK_VALUE(snap, VMALLOC, 100 * MIB);
	CHECK_INT(value(snap, KT_VMALLOC).quality, KT_EXACT);
	CHECK(!any_note_has(snap, "VmallocUsed"));
}

TEST(a_counter_that_a_driver_makes_too_small_gives_way_to_the_areas_or_is_a_lower_bound)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *areas = undercounted(100 * MIB, 100 * MIB + 8192, KT_EXACT, true);
	KT_CLEANUP(snapshot)
	struct kt_snapshot *alone = undercounted(100 * MIB, -1, KT_EXACT, true);

	CHECK_VALUE(areas, VMALLOC, 100 * MIB + 8192);
	CHECK_INT(value(areas, KT_VMALLOC).quality, KT_EXACT);
	CHECK_VALUE(alone, VMALLOC, 100 * MIB);
	CHECK_INT(value(alone, KT_VMALLOC).quality, KT_LOWER_BOUND);
}

/* A thousand threads have ended since the recording last had the areas. */
TEST(areas_of_an_earlier_moment_never_overrule_the_counter)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = undercounted(100 * MIB, 160 * MIB, KT_ESTIMATE, true);
	KT_CLEANUP(snapshot) struct kt_snapshot *none = machine(4096);

	CHECK_VALUE(snap, VMALLOC, 100 * MIB);
	CHECK_INT(value(snap, KT_VMALLOC).quality, KT_LOWER_BOUND);
	meminfo_kb(none, KT_VMALLOC_USED, 0);
	FEED(none, vmallocinfo, "proc/vmallocinfo",
		"0x0-0x0 8192 f+0x1/0x2 pages=500 vmalloc areas=1\n");
	kt_derive(none);
	CHECK_VALUE(none, VMALLOC, 500 * 4096);
	CHECK_INT(value(none, KT_VMALLOC).quality, KT_ESTIMATE);
}

TEST(a_counter_below_the_stacks_in_it_is_wrong)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *slab = machine(4096);

	meminfo_kb(snap, KT_VMALLOC_USED, 9 * MIB / 1024);
	meminfo_kb(snap, KT_KERNEL_STACK, 10 * MIB / 1024);
	put_entry(snap, KT_STACK_VMAPPED, KT_COUNT, KT_RANK_FIRST, "sys/kernel/btf/vmlinux", 1);
	kt_derive(snap);
	CHECK_STATE(snap, VMALLOC, KT_BAD);
	meminfo_kb(slab, KT_VMALLOC_USED, 9 * MIB / 1024);
	meminfo_kb(slab, KT_KERNEL_STACK, 10 * MIB / 1024);
	put_entry(slab, KT_STACK_VMAPPED, KT_COUNT, KT_RANK_FIRST, "sys/kernel/btf/vmlinux", 0);
	kt_derive(slab);
	CHECK_VALUE(slab, VMALLOC, 9 * MIB);
}

/* ---- stacks ---- */

enum { UNKNOWN = -1 };

struct stacks {
	int64_t page_bytes, vmalloc_used, stack_areas, vmapped, slab_stacks;
};

static struct kt_snapshot *stacks(struct stacks facts)
{
	struct kt_snapshot *snap = machine(facts.page_bytes);

	meminfo_kb(snap, KT_KERNEL_STACK, 10 * MIB / 1024);
	if (facts.vmalloc_used != UNKNOWN)
		meminfo_kb(snap, KT_VMALLOC_USED, facts.vmalloc_used / 1024);
	if (facts.stack_areas != UNKNOWN) {
		fact(snap, KT_VMALLOC_STACK, facts.stack_areas);
		fact(snap, KT_VMALLOC_AREAS, facts.vmalloc_used);
	}
	if (facts.vmapped != UNKNOWN)
		put_entry(snap, KT_STACK_VMAPPED, KT_COUNT, KT_RANK_FIRST, "sys/kernel/btf/vmlinux",
			facts.vmapped);
	if (facts.slab_stacks != UNKNOWN)
		fact(snap, KT_SLAB_STACKS, facts.slab_stacks);
	kt_derive(snap);
	return snap;
}

TEST(stacks_from_vmalloc_are_inside_its_counter)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *by_areas =
		stacks((struct stacks){ 4096, 60 * MIB, 12 * MIB, UNKNOWN, UNKNOWN });
	KT_CLEANUP(snapshot)
	struct kt_snapshot *by_type =
		stacks((struct stacks){ 4096, 60 * MIB, UNKNOWN, 1, UNKNOWN });

	CHECK_VALUE(by_areas, STACKS_IN_VMALLOC, 10 * MIB);
	CHECK_VALUE(by_areas, STACKS_IN_SLAB, 0);
	CHECK_INT(value(by_areas, KT_STACKS_IN_VMALLOC).quality, KT_EXACT);
	CHECK_VALUE(by_type, STACKS_IN_VMALLOC, 10 * MIB);
	CHECK_INT(value(by_type, KT_STACKS_IN_VMALLOC).quality, KT_EXACT);
}

TEST(stacks_straight_from_the_page_allocator_are_in_no_other_counter)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *by_areas = stacks((struct stacks){ 4096, 60 * MIB, 0, 0, 0 });
	KT_CLEANUP(snapshot)
	struct kt_snapshot *by_type =
		stacks((struct stacks){ 4096, 60 * MIB, UNKNOWN, 0, UNKNOWN });

	CHECK_VALUE(by_areas, STACKS_IN_VMALLOC, 0);
	CHECK_VALUE(by_areas, STACKS_IN_SLAB, 0);
	CHECK_VALUE(by_type, STACKS_IN_VMALLOC, 0);
	CHECK_VALUE(by_type, STACKS_IN_SLAB, 0);
}

TEST(stacks_smaller_than_a_page_are_in_slab)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *by_cache = stacks((struct stacks){ 65536, 60 * MIB, 0, 0, 12 * MIB });
	KT_CLEANUP(snapshot)
	struct kt_snapshot *by_size =
		stacks((struct stacks){ 65536, 60 * MIB, UNKNOWN, 0, UNKNOWN });

	CHECK_VALUE(by_cache, STACKS_IN_SLAB, 10 * MIB);
	CHECK_VALUE(by_cache, STACKS_IN_VMALLOC, 0);
	CHECK_VALUE(by_size, STACKS_IN_SLAB, 10 * MIB);
}

TEST(stacks_of_an_unknown_place_are_assumed_in_vmalloc_and_doubted)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		stacks((struct stacks){ 4096, 60 * MIB, UNKNOWN, UNKNOWN, UNKNOWN });
	KT_CLEANUP(snapshot)
	struct kt_snapshot *too_small =
		stacks((struct stacks){ 4096, 4 * MIB, UNKNOWN, UNKNOWN, UNKNOWN });

	CHECK_VALUE(snap, STACKS_IN_VMALLOC, 10 * MIB);
	CHECK_INT(value(snap, KT_STACKS_IN_VMALLOC).quality, KT_ESTIMATE);
	CHECK_INT(kt_derive_doubt(snap, KT_NO_NODE, KT_VMALLOC), 10 * MIB);
	CHECK_VALUE(too_small, STACKS_IN_VMALLOC, 0);
}

TEST(a_slabinfo_without_a_stack_cache_does_not_keep_stacks_out_of_vmalloc)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = stacks((struct stacks){ 4096, 60 * MIB, UNKNOWN, UNKNOWN, 0 });

	/* no file says that they are not there, so it is the same doubt as without slabinfo */
	CHECK_VALUE(snap, STACKS_IN_VMALLOC, 10 * MIB);
	CHECK_INT(kt_derive_doubt(snap, KT_NO_NODE, KT_VMALLOC), 10 * MIB);
}

/* ---- per-CPU memory ---- */

static struct kt_snapshot *percpu(
	int64_t all_pages, int64_t unit_pages, int64_t units, int64_t possible)
{
	struct kt_snapshot *snap = machine(4096);

	snap->host.nr_cpus_possible = possible;
	meminfo_kb(snap, KT_PERCPU, all_pages * 4);
	if (unit_pages)
		put_entry(snap, KT_PERCPU_FIRST_UNIT, KT_PAGES, KT_RANK_FIRST, "log", unit_pages);
	if (units)
		put_entry(snap, KT_PERCPU_UNITS, KT_COUNT, KT_RANK_FIRST, "log", units);
	kt_derive(snap);
	return snap;
}

TEST(the_first_chunk_is_inside_percpu_and_outside_memtotal)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = percpu(4 * 60 + 4 * 25, 60, 0, 4);

	CHECK_VALUE(snap, PERCPU_FIRST, 4 * 60 * 4096);
	CHECK_VALUE(snap, PERCPU_DYNAMIC, 4 * 25 * 4096);
	CHECK_INT(value(snap, KT_PERCPU_DYNAMIC).quality, KT_EXACT);
}

TEST(a_unit_without_a_cpu_holds_no_memory)
{
	/* three CPUs in chunks of four units: Percpu counts the fourth, nobody has it */
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = percpu(4 * 60 + 4 * 25, 60, 4, 3);

	CHECK_VALUE(snap, PERCPU_FIRST, 3 * 60 * 4096);
	CHECK_VALUE(snap, PERCPU_DYNAMIC, 3 * 25 * 4096);
}

TEST(percpu_with_its_first_chunk_is_an_upper_bound_and_doubted)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = percpu(340, 0, 0, 4);

	CHECK_VALUE(snap, PERCPU_DYNAMIC, 340 * 4096);
	CHECK_INT(value(snap, KT_PERCPU_DYNAMIC).quality, KT_UPPER_BOUND);
	CHECK_INT(kt_derive_doubt(snap, KT_NO_NODE, KT_PERCPU_DYNAMIC), 340 * 4096);
	CHECK_STATE(snap, PERCPU_FIRST, KT_ABSENT);
}

TEST(percpu_below_its_first_chunk_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = percpu(200, 60, 0, 4);

	CHECK_STATE(snap, PERCPU_DYNAMIC, KT_BAD);
	CHECK_STATE(snap, PERCPU_FIRST, KT_ABSENT);
}

TEST(a_node_has_no_percpu_number)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = percpu(340, 60, 0, 4);

	kt_derive_node(snap, 0);
	CHECK_INT(value_on(snap, KT_PERCPU_DYNAMIC, 0).state, KT_UNSUPPORTED);
}

/* ---- large kmalloc ---- */

static struct kt_snapshot *slab(int64_t reclaimable, int64_t unreclaimable, int64_t caches)
{
	struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_SLAB_R, reclaimable / 1024);
	meminfo_kb(snap, KT_SLAB_U, unreclaimable / 1024);
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_SLABINFO,
				      .node = KT_NO_NODE,
				      .quality = KT_UPPER_BOUND,
				      .raw = caches,
				      .path = "proc/slabinfo" });
	kt_derive(snap);
	return snap;
}

TEST(large_kmalloc_is_slab_beyond_all_caches_and_a_lower_bound)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = slab(100 * MIB, 50 * MIB, 130 * MIB);

	CHECK_VALUE(snap, KMALLOC_LARGE, 20 * MIB);
	CHECK_INT(value(snap, KT_KMALLOC_LARGE).quality, KT_LOWER_BOUND);
}

TEST(caches_that_hold_more_than_slab_tell_nothing_about_large_kmalloc)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = slab(100 * MIB, 50 * MIB, 151 * MIB);

	CHECK_STATE(snap, KMALLOC_LARGE, KT_UNSUPPORTED);
}

TEST(large_kmalloc_beyond_unreclaimable_slab_is_of_another_machine)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = slab(100 * MIB, 50 * MIB, 40 * MIB);

	CHECK_STATE(snap, KMALLOC_LARGE, KT_UNSUPPORTED);
}

TEST(slab_that_is_not_split_is_still_slab)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *old = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *split = slab(100 * MIB, 50 * MIB, 150 * MIB);

	meminfo_kb(old, KT_SLAB, 7 * 1024);
	kt_derive(old);
	CHECK_VALUE(old, SLAB_UNSPLIT, 7 * MIB);
	CHECK_STATE(split, SLAB_UNSPLIT, KT_ABSENT);
}

TEST(zswap_is_inside_zsmalloc_but_for_what_is_larger)
{
	static const struct {
		int64_t zsmalloc_mib, outside_mib;
	} cases[] = { { 8, 0 }, { 5, 0 }, { 3, 2 }, { 0, 5 }, { -1, 5 } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		meminfo_kb(snap, KT_ZSWAP, 5 * 1024);
		if (cases[i].zsmalloc_mib >= 0)
			vmstat_pages(snap, KT_ZSPAGES, cases[i].zsmalloc_mib * 256);
		kt_derive(snap);
		CHECK_ROW(snap, "zswap", cases[i].outside_mib * MIB);
	}
}

TEST(zswap_in_another_allocator_is_outside_however_much_zram_has_in_zsmalloc)
{
	static const struct {
		int64_t inside, outside_mib;
	} cases[] = { { 0, 24 }, { 1, 0 } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		meminfo_kb(snap, KT_ZSWAP, 24 * 1024);
		fact(snap, KT_ZSPAGES, 32 * MIB);
		put_entry(snap, KT_ZSWAP_IN_ZSMALLOC, KT_COUNT, KT_RANK_FIRST, "zpool",
			cases[i].inside);
		kt_derive(snap);
		CHECK_ROW(snap, "zswap", cases[i].outside_mib * MIB);
		CHECK_INT(row_value(snap, "zswap").quality, KT_EXACT);
	}
}

/* ---- balloon ---- */

static struct kt_snapshot *balloon(int64_t present, int64_t inside)
{
	struct kt_snapshot *snap = machine(4096);

	put_entry(snap, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", present / 4096);
	put_entry(snap, KT_ZONE_MANAGED, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", GIB / 4096);
	vmstat_pages(snap, KT_BALLOON_INFLATE, 300 * MIB / 4096);
	vmstat_pages(snap, KT_BALLOON_DEFLATE, 100 * MIB / 4096);
	if (inside >= 0)
		put_entry(snap, KT_BALLOON_INSIDE, KT_COUNT, KT_RANK_FIRST, "features", inside);
	kt_derive(snap);
	return snap;
}

TEST(a_balloon_is_what_was_inflated_and_not_deflated_inside_or_outside)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *outside = balloon(2 * GIB, 0);
	KT_CLEANUP(snapshot) struct kt_snapshot *inside = balloon(2 * GIB, 1);

	CHECK_VALUE(outside, BALLOON_OUT, 200 * MIB);
	CHECK_VALUE(outside, BALLOON_IN, 0);
	CHECK_VALUE(inside, BALLOON_OUT, 0);
	CHECK_VALUE(inside, BALLOON_IN, 200 * MIB);
	CHECK_INT(value(inside, KT_BALLOON_OUT).quality, KT_EXACT);
}

TEST(a_balloon_of_an_unknown_place_is_assumed_outside_and_doubted)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = balloon(2 * GIB, -1);

	CHECK_VALUE(snap, BALLOON_OUT, 200 * MIB);
	CHECK_INT(value(snap, KT_BALLOON_OUT).quality, KT_ESTIMATE);
	CHECK_INT(kt_derive_doubt(snap, KT_NO_NODE, KT_BALLOON_OUT), 200 * MIB);
}

TEST(a_balloon_larger_than_what_is_outside_must_be_inside)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = balloon(GIB + 100 * MIB, -1);

	CHECK_VALUE(snap, BALLOON_OUT, 0);
	CHECK_VALUE(snap, BALLOON_IN, 200 * MIB);
}

TEST(the_drivers_own_number_is_outside)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	fact(snap, KT_BALLOON_DRIVER, 77 * MIB);
	vmstat_pages(snap, KT_BALLOON, 1);
	kt_derive(snap);
	CHECK_VALUE(snap, BALLOON_OUT, 77 * MIB);
}
