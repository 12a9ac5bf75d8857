// SPDX-License-Identifier: GPL-2.0-or-later
//
// Causes of false alarms and of missed leaks, one by one.

#include "made.h"
#include "test.h"

static double after(double hour, double onset)
{
	return hour > onset ? hour - onset : 0;
}

static double leak_1(double hour)
{
	return (50 + 1 * after(hour, 26)) * MADE_MIB;
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

/* A job of eight hours that runs again after two weeks and more, when its first run is forgotten.
 */
static double rare_job(double hour)
{
	double since = hour < 300 ? hour - 190 : hour - 600;

	return (50 + (since > 0 && since < 8 ? 40 * since / 8 : 0)) * MADE_MIB;
}

/* The first run of a job of each week: 8 h of even growth, all of which is freed. */
static double first_run(double hour)
{
	double since = after(hour, 110);

	return (50 + (since < 8 ? 15 * since : 0)) * MADE_MIB;
}

static double leak_15(double hour)
{
	return (50 + 15 * after(hour, 110)) * MADE_MIB;
}

/* In ten hours less than 1/64 of 16 GiB, and more. */
static double leak_22(double hour)
{
	return (50 + 22 * after(hour, 110)) * MADE_MIB;
}

static double leak_40(double hour)
{
	return (50 + 40 * after(hour, 110)) * MADE_MIB;
}

static double late_leak_15(double hour)
{
	return (50 + 15 * after(hour, 180)) * MADE_MIB;
}

/* Dying cgroups come with the load, and have done so for days before anything grows with them. */
static double dying_with_load(double hour)
{
	return 50 + 4 * (hour - 24 / (2 * M_PI) * .9 * sin(hour * 2 * M_PI / 24));
}

static double leaks_with_load(double hour)
{
	return 50 * MADE_MIB +
	       (hour > 150 ? 60000 * (dying_with_load(hour) - dying_with_load(150)) : 0);
}

/* Sockets whose number varies little by day, and units for them that grow sixfold in 12 h. */
static double steady_sockets(double hour)
{
	return 4000 + 800 * sin((hour + 8) * 2 * M_PI / 24);
}

static double replaced_units(double hour)
{
	return 2048 * (1 + 5 * fmin(after(hour, 100) / 12, 1)) * steady_sockets(hour);
}

/* The same of sockets that have become more for weeks, as the amount has with them. */
static double more_sockets(double hour)
{
	return (4000 + 20 * hour) * (1 + .2 * sin((hour + 8) * 2 * M_PI / 24));
}

static double units_replaced_late(double hour)
{
	return 2048 * (1 + 5 * fmin(after(hour, 400) / 12, 1)) * more_sockets(hour);
}

/* A noisy rider: .1 of a cache that began to fill after days. */
static double late_fill(double hour)
{
	return (300 + 400 * (1 - exp(-after(hour, 80) / 40))) * MADE_MIB;
}

static double late_fill_kib(double hour)
{
	return late_fill(hour) / 1024;
}

/* Sockets whose number is noisy, as the amount for each of them is not. */
static double even_sockets(double hour)
{
	return 5000 + 60 * after(hour, 26) + 300 * sin(hour * 1.9);
}

static double even_users(double hour)
{
	return (40 + .5 * after(hour, 26)) * MADE_MIB;
}

static double noisy_rider(double hour)
{
	return .1 * late_fill(hour) + 1.1 * MADE_MIB * (sin(hour * 9.1) + sin(hour * 3.3));
}

static double late_leak(double hour)
{
	return (30 + .6 * after(hour, 86)) * MADE_MIB;
}

/* Noise of a quarter of an hour, with a deviation of .2 MiB. */
static double slow_noise(double hour)
{
	static double state;
	static uint32_t dice;

	if (hour == 0) {
		state = 0;
		dice = 1;
	}
	dice = dice * 1664525u + 1013904223u;
	state = .94 * state + .12 * ((double)(dice >> 8) / 8388608.0 - 1) * MADE_MIB;
	return state;
}

static double leak_in_noise(double hour)
{
	return 50 * MADE_MIB + slow_noise(hour) + fmax(hour - 26, 0) * MADE_MIB;
}

/* One fall of 1 MiB in a day, which may be one of many. */
static double leak_after_fall(double hour)
{
	double hill = hour > 8 && hour < 10 ? 1 : 0;

	return (50 + hill + fmax(hour - 26, 0)) * MADE_MIB;
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

TEST(growth_that_was_wrongly_called_a_leak_has_to_be_larger_the_next_time)
{
	RUN(620, .amount = { rare_job }, .boot_h = 400);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 1);
	CHECK(made.leak_h < 200);
	made_end(&made);
}

TEST(a_number_that_has_long_grown_without_the_amount_does_not_explain_it)
{
	RUN(300, .amount = { leaks_with_load }, .driver = dying_with_load,
		.driver_kind = KT_DRIVER_DYING_CGROUPS);
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	made_end(&made);
}

TEST(what_begins_to_grow_with_the_caches_of_inodes_rides_on_them)
{
	struct made made = { .amount = { noisy_rider }, .driver_kind = KT_DRIVER_INODES_KIB };

	made.driver = late_fill_kib;
	made_run(&made, 160);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
	/* what begins hours later does not */
	made = (struct made){ .amount = { late_leak },
		.driver = late_fill_kib,
		.driver_kind = KT_DRIVER_INODES_KIB };
	made_run(&made, 160);
	CHECK(made.seen[KT_VERDICT_LEAK] > 0);
	made_end(&made);
}

TEST(growth_that_something_holds_waits_for_two_days)
{
	RUN(70, .amount = { leak_1 }, .held = true);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_until(&made, 70, 150);
	CHECK(made.seen[KT_VERDICT_LEAK] > 0);
	made_end(&made);
	/* a number that goes with the growth says what a holder says: more is in use */
	made = (struct made){ .amount = { even_users },
		.held = true,
		.driver = even_sockets,
		.driver_kind = KT_DRIVER_SOCKETS };
	made_run(&made, 150);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	CHECK(made.seen[KT_VERDICT_FOLLOWS] > 0);
	made_end(&made);
}

TEST(noise_of_a_day_hides_a_slow_leak_for_hours_only)
{
	RUN(34, .amount = { leak_in_noise });
	CHECK(made.leak_h > 26 && made.leak_h < 32);
	made_end(&made);
}

TEST(a_fall_seen_once_in_a_day_may_be_one_of_many)
{
	RUN(34, .amount = { leak_after_fall });
	CHECK(made.leak_h < 0 || made.leak_h > 32);
	made_end(&made);
}

TEST(growth_of_hours_may_be_a_first_run_until_a_week_is_known)
{
	RUN(117, .amount = { first_run });
	CHECK_INT(made.last.verdict, KT_VERDICT_GROWING);
	CHECK_INT(made.last.veto, KT_VETO_HISTORY);
	made_until(&made, 117, 160);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
	/* it lasts for longer than a job */
	made = (struct made){ .amount = { leak_15 } };
	made_run(&made, 130);
	CHECK(made.leak_h > 119 && made.leak_h < 121.5);
	made_end(&made);
	made = (struct made){ .amount = { late_leak_15 } };
	made_run(&made, 190);
	CHECK(made.leak_h > 180 && made.leak_h < 184);
	made_end(&made);
}

TEST(fast_growth_waits_where_the_machine_can_do_without_its_memory)
{
	RUN(130, .amount = { leak_22 });
	CHECK(made.leak_h > 119 && made.leak_h < 121.5);
	made_end(&made);
	made = (struct made){ .amount = { leak_40 } };
	made_run(&made, 130);
	CHECK(made.leak_h > 110 && made.leak_h < 111.5);
	made_end(&made);
}

TEST(the_growth_itself_does_not_hide_what_was_followed_before)
{
	RUN(130, .amount = { replaced_units }, .driver = steady_sockets,
		.driver_kind = KT_DRIVER_SOCKETS);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	CHECK(made.seen[KT_VERDICT_GROWING] + made.seen[KT_VERDICT_OUT_OF_PROPORTION] > 0);
	made_end(&made);
}

TEST(weeks_with_a_number_are_no_growth_without_it)
{
	RUN(425, .amount = { units_replaced_late }, .driver = more_sockets,
		.driver_kind = KT_DRIVER_SOCKETS, .step_s = 120);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}
