// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/drivers.h"

#include "verdict/larger.h"

#include <math.h>

#define KIB	     1024.
#define EXPLAINED    .85
#define NEAR_LINE    1.25 /* squares that a driver may leave, for each that a line leaves */
#define SHOWS	     1.5  /* deviations before the growth, that a driver would have caused */
#define SURELY_SHOWS 4.
#define TOO_MUCH     3.
#define KNOWN	     .5 /* share of the deviation that makes a ratio known */
#define FAIRLY	     .4 /* the same, of a number that now goes with it exactly */
#define EXACTLY	     .999
#define WELL_KNOWN   .65
#define HALF	     .5
#define FAR_BETTER   .5 /* of the squares that a line leaves: no chance */
#define FAR_WORSE    6.
#define SURELY	     .92
#define LEAST_BLOCKS 6
#define MOST	     .75 /* of the growth */
#define FOLLOWED     12	 /* blocks of 2 h */
#define REPLACED     .65 /* share of the squares, by units that may be replaced */
#define FAR_MORE     2.
#define TAKES_PART   .3 /* of the growth, at least, by a number that was followed */
#define OFF	     3. /* deviations from a number that was followed */

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
		mx += x[i];
		my += y[i];
	}
	mx /= count;
	my /= count;
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

/* A part of the past, in blocks of one level: the newest of them closed `ago` blocks before now. */
struct stretch {
	int level, ago, count;
};

/* Up to three windows before the growth, in longer blocks if need be. */
static bool stretch_before(const struct kt_growth_of *of, const struct kt_growth *growth, int level,
	struct stretch *ret_stretch)
{
	int64_t length = growth->blocks * kt_levels[growth->level].step_ms;
	int64_t step = kt_levels[level].step_ms;
	int ago = (int)((of->clock->start_ms[level] - growth->onset_ms + step - 1) / step);
	int count = (int)(3 * length / step), there;

	there = kt_rings_count(of->rings, of->clock, level) - ago;
	*ret_stretch = (struct stretch){ level, ago, count < there ? count : there };
	return ret_stretch->count >= LEAST_BLOCKS && ret_stretch->count * step * 3 >= length;
}

/* Memory of use that has passed stays: a pool has the highest value so far. */
static bool highest_so_far(const struct kt_growth_of *of, const struct kt_number *driver,
	const struct stretch *stretch, double *ret_blocks)
{
	double highest = -HUGE_VAL;

	if (!kt_number_highs(
		    driver, of->clock, stretch->level, stretch->ago, stretch->count, ret_blocks))
		return false;
	/* the blocks before, and days back for a month */
	for (int level = stretch->level; level < KT_NR_LEVELS; level++) {
		int64_t newer = (int64_t)(stretch->ago + stretch->count) *
				kt_levels[stretch->level].step_ms;
		int ago = (int)(newer / kt_levels[level].step_ms) + (level != stretch->level);
		int count = kt_clock_blocks(of->clock, level, driver->begun_ms) - ago;
		double past[KT_LEVEL_BLOCKS];

		if (count <= 0 || !kt_number_highs(driver, of->clock, level, ago, count, past))
			continue;
		for (int i = 0; i < count; i++)
			highest = kt_larger(highest, past[i]);
	}
	for (int i = 0; i < stretch->count; i++)
		ret_blocks[i] = highest = kt_larger(highest, ret_blocks[i]);
	return true;
}

/* How an amount goes with a number. */
enum coupling { EACH_UNIT, HIGHEST_UNITS, NR_COUPLINGS };

static bool number_in(const struct kt_growth_of *of, const struct kt_number *driver,
	enum coupling coupling, const struct stretch *stretch, double *ret_blocks)
{
	return coupling == HIGHEST_UNITS ? highest_so_far(of, driver, stretch, ret_blocks)
					 : kt_number_blocks(driver, of->clock, stretch->level,
						   stretch->ago, stretch->count, ret_blocks);
}

static bool fit_stretch(const struct kt_growth_of *of, const struct kt_number *driver,
	enum coupling coupling, const struct stretch *stretch, struct line *ret_line)
{
	double x[KT_LEVEL_BLOCKS], y[KT_LEVEL_BLOCKS];

	if (!number_in(of, driver, coupling, stretch, x))
		return false;
	kt_rings_floors_from(of->rings, of->clock, stretch->level, stretch->ago, stretch->count, y);
	fit(x, y, stretch->count, ret_line);
	return true;
}

/* The window's own floors are at hand. */
static bool fit_window(const struct kt_growth_of *of, const struct kt_number *driver,
	enum coupling coupling, const struct kt_growth *growth, struct line *ret_line)
{
	const struct stretch window = { growth->level, 0, growth->blocks };
	double x[KT_LEVEL_BLOCKS];

	if (!number_in(of, driver, coupling, &window, x))
		return false;
	fit(x, kt_growth_window(growth), growth->blocks, ret_line);
	return true;
}

