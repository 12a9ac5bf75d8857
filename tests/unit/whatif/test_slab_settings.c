// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slabs of other orders, by the rule of SLUB; caches that share slabs, or could.

#include "computed.h"

#include "whatif/size_classes.h"

static struct kt_snapshot *two_cpus(void)
{
	struct kt_snapshot *snap = machine(4096);

	snap->host.nr_cpus_present = 2;
	snap->host.nr_cpus_possible = 2;
	snap->host.nr_nodes = 1;
	return snap;
}

static void put_cache(struct kt_snapshot *snap, const char *name, int64_t slot, int64_t objs,
	int64_t pages, int64_t nr_slabs, int64_t used)
{
	struct kt_cache *cache = kt_list_push(&snap->arena, &snap->caches);

	*cache = kt_cache_unknown(name);
	cache->slot_bytes = slot;
	cache->objs_per_slab = objs;
	cache->pages_per_slab = pages;
	cache->nr_slabs = nr_slabs;
	cache->nr_objs = nr_slabs * objs;
	cache->active_objs = used;
}

static const struct kt_whatif_point *point_of(const struct computed *computed, const char *choice)
{
	for (size_t i = 0; i < computed->result.points.count; i++) {
		if (strcmp(computed->result.points.items[i].choice, choice) == 0)
			return &computed->result.points.items[i];
	}
	return NULL;
}

/* 1,128 bytes: 3, 7, 14, 29 in slabs of 1, 2, 4, 8 pages; 12 objects are asked for with 2 CPUs. */
TEST(orders_follow_both_parameters)
{
	static const struct {
		int max_order;
		int64_t min_objs, pages, objs;
	} cases[] = { { 3, 12, 4, 14 }, { 0, 12, 1, 3 }, { 1, 12, 2, 7 }, { 2, 12, 4, 14 },
		{ 3, 16, 8, 29 }, { 3, 4, 2, 7 }, { 10, 64, 32, 116 } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct kt_slub_settings settings = { cases[i].max_order, cases[i].min_objs };
		struct kt_packing packing = kt_slub_packing_with(1128, 4096, &settings);

		CHECK_INT(packing.pages_per_slab, cases[i].pages);
		CHECK_INT(packing.objs_per_slab, cases[i].objs);
	}
}

/*
 * Slabs of Linux 6.12 with 2 CPUs, by /proc/slabinfo: booted with slub_max_order=1, and with
 * slub_max_order=2 slub_min_objects=32.
 */
TEST(orders_are_those_of_kernels_with_these_parameters)
{
	static const struct {
		int64_t slot, pages_a, objs_a, pages_b, objs_b;
	} caches[] = { { 8, 1, 512, 1, 512 }, { 128, 1, 32, 1, 32 }, { 136, 1, 30, 2, 60 },
		{ 192, 1, 21, 2, 42 }, { 264, 1, 15, 4, 62 }, { 320, 1, 12, 4, 51 },
		{ 384, 2, 21, 4, 42 }, { 632, 2, 12, 4, 25 }, { 760, 2, 10, 4, 21 },
		{ 968, 2, 8, 4, 16 }, { 1216, 2, 6, 4, 13 }, { 1408, 2, 5, 4, 11 },
		{ 2112, 2, 3, 4, 7 }, { 4096, 2, 2, 4, 4 }, { 4736, 2, 1, 4, 3 },
		{ 8192, 2, 1, 4, 2 }, { 8448, 4, 1, 4, 1 } };
	static const struct kt_slub_settings a = { 1, 12 }, b = { 2, 32 };

	for (size_t i = 0; i < KT_LEN(caches); i++) {
		struct kt_packing packing = kt_slub_packing_with(caches[i].slot, 4096, &a);

		CHECK_INT(packing.pages_per_slab, caches[i].pages_a);
		CHECK_INT(packing.objs_per_slab, caches[i].objs_a);
		packing = kt_slub_packing_with(caches[i].slot, 4096, &b);
		CHECK_INT(packing.pages_per_slab, caches[i].pages_b);
		CHECK_INT(packing.objs_per_slab, caches[i].objs_b);
	}
}

