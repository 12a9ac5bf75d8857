// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_GROWTH_H
#define KT_VERDICT_GROWTH_H

#include "verdict/rings.h"
#include "verdict/shape.h"
#include "verdict/stairs.h"
#include "verdict/territory.h"

/** Growth of one amount in the newest blocks of a level, as far as its shape goes. */
struct kt_growth {
	int level;
	int blocks;	  /* length of the window that is taken as growth */
	int64_t onset_ms; /* its start, by the clock of the judge */
	double rise;	  /* of the floor in the window, bytes */
	double noise;	  /* standard deviation of the floors without it */
	double grain;	  /* bytes; smaller differences are no evidence */
	struct kt_shape shape;
	struct kt_floors floors; /* all of the level, the window is their end */
	bool sought;		 /* the floor rose far enough to look at the shape */
	bool positive;		 /* the shape of a leak */
	bool stairs;		 /* found by the envelope */
	bool by_event;		 /* found where time is counted in events */
};

/** Can there be growth? A cheap test, which nearly all amounts fail. */
bool kt_growth_gate(const struct kt_growth_of *of, int level);
/** Seeks growth in all windows of a level. */
void kt_growth_seek(const struct kt_growth_of *of, int level, struct kt_growth *ret_growth);
/** The window's own floors. */
const double *kt_growth_window(const struct kt_growth *growth);

#endif
