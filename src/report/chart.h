// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_CHART_H
#define KT_REPORT_CHART_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/** Amounts over time, for outputs that draw charts. */

#define KT_CHART_MISSING INT64_MIN

struct kt_chart_band {
	const char *name;
	const char *id;		 /* row of the account that it is; NULL: none */
	KT_LIST(int64_t) values; /* bytes, one per sample; KT_CHART_MISSING: none */
};

/** Something that happened at a time, drawn as a line across the bands. */
struct kt_chart_event {
	int64_t time_ms;  /* of a sample of the chart */
	const char *text; /* may be untrusted */
};

struct kt_chart {
	const char *key, *title;
	bool stacked;			       /* bands are stacked; false: lines */
	KT_LIST(int64_t) times_ms;	       /* milliseconds since 1970, increasing */
	KT_LIST(struct kt_chart_band) bands;   /* lowest band first */
	KT_LIST(struct kt_chart_event) events; /* in the order of time */
};

/** Highest point in bytes of the stack, or of any line; at least 1. */
int64_t kt_chart_top(const struct kt_chart *chart);
/**
 * Distance of ticks in bytes; `count` ticks exceed `top`. A power of two, because only its
 * multiples are short in KiB, MiB and GiB alike.
 */
int64_t kt_chart_tick(int64_t top, int count);
/** Writes an amount at a tick exactly: "1.25 GiB", "512 MiB", "0". Returns `ret`. */
const char *kt_chart_label(int64_t bytes, char ret[24]);
/** Value of a band in bytes; 0 if it is missing. */
int64_t kt_chart_value(const struct kt_chart *chart, size_t band, size_t moment);
/** Index of the sample that is nearest to a fraction of the time, 0 to 1. */
size_t kt_chart_moment(const struct kt_chart *chart, double share);

#endif
