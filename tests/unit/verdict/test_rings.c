// SPDX-License-Identifier: GPL-2.0-or-later
#include "verdict/judge.h"
#include "verdict/numbers.h"
#include "verdict/rings.h"

#include "test.h"

#include <math.h>
#include <stdlib.h>

#define MINUTE 60000
#define HOUR   (60 * MINUTE)

static struct kt_clock clock_at(int64_t ms)
{
	struct kt_clock clock = { 0 };

	kt_clock_advance(&clock, ms, -1);
	return clock;
}

TEST(a_floor_is_the_lowest_value_of_its_block)
{
	struct kt_clock clock = clock_at(0);
	struct kt_rings rings;
	static const int64_t values[] = { 5000, 3000, 9000, 7000, 8000, 6000, 4000 };

	kt_rings_begin(&rings, &clock, 1000);
	for (int i = 0; i < 7; i++) {
		kt_clock_advance(&clock, (i + 1) * 20000, -1);
		kt_rings_put(&rings, &clock, values[i]);
	}
	/* 1000, 5000, 3000; 9000, 7000, 8000 */
	CHECK_INT(kt_rings_count(&rings, &clock, 1), 2);
	CHECK_INT(kt_rings_bytes(&rings, kt_rings_floor(&rings, &clock, 1, 1)), 1000);
	CHECK_INT(kt_rings_bytes(&rings, kt_rings_floor(&rings, &clock, 1, 0)), 7000);
}

TEST(blocks_without_samples_repeat_the_last_value)
{
	struct kt_clock clock = clock_at(0);
	struct kt_rings rings;
	struct kt_floors floors;

	kt_rings_begin(&rings, &clock, 1000);
	kt_clock_advance(&clock, 10 * MINUTE, -1);
	kt_rings_put(&rings, &clock, 5000);
	kt_clock_advance(&clock, 20 * MINUTE, -1);
	kt_rings_close(&rings, &clock);
	kt_rings_floors(&rings, &clock, 1, 84, &floors);
	CHECK_INT(floors.count, 20);
	CHECK_INT((int64_t)floors.at[9], 0);
	CHECK_INT((int64_t)floors.at[10], 4000);
	CHECK_INT((int64_t)floors.at[19], 4000);
	CHECK_INT(kt_clock_seen(&clock, 1, 20), 2);
}

TEST(a_long_gap_costs_no_more_than_a_ring)
{
	struct kt_clock clock = clock_at(0);
	struct kt_rings rings;

	kt_rings_begin(&rings, &clock, 1000);
	kt_clock_advance(&clock, 1ll << 50, -1);
	kt_rings_put(&rings, &clock, 2000);
	CHECK_INT(kt_rings_count(&rings, &clock, 0), 0);
	for (int level = 1; level < KT_NR_LEVELS; level++)
		CHECK_INT(kt_rings_count(&rings, &clock, level), kt_levels[level].kept);
	CHECK_INT((int64_t)kt_rings_floor(&rings, &clock, 4, 29), 0);
}

TEST(samples_far_apart_have_no_short_blocks)
{
	struct kt_clock clock = clock_at(0);
	struct kt_rings changing, still;
	struct kt_floors floors;

	kt_rings_begin(&changing, &clock, 0);
	kt_rings_begin(&still, &clock, 0);
	/* each 10 s, each minute, and each 10 s again */
	for (int64_t ms = 10000, i = 1; ms <= 400000;
		ms += ms < 100000 || ms >= 340000 ? 10000 : MINUTE, i++) {
		kt_clock_advance(&clock, ms, -1);
		kt_rings_put(&changing, &clock, 1000 * i);
		if (i == 5)
			kt_rings_put(&still, &clock, 7000);
		if (ms == 280000) {
			kt_rings_close(&changing, &clock);
			CHECK_INT(kt_rings_count(&changing, &clock, 0), 0);
			CHECK_INT(kt_rings_count(&changing, &clock, 1), 4);
		}
	}
	kt_rings_close(&changing, &clock);
	kt_rings_close(&still, &clock);
	kt_rings_floors(&changing, &clock, 0, 84, &floors);
	/* since the last sample that came late, at 340 s; the block of 400 s is open */
	CHECK_INT(floors.count, 6);
	for (int i = 0; i < 6; i++)
		CHECK_INT((int64_t)floors.at[i], 1000 * (14 + i));
	kt_rings_floors(&still, &clock, 0, 84, &floors);
	CHECK_INT(floors.count, 6);
	for (int i = 0; i < 6; i++)
		CHECK_INT((int64_t)floors.at[i], 7000);
}

