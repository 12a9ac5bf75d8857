// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slabs of other orders, by the rule of SLUB.

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
