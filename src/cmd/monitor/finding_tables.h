// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_MONITOR_FINDING_TABLES_H
#define KT_CMD_MONITOR_FINDING_TABLES_H

#include "account/account.h"
#include "report/report.h"
#include "report/shape.h"

/**
 * The findings of now as tables for monitoring systems: a row for each, as far as
 * KT_FINDING_ROWS_MAX, and their number by severity, which counts all.
 */
#define KT_FINDING_ROWS_MAX 20u
#define KT_METRICS_SEVERITY "severities" /* key of the table with the numbers */

void kt_finding_tables_put(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account);

extern const struct kt_part kt_finding_rows_part, kt_finding_counts_part, kt_finding_judged_part;

#endif
