// SPDX-License-Identifier: GPL-2.0-or-later
//
// Models of allocators: small examples worked out by hand, and what holds for any events.

#include "test.h"

#include "events.h"

#include "base/arena.h"
#include "simulate/phases.h"

/* Slabs of a page with four objects, as the kernel is said to have them. */
static struct kt_sim_cache four(uint32_t min_partial, uint32_t cpu_partial, uint32_t capacity)
{
	return (struct kt_sim_cache){ .name = "four",
		.bytes = 1024,
		.counted = true,
		.pages_per_slab = 1,
		.objs_per_slab = 4,
		.min_partial = min_partial,
		.cpu_partial = cpu_partial,
		.sheaf_capacity = capacity };
}

static void fill(struct events *events, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		alloc(events, i, 0, 1024);
}

TEST(slub_gives_back_an_empty_slab_when_the_node_has_enough_partial_ones)
{
	struct kt_sim_cache cache = four(1, 0, 0);
	struct events events = { 0 };
	struct pages pages;

	fill(&events, 16);
	mark(&events); /* four slabs; the CPU has the last one */
	for (uint32_t i = 0; i < 4; i++)
		give(&events, i);
	mark(&events); /* the first is empty, and the only one on the list: it is removed, since
			* the list has min_partial of them */
	for (uint32_t i = 4; i < 11; i++)
		give(&events, i);
	mark(&events); /* the second is gone, the third has one object in use */
	pages = pages_of(&kt_sim_slub, &events, &cache, 1, 1);
	CHECK_INT(pages.at[0], 4);
	CHECK_INT(pages.at[1], 3);
	CHECK_INT(pages.at[2], 2);
}

TEST(slub_keeps_partial_slabs_for_a_cpu)
{
	struct kt_sim_cache cache = four(0, 4, 0); /* 2 * 4 / 4: two slabs */
	struct events events = { 0 };
	struct pages pages;

	fill(&events, 16);
	for (uint32_t i = 0; i < 8; i++)
		give(&events, i);
	mark(&events); /* two empty slabs are the CPU's */
	give(&events, 8);
	mark(&events); /* the third one makes it give the two to the node, which keeps none */
	pages = pages_of(&kt_sim_slub, &events, &cache, 1, 1);
	CHECK_INT(pages.at[0], 4);
	CHECK_INT(pages.at[1], 2);
}

TEST(slub_takes_the_slab_of_a_cpu_only_for_that_cpu)
{
	struct kt_sim_cache cache = four(5, 0, 0);
	struct events events = { 0 };
	struct pages pages;

	alloc(&events, 0, 0, 1024);
	alloc(&events, 1, 0, 1024);
	events.items[1].cpu = 1;
	mark(&events);
	give_on(&events, 0, 1); /* into the slab of CPU 0, of which CPU 0 takes all four again */
	for (uint32_t i = 2; i < 6; i++)
		alloc(&events, i, 0, 1024);
	mark(&events);
	pages = pages_of(&kt_sim_slub, &events, &cache, 1, 2);
	CHECK_INT(pages.at[0], 2);
	CHECK_INT(pages.at[1], 2);
}

TEST(sheaves_keep_slabs_in_use_until_the_barn_is_full)
{
	struct kt_sim_cache cache = four(0, 0, 4);
	struct events events = { 0 };
	struct pages pages;

	fill(&events, 60);
	mark(&events);
	for (uint32_t i = 0; i < 48; i++)
		give(&events, i);
	mark(&events); /* main, spare and ten in the barn: 48 objects */
	for (uint32_t i = 48; i < 60; i++)
		give(&events, i);
	mark(&events); /* each further sheaf empties one, whose slab is free then */
	pages = pages_of(&kt_sim_sheaves, &events, &cache, 1, 1);
	CHECK_INT(pages.at[0], 15);
	CHECK_INT(pages.at[1], 15);
	CHECK_INT(pages.at[2], 12);
}

TEST(slab_has_slabs_of_two_kinds)
{
	static const struct kt_sim_cache caches[] = { { .name = "small", .bytes = 512 },
		{ .name = "large", .bytes = 1000 } };
	struct events events = { 0 };
	struct pages pages;

	/* 4096 - 7 * 8 bytes have seven objects of 512 */
	for (uint32_t i = 0; i < 7; i++)
		alloc(&events, i, 0, 512);
	mark(&events);
	alloc(&events, 7, 0, 512);
	mark(&events);
	/* four objects of 1000 leave 96 of 4096; one more page each for slab and bufctls, and the
	 * hash of 64 words is outside */
	alloc(&events, 8, 1, 1000);
	mark(&events);
	for (uint32_t i = 0; i < 9; i++)
		give(&events, i);
	reap(&events);
	mark(&events);
	reap(&events);
	reap(&events);
	mark(&events);
	pages = pages_of(&kt_sim_slab, &events, caches, 2, 1);
	CHECK_INT(pages.at[0], 1);
	CHECK_INT(pages.at[1], 2);
	CHECK_INT(pages.at[2], 5);
	/* slabs were not empty since the last time memory was short: the first asks for nothing */
	CHECK_INT(pages.at[3], 5);
	CHECK_INT(pages.at[4], 0);
}

