// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_TREND_H
#define KT_MODEL_TREND_H

#include <stdbool.h>
#include <stdint.h>

/**
 * How fast an amount grows: the slope of the straight line that is nearest to it (least
 * squares). A machine that was booted anew begins from nothing, so each boot is a stretch
 * with a line of its own, and all lines have the same slope.
 */
struct kt_trend {
	uint32_t stretch;
	double count, t, tt, v, tv;  /* sums over the stretch */
	double covariance, variance; /* of the stretches before */
};

/** Sums over samples in which the amount was the same. */
struct kt_trend_times {
	double count, t, tt; /* how many, their times, the squares of these */
};

/** `stretch`: any number, another one for each stretch; they come one after the other. */
void kt_trend_add(
	struct kt_trend *trend, uint32_t stretch, struct kt_trend_times times, int64_t value);
/** Per unit of time, at most KT_AMOUNT_MAX; false without two samples of different times. */
bool kt_trend_slope(const struct kt_trend *trend, int64_t *ret_slope);

#endif
