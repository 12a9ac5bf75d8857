// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_JUDGE_CULPRIT_H
#define KT_CMD_JUDGE_CULPRIT_H

#include "cli/cmd.h"
#include "machine/machine.h"
#include "report/findings.h"

/** Where holders are looked for. */
struct kt_culprits {
	const struct kt_call *call;
	const struct kt_machine *machine; /* read with kt_cases_needs */
	const char *recording; /* has the lists of holders from before the growth; NULL: none */
	double arm_s;	       /* allocations are watched for so long; 0: they are not */
	/* NULL until descriptors of processes were counted */
	struct kt_machine *descriptors;
};

/**
 * Names the holder of growing memory. Growth that follows a number: the process or cgroup that has
 * most of that number. Other growth: runs the command that lists holders of its row or cache, and
 * takes the largest one if at least half of the growth must be its own; else, if armed, the
 * function whose allocations outlive a watch.
 */
void kt_culprit_name(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding);
void kt_culprits_fini(struct kt_culprits *culprits);

#endif
