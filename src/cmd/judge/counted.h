// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_JUDGE_COUNTED_H
#define KT_CMD_JUDGE_COUNTED_H

#include "cli/cmd.h"
#include "machine/machine.h"
#include "report/findings.h"

/** Where holders are looked for. */
struct kt_culprits {
	const struct kt_call *call;
	const struct kt_machine *machine; /* read with kt_cases_needs */
	const char *recording; /* has the lists of holders from before the growth; NULL: none */
	double arm_s;	       /* allocations are watched for so long; 0: they are not */
	/* NULL until descriptors of processes were counted, or processes and cgroups were */
	struct kt_machine *descriptors, *lists;
};

/**
 * Names the holder of memory that follows a number of the machine, by who has most of that number:
 * threads, descriptors, cgroups, huge pages. False: the finding is not of this kind, or none has
 * half of it.
 */
bool kt_counted_name(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding);
void kt_culprits_fini(struct kt_culprits *culprits);

#endif
