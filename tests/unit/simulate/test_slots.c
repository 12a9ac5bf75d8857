// SPDX-License-Identifier: GPL-2.0-or-later
//
// Drawings of slabs of models: slots worked out by hand, and what holds for any events.

#include "test.h"

#include "events.h"

/* Draws slabs of the first cache. The result is in the arena. */
static struct kt_slab_drawing drawn(struct kt_arena *arena,
	const struct kt_sim_allocator *allocator, struct events *events,
	const struct kt_sim_cache *caches, bool shuffled)
{
	const struct kt_sim_wants wants = { .drawn = caches[0].name, .shuffled = shuffled };
	struct kt_sim_stream stream = stream_of(events, caches, 1, 2);
	struct kt_sim_result result;
	struct kt_err *err = kt_simulate(arena, &stream, &allocator, 1, &wants, &result);

	CHECK(!err);
	kt_err_free(err);
	return result.drawing;
}

static void check_slab(
	const struct kt_slab_drawing *drawing, size_t at, const char *map, const char *ranks)
{
	const struct kt_drawn_slab *slab = &drawing->slabs.items[at];
	char text[64] = "";

	CHECK(at < drawing->slabs.count);
	if (at >= drawing->slabs.count)
		return;
	CHECK_STR(slab->map, map);
	for (int64_t i = 0; i < slab->nr_objs; i++)
		text[i] = (char)('0' + slab->rank[i]);
	CHECK_STR(text, ranks);
}

static const struct kt_sim_cache four = { .name = "four",
	.bytes = 1000,
	.slot_bytes = 1024,
	.counted = true,
	.pages_per_slab = 1,
	.objs_per_slab = 4,
	.min_partial = 5,
	.sheaf_capacity = 4 };

TEST(slub_takes_the_object_that_was_freed_last)
{
	struct events events = { 0 };
	struct kt_arena arena = { 0 };
	struct kt_slab_drawing drawing;

	for (uint32_t i = 0; i < 6; i++)
		alloc(&events, i, 0, 1000);
	give(&events, 1); /* to the first slab, which no CPU has any more */
	give(&events, 0);
	give(&events, 5);	/* to the list of CPU 0 */
	give_on(&events, 4, 1); /* CPU 1 frees into that slab: to its own list */
	drawing = drawn(&arena, &kt_sim_slub, &events, &four, false);
	CHECK_INT(drawing.nr_slabs, 2);
	CHECK_INT(drawing.slot_bytes, 1024);
	CHECK_INT(drawing.object_bytes, 1000);
	check_slab(&drawing, 0, "FFUU", "1200");
	check_slab(&drawing, 1, "FCCC", "1123");
	CHECK_INT(drawing.slabs.items[0].state, KT_SLAB_PARTIAL);
	CHECK_INT(drawing.slabs.items[1].state, KT_SLAB_CPU);
	CHECK_INT(drawing.slabs.items[1].cpu, 0);
	CHECK_INT(drawing.slabs.items[1].used_objs, 0);
	/* three from the list of the CPU, the fourth from the slab's */
	for (uint32_t i = 6; i < 9; i++)
		alloc(&events, i, 0, 1000);
	drawing = drawn(&arena, &kt_sim_slub, &events, &four, false);
	check_slab(&drawing, 0, "FUUU", "1000");
	alloc(&events, 9, 0, 1000);
	give(&events, 7); /* it was the second of three: slot 2 */
	drawing = drawn(&arena, &kt_sim_slub, &events, &four, false);
	check_slab(&drawing, 0, "UUCU", "0010");
	kt_arena_fini(&arena);
}

TEST(free_objects_are_in_sheaves_of_cpus_and_nodes)
{
	struct events events = { 0 };
	struct kt_arena arena = { 0 };
	struct kt_slab_drawing drawing;

	alloc(&events, 0, 0, 1000); /* the sheaf took all four */
	drawing = drawn(&arena, &kt_sim_sheaves, &events, &four, false);
	check_slab(&drawing, 0, "USSS", "0000");
	CHECK_INT(drawing.slabs.items[0].state, KT_SLAB_FULL);
	CHECK_INT(drawing.slabs.items[0].used_objs, 1);
	for (uint32_t i = 1; i < 12; i++)
		alloc(&events, i, 0, 1000);
	for (uint32_t i = 0; i < 12; i++)
		give(&events, i);
	/* main, spare, and a full sheaf in the barn: of the slab that was freed second */
	drawing = drawn(&arena, &kt_sim_sheaves, &events, &four, false);
	CHECK_INT(drawing.slabs.count, 3);
	check_slab(&drawing, 0, "SSSS", "0000");
	check_slab(&drawing, 1, "NNNN", "0000");
	check_slab(&drawing, 2, "SSSS", "0000");
	kt_arena_fini(&arena);
}

