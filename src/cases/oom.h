// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_OOM_H
#define KT_CASES_OOM_H

#include "account/account.h"
#include "report/findings.h"

/**
 * The cause of a memory report of a kernel log: which part of memory was full, and who has it.
 *
 * Adds one finding if the snapshot is of a memory report: its title is the cause in one sentence.
 * `account` may be NULL: of a report that was cut, the counters still tell the largest kind.
 * Returns false if there is no report with a cause.
 */
bool kt_oom_put(
	const struct kt_snapshot *snap, const struct kt_account *account, struct kt_report *report);

#endif
