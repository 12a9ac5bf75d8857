// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_MONITOR_METRICS_H
#define KT_CMD_MONITOR_METRICS_H

#include "cli/cmd.h"

/** Keys of the tables of the report "metrics"; all but the first are lists. */
#define KT_METRICS_ROWS	   "rows"
#define KT_METRICS_CACHES  "caches"
#define KT_METRICS_CALLERS "vmalloc"
#define KT_METRICS_CGROUPS "cgroups"

/** The command "metrics": OpenMetrics by default. */
extern const struct kt_cmd kt_cmd_metrics;

/**
 * Makes the report of the command; `call->shown` chooses the rows of its lists. NULL chooses the
 * largest rows. Fails where no memory total is known or when out of memory; a list that could not
 * be read is no error and has no table.
 */
struct kt_err *kt_metrics_report(
	const struct kt_call *call, struct kt_report *report) KT_MUST_CHECK;

#endif
