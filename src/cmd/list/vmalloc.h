// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_LIST_VMALLOC_H
#define KT_CMD_LIST_VMALLOC_H

#include "analysis/vmalloc.h"
#include "cli/cmd.h"

extern const struct kt_cmd kt_cmd_vmalloc;

/** The shape of the list in the report "metrics", under its own key. */
extern const struct kt_part kt_vmalloc_metrics_part;

/**
 * Adds the list "rows", by caller, to a report. NULL when out of memory. The table belongs to the
 * report and may get another key. Bytes; the rows add up to the account's vmalloc and the stacks in
 * it.
 */
struct kt_table *kt_vmalloc_put_callers(
	struct kt_report *report, const struct kt_call *call, const struct kt_snapshot *snap);

#endif