TEST(a_clock_that_goes_back_stands_still_or_follows_the_uptime)
{
	struct kt_clock clock = { 0 };

	kt_clock_advance(&clock, 100 * HOUR, -1);
	kt_clock_advance(&clock, 10 * HOUR, -1);
	CHECK_INT(clock.now_ms, 100 * HOUR);
	kt_clock_advance(&clock, 11 * HOUR, -1);
	CHECK_INT(clock.now_ms, 101 * HOUR);
	clock = (struct kt_clock){ 0 };
	kt_clock_advance(&clock, 100 * HOUR, HOUR);
	kt_clock_advance(&clock, 10 * HOUR, 2 * HOUR);
	CHECK_INT(clock.now_ms, 101 * HOUR);
	CHECK(kt_clock_advance(&clock, 11 * HOUR, 0));
}

TEST(blocks_of_two_hours_know_how_far_their_floors_rose_and_fell)
{
	struct kt_clock clock = clock_at(0);
	struct kt_rings rings;
	struct kt_rings_range range;

	kt_rings_begin(&rings, &clock, 0);
	for (int minute = 1; minute <= 125; minute++) {
		kt_clock_advance(&clock, minute * MINUTE, -1);
		kt_rings_put(&rings, &clock,
			minute == 90		     ? 9 << 20
			: minute > 20 && minute < 60 ? 4 << 20
						     : 1 << 20);
	}
	kt_rings_close(&rings, &clock);
	range = kt_rings_range(&rings, &clock, KT_LEVEL_TWO_HOURS, 0);
	CHECK(range.low == 0);
	/* rounded up, the roughest by less than a quarter */
	CHECK(range.high >= 4 << 20 && range.high < (4 << 20) * 1.01);
	CHECK(range.fall >= 3 << 20 && range.fall < (3 << 20) * 1.25);
	CHECK(range.top >= 9 << 20 && range.top < (9 << 20) * 1.25);
}

TEST(any_amount_is_kept_within_bounds)
{
	struct kt_clock clock = clock_at(0);
	struct kt_rings rings;

	kt_rings_begin(&rings, &clock, -(1ll << 62));
	kt_clock_advance(&clock, MINUTE, -1);
	kt_rings_put(&rings, &clock, 1ll << 62);
	CHECK_INT(kt_rings_bytes(&rings, (double)rings.value), 1ll << 62);
	CHECK_INT(kt_rings_bytes(&rings, 0), -(1ll << 62));
	CHECK_INT(kt_rings_bytes(&rings, 1e300), 1ll << 62);
}

TEST(a_series_takes_at_most_two_thousand_bytes)
{
	struct kt_judge_options options = { .ram_bytes = 1 << 30 };
	struct kt_judge_series series = { .name = "a cache with an average name" };
	struct kt_judge *judge = kt_judge_new(&options);
	size_t before = kt_judge_size(judge);

	for (int i = 0; i < 1000; i++)
		kt_judge_add(judge, &series);
	CHECK((kt_judge_size(judge) - before) / 1000 <= 2000);
	kt_judge_free(judge);
}

