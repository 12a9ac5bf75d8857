// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_CHART_H
#define KT_MODEL_CHART_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/** Amounts over time, for outputs that draw. */

#define KT_CHART_MISSING INT64_MIN

struct kt_chart_band {
	const char *name;
	KT_LIST(int64_t) values; /* bytes, one a moment; KT_CHART_MISSING: none */
};

struct kt_chart {
	const char *key, *title;
	bool stacked;		   /* bands stand on each other; otherwise they are lines */
	KT_LIST(int64_t) times_ms; /* since 1970, rising */
	KT_LIST(struct kt_chart_band) bands; /* from the bottom */
};

/** The tallest point: of the stack, or of any line; at least 1. */
int64_t kt_chart_top(const struct kt_chart *chart);
/** A round number of bytes, such that `count` of it reach `top` or more: 1, 2, 4, 5 times a power.
 */
int64_t kt_chart_tick(int64_t top, int count);
/** The value of a band, 0 where it is missing. */
int64_t kt_chart_value(const struct kt_chart *chart, size_t band, size_t moment);
/** The moment that is nearest to a share of the time, 0 to 1. */
size_t kt_chart_moment(const struct kt_chart *chart, double share);

#endif
