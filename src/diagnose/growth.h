// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DIAGNOSE_GROWTH_H
#define KT_DIAGNOSE_GROWTH_H

#include "report/findings.h"
#include "verdict/judge.h"

/** Makes findings of the verdicts on amounts over time. */

/** Facts about the machine that a verdict on one series does not have. */
struct kt_growth_context {
	/** Memory that programs and kernel can still get before reclaim fails; KT_UNKNOWN. */
	int64_t left_bytes;
	const char
		*source; /* as after -s; NULL: this machine, so that commands work as they stand */
	bool all;	 /* also findings of no consequence: fills, steps, spikes */
};

/**
 * Adds a finding for each series with a verdict that a user should know, sisters as one. Holders
 * are not known here: a leak is "growing, not yet known" until kt_holder_put().
 */
void kt_growth_put(struct kt_report *report, const struct kt_judge *judge,
	const struct kt_growth_context *context);

/** Whether a finding is growth for which a holder is wanted. */
bool kt_growth_wants_name(const struct kt_finding *finding);
/** The name within a subject: "kmalloc-512" of "slab:kmalloc-512". */
const char *kt_growth_subject_name(const struct kt_finding *finding);
/** The word after 'ktally users' that watches the allocations of a subject; NULL: none does. */
const char *kt_growth_watched(const struct kt_finding *finding);

#endif
