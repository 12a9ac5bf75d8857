// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slab caches counted in memory that was made by hand, in every place where a free object can be;
// and in damaged memory.

#include "memory/slub.h"
#include "random.h"
#include "slub_bytes.h"
#include "test.h"

static const struct kt_slub_opts one_node = { .nr_node_ids = 1 };

static struct kt_snapshot *walk(struct slub_bytes *slub, struct kt_slub_sum *ret_sum)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_err *err = kt_slub_walk(slub->target, &one_node, snap, ret_sum);

	CHECK(!err);
	kt_err_free(err);
	return snap;
}

static const struct kt_cache_memory *find(const struct kt_snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->cache_memories.count; i++) {
		if (strcmp(snap->cache_memories.items[i].name, name) == 0)
			return &snap->cache_memories.items[i];
	}
	return NULL;
}

static void check_slabs_of_cpus(bool hardened)
{
	struct slub_bytes slub;
	struct kt_slub_sum sum;
	struct kt_snapshot *snap;
	const struct kt_cache_memory *memory;
	uint64_t cache, slab;

	slub_init(&slub, false, hardened);
	slub_cache(&slub, "before", 64, 64, 64);
	cache = slub_cache(&slub, "middle", 96, 88, 42);
	slub_cache(&slub, "after", 64, 64, 64);
	slub_total(&slub, cache, 10, 420);
	slub_partial(&slub, cache, 42, 40); /* 2 */
	slub_partial(&slub, cache, 42, 0);  /* 42 */
	/* CPU 0: 5 of its own, 3 freed by others, 7 and 1 in slabs that wait */
	slub_set64(&slub, slub_cpu(&slub, cache, 0), slub_freelist(&slub, cache, 5));
	slub_set64(&slub, slub_cpu(&slub, cache, 0) + 16, slub_slab(&slub, cache, 42, 39));
	slab = slub_slab(&slub, cache, 42, 35);
	slub_set64(&slub, slub_cpu(&slub, cache, 0) + 24, slab);
	slub_set64(&slub, slab + SLAB_LIST, slub_slab(&slub, cache, 42, 41));
	/* CPU 1: 1 of its own */
	slub_set64(&slub, slub_cpu(&slub, cache, 1), slub_freelist(&slub, cache, 1));
	slub_set64(&slub, slub_cpu(&slub, cache, 1) + 16, slub_slab(&slub, cache, 42, 42));

	snap = walk(&slub, &sum);
	CHECK_INT(snap->cache_memories.count, 3);
	CHECK_INT(sum.nr_torn, 0);
	memory = find(snap, "middle");
	if (CHECK(memory != NULL)) {
		CHECK_INT(memory->nr_objs, 420);
		CHECK_INT(memory->nr_slabs, 10);
		CHECK_INT(memory->free_objs, 44);
		CHECK_INT(memory->cached_objs, 5 + 3 + 7 + 1 + 1);
		CHECK_INT(memory->rcu_objs, 0);
		CHECK_INT(memory->used_objs, 420 - 44 - 17);
		CHECK_INT(memory->uncertain_objs, 0);
		CHECK_INT(memory->slot_bytes, 96);
		CHECK_INT(memory->object_bytes, 88);
		CHECK_INT(memory->objs_per_slab, 42);
		CHECK_INT(memory->pages_per_slab, 2);
	}
	kt_snapshot_free(snap);
	slub_fini(&slub);
}

TEST(every_free_object_of_a_cache_with_slabs_for_cpus_is_counted_once)
{
	check_slabs_of_cpus(false);
	check_slabs_of_cpus(true);
}

TEST(every_free_object_of_a_cache_with_sheaves_is_counted_once)
{
	struct slub_bytes slub;
	struct kt_slub_sum sum;
	struct kt_snapshot *snap;
	const struct kt_cache_memory *memory;
	uint64_t cache, barn;

	slub_init(&slub, true, true);
	cache = slub_cache(&slub, "sheafy", 256, 200, 32);
	slub_total(&slub, cache, 20, 640);
	slub_partial(&slub, cache, 32, 30);
	barn = slub_get64(&slub, cache + CACHE_NODES);
	slub_link(&slub, barn + 8, slub_sheaf(&slub, cache, 28));
	slub_link(&slub, barn + 8, slub_sheaf(&slub, cache, 28));
	slub_set64(&slub, slub_cpu(&slub, cache, 0), slub_sheaf(&slub, cache, 9));
	slub_set64(&slub, slub_cpu(&slub, cache, 0) + 8, slub_sheaf(&slub, cache, 28));
	slub_set64(&slub, slub_cpu(&slub, cache, 1), slub_sheaf(&slub, cache, 4));
	slub_set64(&slub, slub_cpu(&slub, cache, 1) + 16, slub_sheaf(&slub, cache, 11));

	snap = walk(&slub, &sum);
	memory = find(snap, "sheafy");
	if (CHECK(memory != NULL)) {
		CHECK_INT(memory->free_objs, 2);
		CHECK_INT(memory->cached_objs, 28 + 28 + 9 + 28 + 4);
		CHECK_INT(memory->rcu_objs, 11);
		CHECK_INT(memory->used_objs, 640 - 2 - 97 - 11);
		CHECK_INT(memory->uncertain_objs, 0);
	}
	kt_snapshot_free(snap);
	slub_fini(&slub);
}

