// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/buf.h"

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
