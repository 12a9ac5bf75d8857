// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_UNKNOWN_H
#define KT_MODEL_UNKNOWN_H

#include "model/metric.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * A plain number of a record that no source gives. Missing is never zero: every count, size and
 * time in a record of the snapshot is KT_UNKNOWN until a source sets it, whatever its unit. A known
 * number is never negative, so a reader checks kt_known() before it calculates; `if (number)`
 * treats an unknown number as known. kt_snapshot_new() and the `_unknown()` function next to a type
 * make records in which nothing is known.
 *
 * Metrics need no sentinel: struct kt_val has a state. Unknown texts are NULL.
 */
#define KT_UNKNOWN (-1)

static inline bool kt_known(int64_t number)
{
	return number >= 0;
}

/** Returns the first known number of two, or KT_UNKNOWN. */
static inline int64_t kt_known_of(int64_t number, int64_t otherwise)
{
	return kt_known(number) ? number : otherwise;
}

/**
 * Returns the product of two numbers, such as a count and a size; KT_UNKNOWN if one of them is
 * unknown, or if the product is larger than any amount.
 */
static inline int64_t kt_known_times(int64_t a, int64_t b)
{
	int64_t product;

	if (!kt_known(a) || !kt_known(b) || __builtin_mul_overflow(a, b, &product) ||
		product > KT_AMOUNT_MAX)
		return KT_UNKNOWN;
	return product;
}

#endif