TEST(any_cache_leads_to_all_of_them_in_the_order_of_their_list)
{
	struct kt_slub_opts opts = one_node;
	struct kt_snapshot *snap = kt_snapshot_new();
	struct slub_bytes slub;
	struct kt_slub_sum sum;

	slub_init(&slub, false, false);
	slub_cache(&slub, "one", 64, 64, 64);
	slub_cache(&slub, "two", 64, 64, 64);
	opts.any_cache = slub_cache(&slub, "three", 64, 64, 64);
	slub_cache(&slub, "four", 64, 64, 64);
	CHECK(!kt_slub_walk(slub.target, &opts, snap, &sum));
	if (CHECK_INT(snap->cache_memories.count, 4)) {
		CHECK_STR(snap->cache_memories.items[0].name, "one");
		CHECK_STR(snap->cache_memories.items[1].name, "two");
		CHECK_STR(snap->cache_memories.items[2].name, "three");
		CHECK_STR(snap->cache_memories.items[3].name, "four");
	}
	kt_snapshot_free(snap);
	slub_fini(&slub);
}

TEST(a_partial_list_that_turns_or_leads_elsewhere_is_uncertain)
{
	struct slub_bytes slub;
	struct kt_slub_sum sum;
	struct kt_snapshot *snap;
	uint64_t turning, leading, first;

	slub_init(&slub, false, false);
	turning = slub_cache(&slub, "turning", 64, 64, 64);
	slub_total(&slub, turning, 4, 256);
	slub_partial(&slub, turning, 64, 60);
	slub_partial(&slub, turning, 64, 60);
	first = slub_get64(&slub, slub_node(&slub, turning) + NODE_PARTIAL);
	slub_set64(&slub, slub_get64(&slub, first), first); /* the second leads to the first */
	leading = slub_cache(&slub, "leading", 64, 64, 64);
	slub_total(&slub, leading, 4, 256);
	slub_partial(&slub, leading, 64, 60);
	slub_set64(&slub,
		slub_get64(&slub, slub_node(&slub, leading) + NODE_PARTIAL) - SLAB_LIST +
			SLAB_CACHE,
		turning);
	snap = walk(&slub, &sum);
	CHECK_INT(sum.nr_torn, 2);
	CHECK(find(snap, "turning")->uncertain_objs > 0);
	CHECK(find(snap, "leading")->uncertain_objs > 0);
	kt_snapshot_free(snap);
	slub_fini(&slub);
}

/* ---- a cache that moves while it is counted ---- */

/* What happens when the memory of CPU 0 is read: before that, the lists of the node were. */
static struct {
	struct slub_bytes *slub;
	const struct kt_target_ops *ops;
	uint64_t cache, slab; /* the slab, or sheaf, goes between the list and the CPU */
	unsigned nr_moves;    /* left */
	unsigned nr_reads;    /* of the CPU's memory; every second one is for the mark of a CPU */
	bool listed;
} moving;

static void move_slab(void)
{
	struct slub_bytes *slub = moving.slub;
	uint64_t node = slub_node(slub, moving.cache), cpu = slub_cpu(slub, moving.cache, 0);

	if (moving.listed)
		slub_list(slub, node + NODE_PARTIAL);
	else
		slub_link(slub, node + NODE_PARTIAL, moving.slab + SLAB_LIST);
	slub_set64(slub, node + NODE_NR_PARTIAL, !moving.listed);
	slub_set64(slub, cpu + 16, moving.listed ? moving.slab : 0);
	slub_set64(slub, cpu + 8, slub_get64(slub, cpu + 8) + 2); /* tid */
	moving.listed = !moving.listed;
	moving.nr_moves--;
}

