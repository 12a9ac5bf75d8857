// SPDX-License-Identifier: GPL-2.0-or-later
//
// Totals, user memory and huge pages: what is contained in what.

#include "feed.h"
#include "test.h"

static void zones(struct kt_snapshot *snap, int64_t present, int64_t managed, int64_t free)
{
	put_entry(snap, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", present / 4096);
	put_entry(snap, KT_ZONE_MANAGED, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", managed / 4096);
	put_entry(snap, KT_NR_FREE, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", free / 4096);
}

/* ---- how much there is ---- */

TEST(the_zones_say_how_much_is_managed_and_meminfo_where_they_are_missing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *other = machine(4096);

	zones(snap, 4 * GIB, 3900 * MIB, GIB);
	meminfo_kb(snap, KT_MEM_TOTAL, 3900 * 1024);
	kt_derive(snap);
	CHECK_VALUE(snap, MANAGED, 3900 * MIB);
	CHECK_VALUE(snap, MANAGED_GAP, 0);
	meminfo_kb(other, KT_MEM_TOTAL, 3900 * 1024);
	kt_derive(other);
	CHECK_VALUE(other, MANAGED, 3900 * MIB);
	CHECK_STATE(other, MANAGED_GAP, KT_ABSENT);
}

TEST(without_any_total_there_is_no_managed_memory)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_MEM_FREE, 1000);
	kt_derive(snap);
	CHECK_STATE(snap, MANAGED, KT_ABSENT);
}

TEST(a_total_that_is_not_the_sum_of_the_zones_is_a_row_with_a_sign)
{
	static const int64_t gaps[] = { 40 * MIB, -40 * MIB, MIB };

	for (size_t i = 0; i < KT_LEN(gaps); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		zones(snap, 4 * GIB, 3900 * MIB, GIB);
		meminfo_kb(snap, KT_MEM_TOTAL, (3900 * MIB + gaps[i]) / 1024);
		meminfo_kb(snap, KT_MEM_FREE, GIB / 1024);
		kt_derive(snap);
		CHECK_VALUE(snap, MANAGED_GAP, gaps[i]);
		CHECK_STATE(snap, FREE_DEFERRED, KT_ABSENT);
		CHECK(any_note_has(snap, gaps[i] > 0 ? "more" : "less"));
	}
}

TEST(memory_that_is_not_initialised_yet_is_free_and_no_gap)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	zones(snap, 64 * GIB, 10 * GIB, 6 * GIB);
	meminfo_kb(snap, KT_MEM_TOTAL, 60 * GIB / 1024);
	meminfo_kb(snap, KT_MEM_FREE, 56 * GIB / 1024);
	kt_derive(snap);
	CHECK_VALUE(snap, FREE_DEFERRED, 50 * GIB);
	CHECK_VALUE(snap, MANAGED_GAP, 0);
	CHECK_VALUE(snap, MANAGED, 10 * GIB);
	CHECK_VALUE(snap, FREE_BUDDY, 6 * GIB);
}

TEST(the_meminfo_of_a_container_is_left_out_as_a_whole)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	zones(snap, 64 * GIB, 63 * GIB, 40 * GIB);
	meminfo_kb(snap, KT_MEM_TOTAL, 2 * GIB / 1024);
	meminfo_kb(snap, KT_CACHED, GIB / 1024);
	meminfo_kb(snap, KT_KERNEL_STACK, 77);
	vmstat_pages(snap, KT_SLAB_R, 1000);
	kt_derive(snap);
	CHECK_STATE(snap, KERNEL_STACK, KT_UNSUPPORTED);
	CHECK_STATE(snap, MEM_TOTAL, KT_UNSUPPORTED);
	CHECK_STATE(snap, PAGE_CACHE, KT_ABSENT);
	CHECK_STATE(snap, MANAGED_GAP, KT_ABSENT);
	CHECK_VALUE(snap, MANAGED, 63 * GIB);
	CHECK_VALUE(snap, SLAB_R, 1000 * 4096);
	CHECK(any_note_has(snap, "container"));
}

TEST(a_total_an_eighth_below_the_zones_is_of_another_machine)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	zones(snap, 64 * GIB, 60 * GIB, 40 * GIB);
	meminfo_kb(snap, KT_MEM_TOTAL, 52 * GIB / 1024);
	kt_derive(snap);
	CHECK_STATE(snap, MEM_TOTAL, KT_UNSUPPORTED);
	CHECK_STATE(snap, MANAGED_GAP, KT_ABSENT);
}

