// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_OUTCOME_H
#define KT_VERDICT_OUTCOME_H

#include "verdict/drivers.h"
#include "verdict/growth.h"
#include "verdict/numbers.h"
#include "verdict/states.h"
#include "verdict/verdict.h"
#include "verdict/vetoes.h"

/** Numbers of the machine, which explain the growth of its amounts. */
struct kt_machine_numbers {
	struct kt_number drivers[KT_NR_DRIVERS];
	struct kt_number_highs highs[KT_NR_DRIVERS];
	struct kt_number events[KT_NR_EVENTS];
	struct kt_pressures pressures;
};

/** Verdict on the growth of an amount at one level, without a look for what holds it. */
struct kt_outcome {
	enum kt_verdict verdict; /* KT_VERDICT_NORMAL: no growth to report */
	enum kt_veto veto;
	struct kt_driven driven;
	uint32_t ridden; /* reclaimable series that it grows with; UINT32_MAX: none */
};

void kt_outcome_of(const struct kt_growth_of *of, const struct kt_machine_numbers *numbers,
	const struct kt_growth *growth, struct kt_outcome *ret_outcome);
/** A step or a fill that a number of the machine explains: which; else `.driver` says none. */
void kt_outcome_of_state(const struct kt_growth_of *of, const struct kt_machine_numbers *numbers,
	const struct kt_state *state, struct kt_outcome *ret_outcome);
/** Order of verdicts: of several levels, the verdict with the highest rank is reported. */
int kt_outcome_rank(enum kt_verdict verdict, enum kt_veto veto);

#endif
