// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_METRICS_H
#define KT_CMD_METRICS_H

#include "cmd/cmd.h"

/** Keys of the tables of the report "metrics": lists but for the first. */
#define KT_METRICS_ROWS	   "rows"
#define KT_METRICS_CACHES  "caches"
#define KT_METRICS_CALLERS "vmalloc"
#define KT_METRICS_CGROUPS "cgroups"

/** The report of the command, its lists cut to what `options->shown` chooses. */
struct kt_err *kt_metrics_report(
	const struct kt_options *options, struct kt_report *report) KT_MUST_CHECK;

#endif
