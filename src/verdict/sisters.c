// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/sisters.h"

#include <math.h>

#define IN_STEP .98
#define LEAST	8 /* blocks */

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
