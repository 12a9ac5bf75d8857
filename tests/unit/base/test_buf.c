// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/buf.h"

#include "base/arena.h"

#include "test.h"

static const char *text_of(struct kt_buf *buf)
{
	kt_buf_add(buf, "", 1);
	buf->size--;
	return buf->data;
}

TEST(pieces_follow_each_other)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };

	kt_buf_puts(&buf, "a");
	kt_buf_add(&buf, "bcd", 2);
	kt_buf_printf(&buf, "%d", -1);
	kt_buf_repeat(&buf, "=-", 2);
	CHECK_STR(text_of(&buf), "abc-1=-=-");
	CHECK(!buf.failed);
}

TEST(a_text_longer_than_the_first_room_is_whole)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };

	for (int i = 0; i < 5000; i++)
		kt_buf_printf(&buf, "%05d,", i);
	CHECK_INT(buf.size, 30000);
	CHECK(memcmp(buf.data, "00000,00001,", 12) == 0);
	CHECK(memcmp(buf.data + 29988, "04998,04999,", 12) == 0);
}

TEST(a_terminating_zero_is_no_part_of_the_text)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };

	kt_buf_printf(&buf, "%s", "12");
	CHECK_INT(buf.size, 2);
	kt_buf_puts(&buf, "");
	kt_buf_add(&buf, NULL, 0);
	CHECK_INT(buf.size, 2);
}

TEST(a_buffer_can_be_used_again_after_its_end)
{
	struct kt_buf buf = { 0 };

	kt_buf_puts(&buf, "gone");
	kt_buf_cleanup(&buf);
	CHECK(!buf.data && !buf.size && !buf.room);
	kt_buf_puts(&buf, "new");
	CHECK_STR(text_of(&buf), "new");
	kt_buf_cleanup(&buf);
}

TEST(room_for_nothing_is_not_out_of_memory)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };

	CHECK(kt_buf_reserve(&buf, 0) != NULL);
	CHECK(!buf.failed && buf.size == 0);
}

TEST(a_size_that_wraps_is_refused_and_leaves_the_text)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };

	kt_buf_puts(&buf, "ab");
	CHECK(!kt_buf_reserve(&buf, SIZE_MAX));
	CHECK_STR(text_of(&buf), "ab");
}

/* Digits are written in pairs. */
TEST(numbers_are_written_as_printf_writes_them)
{
	const int64_t numbers[] = { 0, 7, 9, 10, 42, 99, 100, 101, 999, 1000, 9999, 10000,
		123456789, -1, -10, -100, -12345, INT64_MAX, INT64_MIN };

	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		char wanted[32];
		struct kt_buf buf = { 0 };

		snprintf(wanted, sizeof(wanted), "%lld", (long long)numbers[i]);
		kt_buf_number(&buf, numbers[i]);
		kt_buf_add(&buf, "", 1);
		CHECK_STR(buf.data, wanted);
		kt_buf_cleanup(&buf);
	}
}

TEST(parts_are_joined_and_the_text_moves_to_an_arena)
{
	struct kt_arena arena = { 0 };
	struct kt_buf buf = { 0 };
	const char *text;

	CHECK_STR(kt_arena_text(&arena, &buf), "");
	for (int i = 1; i < 4; i++)
		kt_buf_join(&buf, ", ", "%d-%s", i, "x");
	text = kt_arena_text(&arena, &buf);
	CHECK_STR(text, "1-x, 2-x, 3-x");
	CHECK(!buf.data && !buf.size && !arena.failed);
	kt_buf_join(&buf, ", ", "again");
	buf.failed = true;
	CHECK_STR(kt_arena_text(&arena, &buf), "");
	CHECK(arena.failed && !buf.failed);
	kt_arena_fini(&arena);
}