static const struct kt_sim_cache any = { .name = "any", .generic = true };

TEST(bsd_never_uses_a_page_for_another_size)
{
	struct events events = { 0 };
	struct pages pages;

	for (uint32_t i = 0; i < 64; i++)
		alloc(&events, i, 0, 33); /* 64 bytes each */
	mark(&events);
	for (uint32_t i = 0; i < 64; i++)
		give(&events, i);
	alloc(&events, 0, 0, 65);
	mark(&events);
	alloc(&events, 1, 0, 8193); /* in pages */
	mark(&events);
	pages = pages_of(&kt_sim_bsd, &events, &any, 1, 1);
	CHECK_INT(pages.at[0], 1);
	CHECK_INT(pages.at[1], 2);
	CHECK_INT(pages.at[2], 5);
}

/* Random events over three caches, with all objects freed at the end. */
static void make_random(struct events *events, uint32_t seed, uint32_t nr_cpus)
{
	static bool used[400];
	uint32_t dice = seed;

	memset(used, 0, sizeof(used));
	for (int i = 0; i < 7000; i++) {
		uint32_t object = random_below(&dice, KT_LEN(used));

		if (used[object])
			give_on(events, object, (uint16_t)random_below(&dice, nr_cpus));
		else
			alloc(events, object, 2, 1 + random_below(&dice, 3000));
		if (!used[object] && object % 3 == 0) {
			events->items[events->count - 1].cache = (uint16_t)(object / 3 % 2);
			events->items[events->count - 1].bytes = object / 3 % 2 ? 700 : 48;
		}
		events->items[events->count - 1].cpu = (uint16_t)random_below(&dice, nr_cpus);
		used[object] = !used[object];
		if (i == 6999)
			mark(events);
	}
	for (uint32_t i = 0; i < KT_LEN(used); i++) {
		if (used[i])
			give(events, i);
	}
}

static const struct kt_sim_cache three[] = { { .name = "a", .bytes = 48, .constructed = true },
	{ .name = "b", .bytes = 700 }, { .name = "any", .generic = true } };

TEST(no_allocator_holds_less_than_is_asked)
{
	for (uint32_t seed = 1; seed < 20; seed++) {
		static struct events events;
		struct kt_arena arena = { 0 };
		struct kt_sim_result result;
		struct kt_sim_stream stream;
		struct kt_err *err;

		events.count = 0;
		make_random(&events, seed, 1 + seed % 4);
		stream = stream_of(&events, three, 3, 1 + seed % 4);
		err = kt_simulate(
			&arena, &stream, kt_sim_allocators, kt_nr_sim_allocators, NULL, &result);
		CHECK(!err);
		CHECK_INT(result.ends.count, 2);
		for (size_t i = 0; !err && i < kt_nr_sim_allocators; i++) {
			const struct kt_sim_figures *full = &result.ends.items[0].figures[i];
			uint64_t sum = 0;

			CHECK(full->held_bytes >= result.ends.items[0].asked_bytes);
			for (size_t c = 0; full->cache_pages && c < 3; c++) {
				sum += full->cache_pages[c];
				CHECK(full->cache_pages[c] * 4096 >=
					result.ends.items[0].cache_bytes[c]);
			}
			CHECK(sum <= full->pages);
		}
		CHECK_INT(result.ends.items[1].asked_bytes, 0);
		CHECK_INT(result.nr_allocs, result.nr_frees);
		kt_err_free(err);
		kt_arena_fini(&arena);
	}
}

TEST(what_gives_memory_back_gives_all_of_it_back)
{
	static const struct kt_sim_allocator *const giving[] = { &kt_sim_slab, &kt_sim_svr4 };

	for (size_t i = 0; i < KT_LEN(giving); i++) {
		static struct events events;
		struct pages pages;

		events.count = 0;
		make_random(&events, 7, 1);
		for (int reaps = 0; reaps < 4; reaps++)
			reap(&events);
		pages = pages_of(giving[i], &events, three, 3, 1);
		CHECK(pages.at[0] > 0);
		CHECK_INT(pages.at[1], 0);
	}
}

