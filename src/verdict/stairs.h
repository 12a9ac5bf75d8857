// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_STAIRS_H
#define KT_VERDICT_STAIRS_H

#include "verdict/rings.h"

/**
 * Growth that no line fits: in stairs, in bursts, during working hours. It is seen in the right
 * envelope of the floors: the lowest floor from each block on, the memory that never came back.
 */

#define KT_STAIRS_PARTS 8

struct kt_stairs {
	int onset;		       /* last block before the growth */
	double rise;		       /* of the envelope, bytes */
	double fall;		       /* the greatest one of the floors since the onset */
	double parts[KT_STAIRS_PARTS]; /* growth of the envelope in each part since the onset */
	double part_blocks;	       /* length of a part */
	bool steady;		       /* spread over the parts, and not ending */
};

void kt_stairs_fit(
	const struct kt_floors *floors, int from, double grain, struct kt_stairs *ret_stairs);

/** Rates in bytes per block. */
struct kt_rates {
	double rate, low, high;
	bool faster; /* it is speeding up */
};

/** Rate of the growth, and where 90 % of the rates to come are between; `hours` of growth. */
void kt_stairs_rates(const struct kt_stairs *stairs, double hours, struct kt_rates *ret_rates);

#endif
