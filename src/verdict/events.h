// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_EVENTS_H
#define KT_VERDICT_EVENTS_H

#include "verdict/growth.h"
#include "verdict/numbers.h"
#include "verdict/verdict.h"

/** The event with which an amount grows: "3.1 objects for each connection". */

struct kt_trigger {
	enum kt_event event; /* KT_NR_EVENTS: none explains it better than time */
	double per_event;    /* bytes */
	double share;	     /* 0 to 1: of the growth that it explains */
};

/** `events`: KT_NR_EVENTS counters. */
void kt_events_find(const struct kt_growth_of *of, const struct kt_number *events,
	const struct kt_growth *growth, struct kt_trigger *ret_trigger);

#endif