TEST(the_range_of_a_week_has_the_highest_value_and_the_lowest_floor)
{
	struct kt_clock clock = clock_at(0);
	struct kt_rings rings;

	kt_rings_begin(&rings, &clock, 50000);
	CHECK(kt_rings_week_range(&rings) == 0);
	for (int i = 1; i <= 24 * 60; i++) {
		kt_clock_advance(&clock, (int64_t)i * MINUTE, -1);
		/* a minute of a rise, later a minute of a fall */
		kt_rings_put(&rings, &clock, i == 200 ? 90000 : i == 700 ? 30000 : 50000);
	}
	kt_rings_close(&rings, &clock);
	/* values of closed blocks are rounded up, by a quarter at most */
	CHECK(kt_rings_week_range(&rings) >= 60000);
	CHECK(kt_rings_week_range(&rings) < 75000);
	for (int i = 24 * 60; i < 9 * 24 * 60; i++) {
		kt_clock_advance(&clock, (int64_t)i * MINUTE, -1);
		kt_rings_put(&rings, &clock, 50000);
	}
	kt_rings_close(&rings, &clock);
	CHECK(kt_rings_week_range(&rings) == 0);
}

/* Of the closed blocks of 2 h, each of them read. */
static void check_week(const struct kt_rings *rings, const struct kt_clock *clock)
{
	double high = -HUGE_VAL, top = -HUGE_VAL, low = HUGE_VAL;
	int count = kt_rings_count(rings, clock, KT_LEVEL_TWO_HOURS);

	for (int ago = 0; ago < count; ago++) {
		struct kt_rings_range range = kt_rings_range(rings, clock, KT_LEVEL_TWO_HOURS, ago);

		high = fmax(high, range.high);
		top = fmax(top, range.top);
		low = fmin(low, range.low);
	}
	CHECK(rings->week_high == (float)high);
	CHECK(rings->week_top == (float)top);
	CHECK(rings->week_low == (float)low);
}

TEST(the_extremes_of_a_week_are_those_of_its_blocks)
{
	struct kt_clock clock = clock_at(0);
	struct kt_rings rings;
	uint32_t dice = 1;

	kt_rings_begin(&rings, &clock, 1 << 20);
	/* noise that rests for two weeks, and gaps */
	for (int64_t hour = 1; hour < 60 * 24; hour += hour % 50 == 0 ? 30 : 1) {
		bool rests = hour > 20 * 24 && hour < 34 * 24;

		for (int i = 0; i < 4; i++) {
			dice = dice * 1664525u + 1013904223u;
			kt_clock_advance(&clock, hour * HOUR + i * 15ll * MINUTE, -1);
			kt_rings_put(&rings, &clock, rests ? 1 << 20 : dice >> 8);
		}
		kt_rings_close(&rings, &clock);
		check_week(&rings, &clock);
	}
}

TEST(a_number_keeps_its_highest_values_in_long_blocks)
{
	static struct kt_number_highs highs;
	struct kt_clock clock = { 0 };
	static struct kt_number number;
	double at[3];

	/* 40, and 30 more for a minute in the second block of 2 h */
	kt_number_begin_highs(&number, &highs);
	for (int64_t minute = 0; minute <= 6 * 60; minute++) {
		kt_clock_advance(&clock, minute * 60000, -1);
		kt_number_put(&number, &clock, minute == 150 ? 70 : 40);
		kt_number_end(&number, &clock);
	}
	CHECK(kt_number_highs(&number, &clock, KT_LEVEL_TWO_HOURS, 0, 3, at));
	CHECK(at[0] == 0 && at[1] >= 30 && at[1] < 31 && at[2] == 0);
	CHECK(kt_number_blocks(&number, &clock, KT_LEVEL_TWO_HOURS, 0, 3, at));
	CHECK(at[1] > 0 && at[1] < 1);
	CHECK(!kt_number_highs(&number, &clock, KT_LEVEL_TWO_HOURS, 0, 4, at));
	/* shorter blocks have only their means */
	CHECK(kt_number_highs(&number, &clock, 2, 0, 1, at) && at[0] == 0);
}
