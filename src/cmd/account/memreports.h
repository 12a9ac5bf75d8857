// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_MEMREPORTS_H
#define KT_CMD_ACCOUNT_MEMREPORTS_H

#include "account/account.h"
#include "report/report.h"
#include "report/shape.h"

/** The shape of the report that kt_reports_show() makes. */
extern const struct kt_shape kt_reports_shape;

/**
 * Adds the list of reports in a log, or only the requested report, and the memory cgroup of the
 * chosen report.
 */
void kt_reports_show(struct kt_report *report, const struct kt_snapshot *snap);
/** Whether kt_reports_show() has counters of a report that was cut: of the requested one, or any.
 */
bool kt_reports_counted(const struct kt_snapshot *snap);
/** Adds a headline with the rows of the account that hold most. */
void kt_memreport_most(struct kt_report *report, const struct kt_account *account);

#endif
