// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_LIST_CGROUPS_H
#define KT_CMD_LIST_CGROUPS_H

#include "account/account.h"
#include "cli/cmd.h"

extern const struct kt_cmd kt_cmd_cgroups;

/** The shape of the list in the report "metrics". */
extern const struct kt_part kt_cgroups_metrics_part;

/**
 * Adds the list "cgroups" to a report. False when out of memory. Bytes. `account` is the account of
 * the same snapshot. Texts belong to the report.
 */
bool kt_cgroups_put(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account);

#endif
