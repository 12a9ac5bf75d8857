// SPDX-License-Identifier: GPL-2.0-or-later
//
// Models of allocators: examples worked out by hand from what is published of the originals.

#include "test.h"

#include "events.h"

#include "base/arena.h"

static const struct kt_sim_cache any = { .name = "any", .generic = true };

/* ---- SLOB: mm/slob.c of Linux 6.3 ---- */

static void fill(struct events *events, uint32_t first, uint32_t count, uint16_t cache)
{
	for (uint32_t i = 0; i < count; i++)
		alloc(events, first + i, cache, 0);
}

static void empty(struct events *events, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		give(events, first + i);
}

TEST(slob_has_pages_for_three_sizes_that_caches_share)
{
	static const struct kt_sim_cache caches[] = { { .name = "a", .bytes = 200 },
		{ .name = "b", .bytes = 255 }, { .name = "c", .bytes = 256 },
		{ .name = "d", .bytes = 1023 }, { .name = "e", .bytes = 1024 } };
	struct events events = { 0 };
	struct pages pages;

	fill(&events, 0, 18, 0); /* 18 of 200 bytes leave 496 */
	alloc(&events, 18, 1, 255);
	mark(&events);
	alloc(&events, 19, 2, 256); /* would fit: SLOB_BREAK1 */
	mark(&events);
	alloc(&events, 20, 3, 1023);
	mark(&events);
	alloc(&events, 21, 4, 1024); /* SLOB_BREAK2 */
	mark(&events);
	pages = pages_of(&kt_sim_slob, &events, caches, KT_LEN(caches), 1);
	CHECK_INT(pages.at[0], 1);
	CHECK_INT(pages.at[1], 2);
	CHECK_INT(pages.at[2], 2);
	CHECK_INT(pages.at[3], 3);
}

TEST(slob_searches_from_the_page_of_the_last_object)
{
	static const struct kt_sim_cache caches[] = { { .name = "a", .bytes = 200 },
		{ .name = "b", .bytes = 96 } };
	struct events events = { 0 };
	struct pages pages;

	fill(&events, 0, 40, 0); /* two pages of 20, each with 96 bytes left; the second is first */
	mark(&events);
	give(&events, 0);
	alloc(&events, 40, 0, 200); /* only the first page has room: the list starts there then */
	alloc(&events, 41, 1, 96);  /* so this is in the first page too */
	empty(&events, 20, 20);
	mark(&events); /* the second page has no object */
	pages = pages_of(&kt_sim_slob, &events, caches, KT_LEN(caches), 1);
	CHECK_INT(pages.at[0], 2);
	CHECK_INT(pages.at[1], 1);
}

/* Natural alignment: commit 59bb47985c1d ("mm, sl[aou]b: guarantee natural alignment ..."). */
TEST(slob_aligns_powers_of_two_after_a_header)
{
	struct events events = { 0 };
	struct pages pages;

	/* the header at 120, 376, 632 ...: one in 256 bytes */
	for (uint32_t i = 0; i < 16; i++)
		alloc(&events, i, 0, 128);
	mark(&events);
	alloc(&events, 16, 0, 128);
	mark(&events);
	/* 100 + 8 bytes: from 120 bytes before each header one fits, and 15 of 112 after the 17th
	 */
	for (uint32_t i = 17; i < 17 + 16; i++)
		alloc(&events, i, 0, 100);
	mark(&events);
	alloc(&events, 33, 0, 2048); /* the header at 2040: one in a page */
	alloc(&events, 34, 0, 2048);
	mark(&events);
	alloc(&events, 35, 0, 2000); /* 2008 bytes before a header */
	alloc(&events, 36, 0, 2000);
	mark(&events);
	alloc(&events, 37, 0, 4087); /* with its header a page */
	alloc(&events, 38, 0, 4088); /* a page of its own */
	alloc(&events, 39, 0, 8193); /* three pages are four */
	alloc(&events, 40, 0, 0);
	mark(&events);
	empty(&events, 0, 41);
	mark(&events);
	pages = pages_of(&kt_sim_slob, &events, &any, 1, 1);
	CHECK_INT(pages.at[0], 1);
	CHECK_INT(pages.at[1], 2);
	CHECK_INT(pages.at[2], 2);
	CHECK_INT(pages.at[3], 4);
	CHECK_INT(pages.at[4], 4);
	CHECK_INT(pages.at[5], 10);
	CHECK_INT(pages.at[6], 0);
}

/* The original's way, with lists that are walked: a byte of `taken` for each unit of 2 bytes. */
#define UNITS	2048u
#define PAGES	512u
#define OBJECTS 200u

struct plain {
	uint8_t taken[PAGES][UNITS];
	uint32_t units[PAGES]; /* free */
	uint32_t lists[3][PAGES], counts[3];
	uint32_t list_of[PAGES]; /* 3: none */
	uint32_t nr_used;	 /* pages that were ever used */
	uint64_t nr_pages;
};

static void plain_insert(struct plain *plain, uint32_t list, uint32_t page)
{
	memmove(plain->lists[list] + 1, plain->lists[list],
		plain->counts[list]++ * sizeof(plain->lists[0][0]));
	plain->lists[list][0] = page;
	plain->list_of[page] = list;
}

