// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/sisters.h"

#include <math.h>

#define IN_STEP .98
#define LEAST	8   /* blocks */
#define RIDES	.98 /* correlation of the amounts */
#define BENDS	.8  /* correlation of what straight lines leave of them */
#define SHARE	.5  /* of the cache, that a rider takes at most */

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

bool kt_rides(const struct kt_series *rider, const struct kt_series *cache,
	const struct kt_clock *clock, int level, int blocks)
{
	struct kt_shape_basis line;
	struct kt_floors x, y;
	double ramp[KT_LEVEL_BLOCKS];
	struct pair whole, bends;

	kt_rings_floors(&cache->rings, clock, level, blocks, &x);
	kt_rings_floors(&rider->rings, clock, level, blocks, &y);
	if (x.count != y.count || x.count < LEAST)
		return false;
	kt_shape_begin(&line, x.count);
	kt_shape_clear(&line, x.at);
	kt_shape_clear(&line, y.at);
	whole = products(x.at, y.at, x.count);
	if (!correlate(&whole, RIDES) || whole.xy > SHARE * whole.xx)
		return false;
	for (int i = 0; i < x.count; i++)
		ramp[i] = i;
	kt_shape_take_out(&line, ramp);
	kt_shape_clear(&line, x.at);
	kt_shape_clear(&line, y.at);
	bends = products(x.at, y.at, x.count);
	return correlate(&bends, BENDS);
}
