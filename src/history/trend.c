// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/trend.h"

#include "model/metric.h"

#define VARIANCE_MIN 1e-9 /* a smaller variance is a rounding error */

static void end_stretch(struct kt_trend *trend)
{
	if (trend->count > 0) {
		trend->covariance += trend->tv - trend->t * trend->v / trend->count;
		trend->variance += trend->tt - trend->t * trend->t / trend->count;
	}
	trend->count = trend->t = trend->tt = trend->v = trend->tv = 0;
}

void kt_trend_add(
	struct kt_trend *trend, uint32_t stretch, struct kt_trend_times times, int64_t value)
{
	if (stretch != trend->stretch)
		end_stretch(trend);
	trend->stretch = stretch;
	trend->count += times.count;
	trend->t += times.t;
	trend->tt += times.tt;
	trend->v += times.count * (double)value;
	trend->tv += times.t * (double)value;
}

bool kt_trend_slope(const struct kt_trend *trend, int64_t *ret_slope)
{
	const double most = (double)KT_AMOUNT_MAX;
	struct kt_trend all = *trend;
	double slope;

	end_stretch(&all);
	if (all.variance < VARIANCE_MIN)
		return false;
	slope = all.covariance / all.variance;
	*ret_slope = (int64_t)(slope > most ? most : slope < -most ? -most : slope);
	return true;
}