static bool fit_before(const struct kt_growth_of *of, const struct kt_number *driver,
	enum coupling coupling, const struct kt_growth *growth, struct line *ret_line)
{
	for (int level = growth->level; level < KT_NR_LEVELS; level++) {
		struct stretch stretch;

		if (stretch_before(of, growth, level, &stretch) &&
			fit_stretch(of, driver, coupling, &stretch, ret_line))
			return true;
	}
	return false;
}

/* Would growth by that much for each unit have shown before, and did it? */
static bool showed_before(
	const struct kt_growth *growth, const struct line *now, const struct line *before)
{
	if (!before)
		return true;
	if (before->slope > 0 &&
		(before->explained >= KNOWN ||
			(now->explained >= EXACTLY && before->explained >= FAIRLY)))
		return before->slope >= HALF * now->slope;
	return now->slope * before->x_deviation <= SHOWS * before->y_deviation + 2 * growth->grain;
}

static bool explains(const struct kt_growth *growth, const struct line *now,
	const struct line *before, double most)
{
	double line = growth->shape.rests[1];

	if (!(now->slope > 0) || now->slope > most)
		return false;
	/* two that grow evenly explain each other: it has to fit as well as time, or before too */
	if (before && before->explained < KNOWN && now->rest > NEAR_LINE * line &&
		!(now->explained >= EXACTLY && before->explained >= FAIRLY))
		return false;
	if (!before && now->explained < SURELY && now->rest > FAR_WORSE * line)
		return false;
	/* both may only go with the load: the number has varied before without the amount */
	if (before && now->slope * before->x_deviation >
			      SURELY_SHOWS * (before->y_deviation + growth->grain))
		return false;
	return now->rest <= FAR_BETTER * line || showed_before(growth, now, before);
}

/* It follows the driver more closely than time, by a ratio that is not the one of before. */
static bool out_of_proportion(const struct kt_growth *growth, const struct line *now,
	const struct line *before, double most)
{
	if (!(now->slope > 0) || now->explained < EXPLAINED ||
		now->rest > growth->shape.rests[1] / 2)
		return false;
	if (!before || before->explained < WELL_KNOWN || !(before->slope > 0))
		return false;
	return now->slope > most || now->slope > TOO_MUCH * before->slope;
}

/* The driver explains most of the growth, or nearly as much of it as time does. */
static bool goes_with(const struct kt_growth *growth, const struct line *now)
{
	return now->slope > 0 &&
	       (now->explained >= EXPLAINED || now->rest <= NEAR_LINE * growth->shape.rests[1]);
}

/* Returns whether the driver explains the growth, in or out of proportion. */
static bool try_driver(const struct kt_growth_of *of, const struct kt_number *drivers, int driver,
	enum coupling coupling, const struct kt_growth *growth, struct kt_driven *best,
	double *least)
{
	struct line now, then, *before;
	double most = per_unit_max[driver];
	bool too_much;

	if (!fit_window(of, &drivers[driver], coupling, growth, &now) || !goes_with(growth, &now))
		return false;
	before = fit_before(of, &drivers[driver], coupling, growth, &then) ? &then : NULL;
	too_much = out_of_proportion(growth, &now, before, most);
	if (!too_much && !explains(growth, &now, before, most))
		return false;
	if (now.rest >= *least)
		return true;
	*least = now.rest;
	*best = (struct kt_driven){ (enum kt_driver)driver, now.slope,
		before && before->explained >= KNOWN ? before->slope : (double)NAN, too_much };
	return true;
}

void kt_drivers_explain(const struct kt_growth_of *of, const struct kt_number *drivers,
	const struct kt_growth *growth, struct kt_driven *ret_driven)
{
	struct kt_driven best = { .driver = KT_NR_DRIVERS, .per_unit = NAN, .before = NAN };
	double least = HUGE_VAL;

	for (int i = 0; i < KT_NR_DRIVERS; i++) {
		/* a reclaimable cache is in the sum that the driver is */
		if (of->reclaimable && i == KT_DRIVER_INODES_KIB)
			continue;
		for (int k = EACH_UNIT; k < NR_COUPLINGS; k++)
			if (try_driver(of, drivers, i, (enum coupling)k, growth, &best, &least))
				break;
	}
	*ret_driven = best;
}

bool kt_drivers_go_with(const struct kt_growth_of *of, const struct kt_number *drivers,
	const struct kt_growth *growth, struct kt_driven *ret_driven)
{
	double least = HUGE_VAL;

	for (int i = 0; i <= KT_DRIVER_MOUNTS; i++)
		for (int k = EACH_UNIT; k < NR_COUPLINGS; k++) {
			struct line now;

			if (!fit_window(of, &drivers[i], (enum coupling)k, growth, &now) ||
				now.explained < EXPLAINED || !(now.slope > 0) ||
				now.slope > per_unit_max[i] || now.rest >= least)
				continue;
			least = now.rest;
			*ret_driven =
				(struct kt_driven){ (enum kt_driver)i, now.slope, NAN, false };
		}
	return isfinite(least);
}

