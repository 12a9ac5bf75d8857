// SPDX-License-Identifier: GPL-2.0-or-later
#include "made.h"
#include "test.h"

/* Amounts, in bytes at a time in hours. */

static double flat(double hour)
{
	(void)hour;
	return 50 * MADE_MIB;
}

static double after(double hour, double onset)
{
	return hour > onset ? hour - onset : 0;
}

static double leak_1(double hour)
{
	return (50 + 1 * after(hour, 26)) * MADE_MIB;
}

static double leak_100(double hour)
{
	return (50 + 100 * after(hour, 26)) * MADE_MIB;
}

static double leak_10240(double hour)
{
	return (50 + 10240 * after(hour, 26)) * MADE_MIB;
}

static double leak_early(double hour)
{
	return (50 + 100 * after(hour, 2)) * MADE_MIB;
}

static double born_leaking(double hour)
{
	return .3 * MADE_MIB + 4 * after(hour, 26) * MADE_MIB;
}

static double leak_freed(double hour)
{
	return hour < 30 ? leak_100(hour) : 60 * MADE_MIB;
}

static double leak_in_stairs(double hour)
{
	return (50 + 5 * floor(after(hour, 26))) * MADE_MIB;
}

static double fill(double hour)
{
	return (50 + 100 * (1 - exp(-after(hour, 26) / 3))) * MADE_MIB;
}

static double step_up(double hour)
{
	return (hour > 30 ? 90 : 50) * MADE_MIB;
}

static double step_down(double hour)
{
	return (hour > 30 ? 50 : 90) * MADE_MIB;
}

static double spike(double hour)
{
	return (hour > 30 && hour < 30.3 ? 150 : 50) * MADE_MIB;
}

static double teeth(double hour)
{
	return (50 + 20 * fmod(hour, 24)) * MADE_MIB;
}

static double churn(double hour)
{
	return (50 + fmod(hour * 60, 7) * 10) * MADE_MIB;
}

static double day(double hour)
{
	return (50 + 40 * sin(hour * M_PI / 12)) * MADE_MIB;
}

/* As high as the growth comes, a day before it. */
static double hill_before(double hour)
{
	return hour > 10 && hour < 14 ? 400 * MADE_MIB : leak_100(hour);
}

/* Numbers of the machine. */

static double sockets(double hour)
{
	return 2000 + 500 * after(hour, 26) + 400 * sin(hour * 1.1) + 200 * sin(hour * 2.7);
}

static double follows_sockets(double hour)
{
	return 30 * MADE_MIB + 2048 * sockets(hour);
}

static double deployed_sockets(double hour)
{
	return 2000 + (hour > 30 ? 9000 : 0) + 400 * sin(hour * 1.1) + 200 * sin(hour * 2.7);
}

static double follows_deployed(double hour)
{
	return 30 * MADE_MIB + 2048 * deployed_sockets(hour);
}

static double other_sockets(double hour)
{
	return 2000 + 400 * sin(hour * 1.1) + 200 * sin(hour * 2.7);
}

/* Rises with the logarithm of its age, ten days of which have not been seen. */
static double log_fill(double hour)
{
	return (20 + 14.3 * log(1 + (hour + 246) / .66)) * MADE_MIB;
}

static double inodes_kib(double hour)
{
	return 500000 + 8000 * after(hour, 26) + 9000 * sin(hour * 1.1);
}

static double rides_on_inodes(double hour)
{
	return 20 * MADE_MIB + .25 * 1024 * inodes_kib(hour);
}

/* Ten times as much for each socket as before. */
static double out_of_proportion(double hour)
{
	return 30 * MADE_MIB + (hour > 26 ? 10. : 1.) * 2048 * (sockets(hour) - sockets(26));
}

static double connections(double hour)
{
	return 1e6 * hour + 1e6 * sin(hour * 2.5) / 2.5 + 3e5 * sin(hour * 11) / 11;
}

static double leaks_each_connection(double hour)
{
	return 50 * MADE_MIB + (hour > 180 ? 20 * (connections(hour) - connections(180)) : 0);
}

