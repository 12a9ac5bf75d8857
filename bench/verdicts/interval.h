// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef VERDICTS_INTERVAL_H
#define VERDICTS_INTERVAL_H

#include <stddef.h>

/** Bounds of what was counted, at 95 %. */
struct interval {
	double low, high;
};

/** Share of `hits` in `count`, by Wilson; 0 to 1 where nothing was counted. */
struct interval interval_share(double hits, double count);
/** Mean of a Poisson count, exact (Garwood). */
struct interval interval_poisson(size_t count);

#endif