TEST(a_total_a_little_below_the_zones_is_not_a_containers)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	zones(snap, 64 * GIB, 60 * GIB, 40 * GIB);
	meminfo_kb(snap, KT_MEM_TOTAL, 55 * GIB / 1024);
	meminfo_kb(snap, KT_KERNEL_STACK, 77);
	kt_derive(snap);
	CHECK_VALUE(snap, KERNEL_STACK, 77 * 1024);
	CHECK_VALUE(snap, MANAGED_GAP, -5 * GIB);
}

TEST(free_pages_are_of_the_moment_of_the_user_pages_where_drift_is_unknown)
{
	static const struct {
		int64_t drift, meminfo, wanted;
	} cases[] = {
		{ -1, GIB + 300 * MIB, GIB + 300 * MIB },
		{ -1, GIB + MIB, GIB }, /* near enough: the zones have it exactly */
		{ 0, GIB + 300 * MIB, GIB },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		snap->drift_bytes = cases[i].drift;
		zones(snap, 4 * GIB, 3900 * MIB, GIB);
		meminfo_kb(snap, KT_MEM_TOTAL, 3900 * 1024);
		meminfo_kb(snap, KT_MEM_FREE, cases[i].meminfo / 1024);
		kt_derive(snap);
		CHECK_VALUE(snap, FREE_BUDDY, cases[i].wanted);
	}
}

TEST(how_far_zones_and_counters_disagree_bounds_what_moved_in_a_capture)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *alone = machine(4096);

	FEED(snap, vmstat, "proc/vmstat", "nr_free_pages 100\nnr_anon_pages 50\nnr_mapped 9\n");
	FEED(snap, zoneinfo, "proc/zoneinfo",
		"Node 0, zone Normal\n  per-node stats\n      nr_anon_pages 20\n"
		"  pages free 90\n"
		"Node 1, zone Normal\n  per-node stats\n      nr_anon_pages 33\n"
		"  pages free 8\n");
	kt_derive(snap);
	CHECK_INT(snap->skew_bytes, (2 + 3) * 4096);
	FEED(alone, vmstat, "proc/vmstat", "nr_free_pages 100\n");
	kt_derive(alone);
	CHECK_INT(alone->skew_bytes, -1);
}

TEST(free_cma_and_unaccepted_pages_are_inside_the_free_pages)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	zones(snap, 4 * GIB, 4 * GIB, GIB);
	vmstat_pages(snap, KT_CMA_FREE, 100 * MIB / 4096);
	vmstat_pages(snap, KT_UNACCEPTED, 200 * MIB / 4096);
	kt_derive(snap);
	CHECK_ROW(snap, "free_buddy", GIB - 300 * MIB);
}

TEST(present_memory_without_zones_comes_from_the_log_and_then_from_the_blocks)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *other = machine(4096);

	meminfo_kb(snap, KT_MEM_TOTAL, GIB / 1024);
	fact(snap, KT_BOOT_PRESENT, GIB + MIB);
	fact(snap, KT_BLOCKS_ONLINE, GIB + 128 * MIB);
	kt_derive(snap);
	CHECK_VALUE(snap, PRESENT, GIB + MIB);
	CHECK_INT(value(snap, KT_PRESENT).quality, KT_ESTIMATE);
	/* a log that says less than is managed is of another boot, or memory came later */
	meminfo_kb(other, KT_MEM_TOTAL, GIB / 1024);
	fact(other, KT_BOOT_PRESENT, GIB - MIB);
	fact(other, KT_BLOCKS_ONLINE, GIB + 128 * MIB);
	kt_derive(other);
	CHECK_VALUE(other, PRESENT, GIB + 128 * MIB);
	CHECK_INT(value(other, KT_PRESENT).quality, KT_UPPER_BOUND);
}

TEST(memory_taken_offline_leaves_its_struct_pages_behind)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	fact(snap, KT_BOOT_PRESENT, 4 * GIB);
	zones(snap, 4 * GIB - 128 * MIB, 4 * GIB - 328 * MIB, GIB);
	kt_derive(snap);
	CHECK_VALUE(snap, MEMMAP, 64 * MIB);
}

/* ---- user memory ---- */

TEST(shared_memory_is_inside_the_page_cache)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_CACHED, 1000);
	meminfo_kb(snap, KT_SHMEM, 300);
	kt_derive(snap);
	CHECK_ROW(snap, "page_cache", 700 * KIB);
	CHECK_INT(row_value(snap, "page_cache").quality, KT_EXACT);
}

TEST(page_cache_whose_shared_part_is_unknown_is_an_upper_bound)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_CACHED, 1000);
	kt_derive(snap);
	CHECK_ROW(snap, "page_cache", 1000 * KIB);
	CHECK_INT(row_value(snap, "page_cache").quality, KT_UPPER_BOUND);
}