/* First fit over bytes of a map: granules of 8 bytes. Has the pages of its heap at each mark. */
static struct pages plain_first_fit(const struct events *events)
{
	static bool taken[1 << 20];
	static uint32_t starts[400], lengths[400];
	struct pages pages = { 0 };
	uint32_t heap = 0;

	memset(taken, 0, sizeof(taken));
	for (size_t i = 0; i < events->count; i++) {
		const struct kt_sim_event *event = &events->items[i];
		uint32_t run = 0, at = 0;

		if (event->kind == KT_SIM_FREE)
			memset(taken + starts[event->object], 0, lengths[event->object]);
		if (event->kind == KT_SIM_MARK)
			pages.at[pages.count++] = heap / 512;
		if (event->kind != KT_SIM_ALLOC)
			continue;
		lengths[event->object] = event->bytes ? (event->bytes + 7) / 8 : 1;
		for (at = 0; at < heap && run < lengths[event->object]; at++)
			run = taken[at] ? 0 : run + 1;
		if (run < lengths[event->object])
			heap += (lengths[event->object] - run + 511) / 512 * 512;
		starts[event->object] = at - run;
		memset(taken + at - run, 1, lengths[event->object]);
	}
	return pages;
}

TEST(sunos_is_first_fit)
{
	for (uint32_t seed = 1; seed < 10; seed++) {
		static struct events events;
		struct pages pages;

		events.count = 0;
		make_random(&events, seed, 1);
		pages = pages_of(&kt_sim_sunos, &events, three, 3, 1);
		CHECK_INT(pages.at[0], plain_first_fit(&events).at[0]);
	}
}

/* Objects of up to 64 KiB, each doubling as likely; half of them are there at the same time. */
static void make_long_and_short(struct events *events, uint32_t seed)
{
	bool used[200] = { false };
	uint32_t dice = seed;

	for (int i = 0; i < 6400; i++) {
		uint32_t object = random_below(&dice, KT_LEN(used));

		if (used[object])
			give(events, object);
		else
			alloc(events, object, 2,
				random_below(&dice, 1u << random_below(&dice, 17)));
		used[object] = !used[object];
		if (i % 800 == 799)
			mark(events);
	}
}

TEST(sunos_is_first_fit_when_runs_are_of_many_pages)
{
	for (uint32_t seed = 1; seed < 4; seed++) {
		static struct events events;
		struct pages pages, plain;

		events.count = 0;
		make_long_and_short(&events, seed);
		pages = pages_of(&kt_sim_sunos, &events, three, 3, 1);
		plain = plain_first_fit(&events);
		CHECK_INT(plain.count, 8);
		for (size_t i = 0; i < plain.count; i++)
			CHECK_INT(pages.at[i], plain.at[i]);
	}
}

/* Free runs are longer than the parts that a model may divide the heap into. */
TEST(sunos_joins_runs_of_any_length)
{
	struct events events = { 0 };
	struct pages pages;

	for (uint32_t i = 0; i < 4; i++)
		alloc(&events, i, 2, 1u << 30);
	mark(&events);
	give(&events, 1);
	give(&events, 2);
	alloc(&events, 4, 2, 1u << 29);
	alloc(&events, 5, 2, 1u << 30);
	alloc(&events, 6, 2, (1u << 29) + 1); /* a byte more than is left of the run */
	mark(&events);
	give(&events, 5);
	give(&events, 4);
	give(&events, 6);
	alloc(&events, 1, 2, 1u << 30);
	alloc(&events, 2, 2, 1u << 30);
	mark(&events);
	pages = pages_of(&kt_sim_sunos, &events, three, 3, 1);
	CHECK_INT(pages.at[0], 4u << 18);
	CHECK_INT(pages.at[1], (4u << 18) + (1u << 17) + 1);
	CHECK_INT(pages.at[2], (4u << 18) + (1u << 17) + 1);
}

