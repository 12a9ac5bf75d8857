// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_TREND_H
#define KT_HISTORY_TREND_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Growth rate of an amount: the slope of the best-fitting straight line (least squares). A rebooted
 * machine starts from zero, so each boot is a stretch with its own line, and all lines have the
 * same slope.
 */
struct kt_trend {
	uint32_t stretch;
	double count, t, tt, v, tv;  /* sums over the current stretch */
	double covariance, variance; /* of the earlier stretches */
};

/** Sums over samples in which the amount was the same. */
struct kt_trend_times {
	double count, t, tt; /* number of samples; sum of their times; sum of the squared times */
};

/** `stretch`: any number that differs between adjacent stretches; stretches come in order. */
void kt_trend_add(
	struct kt_trend *trend, uint32_t stretch, struct kt_trend_times times, int64_t value);
/** Slope per unit of time, at most KT_AMOUNT_MAX; false without two samples at different times. */
bool kt_trend_slope(const struct kt_trend *trend, int64_t *ret_slope);

#endif
