// SPDX-License-Identifier: GPL-2.0-or-later
//
// Blocks of large kmalloc that are larger than what was asked for, and objects idle in sheaves.

#include "computed.h"

static int64_t input_bytes(const struct computed *computed, const char *name)
{
	for (size_t i = 0; i < computed->result.inputs.count; i++) {
		if (strcmp(computed->result.inputs.items[i].name, name) == 0)
			return computed->result.inputs.items[i].bytes;
	}
	return KT_UNKNOWN;
}

static bool any_note(const struct computed *computed, const char *text)
{
	for (size_t i = 0; i < computed->result.notes.count; i++) {
		if (strstr(computed->result.notes.items[i], text))
			return true;
	}
	return false;
}

/*
 * 3 blocks of 4 pages were asked for 2 pages and a byte at least: 1 page each is won. 2 of 16
 * pages: 7 each. A block of a page or of two, as they may be, wins nothing.
 */
TEST(a_block_is_asked_for_more_than_half)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_large_kmalloc *large = kt_list_push(&snap->arena, &snap->large_kmallocs);
	struct computed computed;

	*large = (struct kt_large_kmalloc){ .nr_blocks = { 5, 5, 3, 0, 2 } };
	compute(&kt_whatif_rounding, snap, &computed);
	check(&computed, KT_UPPER_BOUND, (3 + 14) * 4096);
	CHECK_INT(computed.result.now_bytes, (5 + 10 + 12 + 32) * 4096);
	CHECK_INT(computed.result.parts.items[0].saves_bytes, 14 * 4096);
	CHECK(any_note(&computed, "which call site asked"));
	CHECK(any_note(&computed, "what was asked of it is not known"));
	kt_arena_fini(&computed.arena);
	large->why = "no memory map";
	compute(&kt_whatif_rounding, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}

static struct kt_watched *put_site(
	struct kt_snapshot *snap, const char *const *frames, int64_t nr, double given, double asked)
{
	struct kt_watched *watched = kt_list_push(&snap->arena, &snap->watched);

	*watched = (struct kt_watched){ .frames = frames,
		.nr_frames = 1,
		.held = { .nr = nr, .objects = (double)nr, .bytes = given },
		.requested = { .nr = nr, .objects = (double)nr, .bytes = asked } };
	return watched;
}

/* 10 of 33 KiB take 64 KiB each, and 9 pages of 4 KiB would be enough. */
TEST(a_watched_call_site_shows_what_it_asked_for)
{
	static const char *const large[] = { "make_table+0x1/0x20" };
	static const char *const small[] = { "make_node+0x1/0x20" };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_large_kmalloc *blocks = kt_list_push(&snap->arena, &snap->large_kmallocs);
	struct computed computed;

	*blocks = (struct kt_large_kmalloc){ .nr_blocks = { 0, 0, 0, 0, 10 } };
	put_site(snap, large, 10, 10 * 65536, 10 * 33 * 1024);
	put_site(snap, small, 1000, 1000 * 64, 1000 * 40);
	/* one of 5 samples does not know what was asked for */
	put_site(snap, large, 5, 5 * 65536, 4 * 33 * 1024)->requested.nr = 4;
	compute(&kt_whatif_rounding, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 70 * 4096);
	CHECK_INT(computed.result.parts.count, 2);
	CHECK_STR(computed.result.parts.items[0].name, "kmalloc of 64 KiB, or less");
	CHECK_STR(computed.result.parts.items[1].name, "make_table: 33792 of 65536 bytes");
	CHECK_INT(computed.result.parts.items[1].then_bytes, 90 * 4096);
	CHECK_INT(computed.result.parts.items[1].saves_bytes, 70 * 4096);
	CHECK(!any_note(&computed, "which call site asked"));
	kt_arena_fini(&computed.arena);
}