TEST(the_file_pages_of_vmstat_have_buffers_and_swap_cache_inside)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	vmstat_pages(snap, KT_FILE_PAGES, 1000);
	vmstat_pages(snap, KT_SHMEM_BASE, 100);
	vmstat_pages(snap, KT_SWAP_CACHED, 50);
	meminfo_kb(snap, KT_BUFFERS, 30 * 4);
	kt_derive(snap);
	CHECK_ROW(snap, "page_cache", (1000 - 100 - 50 - 30) * 4096);
}

TEST(shared_memory_is_of_the_file_that_cached_is_of)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_CACHED, 1000);
	meminfo_kb(snap, KT_SHMEM, 300);
	vmstat_pages(snap, KT_SHMEM_BASE, 90); /* of another moment */
	kt_derive(snap);
	CHECK_ROW(snap, "page_cache", 700 * KIB);
	CHECK_VALUE(snap, SHMEM, 300 * KIB);
}

static void lru(struct kt_snapshot *snap, int64_t inactive_file_kb)
{
	meminfo_kb(snap, KT_ANON, 500);
	meminfo_kb(snap, KT_CACHED, 800);
	meminfo_kb(snap, KT_SHMEM, 0);
	meminfo_kb(snap, KT_BUFFERS, 100);
	meminfo_kb(snap, KT_SWAP_CACHED, 60);
	meminfo_kb(snap, KT_ACTIVE_ANON, 300);
	meminfo_kb(snap, KT_INACTIVE_ANON, 200);
	meminfo_kb(snap, KT_ACTIVE_FILE, 400);
	meminfo_kb(snap, KT_INACTIVE_FILE, inactive_file_kb);
	meminfo_kb(snap, KT_UNEVICTABLE, 10);
}

TEST(swap_cache_counts_only_where_the_lru_lists_hold_more_than_the_other_counters)
{
	static const struct {
		int64_t inactive_file_kb, only_kb;
	} cases[] = {
		{ 515, 25 },  /* 1425 on the lists, 1400 counted: 25 of 60 are mapped by nobody */
		{ 490, 0 },   /* all of it is mapped */
		{ 470, 0 },   /* the lists lag: never below nothing */
		{ 5000, 60 }, /* nor above the swap cache itself */
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		lru(snap, cases[i].inactive_file_kb);
		kt_derive(snap);
		CHECK_VALUE(snap, SWAP_CACHE_ONLY, cases[i].only_kb * KIB);
	}
}

TEST(isolated_pages_are_on_the_lists_for_this_purpose)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	lru(snap, 490);
	vmstat_pages(snap, KT_ISOLATED_FILE, 2);
	vmstat_pages(snap, KT_ISOLATED_ANON, 3);
	kt_derive(snap);
	CHECK_VALUE(snap, SWAP_CACHE_ONLY, 20 * KIB);
}

TEST(without_lru_lists_the_share_of_the_swap_cache_is_unknown_and_doubted)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_ANON, 500);
	meminfo_kb(snap, KT_CACHED, 800);
	meminfo_kb(snap, KT_SWAP_CACHED, 60);
	kt_derive(snap);
	CHECK_STATE(snap, SWAP_CACHE_ONLY, KT_UNSUPPORTED);
	CHECK_INT(kt_derive_doubt(snap, KT_NO_NODE, KT_SWAP_CACHE_ONLY), 60 * KIB);
}

TEST(no_swap_cache_needs_no_lru_lists)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_ANON, 500);
	meminfo_kb(snap, KT_CACHED, 800);
	meminfo_kb(snap, KT_SWAP_CACHED, 0);
	kt_derive(snap);
	CHECK_VALUE(snap, SWAP_CACHE_ONLY, 0);
	CHECK_INT(value(snap, KT_SWAP_CACHE_ONLY).quality, KT_EXACT);
}

TEST(anonymous_huge_pages_are_in_anonpages_and_not_in_an_old_nr_anon_pages)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *alone = machine(4096);

	vmstat_pages(snap, KT_ANON_BASE, 40 * MIB / 4096);
	meminfo_kb(snap, KT_ANON, 100 * 1024);
	meminfo_kb(snap, KT_ANON_HUGE, 60 * 1024);
	kt_derive(snap);
	CHECK_VALUE(snap, ANON, 100 * MIB);
	/* the counter alone can only be too low */
	vmstat_pages(alone, KT_ANON_BASE, 40 * MIB / 4096);
	kt_derive(alone);
	CHECK_VALUE(alone, ANON, 40 * MIB);
	CHECK_INT(value(alone, KT_ANON).quality, KT_LOWER_BOUND);
}

/* ---- huge pages ---- */