/* Bonwick 1994, 4.3: 4096 - 7 * 8 bytes have ten of 400, and colours from 0 to 40 by 8. */
TEST(slabs_of_1994_have_colours)
{
	static const struct kt_sim_cache cache = { .name = "four hundred", .bytes = 400 };
	struct events events = { 0 };
	struct kt_arena arena = { 0 };
	struct kt_slab_drawing drawing;

	for (uint32_t i = 0; i < 22; i++)
		alloc(&events, i, 0, 400);
	give(&events, 12);
	drawing = drawn(&arena, &kt_sim_slab, &events, &cache, false);
	CHECK_INT(drawing.slabs.count, 3);
	check_slab(&drawing, 0, "UUUUUUUUUU", "0000000000");
	check_slab(&drawing, 1, "UUFUUUUUUU", "0010000000");
	check_slab(&drawing, 2, "UUFFFFFFFF", "0012345678");
	for (int64_t i = 0; i < 3; i++)
		CHECK_INT(drawing.slabs.items[i].start, i * 8);
	kt_arena_fini(&arena);
}

static int64_t count_of(const struct kt_drawn_slab *slab, char letter)
{
	int64_t count = 0;

	for (int64_t i = 0; i < slab->nr_objs; i++)
		count += slab->map[i] == letter;
	return count;
}

static void check_drawing(const struct kt_slab_drawing *drawing, int64_t nr_used)
{
	int64_t used = 0;

	for (size_t i = 0; i < drawing->slabs.count; i++) {
		CHECK_INT(
			count_of(&drawing->slabs.items[i], 'U'), drawing->slabs.items[i].used_objs);
		used += drawing->slabs.items[i].used_objs;
	}
	if (drawing->nr_slabs <= KT_DRAWN_SLABS)
		CHECK_INT(used, nr_used);
	CHECK(drawing->slabs.count > 0 && drawing->slabs.count <= KT_DRAWN_SLABS + 1);
}

TEST(every_object_has_a_slot)
{
	static const struct kt_sim_allocator *const allocators[] = { &kt_sim_slub, &kt_sim_sheaves,
		&kt_sim_slab, &kt_sim_magazines };
	static const struct kt_sim_cache cache = { .name = "a", .bytes = 200 };
	static struct events events;

	for (uint32_t seed = 1; seed < 9; seed++) {
		bool used[90] = { false };
		uint32_t dice = seed;
		int64_t nr_used = 0;

		events.count = 0;
		for (int i = 0; i < 3000; i++) {
			uint32_t object = random_below(&dice, KT_LEN(used));

			if (used[object])
				give_on(&events, object, (uint16_t)random_below(&dice, 2));
			else
				alloc(&events, object, 0, 200);
			nr_used += used[object] ? -1 : 1;
			used[object] = !used[object];
			if (i % 500 == 499)
				reap(&events);
		}
		for (size_t i = 0; i < 2 * KT_LEN(allocators); i++) {
			struct kt_arena arena = { 0 };
			struct kt_slab_drawing drawing =
				drawn(&arena, allocators[i / 2], &events, &cache, i % 2);

			check_drawing(&drawing, nr_used);
			kt_arena_fini(&arena);
		}
	}
}

/* init_cache_random_seq() and shuffle_freelist() of mm/slub.c: other slots, the same slabs. */
TEST(a_random_order_changes_slots_alone)
{
	static const struct kt_sim_cache cache = { .name = "a", .bytes = 200 };
	struct events events = { 0 };
	struct kt_arena arena = { 0 };
	struct kt_slab_drawing plain, shuffled;
	size_t nr_other = 0;

	for (uint32_t i = 0; i < 50; i++)
		alloc(&events, i, 0, 200);
	plain = drawn(&arena, &kt_sim_slub, &events, &cache, false);
	shuffled = drawn(&arena, &kt_sim_slub, &events, &cache, true);
	CHECK_INT(plain.slabs.count, 3);
	CHECK_INT(shuffled.slabs.count, 3);
	for (size_t i = 0; i < 3; i++) {
		CHECK_INT(shuffled.slabs.items[i].used_objs, plain.slabs.items[i].used_objs);
		nr_other += strcmp(plain.slabs.items[i].map, shuffled.slabs.items[i].map) != 0;
	}
	CHECK_INT(nr_other, 1); /* two are full */
	kt_arena_fini(&arena);
}
