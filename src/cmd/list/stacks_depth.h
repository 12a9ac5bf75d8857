// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_LIST_STACKS_DEPTH_H
#define KT_CMD_LIST_STACKS_DEPTH_H

#include "analysis/stack_depth.h"
#include "report/report.h"
#include "report/shape.h"

/** "stacks --used": how much of the stacks was ever used, as a whole. */

extern const struct kt_part kt_stacks_depth_part;

/**
 * Adds the fields "depth", null without --used, a headline, and notes that hold the walk against
 * the kernel's counters.
 */
void kt_stacks_put_depth(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_stacks *stacks, const kt_stack_depths *depths);

#endif
