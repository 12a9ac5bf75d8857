// SPDX-License-Identifier: GPL-2.0-or-later
//
// Each what-if on a machine whose numbers were worked out by hand.

#include "computed.h"

#include <string.h>

TEST(nothing_is_known_of_a_machine_without_numbers)
{
	for (size_t i = 0; i < kt_nr_whatifs; i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		struct computed computed;

		compute(kt_whatifs[i], snap, &computed);
		check_unknown(&computed);
		kt_arena_fini(&computed.arena);
		snap->host.page_bytes = KT_UNKNOWN;
		compute(kt_whatifs[i], snap, &computed);
		check_unknown(&computed);
		kt_arena_fini(&computed.arena);
	}
}

TEST(names_are_found_and_sorted)
{
	for (size_t i = 0; i < kt_nr_whatifs; i++) {
		CHECK(kt_whatif_find(kt_whatifs[i]->name) == kt_whatifs[i]);
		CHECK(!i || strcmp(kt_whatifs[i - 1]->name, kt_whatifs[i]->name) < 0);
	}
	CHECK(!kt_whatif_find("none"));
}

/* ---- hash tables ---- */

static void put_hash(struct kt_snapshot *snap, const char *name, int64_t entries, int64_t bytes)
{
	struct kt_hash *hash = kt_list_push(&snap->arena, &snap->hashes);

	*hash = (struct kt_hash){ .name = name, .entries = entries, .size_bytes = bytes };
}

/*
 * 70,000 dentries need 131,072 entries of 8 bytes: 8 MiB less 1 MiB. 100 inodes need the least
 * table, 512 entries: 64 KiB less 4 KiB. The number of sockets is not known.
 */
TEST(hash_tables_get_an_entry_for_each_object)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	put_hash(snap, "Dentry cache", 1 << 20, 8 << 20);
	put_hash(snap, "Inode-cache", 8192, 65536);
	put_hash(snap, "TCP established", 8192, 65536);
	snap->dcache.nr_dentry = 70000;
	snap->dcache.nr_inodes = 100;
	snap->sockets.tcp = 5;
	compute(&kt_whatif_hash, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 7 * MIB + 60 * KIB);
	CHECK_INT(computed.result.now_bytes, 8 * MIB + 128 * KIB);
	CHECK_INT(computed.result.parts.count, 2);
	CHECK_INT(computed.result.parts.items[0].count, 131072);
	CHECK_STR(computed.result.parts.items[0].how, "dhash_entries=131072 at boot");
	kt_arena_fini(&computed.arena);
}

/* The recording had 300,000 dentries: 524,288 entries; the largest of two numbers of inodes. */
TEST(hash_tables_have_room_for_the_most_of_a_recording)
{
	static const struct kt_hash_peak peaks[] = { { "Dentry cache", 300000 },
		{ "Inode-cache", 50 }, { "Inode-cache", 700 } };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	put_hash(snap, "Dentry cache", 1 << 20, 8 << 20);
	put_hash(snap, "Inode-cache", 8192, 65536);
	snap->dcache.nr_dentry = 70000;
	snap->dcache.nr_inodes = 100;
	for (size_t i = 0; i < KT_LEN(peaks); i++) {
		struct kt_hash_peak *peak = kt_list_push(&snap->arena, &snap->hash_peaks);

		*peak = peaks[i];
	}
	compute(&kt_whatif_hash, snap, &computed);
	/* 4 MiB less, and 1,024 entries of 8 bytes instead of 8,192 */
	check(&computed, KT_UPPER_BOUND, 4 * MIB + 56 * KIB);
	CHECK_INT(computed.result.inputs.items[0].count, 300000);
	CHECK_STR(computed.result.inputs.items[0].from, "most of the recording");
	kt_arena_fini(&computed.arena);
	/* now there are more than ever */
	snap->dcache.nr_dentry = 600000;
	compute(&kt_whatif_hash, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 56 * KIB);
	kt_arena_fini(&computed.arena);
}