/* A job of eight hours a week: its second run takes more than the first. */
static double weekly_job(double hour)
{
	double since = fmod(hour + 164, 168), peak = hour < 100 ? 100 : 130;

	return (50 + (since < 8 ? peak * since / 8 : 0)) * MADE_MIB;
}

/* Connections by day: their number hardly moves at night. */
static double sockets_by_day(double hour)
{
	return 4000 + 2000 * sin(hour * 2 * M_PI / 24);
}

/* From hour 100 on the units are replaced within 12 h, by others that take five times as much. */
static double larger_units(double hour)
{
	return (2048 + (hour < 112 ? 4 * 2048 * after(hour, 100) / 12 : 4 * 2048)) *
	       sockets_by_day(hour);
}

static double leak_of_follower(double hour)
{
	return 2048 * sockets_by_day(hour) + 3 * MADE_MIB * after(hour, 100);
}

static double requests(double hour)
{
	return 1e6 * (hour - 24 / (2 * M_PI) * .95 * cos(hour * 2 * M_PI / 24));
}

static double leaks_each_request(double hour)
{
	return 50 * MADE_MIB + (hour > 200 ? .13 * (requests(hour) - requests(200)) : 0);
}

static double reclaimable_emptied(double hour)
{
	return (50 + 30 * fmod(hour, 6)) * MADE_MIB;
}

#define RUN(hours, ...)                     \
	struct made made = { __VA_ARGS__ }; \
	made_run(&made, hours)

TEST(an_amount_without_samples_is_not_observable)
{
	RUN(.02, .amount = { flat });
	CHECK_INT(made.last.verdict, KT_VERDICT_NOT_OBSERVABLE);
	made_end(&made);
}

TEST(an_amount_that_does_not_change_is_normal)
{
	RUN(48, .amount = { flat });
	CHECK_INT(made.last.verdict, KT_VERDICT_NORMAL);
	CHECK_INT(made.last.level, -1);
	CHECK_INT(made.last.since_ms, -1);
	CHECK(isnan(made.last.hourly_bytes) && isnan(made.last.score));
	CHECK_INT(made.last.driver, KT_NR_DRIVERS);
	CHECK_INT(made.last.event, KT_NR_EVENTS);
	CHECK_INT(made.last.sister, 0);
	made_end(&made);
}

TEST(a_slow_leak_is_found_in_long_blocks)
{
	RUN(40, .amount = { leak_1 });
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK_INT(made.last.veto, KT_VETO_NONE);
	CHECK_INT(made.last.level, 2);
	CHECK(made.last.hourly_bytes > .9 * MADE_MIB && made.last.hourly_bytes < 1.1 * MADE_MIB);
	CHECK(made.last.hourly_low_bytes < MADE_MIB && made.last.hourly_high_bytes > MADE_MIB);
	CHECK(fabs((double)(made.last.since_ms - 1700000000000) / 3.6e6 - 26) < 1);
	CHECK(fabs((double)made.last.rise_bytes / MADE_MIB - 14) < 1);
	CHECK(made.last.confidence > .5 && made.last.confidence <= .99);
	CHECK(made.leak_h > 26 && made.leak_h < 32);
	made_end(&made);
}

TEST(a_fast_leak_is_found_in_short_blocks)
{
	RUN(27, .amount = { leak_100 });
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK(made.leak_h > 26 && made.leak_h < 26.25);
	made_end(&made);
}

TEST(the_fastest_leak_needs_samples_of_10_s)
{
	RUN(26.1, .amount = { leak_10240 }, .step_s = 10);
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK_INT(made.last.level, 0);
	CHECK(made.leak_h > 26 && made.leak_h < 26 + 2. / 60);
	made_end(&made);
}

TEST(growth_in_stairs_is_a_leak_too)
{
	RUN(40, .amount = { leak_in_stairs });
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	made_end(&made);
}

