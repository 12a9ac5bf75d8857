// SPDX-License-Identifier: GPL-2.0-or-later
//
// The model of the page allocator: examples worked out by hand from mm/page_alloc.c of Linux 6.1,
// with pages of 4 KiB: a CPU takes 63 pages at once, and gives back 63 when it has 252.

#include "test.h"

#include "events.h"

#include "simulate/buddy.h"

static void check_free(const struct kt_sim_buddy *buddy, const uint64_t expected[KT_SIM_ORDERS])
{
	struct kt_sim_blocks blocks;
	uint64_t pages = 0;

	kt_sim_buddy_measure(buddy, &blocks);
	for (uint32_t i = 0; i < KT_SIM_ORDERS; i++) {
		CHECK_INT(blocks.nr_free[i], expected[i]);
		pages += blocks.nr_free[i] << i;
	}
	CHECK_INT(pages + blocks.cached_pages + blocks.given_pages, blocks.zone_pages);
}

TEST(blocks_are_split_and_joined)
{
	struct kt_sim_buddy *buddy = kt_sim_buddy_new(4096, 1);
	uint32_t first, second, third;

	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 0 });
	first = kt_sim_buddy_take(buddy, 16);
	CHECK_INT(first, 0);
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 0, 0, 0, 0, 1, 1, 1, 1, 1, 1 });
	second = kt_sim_buddy_take(buddy, 20); /* 32 pages */
	CHECK_INT(second, 32);
	third = kt_sim_buddy_take(buddy, 9); /* 16 pages: the buddy of the first */
	CHECK_INT(third, 16);
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 0, 0, 0, 0, 0, 0, 1, 1, 1, 1 });
	kt_sim_buddy_give(buddy, first);
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 0, 0, 0, 0, 1, 0, 1, 1, 1, 1 });
	kt_sim_buddy_give(buddy, second); /* its buddy is in use in part */
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 0, 0, 0, 0, 1, 1, 1, 1, 1, 1 });
	kt_sim_buddy_give(buddy, third);
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ [10] = 1 });
	kt_sim_buddy_free(buddy);
}

TEST(a_cpu_keeps_blocks_of_its_own)
{
	struct kt_sim_buddy *buddy = kt_sim_buddy_new(4096, 2);
	struct kt_sim_blocks blocks;

	for (uint32_t i = 0; i < 63; i++)
		CHECK_INT(kt_sim_buddy_take(buddy, 1), i);
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 1, 0, 0, 0, 0, 0, 1, 1, 1, 1 });
	kt_sim_buddy_set_cpu(buddy, 1); /* 63, and 62 more of the block of 64 pages */
	CHECK_INT(kt_sim_buddy_take(buddy, 1), 63);
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 0, 1, 0, 0, 0, 0, 0, 1, 1, 1 });
	kt_sim_buddy_measure(buddy, &blocks);
	CHECK_INT(blocks.cached_pages, 62);
	CHECK_INT(blocks.given_pages, 64);
	/* the CPU that frees keeps the page, and takes it first */
	kt_sim_buddy_give(buddy, 7);
	CHECK_INT(kt_sim_buddy_take(buddy, 1), 7);
	/* 63 / 8 blocks of 8 pages: 128 to 183 */
	CHECK_INT(kt_sim_buddy_take(buddy, 8), 128);
	CHECK_INT(kt_sim_buddy_take(buddy, 8), 136);
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 0, 1, 0, 1, 0, 0, 1, 0, 1, 1 });
	kt_sim_buddy_free(buddy);
}

TEST(a_cpu_with_many_pages_gives_the_oldest_back)
{
	struct kt_sim_buddy *buddy = kt_sim_buddy_new(4096, 1);
	struct kt_sim_blocks blocks;

	for (uint32_t i = 0; i < 252; i++) /* four times 63 */
		CHECK_INT(kt_sim_buddy_take(buddy, 1), i);
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 0, 0, 1, 0, 0, 0, 0, 0, 1, 1 });
	for (uint32_t i = 0; i < 251; i++)
		kt_sim_buddy_give(buddy, i);
	kt_sim_buddy_measure(buddy, &blocks);
	CHECK_INT(blocks.cached_pages, 251);
	kt_sim_buddy_give(buddy, 251); /* pages 0 to 62 go: 32 + 16 + 8 + 4 + 2 + 1 */
	kt_sim_buddy_measure(buddy, &blocks);
	CHECK_INT(blocks.cached_pages, 189);
	check_free(buddy, (uint64_t[KT_SIM_ORDERS]){ 1, 1, 2, 1, 1, 1, 0, 0, 1, 1 });
	CHECK_INT(kt_sim_blocks_huge(&blocks), 1);
	CHECK_INT(kt_sim_blocks_huge_least(&blocks), 0);
	kt_sim_buddy_free(buddy);
}

