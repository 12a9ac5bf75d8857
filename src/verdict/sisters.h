// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_SISTERS_H
#define KT_VERDICT_SISTERS_H

#include "verdict/numbers.h"
#include "verdict/series.h"

/** Do two amounts grow in step, in the blocks of a level? They are one event then. */
bool kt_sisters(const struct kt_series *one, const struct kt_series *other,
	const struct kt_clock *clock, int level);
/**
 * Does an amount follow a reclaimable cache in the newest blocks, more closely than two that only
 * grow at the same time? Or with the time before the growth, in these blocks or longer ones: what
 * was still begins to grow with the cache.
 */
bool kt_rides(const struct kt_series *rider, const struct kt_series *cache,
	const struct kt_clock *clock, int level, int blocks);
/**
 * The same of a number of the machine, with the time before the growth; each unit takes `most`
 * bytes at most.
 */
bool kt_rides_number(const struct kt_series *rider, const struct kt_number *number, double most,
	const struct kt_clock *clock, int level);

#endif
