// SPDX-License-Identifier: GPL-2.0-or-later
//
// Causes of false alarms and of missed leaks, one by one.

#include "made.h"
#include "test.h"

static double after(double hour, double onset)
{
	return hour > onset ? hour - onset : 0;
}

/* The first minutes after an hour of nothing are as straight as a leak. */
static double quick_fill(double hour)
{
	return (50 + 64 * (1 - exp(-after(hour, 30) / .236)) +
		       1.75 * sin(hour * 189) * sin(hour * 37)) *
	       MADE_MIB;
}

/* Five steps in as many days. */
static double steps_of_days(double hour)
{
	return (50 + 17 * (hour > 209) + 41 * (hour > 236) + 23 * (hour > 249) + 63 * (hour > 280) +
		       45 * (hour > 325)) *
	       MADE_MIB;
}

/* A job that loses the same at each of its daily runs. */
static double leaks_each_day(double hour)
{
	return (50 + 90 * floor(after(hour, 100) / 24)) * MADE_MIB;
}

/* Four deployments in as many days, at any time of day. */
static double deployments(double hour)
{
	return (50 + 80 * ((hour > 100) + (hour > 119) + (hour > 151) + (hour > 170))) * MADE_MIB;
}

#define RUN(hours, ...)                     \
	struct made made = { __VA_ARGS__ }; \
	made_run(&made, hours)

TEST(the_first_minutes_of_a_fill_are_no_leak)
{
	RUN(34, .amount = { quick_fill });
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(a_few_steps_in_days_are_no_leak)
{
	RUN(400, .amount = { steps_of_days }, .step_s = 600);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(a_job_that_leaks_each_day_is_found_after_three_days)
{
	RUN(200, .amount = { leaks_each_day });
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK(made.leak_h > 148 && made.leak_h < 184);
	made_end(&made);
	made = (struct made){ .amount = { deployments } };
	made_run(&made, 200);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}
