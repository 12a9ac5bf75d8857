// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/trend.h"
#include "model/metric.h"

#include "test.h"

static void add(struct kt_trend *trend, uint32_t stretch, double t, int64_t value)
{
	kt_trend_add(trend, stretch, (struct kt_trend_times){ 1, t, t * t }, value);
}

/* Sums of doubles: the last unit is not theirs. */
static bool is_near(int64_t value, int64_t wanted)
{
	return value >= wanted - 1 && value <= wanted + 1;
}

TEST(a_straight_line_has_its_slope)
{
	struct kt_trend trend = { 0 };
	int64_t slope = 0;

	for (int i = 0; i < 1000; i++)
		add(&trend, 1, 100 + i * 0.01, (16ll << 30) + i * 4096ll);
	CHECK(kt_trend_slope(&trend, &slope));
	CHECK(is_near(slope, 409600));
}

TEST(a_boot_begins_anew_and_does_not_take_the_slope_away)
{
	struct kt_trend trend = { 0 };
	int64_t slope = 0;

	for (int i = 0; i < 50; i++)
		add(&trend, 1, i, 1000 + i * 7000);
	for (int i = 0; i < 70; i++)
		add(&trend, 2, 60 + i, 10 + i * 7000);
	CHECK(kt_trend_slope(&trend, &slope));
	CHECK(is_near(slope, 7000));
}

/* A run of equal samples at once is the same as one after the other. */
TEST(equal_samples_can_be_added_together)
{
	struct kt_trend one = { 0 }, other = { 0 };
	struct kt_trend_times times = { 0 };
	int64_t a = 0, b = 9;

	add(&one, 1, 0, 5000);
	add(&other, 1, 0, 5000);
	for (int i = 1; i < 9; i++) {
		add(&one, 1, i, 900000);
		times = (struct kt_trend_times){ times.count + 1, times.t + i, times.tt + i * i };
	}
	kt_trend_add(&other, 1, times, 900000);
	CHECK(kt_trend_slope(&one, &a) && kt_trend_slope(&other, &b));
	CHECK(is_near(a, b));
}

TEST(without_two_moments_there_is_no_slope)
{
	struct kt_trend trend = { 0 };
	int64_t slope;

	CHECK(!kt_trend_slope(&trend, &slope));
	add(&trend, 1, 3, 7);
	CHECK(!kt_trend_slope(&trend, &slope));
	add(&trend, 1, 3, 9);
	CHECK(!kt_trend_slope(&trend, &slope));
	add(&trend, 2, 4, 9);
	CHECK(!kt_trend_slope(&trend, &slope));
}

TEST(a_slope_that_no_machine_has_is_cut)
{
	struct kt_trend trend = { 0 };
	int64_t slope = 0;

	add(&trend, 1, 0, -KT_AMOUNT_MAX);
	add(&trend, 1, 0.001, KT_AMOUNT_MAX);
	CHECK(kt_trend_slope(&trend, &slope));
	CHECK_INT(slope, KT_AMOUNT_MAX);
}
