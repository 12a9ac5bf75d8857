// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DIAGNOSE_MOMENT_H
#define KT_DIAGNOSE_MOMENT_H

#include "account/account.h"
#include "report/findings.h"

/**
 * Adds findings that one reading of a machine shows: rows of the account above their usual share,
 * memory that reclaim cannot take.
 */
void kt_moment_put(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account);

#endif
