// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_JUDGE_CULPRIT_H
#define KT_CMD_JUDGE_CULPRIT_H

#include "cli/cmd.h"
#include "report/findings.h"

/**
 * Names the holder of growing memory: runs the command that lists holders of its row or cache, and
 * takes the largest one if at least half of the growth must be its own.
 */
void kt_culprit_name(
	const struct kt_call *call, struct kt_report *report, struct kt_finding *finding);

#endif