/* A table that is too small already stays; chains count objects of all network namespaces. */
TEST(small_hash_tables_stay_and_chains_count)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_hash_chains *chains = kt_list_push(&snap->arena, &snap->hash_chains);
	struct computed computed;

	put_hash(snap, "Dentry cache", 1024, 8192);
	put_hash(snap, "TCP established", 8192, 65536);
	snap->dcache.nr_dentry = 70000;
	*chains = (struct kt_hash_chains){ "TCP established", 8192, 8000, 2000, 2, 0 };
	compute(&kt_whatif_hash, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 65536 - 2048 * 8);
	CHECK_INT(computed.result.parts.items[0].saves_bytes, 0);
	CHECK(!computed.result.parts.items[0].how);
	kt_arena_fini(&computed.arena);
	chains->nr_torn = 1;
	compute(&kt_whatif_hash, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 0);
	kt_arena_fini(&computed.arena);
}

/*
 * thash_entries=512 also gives "TCP bind" 512 entries. 600 objects of UDP-Lite let uhash_entries=
 * be no less than 1024, for UDP as well.
 */
TEST(tables_of_one_parameter_change_together)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_hash_chains *chains;
	struct computed computed;

	put_hash(snap, "TCP established", 16384, 131072);
	put_hash(snap, "TCP bind", 8192, 262144);
	put_hash(snap, "UDP", 4096, 131072);
	put_hash(snap, "UDP-Lite", 2048, 65536);
	chains = kt_list_push(&snap->arena, &snap->hash_chains);
	*chains = (struct kt_hash_chains){ "TCP established", 16384, 16384, 10, 1, 0 };
	chains = kt_list_push(&snap->arena, &snap->hash_chains);
	*chains = (struct kt_hash_chains){ "UDP", 4096, 4096, 20, 1, 0 };
	chains = kt_list_push(&snap->arena, &snap->hash_chains);
	*chains = (struct kt_hash_chains){ "UDP-Lite", 2048, 2048, 600, 1, 0 };
	compute(&kt_whatif_hash, snap, &computed);
	check(&computed, KT_UPPER_BOUND,
		(131072 - 4096) + (262144 - 16384) + (131072 - 32768) + (65536 - 32768));
	CHECK_STR(computed.result.parts.items[1].how, "with TCP established");
	CHECK_STR(computed.result.parts.items[2].how, "uhash_entries=1024 at boot");
	kt_arena_fini(&computed.arena);
}

/* ---- struct pages ---- */

/* 1 GiB: 262,144 pages with 64 bytes each in 16 MiB. */
static struct kt_snapshot *one_gib(void)
{
	struct kt_snapshot *snap = machine(4096);

	put_entry(snap, KT_MEMMAP_BOOT, KT_PAGES, KT_RANK_VMSTAT, "vmstat", 4096);
	put_entry(snap, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "zoneinfo", 262144);
	return snap;
}

TEST(struct_pages_of_four_sizes)
{
	static const int64_t mib[] = { 16, 8, 4, 2 };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = one_gib();
	struct computed computed;

	compute(&kt_whatif_struct_page, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 8 * MIB);
	CHECK_INT(computed.result.now_bytes, 16 * MIB);
	CHECK_INT(computed.result.points.count, 4);
	for (size_t i = 0; i < 4; i++) {
		CHECK_INT(computed.result.points.items[i].bytes, mib[i] * MIB);
		CHECK_INT(computed.result.points.items[i].saves_bytes, (16 - mib[i]) * MIB);
	}
	kt_arena_fini(&computed.arena);
}

/* 80 bytes for each page, or less than 64: the size is not known. */
TEST(a_struct_page_of_another_size_is_not_guessed)
{
	for (int i = 0; i < 2; i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		struct computed computed;

		put_entry(
			snap, KT_MEMMAP_BOOT, KT_PAGES, KT_RANK_VMSTAT, "vmstat", i ? 5120 : 4095);
		put_entry(snap, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "zoneinfo", 262144);
		compute(&kt_whatif_struct_page, snap, &computed);
		check_unknown(&computed);
		kt_arena_fini(&computed.arena);
	}
}

