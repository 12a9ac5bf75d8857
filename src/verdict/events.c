// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/events.h"

#include <math.h>

#define PARTS_MAX   24
#define LEAST_PARTS 5
#define BETTER	    .5 /* of what time leaves unexplained, at most */
#define SAME	    .02

/* Growth in each of some equal parts of the window. */
static void parts_of(const double *blocks, int count, int nr_parts, double *ret_parts)
{
	for (int k = 0; k < nr_parts; k++) {
		int from = k * (count - 1) / nr_parts, to = (k + 1) * (count - 1) / nr_parts;

		ret_parts[k] = blocks[to] - blocks[from];
	}
}

/* Share of the squares of y that a multiple of x explains. */
static double explained(const double *x, const double *y, int count, double *ret_ratio)
{
	double xx = 0, yy = 0, xy = 0;

	for (int i = 0; i < count; i++) {
		xx += x[i] * x[i];
		yy += y[i] * y[i];
		xy += x[i] * y[i];
	}
	*ret_ratio = xx > 0 ? xy / xx : 0;
	return xx > 0 && yy > 0 && xy > 0 ? xy / xx * xy / yy : 0;
}

void kt_events_find(const struct kt_growth_of *of, const struct kt_number *events,
	const struct kt_growth *growth, struct kt_trigger *ret_trigger)
{
	struct kt_trigger best = { .event = KT_NR_EVENTS, .per_event = NAN, .share = NAN };
	double blocks[KT_LEVEL_BLOCKS] = { 0 }, x[PARTS_MAX], y[PARTS_MAX], per_time, time_share;
	int nr_parts = (growth->blocks - 1) / 2 < PARTS_MAX ? (growth->blocks - 1) / 2 : PARTS_MAX;

	*ret_trigger = best;
	if (nr_parts < LEAST_PARTS)
		return;
	for (int i = 0; i < growth->blocks; i++)
		blocks[i] = i;
	parts_of(blocks, growth->blocks, nr_parts, x);
	parts_of(kt_growth_window(growth), growth->blocks, nr_parts, y);
	time_share = explained(x, y, nr_parts, &per_time);
	best.share = 0;
	for (int i = 0; i < KT_NR_EVENTS; i++) {
		double ratio, share;

		if (!kt_number_starts(&events[i], of->clock, growth->level, growth->blocks, blocks))
			continue;
		parts_of(blocks, growth->blocks, nr_parts, x);
		share = explained(x, y, nr_parts, &ratio);
		if (1 - share > BETTER * (1 - time_share) || share < best.share - SAME)
			continue;
		/* where two are as good, the rarer one names the cause */
		if (share < best.share + SAME && best.event < KT_NR_EVENTS &&
			ratio < best.per_event)
			continue;
		best = (struct kt_trigger){ (enum kt_event)i, ratio, share };
	}
	if (best.event < KT_NR_EVENTS)
		*ret_trigger = best;
}
