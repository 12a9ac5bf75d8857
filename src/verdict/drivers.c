// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/drivers.h"

#include <math.h>

#define KIB	     1024.
#define EXPLAINED    .85
#define NEAR_LINE    1.25 /* squares that a driver may leave, for each that a line leaves */
#define SHOWS	     1.5  /* deviations before the growth, that a driver would have caused */
#define TOO_MUCH     3.
#define KNOWN	     .5 /* share of the deviation that makes a ratio known */
#define LEAST_BLOCKS 6

/* The most bytes that one unit plausibly takes. A new driver is an entry here and in its enum. */
static const double per_unit_max[KT_NR_DRIVERS] = {
	[KT_DRIVER_TASKS] = 32 * KIB,
	[KT_DRIVER_SOCKETS] = 32 * KIB,
	[KT_DRIVER_FILES] = 32 * KIB,
	[KT_DRIVER_CGROUPS] = 128 * KIB,
	[KT_DRIVER_MOUNTS] = 32 * KIB,
	[KT_DRIVER_DYING_CGROUPS] = 128 * KIB,
	[KT_DRIVER_HELD_PAGES] = 16 * KIB,
	[KT_DRIVER_INODES_KIB] = .5 * KIB,
};

struct line {
	double slope, explained; /* share of the squares */
	double rest;		 /* squares left */
	double x_deviation, y_deviation;
};

static void fit(const double *x, const double *y, int count, struct line *ret_line)
{
	double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;

	for (int i = 0; i < count; i++) {
		mx += x[i] / count;
		my += y[i] / count;
	}
	for (int i = 0; i < count; i++) {
		xx += (x[i] - mx) * (x[i] - mx);
		yy += (y[i] - my) * (y[i] - my);
		xy += (x[i] - mx) * (y[i] - my);
	}
	ret_line->slope = xx > 0 ? xy / xx : 0;
	ret_line->rest = xx > 0 ? fmax(yy - xy * xy / xx, 0) : yy;
	ret_line->explained = yy > 0 ? 1 - ret_line->rest / yy : 0;
	ret_line->x_deviation = sqrt(xx / count);
	ret_line->y_deviation = sqrt(yy / count);
}

/* Amount and driver in up to three windows before the growth, in longer blocks if need be. */
static bool fit_before(const struct kt_growth_of *of, const struct kt_number *driver,
	const struct kt_growth *growth, struct line *ret_line)
{
	int64_t length = growth->blocks * kt_levels[growth->level].step_ms;

	for (int level = growth->level; level < KT_NR_LEVELS; level++) {
		int64_t step = kt_levels[level].step_ms;
		double x[KT_LEVEL_BLOCKS], y[KT_LEVEL_BLOCKS];
		int ago = (int)((of->clock->start_ms[level] - growth->onset_ms + step - 1) / step);
		int count = (int)(3 * length / step);
		int there = kt_rings_count(of->rings, of->clock, level) - ago;

		count = count < there ? count : there;
		if (count < LEAST_BLOCKS ||
			count < growth->blocks / 2 / (step / kt_levels[growth->level].step_ms) ||
			!kt_number_blocks(driver, of->clock, level, ago, count, x))
			continue;
		for (int i = 0; i < count; i++)
			y[i] = kt_rings_floor(of->rings, of->clock, level, ago + count - 1 - i);
		fit(x, y, count, ret_line);
		return true;
	}
	return false;
}

/* Memory of an event that has passed stays: what grows follows the highest value so far. */
static void raise_to_highest(double *x, int count)
{
	for (int i = 1; i < count; i++)
		x[i] = fmax(x[i], x[i - 1]);
}

static void fit_driver(const struct kt_growth_of *of, const struct kt_number *driver,
	const struct kt_growth *growth, struct line *ret_line)
{
	double x[KT_LEVEL_BLOCKS];
	struct line highest;

	*ret_line = (struct line){ .rest = HUGE_VAL };
	if (!kt_number_blocks(driver, of->clock, growth->level, 0, growth->blocks, x))
		return;
	fit(x, kt_growth_window(growth), growth->blocks, ret_line);
	raise_to_highest(x, growth->blocks);
	fit(x, kt_growth_window(growth), growth->blocks, &highest);
	if (highest.rest < ret_line->rest)
		*ret_line = highest;
}

/* Does the driver explain the growth, and would it not have shown before? */
static bool explains(const struct kt_growth *growth, const struct line *now,
	const struct line *before, double most)
{
	double line = growth->shape.rests[1];

	if (!(now->slope > 0) || now->slope > most)
		return false;
	if (now->explained < EXPLAINED && now->rest > NEAR_LINE * line)
		return false;
	return !before ||
	       now->slope * before->x_deviation <= SHOWS * before->y_deviation + 2 * growth->grain;
}

/* It follows the driver more closely than time, by a ratio that is not the one of before. */
static bool out_of_proportion(const struct kt_growth *growth, const struct line *now,
	const struct line *before, double most)
{
	if (!(now->slope > 0) || now->explained < EXPLAINED ||
		now->rest > growth->shape.rests[1] / 2)
		return false;
	if (now->slope > most)
		return true;
	return before && before->explained >= KNOWN && before->slope > 0 &&
	       now->slope > TOO_MUCH * before->slope;
}

void kt_drivers_explain(const struct kt_growth_of *of, const struct kt_number *drivers,
	const struct kt_growth *growth, struct kt_driven *ret_driven)
{
	struct kt_driven best = { .driver = KT_NR_DRIVERS, .per_unit = NAN, .before = NAN };
	double least = HUGE_VAL;

	for (int i = 0; i < KT_NR_DRIVERS; i++) {
		struct line now, then, *before;
		bool follows, too_much;

		fit_driver(of, &drivers[i], growth, &now);
		if (!(now.slope > 0))
			continue;
		before = fit_before(of, &drivers[i], growth, &then) ? &then : NULL;
		too_much = out_of_proportion(growth, &now, before, per_unit_max[i]);
		follows = !too_much && explains(growth, &now, before, per_unit_max[i]);
		if ((!follows && !too_much) || now.rest >= least)
			continue;
		least = now.rest;
		best.driver = (enum kt_driver)i;
		best.per_unit = now.slope;
		best.before = before && before->explained >= KNOWN ? before->slope : (double)NAN;
		best.too_much = too_much;
	}
	*ret_driven = best;
}