TEST(without_a_look_fast_growth_is_not_called_a_leak)
{
	RUN(27, .amount = { leak_100 }, .blind = true);
	CHECK_INT(made.last.verdict, KT_VERDICT_GROWING);
	CHECK_INT(made.last.veto, KT_VETO_HOLDER);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(without_a_look_the_shape_decides_in_days)
{
	RUN(80, .amount = { leak_1 }, .blind = true);
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK(made.last.level >= 3);
	made_end(&made);
}

TEST(growth_that_something_holds_is_no_leak_for_a_day)
{
	RUN(40, .amount = { leak_1 }, .held = true);
	CHECK_INT(made.last.verdict, KT_VERDICT_GROWING);
	CHECK_INT(made.last.veto, KT_VETO_HOLDER);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(growth_without_a_day_before_it_is_not_known)
{
	RUN(4, .amount = { leak_early });
	CHECK_INT(made.last.verdict, KT_VERDICT_GROWING);
	CHECK_INT(made.last.veto, KT_VETO_HISTORY);
	made_end(&made);
}

TEST(a_cache_born_with_its_leak_needs_no_day_before_it)
{
	RUN(33, .amount = { born_leaking, flat }, .born_h = 26);
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK(made.leak_h > 26 && made.leak_h < 32);
	made_end(&made);
	/* what it had when it was first seen may be older */
	made = (struct made){ .amount = { leak_1, flat }, .born_h = 26 };
	made_run(&made, 33);
	CHECK_INT(made.last.verdict, KT_VERDICT_GROWING);
	CHECK_INT(made.last.veto, KT_VETO_HISTORY);
	made_end(&made);
	/* without a look, and with a holder, it is as before */
	made = (struct made){ .amount = { born_leaking, flat }, .born_h = 26, .blind = true };
	made_run(&made, 33);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	CHECK_INT(made.last.veto, KT_VETO_HISTORY);
	made_end(&made);
	made = (struct made){ .amount = { born_leaking, flat }, .born_h = 26, .held = true };
	made_run(&made, 33);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(growth_to_where_the_amount_has_been_is_no_leak)
{
	RUN(29, .amount = { hill_before });
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	CHECK(made.last.verdict != KT_VERDICT_LEAK);
	made_end(&made);
}

TEST(growth_just_above_where_the_amount_has_been_waits)
{
	/* the fall from the hill is known for a day only, and may be one of many */
	RUN(33, .amount = { hill_before });
	CHECK_INT(made.last.verdict, KT_VERDICT_GROWING);
	CHECK_INT(made.last.veto, KT_VETO_TERRITORY);
	made_end(&made);
}

TEST(a_fill_is_no_leak_and_has_a_ceiling)
{
	RUN(32, .amount = { fill });
	CHECK_INT(made.last.verdict, KT_VERDICT_FILLING);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	CHECK(made.last.ceiling_bytes > 100 * MADE_MIB && made.last.ceiling_bytes < 250 * MADE_MIB);
	made_end(&made);
}

TEST(a_step_and_a_drop)
{
	RUN(40, .amount = { step_up });
	CHECK_INT(made.last.verdict, KT_VERDICT_STEP);
	CHECK(fabs((double)made.last.rise_bytes / MADE_MIB - 40) < 2);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
	made = (struct made){ .amount = { step_down } };
	made_run(&made, 40);
	CHECK_INT(made.last.verdict, KT_VERDICT_DROP);
	CHECK(made.last.rise_bytes < 0);
	made_end(&made);
}

TEST(a_spike)
{
	RUN(34, .amount = { spike });
	CHECK_INT(made.last.verdict, KT_VERDICT_SPIKE);
	made_end(&made);
}

TEST(a_rise_that_has_not_come_back_is_no_spike)
{
	/* every 3 min for three hours, so that the rise is in a block of 2 h, closed or not */
	RUN(30, .amount = { step_up });
	for (double hour = 30; hour < 33.5; hour += .05) {
		made_until(&made, hour, hour + .05);
		CHECK(made.last.verdict != KT_VERDICT_SPIKE);
	}
	CHECK_INT(made.seen[KT_VERDICT_SPIKE], 0);
	CHECK(made.seen[KT_VERDICT_STEP] > 0);
	made_end(&made);
}

TEST(teeth_rise_slowly_and_fall_at_once)
{
	RUN(100, .amount = { teeth });
	CHECK_INT(made.last.verdict, KT_VERDICT_SAW_TOOTH);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(a_daily_phase_is_normal)
{
	RUN(240, .amount = { day });
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	CHECK_INT(made.seen[KT_VERDICT_SAW_TOOTH], 0);
	made_end(&made);
}

TEST(churn_has_a_flat_floor)
{
	RUN(40, .amount = { churn });
	CHECK_INT(made.last.verdict, KT_VERDICT_CHURN);
	made_end(&made);
}

TEST(an_amount_follows_a_number_of_the_machine)
{
	RUN(40, .amount = { follows_sockets }, .driver = sockets, .driver_kind = KT_DRIVER_SOCKETS);
	CHECK_INT(made.last.verdict, KT_VERDICT_FOLLOWS);
	CHECK_INT(made.last.veto, KT_VETO_DRIVER);
	CHECK_INT(made.last.driver, KT_DRIVER_SOCKETS);
	CHECK(fabs(made.last.per_unit_bytes - 2048) < 200);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(a_step_with_a_number_follows_it)
{
	RUN(36, .amount = { follows_deployed }, .driver = deployed_sockets,
		.driver_kind = KT_DRIVER_SOCKETS);
	CHECK_INT(made.last.verdict, KT_VERDICT_FOLLOWS);
	CHECK_INT(made.last.driver, KT_DRIVER_SOCKETS);
	CHECK(fabs(made.last.per_unit_bytes - 2048) < 200);
	made_end(&made);
	made = (struct made){ .amount = { follows_deployed },
		.driver = other_sockets,
		.driver_kind = KT_DRIVER_SOCKETS };
	made_run(&made, 36);
	CHECK_INT(made.last.verdict, KT_VERDICT_STEP);
	CHECK_INT(made.last.driver, KT_NR_DRIVERS);
	made_end(&made);
}

TEST(growth_with_the_logarithm_of_the_age_is_no_leak)
{
	RUN(11 * 24, .amount = { log_fill });
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(without_the_number_the_same_growth_is_a_leak)
{
	RUN(60, .amount = { follows_sockets });
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	made_end(&made);
}

TEST(more_for_each_unit_than_before_is_out_of_proportion)
{
	RUN(40, .amount = { out_of_proportion }, .driver = sockets,
		.driver_kind = KT_DRIVER_SOCKETS);
	CHECK(made.seen[KT_VERDICT_OUT_OF_PROPORTION] > 0);
	CHECK_INT(made.last.driver, KT_DRIVER_SOCKETS);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(larger_units_are_no_leak_and_stay_out_of_proportion)
{
	RUN(150, .amount = { larger_units }, .driver = sockets_by_day,
		.driver_kind = KT_DRIVER_SOCKETS);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	CHECK_INT(made.last.verdict, KT_VERDICT_OUT_OF_PROPORTION);
	CHECK_INT(made.last.driver, KT_DRIVER_SOCKETS);
	made_end(&made);
}

TEST(what_leaks_on_top_of_what_it_follows_is_a_leak)
{
	RUN(150, .amount = { leak_of_follower }, .driver = sockets_by_day,
		.driver_kind = KT_DRIVER_SOCKETS);
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK(made.leak_h > 0 && made.leak_h < 140);
	made_end(&made);
}

TEST(the_last_run_of_a_weekly_job_is_not_forgotten)
{
	RUN(184, .amount = { weekly_job });
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	CHECK(made.vetoed[KT_VETO_TERRITORY]);
	made_end(&made);
}

TEST(a_slow_leak_at_each_event_is_a_line_where_time_is_counted_in_events)
{
	double by_event_h;
	RUN(320, .amount = { leaks_each_request }, .event = requests, .event_kind = KT_EVENT_READS);

	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK_INT(made.last.event, KT_EVENT_READS);
	made_end(&made);
	/* by time alone it takes longer */
	by_event_h = made.leak_h;
	made = (struct made){ .amount = { leaks_each_request } };
	made_run(&made, 320);
	CHECK(made.leak_h > by_event_h + 24);
	made_end(&made);
}

TEST(as_much_for_each_unit_as_before_is_not)
{
	RUN(40, .amount = { follows_sockets }, .driver = sockets, .driver_kind = KT_DRIVER_SOCKETS);
	CHECK_INT(made.seen[KT_VERDICT_OUT_OF_PROPORTION], 0);
	made_end(&made);
}

TEST(growth_with_the_caches_of_inodes_fills)
{
	RUN(40, .amount = { rides_on_inodes }, .driver = inodes_kib,
		.driver_kind = KT_DRIVER_INODES_KIB);
	CHECK_INT(made.last.verdict, KT_VERDICT_FILLING);
	CHECK_INT(made.last.driver, KT_DRIVER_INODES_KIB);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
	/* 2 KiB for each KiB are not plausible */
	made = (struct made){ .amount = { follows_sockets },
		.driver = sockets,
		.driver_kind = KT_DRIVER_INODES_KIB };
	made_run(&made, 40);
	CHECK(made.last.driver != KT_DRIVER_INODES_KIB || made.last.verdict != KT_VERDICT_FILLING);
	made_end(&made);
}

TEST(an_event_is_named_when_it_explains_more_than_time)
{
	RUN(194, .amount = { leaks_each_connection }, .event = connections,
		.event_kind = KT_EVENT_CONNECTIONS);
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK_INT(made.last.event, KT_EVENT_CONNECTIONS);
	CHECK(fabs(made.last.per_event_bytes - 20) < 2);
	CHECK(made.last.event_share > .9);
	made_end(&made);
}

TEST(an_event_that_only_goes_on_is_not_named)
{
	RUN(40, .amount = { leak_1 }, .event = connections, .event_kind = KT_EVENT_CONNECTIONS);
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	CHECK_INT(made.last.event, KT_NR_EVENTS);
	made_end(&made);
}

TEST(a_reclaimable_cache_fills_until_pressure_has_failed)
{
	RUN(60, .amount = { leak_1 }, .reclaimable = true);
	CHECK_INT(made.last.verdict, KT_VERDICT_FILLING);
	CHECK_INT(made.last.veto, KT_VETO_RECLAIMABLE);
	made_end(&made);
	made = (struct made){ .amount = { leak_1 }, .reclaimable = true, .pressure_every_h = 1.1 };
	made_run(&made, 60);
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	made_end(&made);
}

TEST(a_reclaimable_cache_that_pressure_empties_is_no_leak)
{
	RUN(80, .amount = { reclaimable_emptied }, .reclaimable = true, .pressure_every_h = 6);
	CHECK_INT(made.seen[KT_VERDICT_LEAK], 0);
	made_end(&made);
}

TEST(a_leak_ends_when_its_memory_comes_back)
{
	RUN(31, .amount = { leak_freed });
	CHECK(made.leak_h > 0);
	CHECK_INT(made.last.verdict, KT_VERDICT_WAS_LEAKING);
	made_until(&made, 31, 31 + 8 * 24);
	CHECK_INT(made.last.verdict, KT_VERDICT_NORMAL);
	made_end(&made);
}

TEST(a_boot_ends_a_leak)
{
	RUN(28, .amount = { leak_100 }, .boot_h = 27);
	CHECK(made.leak_h > 0);
	CHECK_INT(made.seen[KT_VERDICT_WAS_LEAKING], 1);
	made_end(&made);
}

TEST(gaps_and_missing_samples_do_not_hide_a_leak)
{
	RUN(50, .amount = { leak_1 }, .gap_from_h = 28, .gap_to_h = 29);
	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	made_end(&made);
}

TEST(sisters_are_one_event)
{
	RUN(30, .amount = { leak_100, leak_100, flat });
	struct kt_judged judged;

	CHECK_INT(made.last.verdict, KT_VERDICT_LEAK);
	kt_judge_verdict(made.judge, 1, &judged);
	CHECK_INT(judged.verdict, KT_VERDICT_LEAK);
	CHECK_INT(made.last.sister, judged.sister);
	kt_judge_verdict(made.judge, 2, &judged);
	CHECK_INT(judged.sister, 2);
	made_end(&made);
}

TEST(a_rider_of_a_reclaimable_cache_names_it)
{
	/* the first series is the cache, the second one rides on it */
	RUN(60, .amount = { follows_sockets, follows_sockets }, .reclaimable = true, .still = true);
	struct kt_judged judged;

	kt_judge_verdict(made.judge, 1, &judged);
	CHECK(judged.verdict != KT_VERDICT_LEAK || judged.sister == 1);
	made_end(&made);
}
