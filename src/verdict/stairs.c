// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/stairs.h"

#include "verdict/larger.h"

#include <math.h>

#define ONSET_SHARE  .03
#define SPREAD_LEAST 5. /* of 8 parts, that hold the growth */
#define HALVES_LEAST .8
#define LAST_LEAST   .12 /* of the rise, in the last quarter */
#define FALL_MOST    .08 /* of the rise */

static void make_envelope(const struct kt_floors *floors, int from, double *envelope)
{
	double least = HUGE_VAL;

	for (int i = floors->count - 1; i >= from; i--) {
		least = kt_smaller(least, floors->at[i]);
		envelope[i] = least;
	}
}

static double greatest_fall(const struct kt_floors *floors, int from)
{
	double high = -HUGE_VAL, fall = 0;

	for (int i = from; i < floors->count; i++) {
		high = kt_larger(high, floors->at[i]);
		fall = kt_larger(fall, high - floors->at[i]);
	}
	return fall;
}

/* The envelope at any place between blocks. */
static double envelope_at(const double *envelope, double place, int last)
{
	int before = (int)place;

	if (before >= last)
		return envelope[last];
	return envelope[before] + (place - before) * (envelope[before + 1] - envelope[before]);
}

static bool is_steady(const struct kt_stairs *stairs)
{
	const double *g = stairs->parts;
	double sum = 0, squares = 0;

	for (int k = 0; k < KT_STAIRS_PARTS; k++) {
		sum += g[k];
		squares += g[k] * g[k];
	}
	if (!(squares > 0) || sum * sum / squares < SPREAD_LEAST)
		return false;
	if (g[4] + g[5] + g[6] + g[7] < HALVES_LEAST * (g[0] + g[1] + g[2] + g[3]))
		return false;
	return g[6] + g[7] >= LAST_LEAST * sum && stairs->fall <= FALL_MOST * stairs->rise;
}

void kt_stairs_fit(
	const struct kt_floors *floors, int from, double grain, struct kt_stairs *ret_stairs)
{
	struct kt_stairs stairs = { .onset = from };
	double envelope[KT_LEVEL_BLOCKS];
	int last = floors->count - 1;

	if (last <= from) {
		*ret_stairs = stairs;
		return;
	}
	make_envelope(floors, from, envelope);
	stairs.rise = envelope[last] - envelope[from];
	double still = envelope[from] + fmax(ONSET_SHARE * stairs.rise, grain);

	while (stairs.onset < last && envelope[stairs.onset + 1] <= still)
		stairs.onset++;
	stairs.part_blocks = (double)(last - stairs.onset) / KT_STAIRS_PARTS;
	for (int k = 0; k < KT_STAIRS_PARTS; k++) {
		double start = stairs.onset + k * stairs.part_blocks;

		stairs.parts[k] = envelope_at(envelope, start + stairs.part_blocks, last) -
				  envelope_at(envelope, start, last);
	}
	stairs.fall = greatest_fall(floors, stairs.onset);
	stairs.steady = last - stairs.onset >= KT_STAIRS_PARTS && is_steady(&stairs);
	*ret_stairs = stairs;
}

void kt_stairs_rates(const struct kt_stairs *stairs, double hours, struct kt_rates *ret_rates)
{
	const double *g = stairs->parts;
	double mean = 0, square = 0, spread, blocks = stairs->part_blocks;

	*ret_rates = (struct kt_rates){ 0 };
	if (!(blocks > 0))
		return;
	for (int k = 0; k < KT_STAIRS_PARTS; k++)
		mean += g[k] / KT_STAIRS_PARTS;
	for (int k = 0; k < KT_STAIRS_PARTS; k++)
		square += (g[k] - mean) * (g[k] - mean) / (KT_STAIRS_PARTS - 1);
	/* a horizon of as many parts as were seen */
	spread = 1.9 * sqrt(square) * sqrt(2. / KT_STAIRS_PARTS);
	ret_rates->rate = mean / blocks;
	ret_rates->low = fmax(mean - spread, 0) / blocks;
	ret_rates->high = (mean + spread) / blocks;
	/* no night, or no working hours, have been seen */
	if (hours < 24) {
		ret_rates->low = fmin(ret_rates->low, .5 * ret_rates->rate);
		ret_rates->high = fmax(ret_rates->high, 2.5 * ret_rates->rate);
	}
	ret_rates->faster = g[4] + g[5] + g[6] + g[7] > 1.25 * (g[0] + g[1] + g[2] + g[3]);
	if (ret_rates->faster)
		ret_rates->high = fmax(ret_rates->high, 1.5 * g[7] / blocks);
}
