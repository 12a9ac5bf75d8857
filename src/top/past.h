// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_PAST_H
#define KT_TOP_PAST_H

#include "top/screen.h"
#include "watch/watch.h"

#define KT_PAST_MAX	1024 /* dots */
#define KT_PAST_MISSING INT64_MIN

/** The last minutes of an amount, one value a dot, the oldest first. */
struct kt_past {
	int nr;
	int64_t values[KT_PAST_MAX]; /* KT_PAST_MISSING: nobody looked */
};

/**
 * `nr` dots of `step_ms` each, the last one now. Dots end at multiples of the step on the
 * clock, so that the picture moves as a whole and is the same each time it is drawn.
 */
void kt_past_of(const struct kt_watch *watch, const char *key, int nr, int64_t step_ms,
	struct kt_past *ret_past);

/**
 * Draws it in a box of cells, two dots wide and four high each. The scale is from the least
 * to the most, yet never so small that noise looks like growth; gives both.
 */
void kt_past_draw(struct kt_screen *screen, int y, int x, int width, int height,
	const struct kt_past *past, int64_t *ret_low, int64_t *ret_high);

#endif
