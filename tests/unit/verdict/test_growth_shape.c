// SPDX-License-Identifier: GPL-2.0-or-later
#include "verdict/shape.h"
#include "verdict/stairs.h"

#include "test.h"

#include <math.h>

#define BLOCKS 36
#define GRAIN  4096.
#define MIB    1048576.

static uint32_t dice = 1;

static double noise(void)
{
	dice = dice * 1664525u + 1013904223u;
	return ((double)(dice >> 8) / 8388608.0 - 1) * .2 * MIB;
}

static struct kt_shape shape_of(double (*at)(double share), double days)
{
	double floors[KT_LEVEL_BLOCKS];
	struct kt_shape_window window = { floors, BLOCKS, GRAIN, 4, -HUGE_VAL, KT_SHAPE_STEPS };
	struct kt_shape_basis basis;
	struct kt_shape shape;

	for (int i = 0; i < BLOCKS; i++)
		floors[i] = at((double)i / BLOCKS) * MIB + noise() +
			    (days > 0 ? 20 * MIB * sin(2 * M_PI * days * i / BLOCKS) : 0);
	kt_shape_begin(&basis, BLOCKS);
	if (days > 0)
		kt_shape_take_out_days(&basis, BLOCKS / days);
	kt_shape_fit(&window, &basis, &shape);
	return shape;
}

static double line(double share)
{
	return 50 * share;
}

static double bend(double share)
{
	return 50 * share * share;
}

static double fill(double share)
{
	return 50 * (1 - exp(-share / .5));
}

static double slow_fill(double share)
{
	return 200 * (1 - exp(-share / 2));
}

static double one_step(double share)
{
	return share > .6 ? 50 : 0;
}

static double still(double share)
{
	return 0 * share;
}

static double down(double share)
{
	return -50 * share;
}

TEST(what_no_line_can_be_is_not_compared_with_steps)
{
	struct kt_shape_window window = { .grain = GRAIN, .count = BLOCKS, .fill_max = 4 };
	double floors[KT_LEVEL_BLOCKS];
	struct kt_shape_basis basis;
	struct kt_shape shape;

	for (int i = 0; i < BLOCKS; i++)
		floors[i] = fill((double)i / BLOCKS) * MIB + noise();
	window.floors = floors;
	window.steps = KT_SHAPE_STEPS;
	window.least = 4;
	kt_shape_begin(&basis, BLOCKS);
	kt_shape_fit(&window, &basis, &shape);
	CHECK(shape.fill < 4 && !shape.stepped);
	window.least = -HUGE_VAL;
	kt_shape_fit(&window, &basis, &shape);
	CHECK(shape.stepped && shape.score <= shape.fill);
}

TEST(a_line_and_one_that_bends_upwards_score)
{
	struct kt_shape shape = shape_of(line, 0);

	CHECK(shape.score > 8);
	CHECK(shape.slowing > -2);
	CHECK(fabs(shape.rise - 50 * MIB) < MIB);
	CHECK(shape.noise < .3 * MIB);
	CHECK(shape_of(bend, 0).score > 8);
}

TEST(fills_steps_noise_and_falls_do_not)
{
	CHECK(shape_of(fill, 0).fill < 0);
	CHECK(shape_of(slow_fill, 0).fill < 0);
	CHECK(shape_of(slow_fill, 0).slowing < -2.5);
	CHECK(shape_of(one_step, 0).steps < 0);
	CHECK(shape_of(still, 0).score < 4);
	CHECK(shape_of(down, 0).score <= 0);
}

TEST(a_step_is_found_at_its_place)
{
	struct kt_shape shape = shape_of(one_step, 0);

	CHECK_INT(shape.step_at, 22);
	CHECK(fabs(shape.step_bytes - 50 * MIB) < MIB);
}

TEST(a_fill_has_its_end)
{
	struct kt_shape shape = shape_of(fill, 0);

	CHECK(fabs(shape.fill_end - 50 * MIB) < 2 * MIB);
}

