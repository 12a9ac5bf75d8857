// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counters that kernels print and that are not what they look like: no what-if takes them for it.

#include "feed.h"
#include "test.h"

#include "whatif/size_classes.h"
#include "whatif/whatif.h"

static struct kt_whatif_result compute(
	const struct kt_whatif *whatif, const struct kt_snapshot *snap, struct kt_arena *arena)
{
	struct kt_whatif_result result = { 0 };

	CHECK(kt_whatif_compute(whatif, arena, snap, &result));
	return result;
}

static struct kt_cache *put_cache(struct kt_snapshot *snap, const char *name)
{
	struct kt_cache *cache = kt_list_push(&snap->arena, &snap->caches);

	*cache = kt_cache_unknown(name);
	cache->nr_objs = 1008;
	cache->nr_slabs = 48;
	cache->objs_per_slab = 21;
	cache->pages_per_slab = 1;
	return cache;
}

/*
 * With many partial slabs the kernel estimates the objects in use of /proc/slabinfo, and it always
 * counts those that CPUs keep ready: slabs cannot be packed by it, and classes do not need it.
 */
TEST(objects_in_use_of_slabinfo_are_not_believed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_cache *cache = put_cache(snap, "kmalloc-192");
	struct kt_arena arena = { 0 };
	int64_t saves;

	put_cache(snap, "kmalloc-128")->nr_objs = 0;
	snap->host.nr_cpus_present = snap->host.nr_cpus_possible = 2;
	cache->active_objs = 1008;
	saves = compute(&kt_whatif_kmalloc, snap, &arena).saves_bytes;
	CHECK(saves > 0);
	cache->active_objs = 1;
	CHECK_INT(compute(&kt_whatif_kmalloc, snap, &arena).saves_bytes, saves);
	CHECK_INT(compute(&kt_whatif_slab_packing, snap, &arena).saves_bytes, KT_UNKNOWN);
	kt_arena_fini(&arena);
}

/* Slab also counts large kmalloc, which is in no cache and in no class. */
TEST(slab_of_meminfo_is_more_than_its_caches)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_arena arena = { 0 };

	put_cache(snap, "kmalloc-192");
	CHECK_INT(FEED(snap, meminfo, "proc/meminfo",
			  "MemTotal: 1000000 kB\nSlab: 90000 kB\nSReclaimable: 10000 kB\n"
			  "SUnreclaim: 80000 kB\n"),
		NO_ERROR);
	CHECK_INT(compute(&kt_whatif_kmalloc, snap, &arena).now_bytes, 48 * 4096);
	kt_arena_fini(&arena);
}

/* The order of a table is printed as the logarithm rounded down or up: its bytes count. */
TEST(orders_of_hash_tables_count_for_nothing)
{
	for (int order = 5; order <= 6; order++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		struct kt_whatif_result result;
		struct kt_arena arena = { 0 };
		char text[128];

		snprintf(text, sizeof(text),
			"[0.1] Dentry cache hash table entries: 24576 (order: %d, 196608 bytes, "
			"linear)\n",
			order);
		CHECK_INT(feed_bytes(snap, &kt_source_kmsg, "dmesg", text, strlen(text)), NO_ERROR);
		snap->dcache.nr_dentry = 100;
		result = compute(&kt_whatif_hash, snap, &arena);
		CHECK_INT(result.now_bytes, 196608);
		kt_arena_fini(&arena);
	}
}

/* Stacks in vmalloc are counted twice by the kernel: neither counter is part of the sum. */
TEST(stacks_are_those_that_were_walked)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_stack_use *use = kt_list_push(&snap->arena, &snap->stack_uses);
	struct kt_whatif_result result;
	struct kt_arena arena = { 0 };

	CHECK_INT(FEED(snap, meminfo, "proc/meminfo",
			  "MemTotal: 1000000 kB\nKernelStack: 5000 kB\nVmallocUsed: 9000 kB\n"),
		NO_ERROR);
	use->used_bytes = 5000;
	snap->stack_walk.each_bytes = 16384;
	result = compute(&kt_whatif_stacks, snap, &arena);
	CHECK_INT(result.now_bytes, 16384);
	CHECK_INT(result.saves_bytes, 2 * 4096);
	kt_arena_fini(&arena);
}

/* Classes and orders of pages of another size are not those of 4 KiB. */
TEST(classes_of_larger_pages_are_not_guessed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(16384);
	struct kt_whatif_result result;
	struct kt_arena arena = { 0 };

	put_cache(snap, "kmalloc-192");
	result = compute(&kt_whatif_kmalloc, snap, &arena);
	CHECK(result.state != KT_OK && result.why);
	CHECK_INT(result.saves_bytes, KT_UNKNOWN);
	CHECK_INT(kt_slub_packing(192, 2, 16384).objs_per_slab, 85);
	kt_arena_fini(&arena);
}
