// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_FAIL_IF_H
#define KT_CMD_PAST_FAIL_IF_H

#include "base/err.h"
#include "report/report.h"

#define KT_FAIL_IF_STATUS 3 /* exit status if a condition holds; errors have 1 and 2 */

/**
 * Conditions such as "slab>+5%,dentry>+10MiB" on the rows of a report that have the columns
 * name, before, after and change. Conditions that hold become notes and give the program a status.
 * USAGE where a condition cannot be read, ABSENT where no row has its name.
 */
struct kt_err *kt_fail_if(const char *conditions, struct kt_report *report) KT_MUST_CHECK;

#endif
