// SPDX-License-Identifier: GPL-2.0-or-later
#include "made.h"
#include "test.h"

/* Amounts that rise and come back, in bytes at a time in hours. */

/* A rise of ten minutes at the beginning of each period, each of another height. */
static double rises(double hour, double period)
{
	double since = fmod(hour, period);
	double height = 40 + 30 * fmod(floor(hour / period) * .618, 1);

	return (50 + (since < .17 ? height : 0)) * MADE_MIB;
}

static double every_five_hours(double hour)
{
	return rises(hour, 5);
}

static double every_two_days(double hour)
{
	return rises(hour + 8, 48);
}

/* Noise with a range of more than 8 MiB in two hours, of which no rise stands out. */
static double restless(double hour)
{
	(void)hour;
	return (50 + 3 * (made_random() + made_random() + made_random())) * MADE_MIB;
}

/* Reclaim takes most of it every 30 h, and it is full again in two. */
static double dips(double hour)
{
	double since = fmod(hour, 30);

	return (50 + 300 * fmin(1, .2 + since / 2)) * MADE_MIB;
}

/* The same, but it is not full when it is emptied again. */
static double emptied(double hour)
{
	double since = fmod(hour + 20, 40);

	return (50 + 900 * (1 - exp(-since / 24))) * MADE_MIB;
}

#define RUN(hours, ...)                     \
	struct made made = { __VA_ARGS__ }; \
	made_run(&made, hours)

TEST(rises_within_hours_of_each_other_are_churn)
{
	RUN(100, .amount = { every_five_hours });
	CHECK_INT(made.last.verdict, KT_VERDICT_CHURN);
	CHECK(made.last.confidence > .8);
	made_end(&made);
}

TEST(rare_rises_are_spikes)
{
	RUN(8 * 24 - 4, .amount = { every_two_days });
	CHECK_INT(made.last.verdict, KT_VERDICT_SPIKE);
	CHECK_INT(made.seen[KT_VERDICT_CHURN], 0);
	made_end(&made);
}

TEST(noise_has_no_spikes)
{
	RUN(100, .amount = { restless });
	CHECK_INT(made.seen[KT_VERDICT_SPIKE], 0);
	made_end(&made);
}

TEST(what_was_full_before_a_fall_is_no_spike)
{
	/* every hour for two days, so that the fall is in each place of a block */
	RUN(80, .amount = { dips }, .reclaimable = true);
	for (double hour = 80; hour < 128; hour++) {
		made_until(&made, hour, hour + 1);
		CHECK(made.last.verdict != KT_VERDICT_SPIKE);
	}
	made_end(&made);
}

TEST(a_cache_that_is_emptied_before_it_is_full_has_teeth)
{
	unsigned fills;

	/* it grows for most of the time, which is a fill until it was emptied twice in a week */
	RUN(110, .amount = { emptied }, .reclaimable = true);
	CHECK(made.seen[KT_VERDICT_FILLING] > 0);
	fills = made.seen[KT_VERDICT_FILLING];
	made_until(&made, 110, 180);
	CHECK_INT(made.last.verdict, KT_VERDICT_SAW_TOOTH);
	CHECK_INT(made.seen[KT_VERDICT_FILLING], fills);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}