static void plain_remove(struct plain *plain, uint32_t page)
{
	uint32_t *list = plain->lists[plain->list_of[page]], i = 0;

	while (list[i] != page)
		i++;
	memmove(list + i, list + i + 1,
		(--plain->counts[plain->list_of[page]] - i) * sizeof(list[0]));
	plain->list_of[page] = 3;
}

static uint32_t plain_fit(
	const struct plain *plain, uint32_t page, uint32_t bytes, uint32_t align, uint32_t offset)
{
	for (uint32_t at = 0; at < UNITS; at++) {
		uint32_t run = 0;

		if (plain->taken[page][at] || (at * 2 + offset) % align)
			continue;
		while (at + run < UNITS && !plain->taken[page][at + run])
			run++;
		if (run >= (bytes + 1) / 2)
			return at;
	}
	return UNITS;
}

static uint32_t plain_take(struct plain *plain, uint32_t bytes, uint32_t align, uint32_t offset)
{
	uint32_t list = bytes < 256 ? 0 : bytes < 1024 ? 1 : 2, page, at = UNITS, rotate = 0;
	uint32_t *items = plain->lists[list], old[PAGES], count = plain->counts[list];

	for (; rotate < count && at == UNITS; rotate++)
		at = plain_fit(plain, items[rotate], bytes, align, offset);
	if (at == UNITS) {
		page = plain->nr_used++ % PAGES;
		memset(plain->taken[page], 0, UNITS);
		plain->units[page] = UNITS;
		plain_insert(plain, list, page);
		plain->nr_pages++;
		at = plain_fit(plain, page, bytes, align, offset);
		rotate = 1;
	}
	page = items[--rotate];
	memset(plain->taken[page] + at, 1, (bytes + 1) / 2);
	plain->units[page] -= (bytes + 1) / 2;
	if (!plain->units[page]) {
		plain_remove(plain, page);
	} else if (rotate) {
		memcpy(old, items, count * sizeof(old[0]));
		for (uint32_t i = 0; i < count; i++)
			items[i] = old[(i + rotate) % count];
	}
	return page * UNITS + at;
}

static void plain_give(struct plain *plain, uint32_t place, uint32_t bytes)
{
	uint32_t page = place / UNITS;

	plain->units[page] += (bytes + 1) / 2;
	memset(plain->taken[page] + place % UNITS, 0, (bytes + 1) / 2);
	if (plain->units[page] == UNITS) {
		if (plain->list_of[page] != 3)
			plain_remove(plain, page);
		plain->nr_pages--;
	} else if (plain->list_of[page] == 3) {
		plain_insert(plain, bytes < 256 ? 0 : bytes < 1024 ? 1 : 2, page);
	}
}

static const struct kt_sim_cache sizes[] = { { .name = "a", .bytes = 10 },
	{ .name = "b", .bytes = 254, .align = 64 }, { .name = "c", .bytes = 1000, .align = 16 },
	{ .name = "any", .generic = true }, { .name = "d", .bytes = 1800, .align = 2048 } };

static void plain_event(
	struct plain *plain, const struct kt_sim_event *event, struct kt_sim_event *objects)
{
	static uint32_t places[OBJECTS];
	uint32_t bytes, align = 8, offset = 0;

	if (event->kind == KT_SIM_ALLOC)
		objects[event->object] = *event;
	else if (event->kind != KT_SIM_FREE)
		return;
	bytes = objects[event->object].bytes;
	if (objects[event->object].cache == 3) {
		if (bytes >= 8 && !(bytes & (bytes - 1)))
			align = bytes;
		offset = 8;
		bytes += 8;
	} else if (sizes[objects[event->object].cache].align) {
		align = sizes[objects[event->object].cache].align;
	}
	if (event->kind == KT_SIM_ALLOC)
		places[event->object] = plain_take(plain, bytes, align, offset);
	else
		plain_give(plain, places[event->object], bytes);
}

/* Objects of kmalloc() that are powers of two, and others. */
static uint32_t random_bytes(uint32_t *dice)
{
	return random_below(dice, 2) ? 1u << random_below(dice, 12) : 1 + random_below(dice, 1500);
}

TEST(slob_is_as_the_original)
{
	for (uint32_t seed = 1; seed < 12; seed++) {
		static struct plain plain;
		static struct events events;
		static struct kt_sim_event objects[OBJECTS];
		bool used[OBJECTS] = { false };
		uint32_t dice = seed;
		uint64_t expected[8];
		struct pages pages;

		memset(&plain, 0, sizeof(plain));
		events.count = 0;
		for (int i = 0; i < 2400; i++) {
			uint32_t object = random_below(&dice, KT_LEN(used));
			uint16_t cache = (uint16_t)random_below(&dice, KT_LEN(sizes));

			if (used[object])
				give(&events, object);
			else
				alloc(&events, object, cache,
					cache != 3 ? sizes[cache].bytes : random_bytes(&dice));
			used[object] = !used[object];
			plain_event(&plain, &events.items[events.count - 1], objects);
			if (i % 300 == 299) {
				expected[i / 300] = plain.nr_pages;
				mark(&events);
			}
		}
		pages = pages_of(&kt_sim_slob, &events, sizes, KT_LEN(sizes), 1);
		for (int i = 0; i < 8; i++)
			CHECK_INT(pages.at[i], expected[i]);
		CHECK(expected[7] > 4);
	}
}
