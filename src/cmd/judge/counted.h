// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_JUDGE_COUNTED_H
#define KT_CMD_JUDGE_COUNTED_H

#include "cmd/judge/culprit.h"

/**
 * Names the holder of memory that follows a number of the machine, by who has most of that number:
 * threads, descriptors, cgroups, huge pages. False: the finding is not of this kind, or none has
 * half of it.
 */
bool kt_counted_name(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding);

#endif
