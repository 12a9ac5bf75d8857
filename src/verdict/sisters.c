// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/sisters.h"

#include <math.h>

#define IN_STEP		 .98
#define LEAST		 8    /* blocks */
#define RIDES		 .98  /* correlation of the amounts */
#define BENDS		 .8   /* correlation of what straight lines leave of them */
#define RIDES_FROM_STILL .95  /* correlation with the time before the growth */
#define RIDES_EXACTLY	 .999 /* the same: an onset a block later is less */
#define NOISE_TIMES	 2.   /* of the squares before the growth: no more may be left of it */
#define LEAST_GROWTH	 3    /* blocks */
#define SHARE		 .5   /* of the cache, that a rider takes at most */

bool kt_sisters(const struct kt_series *one, const struct kt_series *other,
	const struct kt_clock *clock, int level)
{
	struct kt_floors x, y;
	double xx = 0, yy = 0, xy = 0;

	kt_rings_floors(&one->rings, clock, level, KT_LEVEL_BLOCKS, &x);
	kt_rings_floors(&other->rings, clock, level, KT_LEVEL_BLOCKS, &y);
	if (x.count != y.count || x.count < LEAST)
		return false;
	/* increments, not amounts: two lines of different onsets are not in step */
	for (int i = 1; i < x.count; i++) {
		double dx = x.at[i] - x.at[i - 1], dy = y.at[i] - y.at[i - 1];

		xx += dx * dx;
		yy += dy * dy;
		xy += dx * dy;
	}
	return xx > 0 && yy > 0 && xy >= IN_STEP * sqrt(xx) * sqrt(yy);
}

struct pair {
	double xx, yy, xy;
};

static struct pair products(const double *x, const double *y, int count)
{
	struct pair pair = { 0 };

	for (int i = 0; i < count; i++) {
		pair.xx += x[i] * x[i];
		pair.yy += y[i] * y[i];
		pair.xy += x[i] * y[i];
	}
	return pair;
}

static bool correlate(const struct pair *pair, double least)
{
	return pair->xx > 0 && pair->yy > 0 && pair->xy >= least * sqrt(pair->xx) * sqrt(pair->yy);
}

/* Both rise and bend together; `most`: of y for each unit of x. */
static bool goes_along(double *x, double *y, int count, double most)
{
	struct kt_shape_basis line;
	double ramp[KT_LEVEL_BLOCKS];
	struct pair whole, bends;

	kt_shape_begin(&line, count);
	kt_shape_clear(&line, x);
	kt_shape_clear(&line, y);
	whole = products(x, y, count);
	if (!correlate(&whole, RIDES) || whole.xy > most * whole.xx)
		return false;
	for (int i = 0; i < count; i++)
		ramp[i] = i;
	kt_shape_take_out(&line, ramp);
	kt_shape_clear(&line, x);
	kt_shape_clear(&line, y);
	bends = products(x, y, count);
	return correlate(&bends, BENDS);
}

/* Squares of the blocks around their mean. */
static double squares(const double *at, int count)
{
	double mean = 0, sum = 0;

	for (int i = 0; i < count; i++)
		mean += at[i] / count;
	for (int i = 0; i < count; i++)
		sum += (at[i] - mean) * (at[i] - mean);
	return sum;
}

/* Mean square of noise, from block to block: a cache may grow while its rider is still. */
static double differences(const double *at, int count)
{
	double sum = 0;

	for (int i = 1; i < count; i++)
		sum += (at[i] - at[i - 1]) * (at[i] - at[i - 1]);
	return sum / 2 / (count - 1);
}

/*
 * y was still, and began to grow when x did: x explains all but what y was off before, which two
 * that begin apart cannot.
 */
static bool grows_from_still(
	double *x, const struct kt_floors *floors, double grain, double most, int level)
{
	struct kt_floors y = *floors;
	struct kt_shape_basis mean;
	struct kt_stairs stairs;
	struct pair whole;
	double noise, x_noise;

	kt_stairs_fit(&y, 0, grain, &stairs);
	if (stairs.onset < LEAST || y.count - stairs.onset < LEAST_GROWTH)
		return false;
	noise = squares(y.at, stairs.onset) / stairs.onset + grain * grain / 6;
	x_noise = differences(x, stairs.onset);
	kt_shape_begin(&mean, y.count);
	kt_shape_clear(&mean, x);
	kt_shape_clear(&mean, y.at);
	whole = products(x, y.at, y.count);
	/* noise of the cache that the rider does not have */
	noise += whole.xx > 0 ? x_noise * whole.xy / whole.xx * whole.xy / whole.xx : 0;
	if (!correlate(&whole, RIDES_FROM_STILL) || whole.xy > most * whole.xx)
		return false;
	/* in days, some cache or other grows evenly too */
	return (level < KT_LEVEL_TWO_HOURS && correlate(&whole, RIDES_EXACTLY)) ||
	       whole.yy - whole.xy * whole.xy / whole.xx <= NOISE_TIMES * noise * y.count;
}

bool kt_rides(const struct kt_series *rider, const struct kt_series *cache,
	const struct kt_clock *clock, int level, int blocks)
{
	struct kt_floors x, y;

	/* days are too few blocks to compare: two hours are kept for a week */
	if (level > KT_LEVEL_TWO_HOURS) {
		level = KT_LEVEL_TWO_HOURS;
		blocks = KT_LEVEL_BLOCKS;
	}
	kt_rings_floors(&cache->rings, clock, level, blocks, &x);
	kt_rings_floors(&rider->rings, clock, level, blocks, &y);
	if (x.count == y.count && x.count >= LEAST && goes_along(x.at, y.at, x.count, SHARE))
		return true;
	for (; level <= KT_LEVEL_TWO_HOURS; level++) {
		kt_rings_floors(&cache->rings, clock, level, KT_LEVEL_BLOCKS, &x);
		kt_rings_floors(&rider->rings, clock, level, KT_LEVEL_BLOCKS, &y);
		if (x.count == y.count &&
			grows_from_still(x.at, &y, (double)rider->grain, SHARE, level))
			return true;
	}
	return false;
}

bool kt_rides_number(const struct kt_series *rider, const struct kt_number *number, double most,
	const struct kt_clock *clock, int level)
{
	double x[KT_LEVEL_BLOCKS];
	struct kt_floors y;

	level = level < KT_LEVEL_TWO_HOURS ? level : KT_LEVEL_TWO_HOURS;
	for (; level <= KT_LEVEL_TWO_HOURS; level++) {
		kt_rings_floors(&rider->rings, clock, level, KT_LEVEL_BLOCKS, &y);
		if (kt_number_blocks(number, clock, level, 0, y.count, x) &&
			grows_from_still(x, &y, (double)rider->grain, most, level))
			return true;
	}
	return false;
}