/*
 * 2,900 slots in 207 slabs of 4 pages, plus 2 free ones: 2,898 of 14. With 16 objects a slab has
 * 29 in 8 pages; each of 3 lists has 15 slots more, half of them empty: 2,898 + 22 in 101 slabs,
 * 808 pages instead of 828. None of these slots: 100 slabs; all of them, 2,943: 102.
 */
TEST(a_larger_order_has_a_smaller_end)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct computed computed;

	put_cache(snap, "inode", 1128, 14, 4, 207, 2898);
	compute(&kt_whatif_slab_orders, snap, &computed);
	check(&computed, KT_ESTIMATE, 20 * 4096);
	CHECK_INT(computed.result.now_bytes, 828 * 4096);
	CHECK_INT(computed.result.low_bytes, 12 * 4096);
	CHECK_INT(computed.result.high_bytes, 28 * 4096);
	CHECK_INT(point_of(&computed, "slub_min_objects=16")->count, 101);
	CHECK_INT(point_of(&computed, "slub_min_objects=16")->saves_bytes, 20 * 4096);
	/* 3 in a page, 11 slots fewer for each list: 2,898 - 16 in 961 pages */
	CHECK_INT(point_of(&computed, "slub_max_order=0")->bytes, 961 * 4096);
	CHECK_INT(point_of(&computed, "slub_max_order=0")->saves_bytes, KT_UNKNOWN);
	CHECK_INT(point_of(&computed, "slub_max_order=2")->saves_bytes, 0);
	CHECK(!point_of(&computed, "slub_min_objects=12"));
	CHECK_INT(computed.result.parts.count, 1);
	CHECK_STR(computed.result.parts.items[0].how, "order 3 instead of 2");
	kt_arena_fini(&computed.arena);
}

/*
 * kmalloc-4k: 8 slots in 8 pages, and 4 slabs with 32 slots. With order 0 each object has its page;
 * 3 lists have 7 slots fewer, half of 21: 22 pages instead of 32. Kernel memory knows that 20 are
 * in use, so it is at most 12 pages.
 */
TEST(smaller_slabs_are_never_fewer_than_objects_in_use)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_cache_memory *memory;
	struct computed computed;

	put_cache(snap, "kmalloc-4k", 4096, 8, 8, 4, 32);
	compute(&kt_whatif_slab_orders, snap, &computed);
	check(&computed, KT_ESTIMATE, 10 * 4096);
	CHECK_INT(computed.result.low_bytes, 0);
	CHECK_INT(computed.result.high_bytes, 21 * 4096);
	kt_arena_fini(&computed.arena);
	memory = kt_list_push(&snap->arena, &snap->cache_memories);
	*memory = (struct kt_cache_memory){ .name = "kmalloc-4k",
		.slot_bytes = 4096,
		.objs_per_slab = 8,
		.pages_per_slab = 8,
		.nr_slabs = 4,
		.nr_objs = 32,
		.used_objs = 20 };
	compute(&kt_whatif_slab_orders, snap, &computed);
	check(&computed, KT_ESTIMATE, 10 * 4096);
	CHECK_INT(computed.result.high_bytes, 12 * 4096);
	kt_arena_fini(&computed.arena);
}