TEST(fills_of_all_lengths_explain_themselves)
{
	static const double times[] = { .08, .2, .35, .5, .75, 1, 1.5, 2, 3, 4, 6, 8 };
	double floors[KT_LEVEL_BLOCKS];
	struct kt_shape_window window = { floors, BLOCKS, GRAIN, 8, -HUGE_VAL, 0 };
	struct kt_shape_basis basis;
	struct kt_shape shape;

	kt_shape_begin(&basis, BLOCKS);
	for (size_t k = 0; k < sizeof(times) / sizeof(times[0]); k++) {
		for (int i = 0; i < BLOCKS; i++)
			floors[i] = 50 * MIB * (1 - exp(-i / times[k] / BLOCKS));
		kt_shape_fit(&window, &basis, &shape);
		CHECK(shape.rests[2] < 1e-9 * shape.rests[0]);
		CHECK(fabs(shape.fill_end - 50 * MIB) < 1e-6 * 50 * MIB);
	}
}

TEST(a_daily_phase_is_taken_out)
{
	CHECK(shape_of(line, 3).score > 8);
	CHECK(fabs(shape_of(line, 3).rise - 50 * MIB) < 4 * MIB);
	CHECK(shape_of(still, 3).score < 4);
}

TEST(differences_below_the_grain_are_no_evidence)
{
	double floors[BLOCKS];
	struct kt_shape_window window = { floors, BLOCKS, 10 * MIB, 4, -HUGE_VAL, KT_SHAPE_STEPS };
	struct kt_shape_basis basis;
	struct kt_shape shape;

	for (int i = 0; i < BLOCKS; i++)
		floors[i] = i * .05 * MIB;
	kt_shape_begin(&basis, BLOCKS);
	kt_shape_fit(&window, &basis, &shape);
	CHECK(shape.score < 4);
}

static struct kt_stairs stairs_of(double (*at)(double share))
{
	struct kt_floors floors = { .count = BLOCKS };
	struct kt_stairs stairs;

	for (int i = 0; i < BLOCKS; i++)
		floors.at[i] = at((double)i / BLOCKS) * MIB;
	kt_stairs_fit(&floors, 0, GRAIN, &stairs);
	return stairs;
}

static double many_stairs(double share)
{
	return floor(share * 12) * 5;
}

static double late(double share)
{
	return share > .5 ? 50 * (share - .5) : 0;
}

static double with_a_fall(double share)
{
	return 50 * share - (share > .8 ? 20 : 0);
}

TEST(many_stairs_are_growth_and_one_is_not)
{
	CHECK(stairs_of(many_stairs).steady);
	CHECK(!stairs_of(one_step).steady);
	CHECK(!stairs_of(fill).steady);
	CHECK(!stairs_of(with_a_fall).steady);
	CHECK(!stairs_of(still).steady);
}

TEST(the_onset_is_the_last_block_before_the_growth)
{
	struct kt_stairs stairs = stairs_of(late);

	CHECK(stairs.onset >= 17 && stairs.onset <= 19);
	CHECK(fabs(stairs.rise - 25 * MIB) < 2 * MIB);
}

TEST(rates_to_come_are_around_the_rate)
{
	struct kt_stairs stairs = stairs_of(line);
	struct kt_rates rates;

	kt_stairs_rates(&stairs, 36, &rates);
	CHECK(fabs(rates.rate - 50 * MIB / BLOCKS) < .05 * MIB);
	CHECK(rates.low <= rates.rate && rates.high >= rates.rate);
	CHECK(!rates.faster);
	/* a night may be missing */
	kt_stairs_rates(&stairs, 3, &rates);
	CHECK(rates.low <= .5 * rates.rate && rates.high >= 2.5 * rates.rate);
	stairs = stairs_of(bend);
	kt_stairs_rates(&stairs, 36, &rates);
	CHECK(rates.faster);
}