static void put_pool(struct kt_snapshot *snap, int node, int64_t kib, int64_t total, int64_t free,
	int64_t reserved)
{
	struct kt_hugepool *pool = kt_list_push(&snap->arena, &snap->hugepools);

	*pool = (struct kt_hugepool){ node, kib * 1024, total, free, reserved, 0 };
}

/* 256 pages of the map were given back for huge pages, and others taken when these were gone. */
TEST(pages_of_the_map_that_were_exchanged_count)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	put_entry(snap, KT_MEMMAP_BOOT, KT_PAGES, KT_RANK_VMSTAT, "vmstat", 4096 - 256);
	put_entry(snap, KT_MEMMAP_LATE, KT_PAGES, KT_RANK_VMSTAT, "vmstat", 256);
	put_entry(snap, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "zoneinfo", 262144);
	put_pool(snap, KT_NO_NODE, 2048, 4, 4, 0);
	compute(&kt_whatif_hvo, snap, &computed);
	CHECK_INT(computed.result.saves_bytes, 4 * 7 * 4096);
	kt_arena_fini(&computed.arena);
}

static void put_setting(struct kt_snapshot *snap, const char *name, int64_t value)
{
	struct kt_setting *setting = kt_list_push(&snap->arena, &snap->settings);

	*setting = (struct kt_setting){ name, value };
}

/*
 * A huge page of 2 MiB has 8 pages of struct pages, one of 1 GiB has 4096, and each keeps one: 10
 * times 7 and 4095 pages. Pools of nodes are parts of the machine's.
 */