static void pool(struct kt_snapshot *snap, int node, int64_t page_bytes, int64_t total)
{
	struct kt_hugepool *slot = kt_list_push(&snap->arena, &snap->hugepools);

	*slot = (struct kt_hugepool){ node, page_bytes, total, 0, 0, 0 };
}

TEST(huge_pages_are_counted_over_the_pools_of_every_size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	pool(snap, KT_NO_NODE, 2 * MIB, 10);
	pool(snap, KT_NO_NODE, GIB, 3);
	pool(snap, KT_NO_NODE, 64 * KIB, -1); /* its file is missing */
	pool(snap, 0, GIB, 2);
	pool(snap, 1, GIB, 1);
	meminfo_kb(snap, KT_HUGE_TOTAL, 0);
	kt_derive(snap);
	kt_derive_node(snap, 0);
	CHECK_VALUE(snap, HUGETLB_POOLS, 20 * MIB + 3 * GIB);
	CHECK_INT(value_on(snap, KT_HUGETLB_POOLS, 0).value, 2 * GIB);
}

TEST(huge_pages_without_pools_come_from_meminfo_all_sizes_first)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *old = machine(4096);

	meminfo_kb(snap, KT_HUGETLB, GIB / 1024);
	put_entry(snap, KT_HUGE_TOTAL, KT_COUNT, KT_RANK_MEMINFO, "proc/meminfo", 5);
	meminfo_kb(snap, KT_HUGE_SIZE, 2048);
	kt_derive(snap);
	CHECK_VALUE(snap, HUGETLB_POOLS, GIB);
	put_entry(old, KT_HUGE_TOTAL, KT_COUNT, KT_RANK_MEMINFO, "proc/meminfo", 5);
	meminfo_kb(old, KT_HUGE_SIZE, 2048);
	kt_derive(old);
	CHECK_VALUE(old, HUGETLB_POOLS, 10 * MIB);
	CHECK_INT(value(old, KT_HUGETLB_POOLS).quality, KT_LOWER_BOUND);
}

TEST(pools_that_add_up_beyond_all_numbers_are_not_a_sum)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	for (int i = 0; i < 3; i++)
		pool(snap, KT_NO_NODE, GIB << i, INT64_MAX / (GIB << i));
	kt_derive(snap);
	CHECK(!kt_ok(value(snap, KT_HUGETLB_POOLS)));
}

/* ---- files that do not belong together ---- */

TEST(files_that_disagree_are_told_and_files_a_moment_apart_are_not)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *calm = machine(4096);

	vmstat_pages(snap, KT_SLAB_R, GIB / 4096);
	meminfo_kb(snap, KT_SLAB_R, 2 * GIB / 1024);
	kt_derive(snap);
	CHECK(any_note_has(snap, "different times or machines"));
	vmstat_pages(calm, KT_SLAB_R, GIB / 4096);
	meminfo_kb(calm, KT_SLAB_R, (GIB + 20 * MIB) / 1024);
	kt_derive(calm);
	CHECK_INT(calm->notes.count, 0);
}

/* ---- the time before the page allocator ---- */

TEST(an_initial_ram_disk_that_was_freed_is_not_kept)
{
	static const struct {
		int64_t freed, kept;
	} cases[] = { { 30 * MIB, 0 }, { 31 * MIB, 0 }, { 20 * MIB, 10 * MIB }, { -1, 30 * MIB } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		fact(snap, KT_INITRD, 30 * MIB);
		if (cases[i].freed >= 0)
			fact(snap, KT_BOOT_FREED_INITRD, cases[i].freed);
		kt_derive(snap);
		CHECK_VALUE(snap, INITRD_KEPT, cases[i].kept);
	}
}

TEST(the_memory_map_is_counted_before_it_is_calculated)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	zones(snap, 4 * GIB, 3900 * MIB, GIB);
	kt_derive(snap);
	CHECK_VALUE(snap, MEMMAP, 64 * MIB);
	CHECK_INT(value(snap, KT_MEMMAP).quality, KT_ESTIMATE);
	kt_snapshot_free(snap);
	snap = machine(4096);
	zones(snap, 4 * GIB, 3900 * MIB, GIB);
	vmstat_pages(snap, KT_MEMMAP_BOOT, 1000);
	fact(snap, KT_BOOT_MEMMAP_LINES, 77);
	kt_derive(snap);
	CHECK_VALUE(snap, MEMMAP, 1000 * 4096);
	CHECK_INT(value(snap, KT_MEMMAP).quality, KT_EXACT);
}

TEST(a_log_without_its_beginning_is_told)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	snap->log_cut = true;
	kt_derive(snap);
	CHECK(any_note_has(snap, "beginning of the kernel log is lost"));
}
