// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_PAST_H
#define KT_TOP_PAST_H

#include "top/screen.h"
#include "watch/watch.h"

#define KT_TOP_PAST_MAX	    1024 /* points */
#define KT_TOP_PAST_MISSING INT64_MIN

/** History of an amount in the last minutes, one value per point, oldest first. */
struct kt_top_past {
	int nr;
	int64_t values[KT_TOP_PAST_MAX]; /* KT_TOP_PAST_MISSING: no sample */
};

/**
 * Makes a history of `nr` points of `step_ms` each, up to now. Points end at multiples of the step
 * on the clock, so that redrawing gives the same picture, which moves as a whole.
 */
void kt_top_past_of(const struct kt_watch *watch, const char *key, int nr, int64_t step_ms,
	struct kt_top_past *ret_past);

/**
 * Draws the history in a box of cells, two by four points each. The scale reaches from the minimum
 * to the maximum, but is never so small that noise looks like growth. Returns both.
 */
void kt_top_past_draw(struct kt_screen *screen, int y, int x, int width, int height,
	const struct kt_top_past *past, int64_t *ret_low, int64_t *ret_high);

#endif
