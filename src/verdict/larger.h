// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_LARGER_H
#define KT_VERDICT_LARGER_H

/** As fmax() and fmin() of numbers that are not NAN, without a call. */
static inline double kt_larger(double x, double y)
{
	return x > y ? x : y;
}

static inline double kt_smaller(double x, double y)
{
	return x < y ? x : y;
}

#endif