/* A sheaf goes between the node and the CPU. */
static void move_sheaf(void)
{
	struct slub_bytes *slub = moving.slub;
	uint64_t head = slub_get64(slub, moving.cache + CACHE_NODES) + 8;

	if (moving.listed)
		slub_list(slub, head);
	else
		slub_link(slub, head, moving.slab);
	slub_set64(slub, slub_cpu(slub, moving.cache, 0), moving.listed ? moving.slab : 0);
	moving.listed = !moving.listed;
	moving.nr_moves--;
}

static bool read_and_move(struct kt_target *target, uint64_t address, void *to, size_t size)
{
	/* the whole struct, not its number alone */
	if (size > 8 && address == slub_cpu(moving.slub, moving.cache, 0) &&
		moving.nr_reads++ % 2 && moving.nr_moves) {
		if (moving.slub->sheaves)
			move_sheaf();
		else
			move_slab();
	}
	return moving.ops->read(target, address, to, size);
}

/* Counts a cache with one slab of 42 slots, or a sheaf, with 40 free, that moves so often. */
static struct kt_cache_memory count_moving(bool sheaves, unsigned nr_moves)
{
	struct kt_target_ops ops;
	struct kt_cache_memory memory = { 0 };
	struct slub_bytes slub;
	struct kt_slub_sum sum;
	struct kt_snapshot *snap;
	uint64_t cache;

	slub_init(&slub, sheaves, false);
	cache = slub_cache(&slub, "moving", 96, 88, 42);
	slub_total(&slub, cache, 10, 420);
	moving.slub = &slub;
	moving.ops = slub.target->ops;
	moving.cache = cache;
	if (sheaves) {
		moving.slab = slub_sheaf(&slub, cache, 40);
		slub_link(&slub, slub_get64(&slub, cache + CACHE_NODES) + 8, moving.slab);
	} else {
		slub_partial(&slub, cache, 42, 2);
		moving.slab = slub_get64(&slub, slub_node(&slub, cache) + NODE_PARTIAL) - SLAB_LIST;
	}
	moving.nr_moves = nr_moves;
	moving.nr_reads = 0;
	moving.listed = true;
	ops = *moving.ops;
	ops.read = read_and_move;
	slub.target->ops = &ops;
	snap = walk(&slub, &sum);
	if (CHECK(find(snap, "moving") != NULL))
		memory = *find(snap, "moving");
	CHECK_INT(sum.nr_caches, 1);
	kt_snapshot_free(snap);
	slub.target->ops = moving.ops;
	slub_fini(&slub);
	return memory;
}

TEST(a_slab_or_sheaf_that_a_cpu_takes_from_the_list_meanwhile_is_counted_once)
{
	for (unsigned sheaves = 0; sheaves < 2; sheaves++) {
		struct kt_cache_memory memory = count_moving(sheaves, 1);

		CHECK_INT(memory.used_objs, 380);
		CHECK_INT(memory.free_objs, 0);
		CHECK_INT(memory.cached_objs, 40);
		CHECK_INT(memory.uncertain_objs, 0);
	}
}

TEST(a_cache_that_moves_in_each_reading_is_uncertain_by_what_was_counted_twice)
{
	for (unsigned sheaves = 0; sheaves < 2; sheaves++) {
		struct kt_cache_memory memory = count_moving(sheaves, 1000);

		CHECK_INT(memory.nr_objs, 420);
		CHECK(llabs(memory.used_objs - 380) <= memory.uncertain_objs);
		CHECK(memory.uncertain_objs <= 4 * 42);
	}
}

TEST(a_list_of_caches_that_does_not_close_is_an_error)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct slub_bytes slub;
	struct kt_slub_sum sum;
	struct kt_err *err;
	uint64_t cache;

	slub_init(&slub, false, false);
	slub_cache(&slub, "one", 64, 64, 64);
	cache = slub_cache(&slub, "two", 64, 64, 64);
	slub_set64(&slub, cache + CACHE_LIST, cache + CACHE_LIST); /* leads to itself */
	err = kt_slub_walk(slub.target, &one_node, snap, &sum);
	CHECK(err && kt_err_code(err) == KT_ERR_PARSE);
	CHECK_INT(snap->cache_memories.count, 0);
	kt_err_free(err);
	kt_snapshot_free(snap);
	slub_fini(&slub);
}

