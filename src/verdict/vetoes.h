// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_VETOES_H
#define KT_VERDICT_VETOES_H

#include "verdict/growth.h"
#include "verdict/territory.h"
#include "verdict/verdict.h"

/** Reasons in the past of an amount not to call its growth a leak. */

#define KT_PRESSURES 32

/** When memory was short or caches were dropped: the newest times, by the judge's clock. */
struct kt_pressures {
	int64_t at_ms[KT_PRESSURES];
	size_t count; /* of all times; the newest is at (count - 1) % KT_PRESSURES */
};

/** Times within a minute are one. */
void kt_pressures_add(struct kt_pressures *pressures, int64_t now_ms);

/** The floor was as high before. */
bool kt_veto_territory(const struct kt_growth_of *of, const struct kt_growth *growth);
/** Too little is known of the time before. */
bool kt_veto_history(const struct kt_growth_of *of, const struct kt_growth *growth);
/** It grew faster before. */
bool kt_veto_deceleration(const struct kt_growth_of *of, const struct kt_growth *growth);
/** Reclaim could take it back, and was not seen to fail. */
bool kt_veto_reclaimable(const struct kt_growth *growth, const struct kt_pressures *pressures);

#endif
