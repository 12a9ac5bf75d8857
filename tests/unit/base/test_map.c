// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/map.h"

#include "test.h"

#include <stdlib.h>

TEST(every_key_has_its_own_value_however_many_there_are)
{
	struct kt_arena arena = { 0 };
	struct kt_map map = { 0 };
	uint32_t nr_wrong = 0;
	char name[32];

	for (uint32_t i = 0; i < 100000; i++) {
		int n = snprintf(name, sizeof(name), "key %u", i);
		bool added = false;
		uint32_t *value =
			kt_map_add(&map, (struct kt_span){ name, (size_t)n }, &arena, &added);

		if (!CHECK(value && added && *value == 0))
			break;
		*value = i;
	}
	CHECK_INT(map.count, 100000);
	for (uint32_t i = 0; i < 100000; i++) {
		int n = snprintf(name, sizeof(name), "key %u", i);
		const uint32_t *value = kt_map_find(&map, (struct kt_span){ name, (size_t)n });

		nr_wrong += !value || *value != i;
	}
	CHECK_INT(nr_wrong, 0);
	CHECK(!kt_map_find(&map, KT_SPAN("key 100000")));
	kt_map_fini(&map);
	kt_arena_fini(&arena);
}

TEST(a_key_that_is_there_is_found_and_not_added)
{
	struct kt_map map = { 0 };
	bool added = false;

	CHECK(!kt_map_find(&map, KT_SPAN("a")));
	*kt_map_add(&map, KT_SPAN("a"), NULL, &added) = 7;
	CHECK(added);
	CHECK_INT(*kt_map_add(&map, KT_SPAN("a"), NULL, &added), 7);
	CHECK(!added);
	CHECK_INT(map.count, 1);
	kt_map_fini(&map);
}

/* Bytes count, not texts: a zero byte and no byte at all are keys like others. */
TEST(keys_are_bytes)
{
	struct kt_map map = { 0 };

	*kt_map_add(&map, (struct kt_span){ NULL, 0 }, NULL, NULL) = 1;
	*kt_map_add(&map, (struct kt_span){ "a\0b", 3 }, NULL, NULL) = 2;
	*kt_map_add(&map, (struct kt_span){ "a\0c", 3 }, NULL, NULL) = 3;
	*kt_map_add(&map, KT_SPAN("a"), NULL, NULL) = 4;
	CHECK_INT(map.count, 4);
	CHECK_INT(*kt_map_find(&map, KT_SPAN("")), 1);
	CHECK_INT(*kt_map_find(&map, (struct kt_span){ "a\0b", 3 }), 2);
	CHECK_INT(*kt_map_find(&map, (struct kt_span){ "a\0c", 3 }), 3);
	CHECK_INT(*kt_map_find(&map, KT_SPAN("a")), 4);
	kt_map_fini(&map);
}

TEST(a_cleared_map_is_empty_and_can_be_used_again)
{
	struct kt_map map = { 0 };

	for (int i = 0; i < 2; i++) {
		bool added = false;

		CHECK(kt_map_add(&map, KT_SPAN("one"), NULL, &added) && added);
		CHECK(kt_map_add(&map, KT_SPAN("two"), NULL, &added) && added);
		CHECK_INT(map.count, 2);
		kt_map_clear(&map);
		CHECK_INT(map.count, 0);
		CHECK(!kt_map_find(&map, KT_SPAN("one")));
	}
	kt_map_fini(&map);
	kt_map_clear(&map);
}

TEST(a_copied_key_outlives_its_text)
{
	struct kt_arena arena = { 0 };
	struct kt_map map = { 0 };
	char text[] = "first";

	*kt_map_add(&map, kt_span_str(text), &arena, NULL) = 1;
	memcpy(text, "other", 5);
	CHECK(kt_map_find(&map, KT_SPAN("first")));
	CHECK(!kt_map_find(&map, KT_SPAN("other")));
	kt_map_fini(&map);
	kt_arena_fini(&arena);
}

TEST(without_memory_the_map_fails_and_says_so)
{
	struct kt_arena arena = { .failed = true };
	struct kt_map map = { 0 };

	CHECK(!kt_map_add(&map, KT_SPAN("a"), &arena, NULL));
	CHECK(map.failed);
	CHECK_INT(map.count, 0);
	CHECK(!kt_map_find(&map, KT_SPAN("a")));
	kt_map_fini(&map);
	CHECK(!map.failed);
	kt_arena_fini(&arena);
}
