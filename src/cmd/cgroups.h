// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_CGROUPS_H
#define KT_CMD_CGROUPS_H

#include "cmd/cmd.h"
#include "model/account.h"

/** The list "cgroups" of a report. False when out of memory. */
bool kt_cgroups_put(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account);

#endif