TEST(without_offsets_of_cpus_nothing_is_said_of_what_cpus_have)
{
	struct slub_bytes slub;
	struct kt_slub_sum sum;
	struct kt_snapshot *snap;
	uint64_t cache;

	slub_init(&slub, false, false);
	kt_symbols_fini(&slub.target->symbols);
	kt_symbols_add(&slub.target->symbols, KT_SPAN("slab_caches"), SLUB_BASE + SLUB_HEAD);
	cache = slub_cache(&slub, "one", 64, 64, 64);
	slub_total(&slub, cache, 1, 64);
	snap = walk(&slub, &sum);
	CHECK_INT(snap->cache_memories.items[0].nr_objs, 64);
	CHECK_INT(snap->cache_memories.items[0].used_objs, KT_UNKNOWN);
	CHECK_INT(snap->cache_memories.items[0].cached_objs, KT_UNKNOWN);
	kt_snapshot_free(snap);
	slub_fini(&slub);
}

/* What a dump lacks is unknown, and the other caches are counted. */
TEST(a_cache_whose_memory_is_missing_has_no_numbers)
{
	const uint64_t nowhere = SLUB_BASE + (1ull << 40);
	const struct kt_cache_memory *memory;
	struct slub_bytes slub;
	struct kt_slub_sum sum;
	struct kt_snapshot *snap;
	uint64_t cache;

	slub_init(&slub, false, false);
	slub.target->at_rest = true;
	cache = slub_cache(&slub, "node", 64, 64, 64);
	slub_total(&slub, cache, 1, 64);
	slub_set64(&slub, cache + CACHE_NODES, nowhere);
	cache = slub_cache(&slub, "cpus", 64, 64, 64);
	slub_total(&slub, cache, 2, 128);
	slub_partial(&slub, cache, 64, 60);
	slub_set64(&slub, cache + CACHE_CPUS, nowhere);
	cache = slub_cache(&slub, "whole", 64, 64, 64);
	slub_total(&slub, cache, 3, 192);
	snap = walk(&slub, &sum);
	CHECK_INT(snap->cache_memories.count, 3);
	memory = find(snap, "node");
	CHECK(memory && memory->nr_slabs == KT_UNKNOWN && memory->nr_objs == KT_UNKNOWN &&
		memory->used_objs == KT_UNKNOWN && memory->free_objs == KT_UNKNOWN);
	memory = find(snap, "cpus");
	CHECK(memory && memory->nr_slabs == 2 && memory->nr_objs == 128 && memory->free_objs == 4 &&
		memory->cached_objs == KT_UNKNOWN && memory->used_objs == KT_UNKNOWN);
	memory = find(snap, "whole");
	CHECK(memory && memory->used_objs == 192);
	kt_snapshot_free(snap);
	slub_fini(&slub);
}

/* Numbers that damaged memory gives may be wrong, but they add up, and the walk ends. */
static void check_damaged(bool sheaves)
{
	struct slub_bytes slub;

	slub_init(&slub, sheaves, true);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t cache = slub_cache(&slub, "cache", 96, 88, 42);

		slub_total(&slub, cache, 10, 420);
		for (unsigned k = 0; k < 8; k++)
			slub_partial(&slub, cache, 42, 5 * k);
		if (!sheaves) {
			slub_set64(
				&slub, slub_cpu(&slub, cache, 0), slub_freelist(&slub, cache, 5));
			slub_set64(&slub, slub_cpu(&slub, cache, 0) + 16,
				slub_slab(&slub, cache, 42, 39));
		} else
			slub_set64(&slub, slub_cpu(&slub, cache, 0), slub_sheaf(&slub, cache, 9));
	}
	for (unsigned i = 0; i < 5000; i++) {
		uint32_t at = dice(slub.used - 8), nr_bytes = 1u << dice(4);
		char before[8];
		struct kt_snapshot *snap = kt_snapshot_new();
		struct kt_slub_sum sum;

		memcpy(before, slub.memory + at, nr_bytes);
		for (uint32_t k = 0; k < nr_bytes; k++)
			slub.memory[at + k] = (char)dice(256);
		/* half of them lead to somewhere in the same memory */
		if (nr_bytes == 8 && i % 2)
			slub_set64(&slub, SLUB_BASE + at, SLUB_BASE + dice(slub.used) / 8 * 8);
		kt_err_free(kt_slub_walk(slub.target, &one_node, snap, &sum));
		CHECK(slub.target->nr_reads < 4000000);
		slub.target->nr_reads = 0;
		memcpy(slub.memory + at, before, nr_bytes);
		kt_snapshot_free(snap);
	}
	slub_fini(&slub);
}

TEST(damaged_memory_ends_every_walk)
{
	check_damaged(false);
	check_damaged(true);
}
