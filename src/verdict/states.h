// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_STATES_H
#define KT_VERDICT_STATES_H

#include "verdict/growth.h"
#include "verdict/verdict.h"

/** Amounts that do not grow: steps, spikes, drops, teeth, churn, fills that end. */

struct kt_state {
	enum kt_verdict verdict;
	int level;	  /* -1: none */
	int64_t since_ms; /* of the change, by the judge's clock; -1: none */
	double rise;	  /* bytes; of a drop: negative */
	double noise;	  /* bytes */
	double ceiling;	  /* bytes that a fill grows in all; NAN: no fill */
};

/** Within a week it was emptied at least twice, and rose slowly again. */
bool kt_states_have_teeth(const struct kt_growth_of *of);
void kt_states_find(const struct kt_growth_of *of, struct kt_state *ret_state);

#endif