/* Slabs with debug data, or of a kernel with another rule, are not guessed. */
TEST(slabs_by_another_rule_are_left_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct computed computed;

	put_cache(snap, "odd", 1128, 29, 8, 100, 2900);
	compute(&kt_whatif_slab_orders, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
	put_cache(snap, "kmalloc-64", 64, 64, 1, 10, 640);
	put_cache(snap, "kmalloc-8", 8, 512, 1, 10, 5120);
	compute(&kt_whatif_slab_orders, snap, &computed);
	check(&computed, KT_ESTIMATE, 0);
	CHECK_INT(computed.result.now_bytes, 20 * 4096);
	kt_arena_fini(&computed.arena);
	snap->host.nr_cpus_present = snap->host.nr_cpus_possible = KT_UNKNOWN;
	compute(&kt_whatif_slab_orders, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

/* ---- families of kmalloc ---- */

static struct kt_cache_folder *put_folder(struct kt_snapshot *snap, const char *name)
{
	struct kt_cache_folder *folder = kt_list_push(&snap->arena, &snap->cache_folders);

	*folder = kt_cache_folder_unknown(name, name);
	folder->nr_cpu_slabs = 0;
	folder->reclaimable = 0;
	return folder;
}

static void put_kmalloc(struct kt_snapshot *snap, const char *name, int64_t nr_slabs, int64_t used)
{
	put_cache(snap, name, 64, 64, 1, nr_slabs, used);
	put_folder(snap, name);
}

/*
 * In slabs of 64 slots: kmalloc 10 slabs with 500 in use, cg 5 with 180, one of rnd 2 with 28. The
 * most free slots are 140. All: 500 + 180 + 28 + 140 in 14 slabs of 17, or 708 in 12. Of cg: 820 in
 * 13 of 15. Of rnd: 668 in 11 of 12. DMA is in another zone.
 */
TEST(families_have_free_slots_of_their_own)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct computed computed;

	put_kmalloc(snap, "kmalloc-64", 10, 500);
	put_kmalloc(snap, "kmalloc-cg-64", 5, 180);
	put_kmalloc(snap, "kmalloc-rnd-01-64", 2, 28);
	put_kmalloc(snap, "dma-kmalloc-64", 3, 1);
	put_kmalloc(snap, "other-64", 7, 1);
	compute(&kt_whatif_kmalloc_families, snap, &computed);
	check(&computed, KT_ESTIMATE, 3 * 4096);
	CHECK_INT(computed.result.now_bytes, 17 * 4096);
	CHECK_INT(computed.result.low_bytes, 0);
	CHECK_INT(computed.result.high_bytes, 5 * 4096);
	CHECK_INT(point_of(&computed, "kmalloc-cg in kmalloc")->saves_bytes, 2 * 4096);
	CHECK_INT(point_of(&computed, "kmalloc-cg in kmalloc")->count, 2);
	CHECK_INT(point_of(&computed, "kmalloc-rnd in kmalloc")->saves_bytes, 4096);
	CHECK_INT(point_of(&computed, "one family")->bytes, 14 * 4096);
	CHECK_INT(point_of(&computed, "one family")->count, 1);
	CHECK_INT(computed.result.parts.count, 1);
	CHECK_INT(computed.result.parts.items[0].count, 3);
	kt_arena_fini(&computed.arena);
	snap->caches_partial = true;
	compute(&kt_whatif_kmalloc_families, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

/* A bucket has most sizes of kmalloc; a cache that only has such a name is none. */
TEST(buckets_are_families_too)
{
	static const char *const sizes[] = { "8", "16", "32", "64", "128", "256" };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct computed computed;

	for (size_t i = 0; i < KT_LEN(sizes); i++) {
		int64_t slot = 8ll << i, objs = 4096 / slot;

		put_cache(snap, kt_arena_printf(&snap->arena, "kmalloc-%s", sizes[i]), slot, objs,
			1, 1, objs / 2);
		put_cache(snap, kt_arena_printf(&snap->arena, "msg_msg-%s", sizes[i]), slot, objs,
			1, 1, objs / 4);
	}
	put_cache(snap, "other-64", 64, 64, 1, 100, 1);
	compute(&kt_whatif_kmalloc_families, snap, &computed);
	CHECK_INT(computed.result.now_bytes, 12 * 4096);
	/* 1/2 + 1/4 + 3/4 of a slab are 2 slabs; CPUs may keep all of them ready */
	check(&computed, KT_ESTIMATE, 0);
	CHECK_INT(computed.result.high_bytes, 12 * 4096);
	CHECK_INT(point_of(&computed, "msg_msg in kmalloc")->count, 6);
	CHECK(!point_of(&computed, "other in kmalloc"));
	kt_arena_fini(&computed.arena);
}

TEST(one_family_saves_exactly_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct computed computed;

	put_kmalloc(snap, "kmalloc-64", 10, 500);
	put_kmalloc(snap, "kmalloc-cg-64", 0, 0);
	compute(&kt_whatif_kmalloc_families, snap, &computed);
	check(&computed, KT_EXACT, 0);
	kt_arena_fini(&computed.arena);
}

/* ---- merging ---- */

static void put_name(struct kt_snapshot *snap, struct kt_cache_folder *folder, const char *name)
{
	const char **slot = kt_list_push(&snap->arena, &folder->names);

	*slot = name;
}

/* Three names in 10 slabs: two of them would have half a slab on each of 3 lists. */
TEST(merged_caches_would_cost_half_slabs)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_cache_folder *folder = put_folder(snap, ":0000064");
	struct computed computed;

	put_name(snap, folder, "b");
	put_name(snap, folder, "a");
	put_name(snap, folder, "c");
	compute(&kt_whatif_slab_merging, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
	put_cache(snap, "a", 64, 64, 1, 10, 600);
	compute(&kt_whatif_slab_merging, snap, &computed);
	check(&computed, KT_EXACT, 0);
	CHECK_INT(computed.result.now_bytes, 10 * 4096);
	CHECK_INT(point_of(&computed, "slab_nomerge")->count, 3);
	CHECK_INT(point_of(&computed, "slab_nomerge")->bytes, 13 * 4096);
	CHECK_INT(point_of(&computed, "slab_nomerge")->saves_bytes, KT_UNKNOWN);
	CHECK_INT(computed.result.parts.items[0].count, 3);
	kt_arena_fini(&computed.arena);
}

/*
 * A kernel that merges nothing: 200 objects of x and y need 4 of 15 slabs. A constructor forbids it
 * for z, v can be reclaimed, and w has another size.
 */
TEST(caches_of_one_size_could_share_slabs)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct computed computed;

	put_cache(snap, "x", 64, 64, 1, 10, 100);
	put_folder(snap, "x");
	put_cache(snap, "y", 64, 64, 1, 5, 100);
	put_folder(snap, "y");
	put_cache(snap, "z", 64, 64, 1, 5, 1);
	put_folder(snap, "z")->ctor = "init_once";
	put_cache(snap, "v", 64, 64, 1, 5, 1);
	put_folder(snap, "v")->reclaimable = 1;
	put_cache(snap, "w", 128, 32, 1, 5, 1);
	put_folder(snap, "w");
	compute(&kt_whatif_slab_merging, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 11 * 4096);
	CHECK_INT(computed.result.now_bytes, 15 * 4096);
	CHECK_INT(computed.result.parts.count, 1);
	CHECK_INT(computed.result.parts.items[0].count, 2);
	kt_arena_fini(&computed.arena);
}

/* A capture may have any number of names, and each is compared with all others. */
TEST(impossibly_many_names_end_in_a_reason)
{
	static const struct kt_whatif *const whatifs[] = { &kt_whatif_slab_orders,
		&kt_whatif_slab_merging, &kt_whatif_kmalloc_families, &kt_whatif_sheaves };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_cache_folder *folder = put_folder(snap, ":0000064");

	for (int i = 0; i < 8000; i++)
		put_name(snap, folder, "name");
	for (int i = 0; i < 8000; i++)
		put_cache(snap, "kmalloc-64", 64, 64, 1, 10, 600);
	for (size_t i = 0; i < KT_LEN(whatifs); i++) {
		struct computed computed;

		compute(whatifs[i], snap, &computed);
		check_unknown(&computed);
		CHECK(computed.result.why && strstr(computed.result.why, "more names"));
		kt_arena_fini(&computed.arena);
	}
}