/* Ends of pages are not won; an area of 2 MiB that was asked for 1 MiB is. */
TEST(ends_of_pages_of_vmalloc_are_not_won)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_large_kmalloc *blocks = kt_list_push(&snap->arena, &snap->large_kmallocs);
	struct kt_lazy_areas *areas = kt_list_push(&snap->arena, &snap->lazy_areas);
	struct computed computed;

	*blocks = (struct kt_large_kmalloc){ 0 };
	*areas = (struct kt_lazy_areas){
		.nr_asked = 10, .asked_bytes = 10 * 5000, .taken_bytes = 10 * 8192
	};
	compute(&kt_whatif_rounding, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 0);
	CHECK_INT(input_bytes(&computed, "asked of vmalloc"), 50000);
	kt_arena_fini(&computed.arena);
	areas->nr_asked = 1;
	areas->asked_bytes = MIB;
	areas->taken_bytes = 2 * MIB;
	compute(&kt_whatif_rounding, snap, &computed);
	/* 1 MiB less the end of a page, in whole pages */
	check(&computed, KT_UPPER_BOUND, MIB - 4096);
	kt_arena_fini(&computed.arena);
}

/* ---- sheaves ---- */

static struct kt_snapshot *two_cpus(void)
{
	struct kt_snapshot *snap = machine(4096);

	snap->host.nr_cpus_present = 2;
	snap->host.nr_cpus_possible = 2;
	snap->host.nr_nodes = 1;
	return snap;
}

static struct kt_cache_folder *put_cache(
	struct kt_snapshot *snap, const char *name, int64_t slot, int64_t active, int64_t capacity)
{
	struct kt_cache *cache = kt_list_push(&snap->arena, &snap->caches);
	struct kt_cache_folder *folder = kt_list_push(&snap->arena, &snap->cache_folders);

	*cache = kt_cache_unknown(name);
	cache->slot_bytes = slot;
	cache->active_objs = active;
	*folder = kt_cache_folder_unknown(name, name);
	folder->sheaf_capacity = capacity;
	folder->nr_cpu_slabs = 0;
	return folder;
}

static void put_memory(
	struct kt_snapshot *snap, const char *name, int64_t slot, int64_t cached, int64_t rcu)
{
	struct kt_cache_memory *memory = kt_list_push(&snap->arena, &snap->cache_memories);

	*memory = (struct kt_cache_memory){
		.name = name, .slot_bytes = slot, .cached_objs = cached, .rcu_objs = rcu
	};
}

/*
 * 32 objects in 3 sheaves for each of 2 CPUs and 11 of a node: 544 at most, of 256 bytes 136 KiB.
 * A cache of 100 objects has no more than these idle.
 */
TEST(sheaves_hold_what_their_capacity_allows)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_cache_folder *folder;
	struct computed computed;

	compute(&kt_whatif_sheaves, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
	put_cache(snap, "old", 64, 1000, KT_UNKNOWN);
	compute(&kt_whatif_sheaves, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
	put_cache(snap, "plain", 64, 1000, 0);
	compute(&kt_whatif_sheaves, snap, &computed);
	check(&computed, KT_EXACT, 0);
	kt_arena_fini(&computed.arena);
	put_cache(snap, "maple_node", 256, 5000, 32);
	put_cache(snap, "few", 4096, 100, 4);
	compute(&kt_whatif_sheaves, snap, &computed);
	CHECK_INT(computed.result.now_bytes, (136 + 68 * 4) * KIB);
	check(&computed, KT_UPPER_BOUND, (68 + 34 * 4) * KIB);
	CHECK_INT(computed.result.points.items[3].bytes, 2 * (136 + 68 * 4) * KIB);
	CHECK(any_note(&computed, "without --exact"));
	kt_arena_fini(&computed.arena);
	/* kernel memory: 200 in sheaves, 600 wait for RCU, which has no limit */
	put_memory(snap, "maple_node", 256, 200, 600);
	put_memory(snap, "few", 4096, 8, 0);
	compute(&kt_whatif_sheaves, snap, &computed);
	CHECK_INT(computed.result.now_bytes, (200 + 32) * KIB);
	check(&computed, KT_UPPER_BOUND, (100 + 16) * KIB);
	CHECK_STR(computed.result.parts.items[0].how, "16 instead of 32");
	kt_arena_fini(&computed.arena);
	/* with slabs of CPUs, no more in sheaves than they can hold */
	folder = &snap->cache_folders.items[2];
	folder->nr_cpu_slabs = 5;
	snap->cache_memories.items[0].cached_objs = 3000;
	snap->cache_memories.items[0].rcu_objs = 0;
	compute(&kt_whatif_sheaves, snap, &computed);
	CHECK_INT(computed.result.now_bytes, (136 + 32) * KIB);
	kt_arena_fini(&computed.arena);
}