TEST(huge_pages_keep_one_page_of_struct_pages)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = one_gib();
	struct computed computed;

	put_pool(snap, KT_NO_NODE, 2048, 10, 4, 1);
	put_pool(snap, KT_NO_NODE, 1 << 20, 1, 0, 0);
	put_pool(snap, 0, 2048, 10, 4, 1);
	compute(&kt_whatif_hvo, snap, &computed);
	check(&computed, KT_UPPER_BOUND, (10 * 7 + 4095) * 4096);
	kt_arena_fini(&computed.arena);
	put_setting(snap, "hugetlb_optimize_vmemmap", 0);
	compute(&kt_whatif_hvo, snap, &computed);
	check(&computed, KT_EXACT, (10 * 7 + 4095) * 4096);
	CHECK_INT(computed.result.now_bytes, (10 * 8 + 4096) * 4096);
	kt_arena_fini(&computed.arena);
	snap->settings.items[0].value = 1;
	compute(&kt_whatif_hvo, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

/* 4 free of 10, 1 of them promised: 3 huge pages of 2 MiB. */
TEST(idle_huge_pages_are_free_and_not_promised)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	put_pool(snap, KT_NO_NODE, 2048, 10, 4, 1);
	put_pool(snap, 0, 2048, 10, 4, 1);
	compute(&kt_whatif_hugetlb, snap, &computed);
	check(&computed, KT_EXACT, 6 * MIB);
	CHECK_INT(computed.result.now_bytes, 20 * MIB);
	CHECK_INT(computed.result.parts.items[0].then_bytes, 14 * MIB);
	kt_arena_fini(&computed.arena);
	/* more promised than free: the counts were read at different times */
	snap->hugepools.items[0].reserved = 5;
	compute(&kt_whatif_hugetlb, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

/* ---- CPUs, reservations ---- */

/* 1,600 KiB for 4 possible CPUs, 400 KiB each; 1 CPU is there. */
TEST(absent_cpus_have_no_memory)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	snap->host.nr_cpus = 1;
	snap->host.nr_cpus_possible = 4;
	meminfo_kb(snap, KT_PERCPU, 1600);
	kt_derive(snap);
	compute(&kt_whatif_percpu, snap, &computed);
	check_unknown(&computed); /* offline CPUs may be there */
	kt_arena_fini(&computed.arena);
	snap->host.nr_cpus_present = 1;
	compute(&kt_whatif_percpu, snap, &computed);
	check(&computed, KT_LOWER_BOUND, 1200 * KIB);
	kt_arena_fini(&computed.arena);
	snap->host.nr_cpus_present = 4;
	compute(&kt_whatif_percpu, snap, &computed);
	check(&computed, KT_EXACT, 0);
	kt_arena_fini(&computed.arena);
	snap->host.nr_cpus_present = 5;
	compute(&kt_whatif_percpu, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

TEST(reservations_are_given_back_whole)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	put_entry(snap, KT_CRASHKERNEL, KT_BYTES, KT_RANK_FIRST, "kexec", 256 * MIB);
	put_entry(snap, KT_SWIOTLB, KT_BYTES, KT_RANK_FIRST, "dmesg", 64 * MIB);
	compute(&kt_whatif_crashkernel, snap, &computed);
	check(&computed, KT_EXACT, 256 * MIB);
	kt_arena_fini(&computed.arena);
	compute(&kt_whatif_swiotlb, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 64 * MIB);
	kt_arena_fini(&computed.arena);
	/* 32,768 slots */
	put_entry(snap, KT_SWIOTLB_RECORD, KT_BYTES, KT_RANK_FIRST, "btf", 24);
	compute(&kt_whatif_swiotlb, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 64 * MIB + 768 * KIB);
	kt_arena_fini(&computed.arena);
}

/* ---- stacks ---- */

static void put_stack(struct kt_snapshot *snap, int64_t used)
{
	struct kt_stack_use *use = kt_list_push(&snap->arena, &snap->stack_uses);

	*use = (struct kt_stack_use){ "task", 1, false, used };
}

/*
 * Stacks of 16 KiB with 1, 2 and 3 pages touched: 3 + 2 + 1 pages were not. One went deeper than
 * 8 KiB, two deeper than 4 KiB.
 */
TEST(untouched_pages_of_stacks_are_counted)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	snap->stack_walk.each_bytes = 16384;
	put_stack(snap, 4096);
	put_stack(snap, 4097);
	put_stack(snap, 8193);
	compute(&kt_whatif_stacks, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 6 * 4096);
	CHECK_INT(computed.result.points.count, 4);
	CHECK_INT(computed.result.points.items[1].count, 1);
	CHECK_INT(computed.result.points.items[1].saves_bytes, KT_UNKNOWN);
	CHECK_INT(computed.result.points.items[2].count, 2);
	kt_arena_fini(&computed.arena);
	snap->stack_uses.items[2].used_bytes = 8192;
	compute(&kt_whatif_stacks, snap, &computed);
	CHECK_INT(computed.result.points.items[1].saves_bytes, 3 * 8192);
	kt_arena_fini(&computed.arena);
	put_stack(snap, KT_UNKNOWN);
	compute(&kt_whatif_stacks, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

/* ---- page tables ---- */

static struct kt_task *put_task(struct kt_snapshot *snap, int64_t tables_kib, int64_t anon_mib)
{
	struct kt_task *task = kt_list_push(&snap->arena, &snap->tasks);

	*task = (struct kt_task){ .name = "task", .pid = (int64_t)snap->tasks.count };
	task->nr_threads = 1;
	task->bytes[KT_TASK_TABLES] = tables_kib * KIB;
	task->bytes[KT_TASK_ANON] = task->bytes[KT_TASK_RSS] = anon_mib * MIB;
	return task;
}

/* 7 MiB fill 3 ranges of 2 MiB. 100 MiB in huge pages have 8 KiB of tables, and no more to save. */
TEST(huge_pages_save_at_most_the_tables)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	put_task(snap, 40, 7);
	put_task(snap, 8, 100);
	compute(&kt_whatif_page_tables, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 12 * KIB + 8 * KIB);
	CHECK_INT(computed.result.now_bytes, 48 * KIB);
	kt_arena_fini(&computed.arena);
	snap->nr_tasks_left_out = 1;
	compute(&kt_whatif_page_tables, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

/* Recordings have one entry for all small processes; without their memory there is no bound. */
TEST(an_entry_for_several_processes_counts_too)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_task *rest = put_task(snap, 400, 20);
	struct computed computed;

	rest->nr_more = 9;
	rest->pid = KT_UNKNOWN;
	compute(&kt_whatif_page_tables, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 40 * KIB);
	CHECK_INT(computed.result.inputs.items[0].count, 10);
	kt_arena_fini(&computed.arena);
	rest->bytes[KT_TASK_ANON] = KT_UNKNOWN;
	compute(&kt_whatif_page_tables, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

/* ---- slab ---- */

/* 10 slabs of 4 pages and 8 objects; 17 objects in use need 3 slabs. 1 more or less: 3 of them too.
 */
TEST(packed_slabs_hold_the_objects_in_use)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_cache_memory *cache = kt_list_push(&snap->arena, &snap->cache_memories);
	struct computed computed;

	*cache = (struct kt_cache_memory){ .name = "inode",
		.objs_per_slab = 8,
		.pages_per_slab = 4,
		.nr_slabs = 10,
		.nr_objs = 80,
		.used_objs = 17 };
	compute(&kt_whatif_slab_packing, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 7 * 4 * 4096);
	CHECK_INT(computed.result.parts.items[0].then_bytes, 3 * 4 * 4096);
	kt_arena_fini(&computed.arena);
	/* one object may not be in use: 16 need 2 slabs, and the bound is for this case */
	cache->uncertain_objs = 1;
	compute(&kt_whatif_slab_packing, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 8 * 4 * 4096);
	CHECK_INT(computed.result.parts.items[0].saves_bytes, 7 * 4 * 4096);
	kt_arena_fini(&computed.arena);
	cache->used_objs = KT_UNKNOWN;
	compute(&kt_whatif_slab_packing, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

/* ---- slab by slab ---- */

static struct kt_slab_occupancy *put_occupancy(struct kt_snapshot *snap)
{
	snap->asked_cache = "dentry";
	return kt_list_push(&snap->arena, &snap->occupancies);
}

static void put_class(struct kt_slab_occupancy *occupancy, size_t class, int64_t nr_slabs,
	int64_t objs_per_slab, int64_t used)
{
	occupancy->classes[class] = (struct kt_occupancy_class){
		.nr_slabs = nr_slabs,
		.nr_pages = nr_slabs,
		.nr_slots = nr_slabs * objs_per_slab,
		.used_objs = used,
	};
}

/* The four points of one number of evictions, in slabs of a page. */
static void check_points(
	const struct computed *computed, size_t first, int64_t evicted, const int64_t freed[4])
{
	CHECK(computed->result.points.count >= first + 4);
	for (size_t i = 0; i < 4 && first + i < computed->result.points.count; i++) {
		CHECK_INT(computed->result.points.items[first + i].count, evicted);
		CHECK_INT(computed->result.points.items[first + i].saves_bytes, freed[i] * 4096);
	}
}

/*
 * 100 slabs with 1 of 10 objects and 100 slabs with 9. Evicting 100 of the 1,000 objects frees
 * 100 slabs if they are the single ones; in random order 100 * 0.1 of them and hardly any other
 * one. The 900 that are left fit into 90 slabs, so packing would free 110. Evicting all frees all.
 */
TEST(emptiest_slabs_first_free_more_than_a_random_order)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_slab_occupancy *occupancy = put_occupancy(snap);
	struct computed computed;

	put_class(occupancy, 2, 100, 10, 100);
	put_class(occupancy, 10, 100, 10, 900);
	compute(&kt_whatif_slab_reclaim, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 100 * 4096);
	CHECK_INT(computed.result.now_bytes, 200 * 4096);
	CHECK_INT(computed.result.points.count, 8);
	check_points(&computed, 0, 100, (const int64_t[]){ 10, 11, 100, 110 });
	check_points(&computed, 4, 1000, (const int64_t[]){ 200, 200, 200, 200 });
	kt_arena_fini(&computed.arena);
	occupancy->nr_torn = 2;
	compute(&kt_whatif_slab_reclaim, snap, &computed);
	check(&computed, KT_ESTIMATE, 100 * 4096);
	CHECK_INT(computed.result.high_bytes, 102 * 4096);
	kt_arena_fini(&computed.arena);
}

/*
 * 100,000 slabs with 4 to 7 of 40 objects, 550,000 in all, and 10,000 full slabs. Evicting 550,000
 * of 950,000 in random order frees a slab of 4, 5, 6, 7 objects with probability 0.1123, 0.0650,
 * 0.0376, 0.0218: 5,134 slabs if half have 5 and half 6, 6,708 if half have 4 and half 7.
 */
TEST(a_random_order_has_bounds_where_only_the_class_is_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	put_class(put_occupancy(snap), 2, 100000, 40, 550000);
	put_class(&snap->occupancies.items[0], 11, 10000, 40, 400000);
	compute(&kt_whatif_slab_reclaim, snap, &computed);
	check_points(&computed, 0, 550000, (const int64_t[]){ 5134, 6708, 100000, 100000 });
	kt_arena_fini(&computed.arena);
}

/* 100 full slabs of 10, half of the objects unused: 20 slabs have no other ones. */
TEST(unused_objects_go_in_the_kernels_order)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_slab_eviction *eviction = kt_list_push(&snap->arena, &snap->slab_evictions);
	struct kt_slab_pin *pin = kt_list_push(&snap->arena, &snap->slab_pins);
	struct computed computed;

	*eviction = (struct kt_slab_eviction){ .nr_slabs = 100,
		.nr_objs = 1000,
		.pages_per_slab = 1,
		.objs_per_slab = 10,
		.nr_unused = 500,
		.nr_freed = 20 };
	for (int64_t i = 0; i < KT_EVICTION_STEPS; i++) {
		eviction->steps[i].nr_evicted = 50 * (i + 1);
		eviction->steps[i].nr_freed = 2 * (i + 1);
		eviction->steps[i].nr_freed_emptiest = i < 4 ? 5 * (i + 1) : 20;
	}
	*pin = (struct kt_slab_pin){ "ext4 (sda1)", KT_PIN_PAGES, 500, 80, 3 };
	put_class(put_occupancy(snap), 11, 100, 10, 1000);
	compute(&kt_whatif_slab_reclaim, snap, &computed);
	CHECK_INT(computed.result.points.count, 3 * KT_EVICTION_STEPS);
	CHECK_INT(computed.result.points.items[0].saves_bytes, 2 * 4096);
	CHECK_INT(computed.result.points.items[1].saves_bytes, 5 * 4096);
	CHECK_INT(computed.result.points.items[2].saves_bytes, 5 * 4096);
	CHECK_INT(computed.result.points.items[27].count, 500);
	CHECK_INT(computed.result.points.items[29].saves_bytes, 50 * 4096);
	CHECK_INT(computed.result.parts.count, 1);
	CHECK_STR(computed.result.parts.items[0].name, "ext4 (sda1): has page cache");
	CHECK_INT(computed.result.parts.items[0].now_bytes, 80 * 4096);
	CHECK_INT(computed.result.parts.items[0].saves_bytes, 3 * 4096);
	kt_arena_fini(&computed.arena);
	/* another moment: half of the slabs are gone */
	eviction->nr_slabs = 50;
	compute(&kt_whatif_slab_reclaim, snap, &computed);
	CHECK_INT(computed.result.points.count, 0);
	kt_arena_fini(&computed.arena);
}

/* ---- tables of one file ---- */

/* Three processes map 64 MiB of one file: two of three times 32 tables are spared. */
TEST(tables_of_a_file_are_shared_by_its_processes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	*kt_list_push(&snap->arena, &snap->mapped_files) = (struct kt_mapped_file){ "/f", 1, 7 };
	for (uint32_t pid = 1; pid <= 3; pid++)
		*kt_list_push(&snap->arena, &snap->mappings) =
			(struct kt_mapping){ .start = 1ull << 40,
				.end = (1ull << 40) + 64 * MIB,
				.pid = pid,
				.shared = true };
	compute(&kt_whatif_shared_tables, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 2ll * 32 * 4096);
	CHECK_INT(computed.result.parts.count, 1);
	CHECK_INT(computed.result.parts.items[0].count, 3);
	CHECK_STR(computed.result.parts.items[0].name, "/f");
	kt_arena_fini(&computed.arena);
}

/* ---- reserves ---- */

/* 3,000 times 200 bytes in slots of 256, and 10 blocks of two pages. */
TEST(elements_in_reserve_take_whole_slots)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_mempool *pool = kt_list_push(&snap->arena, &snap->mempools);
	struct computed computed;

	*pool = (struct kt_mempool){
		.kind = KT_MEMPOOL_KMALLOC, .element_bytes = 200, .min_objs = 3000, .objs = 3000
	};
	pool = kt_list_push(&snap->arena, &snap->mempools);
	*pool = (struct kt_mempool){
		.kind = KT_MEMPOOL_PAGES, .element_bytes = 8192, .min_objs = 10, .objs = 10
	};
	compute(&kt_whatif_mempools, snap, &computed);
	check(&computed, KT_UPPER_BOUND, (3000 * 256 + 10 * 8192) / 4096 * 4096);
	CHECK_INT(computed.result.parts.count, 2);
	CHECK_INT(computed.result.parts.items[0].count, 3000);
	kt_arena_fini(&computed.arena);
	pool->element_bytes = INT64_MAX;
	compute(&kt_whatif_mempools, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

/* ---- blocks of memory ---- */

/*
 * 12 pages keep 12 blocks, 8 of them with nothing to be moved. Up to 16 keep 5 more, which are too
 * many to be few. 20 blocks have only movable pages, for 10 of which there is room elsewhere.
 */
TEST(few_pages_keep_blocks_of_the_size_of_a_huge_page)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_fragments *fragments = kt_list_push(&snap->arena, &snap->fragments);
	struct kt_fragment_pin *pin = kt_list_push(&snap->arena, &snap->fragment_pins);
	struct computed computed;

	*fragments = (struct kt_fragments){ .block_pages = 512,
		.nr_blocks = 100,
		.nr_free = 10,
		.nr_movable = 20,
		.nr_spare_pages = 5120 };
	fragments->steps[0].nr_blocks = fragments->steps[0].nr_pages = 12;
	fragments->steps[0].nr_clear = fragments->steps[0].nr_clear_pages = 8;
	fragments->steps[4].nr_blocks = 5;
	fragments->steps[4].nr_pages = 60;
	*pin = (struct kt_fragment_pin){ "driver", 12, 12, 12, 12, 8, 8 };
	compute(&kt_whatif_fragmentation, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 8 * 2 * MIB);
	CHECK_INT(computed.result.now_bytes, 12 * 2 * MIB);
	CHECK_INT(computed.result.points.items[0].saves_bytes, 10 * 2 * MIB);
	CHECK_INT(computed.result.points.items[1].count, 8);
	CHECK_INT(computed.result.parts.items[0].count, 12);
	CHECK_INT(computed.result.parts.items[0].saves_bytes, 8 * 2 * MIB);
	CHECK_STR(computed.result.parts.items[0].how, "8 pages, 8 huge pages");
	kt_arena_fini(&computed.arena);
}

TEST(slabs_that_do_not_belong_together_are_not_believed)
{
	for (int i = 0; i < 4; i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		struct kt_slab_occupancy *occupancy = put_occupancy(snap);
		struct computed computed;

		put_class(occupancy, 2, 100, 10, i == 0 ? 99 : 100);
		put_class(occupancy, 3, 10, i == 1 ? 9 : 10, 20);
		occupancy->nr_unread = i == 2;
		snap->asked_cache = i == 3 ? NULL : snap->asked_cache;
		compute(&kt_whatif_slab_reclaim, snap, &computed);
		check_unknown(&computed);
		kt_arena_fini(&computed.arena);
	}
}