static double quarter_of(const double *blocks, int count, int from)
{
	double sum = 0;

	for (int i = 0; i < count; i++)
		sum += blocks[from + i] / count;
	return sum;
}

bool kt_drivers_go_on(const struct kt_growth_of *of, const struct kt_number *driver,
	double per_unit, const struct kt_growth *growth)
{
	int count = growth->blocks, part = count / 4;
	const double *floors = kt_growth_window(growth);
	double x[KT_LEVEL_BLOCKS], rise;

	if (part < 1 || !kt_number_blocks(driver, of->clock, growth->level, 0, count, x))
		return false;
	rise = quarter_of(floors, part, count - part) - quarter_of(floors, part, 0);
	return per_unit * (quarter_of(x, part, count - part) - quarter_of(x, part, 0)) >=
	       MOST * rise;
}

/* The past of the growth in blocks of 2 h; false: less than a day of it. */
static bool past_of(
	const struct kt_growth_of *of, const struct kt_growth *growth, struct stretch *ret_past)
{
	int64_t step = kt_levels[KT_LEVEL_TWO_HOURS].step_ms;
	int64_t since = of->clock->start_ms[KT_LEVEL_TWO_HOURS] - growth->onset_ms;

	ret_past->level = KT_LEVEL_TWO_HOURS;
	ret_past->ago = since > 0 ? (int)((since + step - 1) / step) : 0;
	ret_past->count = kt_rings_count(of->rings, of->clock, KT_LEVEL_TWO_HOURS) - ret_past->ago;
	return ret_past->count >= FOLLOWED;
}

/* A ratio that the amount was known to have to a number. */
static bool is_known(const struct kt_growth_of *of, int driver, const struct line *then)
{
	return then->slope > 0 && then->slope <= per_unit_max[driver] &&
	       then->explained >= REPLACED && then->y_deviation >= of->grain;
}

void kt_drivers_followed(const struct kt_growth_of *of, const struct kt_number *drivers,
	const struct kt_growth *growth, struct kt_driven *ret_driven)
{
	int count = growth->blocks, part = count / 4;
	const double *floors = kt_growth_window(growth);
	double x[KT_LEVEL_BLOCKS], rise, least = HUGE_VAL;
	struct stretch past;

	*ret_driven = (struct kt_driven){ .driver = KT_NR_DRIVERS, .per_unit = NAN, .before = NAN };
	if (part < 1 || !past_of(of, growth, &past))
		return;
	rise = quarter_of(floors, part, count - part) - quarter_of(floors, part, 0);
	for (int i = 0; i < KT_NR_DRIVERS; i++) {
		struct line then;
		double taken, off;

		if (!fit_stretch(of, &drivers[i], EACH_UNIT, &past, &then) ||
			!is_known(of, i, &then) || then.rest >= least ||
			!kt_number_blocks(&drivers[i], of->clock, growth->level, 0, count, x))
			continue;
		taken = then.slope * (quarter_of(x, part, count - part) - quarter_of(x, part, 0));
		off = fmax(OFF * sqrt(then.rest / past.count), kt_levels[growth->level].rises[0]);
		if (taken < TAKES_PART * rise || rise - taken > off)
			continue;
		least = then.rest;
		*ret_driven =
			(struct kt_driven){ (enum kt_driver)i, then.slope, then.slope, false };
	}
}

/* Growth on top of what the units took: so much for each of them. */
static struct kt_driven left_by(const struct kt_growth *growth, enum kt_driver driver,
	const struct kt_number *number, double before)
{
	double taken = before * number->value;

	return (struct kt_driven){ driver, (taken + growth->rise) / number->value, before,
		taken + growth->rise >= FAR_MORE * taken };
}

void kt_drivers_left(const struct kt_growth_of *of, const struct kt_number *drivers,
	const struct kt_growth *growth, struct kt_driven *ret_driven)
{
	double least = HUGE_VAL;
	struct stretch past;

	*ret_driven = (struct kt_driven){ .driver = KT_NR_DRIVERS, .per_unit = NAN, .before = NAN };
	if (!past_of(of, growth, &past))
		return;
	/* units that others can replace */
	for (int i = 0; i <= KT_DRIVER_MOUNTS; i++) {
		struct line then;

		if (!(drivers[i].value > 0) ||
			!fit_stretch(of, &drivers[i], EACH_UNIT, &past, &then))
			continue;
		if (!is_known(of, i, &then) || then.rest >= least)
			continue;
		least = then.rest;
		*ret_driven = left_by(growth, (enum kt_driver)i, &drivers[i], then.slope);
	}
}
