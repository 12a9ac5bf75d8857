// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_TERRITORY_H
#define KT_VERDICT_TERRITORY_H

#include "verdict/rings.h"

/** Where the floor of an amount has been: growth that stays there is nothing new. */

struct kt_number;

/** An amount and its machine, when growth is sought. */
struct kt_growth_of {
	const struct kt_rings *rings; /* closed */
	const struct kt_clock *clock;
	double grain;
	double ram_bytes;
	bool reclaimable;		/* the kernel can take it back under pressure */
	const struct kt_number *events; /* KT_NR_EVENTS counters, or NULL */
};

/** The floors of the two weeks before a time. */
struct kt_territory {
	double high, fall; /* greatest floor, and greatest fall from a floor; bytes above origin */
	double days;	   /* length of the history before that time */
};

void kt_territory_before(const struct kt_growth_of *of, int level, int64_t time_ms,
	struct kt_territory *ret_territory);

/** Does it fall by as much, or nearly, in most blocks of 2 h before a time? Then it is noise. */
bool kt_territory_falls_often(const struct kt_growth_of *of, int64_t time_ms, double fall);

#endif
