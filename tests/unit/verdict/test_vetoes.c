// SPDX-License-Identifier: GPL-2.0-or-later
#include "verdict/outcome.h"

#include "test.h"

#include <math.h>

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define MIB    1048576.

/* An amount in samples of 10 min, and its growth in the newest 18 blocks of that length. */
struct past {
	struct kt_clock clock;
	struct kt_rings rings;
	struct kt_growth_of of;
	struct kt_growth growth;
};

static void make(struct past *past, double (*mib)(double hour), double hours)
{
	*past = (struct past){ 0 };
	for (double hour = 0; hour <= hours; hour += 1. / 6) {
		kt_clock_advance(&past->clock, (int64_t)(hour * HOUR + .5), -1);
		if (hour == 0)
			kt_rings_begin(&past->rings, &past->clock, (int64_t)(mib(0) * MIB));
		kt_rings_put(&past->rings, &past->clock, (int64_t)(mib(hour) * MIB));
	}
	kt_rings_close(&past->rings, &past->clock);
	past->of = (struct kt_growth_of){ &past->rings, &past->clock, 4096, 1 << 30, false };
	kt_growth_seek(&past->of, 2, &past->growth);
}

static double after(double hour, double onset)
{
	return hour > onset ? hour - onset : 0;
}

static double steady(double hour)
{
	return 50 + 3 * after(hour, 60);
}

static double from_the_start(double hour)
{
	return 50 + 3 * hour;
}

static double hill(double hour)
{
	return hour > 10 && hour < 20 ? 58 : steady(hour);
}

static double slower(double hour)
{
	return 50 + 3 * after(hour, 60) + 12 * (after(hour, 60) - after(hour, 66));
}

TEST(a_number_goes_on_to_explain_growth_by_its_known_ratio)
{
	struct kt_number number;
	struct past past;

	/* 1000 units an hour, 3 KiB for each of them */
	make(&past, steady, 66);
	kt_number_begin(&number, false);
	past.clock = (struct kt_clock){ 0 };
	for (double hour = 0; hour <= 66; hour += 1. / 6) {
		kt_clock_advance(&past.clock, (int64_t)(hour * HOUR + .5), -1);
		kt_number_put(&number, &past.clock, 1000 * hour);
		kt_number_end(&number, &past.clock);
	}
	CHECK(kt_drivers_go_on(&past.of, &number, 3 * MIB / 1000, &past.growth));
	CHECK(!kt_drivers_go_on(&past.of, &number, 1 * MIB / 1000, &past.growth));
	number.begun_ms = past.growth.onset_ms + HOUR;
	CHECK(!kt_drivers_go_on(&past.of, &number, 3 * MIB / 1000, &past.growth));
}

TEST(steady_growth_after_a_day_has_no_veto)
{
	struct past past;

	make(&past, steady, 71);
	CHECK(past.growth.positive);
	CHECK(!kt_veto_territory(&past.of, &past.growth));
	CHECK(!kt_veto_history(&past.of, &past.growth));
	CHECK(!kt_veto_deceleration(&past.of, &past.growth));
}

static double slow(double hour)
{
	return 50 + after(hour, 60);
}

static double fast(double hour)
{
	return 50 + 100 * after(hour, 60);
}

static double late(double hour)
{
	return 50 + 3 * after(hour, 180);
}

TEST(growth_of_hours_may_be_a_job_until_a_week_is_known)
{
	struct past past;

	make(&past, steady, 66);
	CHECK(past.growth.positive);
	CHECK(kt_veto_history(&past.of, &past.growth));
	make(&past, slow, 65);
	CHECK(past.growth.positive);
	CHECK(!kt_veto_history(&past.of, &past.growth));
	make(&past, fast, 66);
	CHECK(!kt_veto_history(&past.of, &past.growth));
	make(&past, late, 186);
	CHECK(!kt_veto_history(&past.of, &past.growth));
}

TEST(a_hill_before_is_territory)
{
	struct past past;

	make(&past, hill, 64);
	CHECK(past.growth.positive);
	CHECK(kt_veto_territory(&past.of, &past.growth));
}

/* Emptied just before it grows again. */
static double tooth(double hour)
{
	return hour < 60 ? 55 : steady(hour);
}

TEST(a_fall_just_before_the_growth_is_territory)
{
	struct past past;

	make(&past, tooth, 63.2);
	CHECK(past.growth.positive);
	CHECK(kt_veto_territory(&past.of, &past.growth));
}

TEST(growth_from_the_first_sample_on_has_no_history)
{
	struct past past;

	make(&past, from_the_start, 66);
	CHECK(past.growth.positive);
	CHECK(kt_veto_history(&past.of, &past.growth));
}

TEST(growth_that_was_faster_decelerates)
{
	struct past past;

	make(&past, slower, 71);
	CHECK(kt_veto_deceleration(&past.of, &past.growth));
}

static double first_hours(double hour)
{
	return 50 + 20 * fmin(hour, 3) / 3 + .3 * hour;
}

static double even(double hour)
{
	return 50 + .3 * hour;
}

/* Nine hours, of which the time before is not as long. */
static void take_nine_hours(struct past *past, double (*mib)(double hour))
{
	make(past, mib, 12.1);
	past->growth.blocks = 54;
	past->growth.onset_ms = past->clock.start_ms[2] - 54ll * 10 * MINUTE;
	past->growth.rise = 2.7 * MIB;
}

TEST(growth_that_was_faster_in_a_shorter_time_decelerates)
{
	struct past past;

	take_nine_hours(&past, first_hours);
	CHECK(kt_veto_deceleration(&past.of, &past.growth));
	take_nine_hours(&past, even);
	CHECK(!kt_veto_deceleration(&past.of, &past.growth));
}

TEST(pressure_in_the_growth_clears_a_reclaimable_cache)
{
	struct kt_pressures pressures = { 0 };
	struct past past;

	make(&past, steady, 66);
	CHECK(kt_veto_reclaimable(&past.growth, &pressures));
	/* before the growth it says nothing */
	kt_pressures_add(&pressures, 30 * HOUR);
	CHECK(kt_veto_reclaimable(&past.growth, &pressures));
	kt_pressures_add(&pressures, past.clock.now_ms - HOUR);
	CHECK(!kt_veto_reclaimable(&past.growth, &pressures));
}

TEST(times_of_pressure_within_a_minute_are_one)
{
	struct kt_pressures pressures = { 0 };

	for (int i = 0; i < 100; i++)
		kt_pressures_add(&pressures, i * 1000);
	CHECK_INT(pressures.count, 2);
}

/* Rises with the logarithm of its age, in noise that makes it as uneven as stairs are. */
static double noisy_logarithm(double hour)
{
	return 50 + 24 * log(320 + hour) + ((int)(hour / 2) % 2 ? .24 : -.24);
}

static double noisy_line(double hour)
{
	return 50 + .06 * hour + ((int)(hour / 2) % 2 ? .24 : -.24);
}

TEST(uneven_growth_that_bends_is_no_leak)
{
	struct past past;

	make(&past, noisy_logarithm, 170);
	kt_growth_seek(&past.of, KT_LEVEL_TWO_HOURS, &past.growth);
	CHECK(past.growth.sought && !past.growth.positive);
	make(&past, noisy_line, 170);
	kt_growth_seek(&past.of, KT_LEVEL_TWO_HOURS, &past.growth);
	CHECK(past.growth.positive);
}