TEST(events_that_cannot_be_are_refused)
{
	static const struct {
		struct kt_sim_event event;
		const char *says;
	} wrong[] = {
		{ { .kind = KT_SIM_FREE, .object = 5 }, "frees an object that is not in use" },
		{ { .kind = KT_SIM_FREE, .object = UINT32_MAX }, "frees an object" },
		{ { .object = 0 }, "allocates an object that is in use" },
		{ { .object = UINT32_MAX }, "more objects in use" },
		{ { .object = 1, .cache = 3 }, "has a cache" },
		{ { .object = 1, .bytes = UINT32_MAX }, "more bytes" },
		{ { .object = 1, .cpu = 1 }, "is on a CPU" },
		{ { .kind = KT_SIM_MARK, .object = 1 }, "ends a phase" },
		{ { .kind = KT_SIM_NR_KINDS }, "unknown kind" },
	};

	for (size_t i = 0; i < KT_LEN(wrong); i++) {
		struct events events = { 0 };
		struct kt_sim_stream stream;
		struct kt_arena arena = { 0 };
		struct kt_sim_result result;
		struct kt_err *err;

		alloc(&events, 0, 0, 10);
		write_event(&events, wrong[i].event);
		stream = stream_of(&events, three, 3, 1);
		err = kt_simulate(
			&arena, &stream, kt_sim_allocators, kt_nr_sim_allocators, NULL, &result);
		CHECK(err && strstr(kt_err_text(err), wrong[i].says));
		CHECK(err && strstr(kt_err_text(err), "event 2 "));
		kt_err_free(err);
		kt_arena_fini(&arena);
	}
}

TEST(a_header_that_asks_for_too_much_is_refused)
{
	static const struct {
		size_t nr_caches;
		uint32_t nr_cpus;
		const char *says;
	} wrong[] = { { 3, 0, "number of CPUs" }, { 3, 5000, "number of CPUs" },
		{ 0, 1, "number of caches" }, { 5000, 1, "number of caches" },
		{ 1000, 4096, "1000 caches and 4096 CPUs are more" } };
	static struct kt_sim_cache caches[5000];

	for (size_t i = 0; i < KT_LEN(wrong); i++) {
		struct events events = { 0 };
		struct kt_sim_stream stream =
			stream_of(&events, caches, wrong[i].nr_caches, wrong[i].nr_cpus);
		struct kt_arena arena = { 0 };
		struct kt_sim_result result;
		struct kt_err *err = kt_simulate(
			&arena, &stream, kt_sim_allocators, kt_nr_sim_allocators, NULL, &result);

		CHECK(err && strstr(kt_err_text(err), wrong[i].says));
		kt_err_free(err);
		kt_arena_fini(&arena);
	}
}

/* Shares that are wasted, in percent, by phase. */
static void measure_phases(uint64_t seed, const struct kt_sim_allocator *allocator, double ret[4])
{
	struct kt_sim_phases *phases = kt_sim_phases_new(seed, 1, 1);
	struct kt_sim_stream stream = kt_sim_phases_stream(phases);
	struct kt_arena arena = { 0 };
	struct kt_sim_result result;
	struct kt_err *err = kt_simulate(&arena, &stream, &allocator, 1, NULL, &result);

	CHECK(!err);
	CHECK_INT(result.ends.count, 4);
	for (size_t i = 0; !err && i < 4; i++)
		ret[i] = 100 - 100.0 * (double)result.ends.items[i].asked_bytes /
				       (double)result.ends.items[i].figures[0].held_bytes;
	kt_err_free(err);
	kt_arena_fini(&arena);
	kt_sim_phases_free(phases);
}

/*
 * The shape of Bonwick's table: slab 11 13 14 14, SunOS 7 19 19 27, 4.4BSD 20 43 43 45, SVr4 23 45
 * 45 46 percent. Powers of two lose most and never recover from the spike; slabs stay flat and lose
 * least of all after it; first fit starts best and ends between them.
 */
TEST(the_four_phases_have_the_shape_that_was_published)
{
	for (uint64_t seed = 1; seed < 6; seed++) {
		double slab[4], sunos[4], bsd[4], svr4[4];

		measure_phases(seed, &kt_sim_slab, slab);
		measure_phases(seed, &kt_sim_sunos, sunos);
		measure_phases(seed, &kt_sim_bsd, bsd);
		measure_phases(seed, &kt_sim_svr4, svr4);
		CHECK(sunos[0] < slab[0] && slab[0] < bsd[0] && slab[0] < svr4[0]);
		for (int i = 1; i < 4; i++) {
			CHECK(slab[i] < sunos[i] && sunos[i] < bsd[i] && sunos[i] < svr4[i]);
			CHECK(slab[i] > slab[0] - 3 && slab[i] < slab[0] + 3);
			CHECK(bsd[i] > bsd[0] + 15 && svr4[i] > svr4[0] + 15);
			CHECK(sunos[i] > sunos[0] + 10);
		}
	}
}

TEST(phases_are_the_same_for_the_same_seed)
{
	double first[4], second[4], other[4];

	measure_phases(3, &kt_sim_slub, first);
	measure_phases(3, &kt_sim_slub, second);
	measure_phases(4, &kt_sim_slub, other);
	CHECK(memcmp(first, second, sizeof(first)) == 0);
	CHECK(memcmp(first, other, sizeof(first)) != 0);
}
