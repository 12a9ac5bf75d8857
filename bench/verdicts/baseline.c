// SPDX-License-Identifier: GPL-2.0-or-later
//
// Trend tests look every two hours at the last day, in means of ten minutes. All of them demand a
// rise of 3 MiB a day: without it they would report every drift of a few pages.

#include "baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MIB	   1048576.0
#define POINTS	   144 /* of ten minutes, in a day */
#define EVERY_H	   2.0
#define LEAST_RISE (3 * MIB)
#define SAME_H	   24.0
#define P_NORMAL   2.5758293035489004 /* one side of 0.005 */
#define SLOPES_OF  3		      /* every third point: Sen's slope of a day */

const char *const baseline_names[NR_BASELINES] = {
	[BASELINE_LINE] = "slope, R2 .8",
	[BASELINE_MK] = "Mann-Kendall",
	[BASELINE_HAMED] = "Hamed-Rao",
	[BASELINE_KMEANS] = "k-means",
	[BASELINE_FIXED] = "fixed",
	[BASELINE_PREDICT] = "predict",
};

void entries_add(struct entries *entries, double hour)
{
	if ((entries->count == 0 || hour - entries->last_h > SAME_H) &&
		entries->count < ENTRIES_MAX)
		entries->hours[entries->count++] = hour;
	entries->last_h = hour;
}

struct line {
	double slope, fit; /* for each point; R² */
};

static struct line line_of(const double *y, size_t count)
{
	double n = (double)count, mean = 0, middle = (n - 1) / 2, xy = 0, xx = 0, yy = 0;

	for (size_t i = 0; i < count; i++)
		mean += y[i] / n;
	for (size_t i = 0; i < count; i++) {
		double dx = (double)i - middle, dy = y[i] - mean;

		xy += dx * dy;
		xx += dx * dx;
		yy += dy * dy;
	}
	return (struct line){ xy / xx, yy > 0 ? xy * xy / (xx * yy) : 0 };
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* S of Mann and Kendall, and its variance with ties. */
static double mann_kendall(const double *y, size_t n, double *ret_variance)
{
	double sorted[POINTS], ties = 0, s = 0, count = (double)n;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = i + 1; k < n; k++)
			s += (y[k] > y[i]) - (y[k] < y[i]);
	}
	memcpy(sorted, y, n * sizeof(*y));
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (size_t i = 0; i < n;) {
		size_t same = 1;

		while (i + same < n && sorted[i + same] == sorted[i])
			same++;
		ties += (double)same * ((double)same - 1) * (2 * (double)same + 5);
		i += same;
	}
	*ret_variance = (count * (count - 1) * (2 * count + 5) - ties) / 18;
	return s;
}

static double sen(const double *y, size_t n)
{
	static const size_t most = POINTS / SLOPES_OF * (POINTS / SLOPES_OF) / 2;
	double slopes[POINTS / SLOPES_OF * (POINTS / SLOPES_OF) / 2] = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < n; i += SLOPES_OF) {
		for (size_t k = i + SLOPES_OF; k < n && count < most; k += SLOPES_OF)
			slopes[count++] = (y[k] - y[i]) / (double)(k - i);
	}
	qsort(slopes, count, sizeof(*slopes), by_value);
	return slopes[count / 2];
}

/* Ranks of what is left without the trend; ties get the mean of their ranks. */
static void rank_rest(const double *y, size_t n, double *ranks)
{
	double slope = sen(y, n), rest[POINTS];

	for (size_t i = 0; i < n; i++)
		rest[i] = y[i] - slope * (double)i;
	for (size_t i = 0; i < n; i++) {
		double below = 0, same = 0;

		for (size_t k = 0; k < n; k++) {
			below += rest[k] < rest[i];
			same += rest[k] == rest[i];
		}
		ranks[i] = below + (same + 1) / 2;
	}
}

/* Factor on the variance: significant autocorrelations of the ranks. */
static double hamed_rao(const double *y, size_t n)
{
	double ranks[POINTS], mean = ((double)n + 1) / 2, zero = 0, sum = 0, count = (double)n;

	rank_rest(y, n, ranks);
	for (size_t i = 0; i < n; i++)
		zero += (ranks[i] - mean) * (ranks[i] - mean);
	if (zero <= 0)
		return 1;
	for (size_t lag = 1; lag + 2 < n; lag++) {
		double product = 0, left = count - (double)lag;

		for (size_t i = 0; i + lag < n; i++)
			product += (ranks[i] - mean) * (ranks[i + lag] - mean);
		product /= zero;
		if (fabs(product) > 1.96 / sqrt(count))
			sum += left * (left - 1) * (left - 2) * product;
	}
	return fmax(1 + 2 * sum / (count * (count - 1) * (count - 2)), .05);
}

static bool trends(const double *means, bool corrected)
{
	double variance, s = mann_kendall(means, POINTS, &variance);

	if (s <= 0 || variance <= 0)
		return false;
	if (corrected)
		variance *= hamed_rao(means, POINTS);
	return (s - 1) / sqrt(variance) > P_NORMAL;
}

/* Means of ten minutes of the day that ends with sample `end`. */
static void means_of(const struct trace *trace, size_t end, size_t each, double *means)
{
	const int64_t *from = trace->bytes + end - each * POINTS;

	for (size_t p = 0; p < POINTS; p++) {
		double sum = 0;

		for (size_t i = 0; i < each; i++)
			sum += (double)from[p * each + i];
		means[p] = sum / (double)each;
	}
}

static bool fills_memory(const struct trace *trace, const double *means)
{
	struct line line = line_of(means + POINTS - 36, 36);

	return means[POINTS - 1] + line.slope * POINTS > (double)trace->ram / 2;
}

static bool raises(enum baseline baseline, const struct trace *trace, const double *means)
{
	double rise = means[POINTS - 1] - means[0];
	struct line line;

	switch (baseline) {
	case BASELINE_LINE:
		line = line_of(means, POINTS);
		return line.slope * POINTS >= LEAST_RISE && line.fit >= .8;
	case BASELINE_MK:
	case BASELINE_HAMED:
		return line_of(means, POINTS).slope * POINTS >= LEAST_RISE &&
		       trends(means, baseline == BASELINE_HAMED);
	case BASELINE_FIXED:
		return rise >= 100 * MIB || (rise >= 10 * MIB && rise >= .5 * means[0]);
	case BASELINE_PREDICT: return fills_memory(trace, means);
	default: return false;
	}
}

void baseline_run(enum baseline baseline, const struct trace *trace, struct entries *ret_entries)
{
	size_t each = (size_t)(1 / (6 * trace->step_h) + .5);
	size_t every = (size_t)(EVERY_H / trace->step_h + .5);
	double means[POINTS];

	*ret_entries = (struct entries){ .count = 0 };
	if (baseline == BASELINE_KMEANS) {
		kmeans_run(trace, ret_entries);
		return;
	}
	for (size_t end = each * POINTS; end <= trace->count; end += every) {
		means_of(trace, end, each, means);
		if (raises(baseline, trace, means))
			entries_add(ret_entries, (double)end * trace->step_h);
	}
}
