// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_JUDGE_CULPRIT_H
#define KT_CMD_JUDGE_CULPRIT_H

#include "cmd/judge/counted.h"

/**
 * Names the holder of growing memory. Growth that follows a number: the process or cgroup that has
 * most of that number. Other growth: runs the command that lists holders of its row or cache, and
 * takes the largest one if at least half of the growth must be its own; else, if armed, the
 * function whose allocations outlive a watch.
 */
void kt_culprit_name(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding);

/**
 * Names the holder of what a known case is about: who has most of the things that it counts, or who
 * holds most of its cache or row. A case that names its culprit keeps it otherwise.
 */
void kt_culprit_name_case(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding);

#endif
