// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/past.h"

#include "test.h"

#define MIB (1 << 20)

static const char *drawn(const struct kt_top_past *past, int width, int height, bool unicode)
{
	static struct kt_buf text;
	struct kt_screen screen = { .unicode = unicode };
	int64_t low, high;

	CHECK(kt_screen_size(&screen, width, height) == NULL);
	kt_top_past_draw(&screen, 0, 0, width, height, past, &low, &high);
	text.size = 0;
	kt_screen_text(&screen, &text);
	kt_buf_add(&text, "", 1);
	kt_screen_cleanup(&screen);
	return text.data;
}

TEST(a_rise_is_drawn_from_the_least_to_the_most)
{
	struct kt_top_past past = { .nr = 8,
		.values = {
			1 * MIB, 2 * MIB, 3 * MIB, 4 * MIB, 5 * MIB, 6 * MIB, 7 * MIB, 8 * MIB } };

	CHECK_STR(drawn(&past, 4, 1, true), "⣀⣤⣶⣿\n");
	CHECK_STR(drawn(&past, 4, 1, false), ".:||\n");
}

TEST(noise_is_flat)
{
	struct kt_top_past past = { .nr = 4,
		.values = { 1000 * MIB, 1000 * MIB + 4096, 1000 * MIB, 1000 * MIB + 8192 } };

	CHECK_STR(drawn(&past, 2, 1, true), "⣀⣀\n");
}

TEST(what_nobody_saw_is_empty_and_not_zero)
{
	struct kt_top_past past = { .nr = 6,
		.values = {
			KT_TOP_PAST_MISSING, KT_TOP_PAST_MISSING, 0, 0, KT_TOP_PAST_MISSING, 0 } };

	CHECK_STR(drawn(&past, 3, 1, true), " ⣀⢀\n");
}

TEST(nothing_is_drawn_of_nothing)
{
	struct kt_top_past past = { .nr = 2,
		.values = { KT_TOP_PAST_MISSING, KT_TOP_PAST_MISSING } };

	CHECK_STR(drawn(&past, 1, 1, true), "\n");
}

TEST(a_high_picture_has_rows_on_top_of_each_other)
{
	struct kt_top_past past = { .nr = 2, .values = { 0, 100 * MIB } };

	CHECK_STR(drawn(&past, 1, 2, true), "⢸\n⣸\n");
}

TEST(extreme_amounts_are_drawn_within_the_box)
{
	struct kt_top_past past = { .nr = 4, .values = { -KT_TOP_PAST_MAX, INT64_MAX / 4, 0, 1 } };

	CHECK(strlen(drawn(&past, 2, 1, true)) > 2);
}
