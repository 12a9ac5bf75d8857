// SPDX-License-Identifier: GPL-2.0-or-later

#include "interval.h"

#include <math.h>

#define Z	1.959963984540054
#define TAIL	0.025
#define HALVING 200

struct interval interval_share(double hits, double count)
{
	double share, middle, half, below;

	if (count <= 0)
		return (struct interval){ 0, 1 };
	share = hits / count;
	below = 1 + Z * Z / count;
	middle = (share + Z * Z / (2 * count)) / below;
	half = Z * sqrt(share * (1 - share) / count + Z * Z / (4 * count * count)) / below;
	return (struct interval){ fmax(0, middle - half), fmin(1, middle + half) };
}

/* Chance of at most `count` events where `mean` are expected. */
static double at_most(size_t count, double mean)
{
	double sum = 0;

	for (size_t i = 0; i <= count; i++)
		sum += exp((double)i * log(mean) - mean - lgamma((double)i + 1));
	return sum;
}

/* The mean at which at most `count` events have the chance `wanted`. */
static double mean_of(size_t count, double wanted)
{
	double low = 0, high = 2 * (double)count + 40;

	for (int i = 0; i < HALVING; i++) {
		double middle = (low + high) / 2;

		if (at_most(count, middle) > wanted)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

struct interval interval_poisson(size_t count)
{
	struct interval found = { 0, mean_of(count, TAIL) };

	if (count > 0)
		found.low = mean_of(count - 1, 1 - TAIL);
	return found;
}
