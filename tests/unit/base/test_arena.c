// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arena.h"

#include "test.h"

TEST(memory_is_zeroed_aligned_and_apart)
{
	struct kt_arena arena = { 0 };
	unsigned char *before = NULL;

	/* odd sizes, small and beyond a chunk, so that every way to get memory is taken */
	for (size_t size = 1; size < 70000; size = size * 3 + 1) {
		unsigned char *memory = kt_arena_alloc(&arena, size);

		if (!CHECK(memory && (uintptr_t)memory % 16 == 0))
			break;
		for (size_t i = 0; i < size; i++) {
			if (!CHECK_INT(memory[i], 0))
				break;
		}
		memset(memory, 0xaa, size);
		CHECK(!before || before[0] == 0xaa);
		before = memory;
	}
	kt_arena_fini(&arena);
	CHECK(!arena.chunks);
}

TEST(an_impossible_size_fails_and_the_failure_sticks)
{
	struct kt_arena arena = { 0 };

	CHECK(!kt_arena_alloc(&arena, SIZE_MAX));
	CHECK(arena.failed);
	CHECK(!kt_arena_alloc(&arena, 1));
	CHECK_STR(kt_arena_printf(&arena, "%d", 1), "");
	kt_arena_fini(&arena);
	CHECK(!arena.failed);
}

TEST(foreign_names_become_safe_to_print)
{
	struct kt_arena arena = { 0 };
	const char *name = kt_arena_name(&arena, KT_SPAN("a\033[31m\n\x7f\xc3\xa9 z"));

	CHECK_STR(name, "a?[31m???? z");
	CHECK_STR(kt_arena_name(&arena, (struct kt_span){ 0 }), "");
	kt_arena_fini(&arena);
}

TEST(a_list_keeps_its_elements_while_it_grows)
{
	struct kt_arena arena = { 0 };
	KT_LIST(int64_t) list = { 0 };

	for (int64_t i = 0; i < 5000; i++) {
		int64_t *slot = kt_list_push(&arena, &list);

		if (!CHECK(slot && *slot == 0))
			break;
		*slot = i;
	}
	CHECK_INT(list.count, 5000);
	for (size_t i = 0; i < list.count; i++) {
		if (!CHECK_INT(list.items[i], i))
			break;
	}
	kt_arena_fini(&arena);
}

TEST(a_printed_text_has_its_whole_length)
{
	struct kt_arena arena = { 0 };
	const char *text = kt_arena_printf(&arena, "%020000d|%s", 7, "end");

	CHECK_INT(strlen(text), 20004);
	CHECK_STR(text + 19999, "7|end");
	kt_arena_fini(&arena);
}

TEST(room_that_is_reserved_is_used_before_more_is_taken)
{
	struct kt_arena arena = { 0 };
	KT_LIST(int) list = { 0 };
	int *first = NULL;

	*kt_list_push(&arena, &list) = 7;
	kt_list_reserve(&arena, &list, 1000);
	first = list.items;
	for (int i = 1; i <= 1000; i++)
		*kt_list_push(&arena, &list) = i;
	CHECK(list.items == first && list.items[0] == 7 && list.items[1000] == 1000);
	kt_list_reserve(&arena, &list, SIZE_MAX / 2);
	CHECK(list.items == first && !arena.failed);
	kt_arena_fini(&arena);
}