/*
 * Commit 6dda9d55bf54: page 0 comes back while the block of 2 pages next to its own is free, so
 * it goes to the end of its list, and page 5, which came before, is taken first.
 */
TEST(a_block_that_may_soon_be_joined_is_taken_last)
{
	struct kt_sim_buddy *buddy = kt_sim_buddy_new(4096, 1);
	uint32_t blocks[64];

	for (uint32_t i = 0; i < 64; i++) /* blocks of 16 pages are on no list of a CPU */
		blocks[i] = kt_sim_buddy_take(buddy, 16);
	kt_sim_buddy_give(buddy, blocks[2]);
	kt_sim_buddy_give(buddy, blocks[3]); /* 32 pages */
	kt_sim_buddy_give(buddy, blocks[5]);
	kt_sim_buddy_give(buddy, blocks[0]);
	CHECK_INT(kt_sim_buddy_take(buddy, 16), blocks[5]);
	CHECK_INT(kt_sim_buddy_take(buddy, 16), blocks[0]);
	kt_sim_buddy_free(buddy);
}

TEST(requests_that_cannot_be_change_nothing)
{
	struct kt_sim_buddy *buddy = kt_sim_buddy_new(65536, 1);
	struct kt_sim_blocks blocks;

	CHECK_INT(kt_sim_buddy_take(buddy, 1025), KT_SIM_BLOCK_BEYOND);
	kt_sim_buddy_give(buddy, KT_SIM_BLOCK_BEYOND);
	kt_sim_buddy_give(buddy, KT_SIM_BLOCK_NONE);
	kt_sim_buddy_give(buddy, 0);
	CHECK_INT(kt_sim_buddy_take(buddy, 1), 0);
	kt_sim_buddy_give(buddy, 0);
	kt_sim_buddy_give(buddy, 0);
	kt_sim_buddy_give(buddy, 512);
	kt_sim_buddy_measure(buddy, &blocks);
	CHECK_INT(blocks.beyond, 1);
	CHECK_INT(blocks.given_pages, 0);
	CHECK_INT(blocks.cached_pages, 3); /* 1 MiB / 64 KiB / 4, as a power of two less one */
	kt_sim_buddy_free(buddy);
}

TEST(blocks_in_use_never_overlap)
{
	static bool used[1 << 16];
	struct kt_sim_buddy *buddy = kt_sim_buddy_new(4096, 3);
	uint32_t held[200], pages[200] = { 0 }, dice = 5;

	for (int i = 0; i < 20000; i++) {
		uint32_t at = random_below(&dice, KT_LEN(held)), size = 1;

		kt_sim_buddy_set_cpu(buddy, random_below(&dice, 4));
		if (pages[at]) {
			memset(used + held[at], 0, pages[at]);
			kt_sim_buddy_give(buddy, held[at]);
			pages[at] = 0;
			continue;
		}
		pages[at] = 1 + random_below(&dice, 1u << random_below(&dice, 8));
		held[at] = kt_sim_buddy_take(buddy, pages[at]);
		while (size < pages[at])
			size *= 2;
		CHECK_INT(held[at] % size, 0);
		CHECK(held[at] + pages[at] <= KT_LEN(used) &&
			!memchr(used + held[at], 1, pages[at]));
		memset(used + held[at], 1, pages[at]);
	}
	kt_sim_buddy_free(buddy);
}

/* Each allocator asks for as many pages as it says that it holds. */
TEST(models_ask_for_what_they_hold)
{
	static const struct kt_sim_cache caches[] = { { .name = "a", .bytes = 48 },
		{ .name = "b", .bytes = 5000 }, { .name = "any", .generic = true } };
	const struct kt_sim_wants wants = { .buddy = true };
	static struct events events;
	struct kt_sim_stream stream;
	struct kt_arena arena = { 0 };
	struct kt_sim_result result;
	struct kt_err *err;
	bool used[300] = { false };
	uint32_t dice = 9;

	for (int i = 0; i < 4000; i++) {
		uint32_t object = random_below(&dice, KT_LEN(used));
		uint16_t cache = (uint16_t)random_below(&dice, 3);

		if (used[object])
			give(&events, object);
		else
			alloc(&events, object, cache,
				cache < 2 ? caches[cache].bytes : 1 + random_below(&dice, 60000));
		used[object] = !used[object];
	}
	stream = stream_of(&events, caches, KT_LEN(caches), 1);
	err = kt_simulate(
		&arena, &stream, kt_sim_allocators, kt_nr_sim_allocators, &wants, &result);
	CHECK(!err);
	for (size_t i = 0; !err && i < kt_nr_sim_allocators; i++) {
		CHECK_INT(result.blocks[i].known, kt_sim_allocators[i]->by_blocks);
		if (result.blocks[i].known)
			CHECK_INT(result.blocks[i].asked_pages,
				result.ends.items[0].figures[i].pages);
	}
	kt_err_free(err);
	kt_arena_fini(&arena);
}
