// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_H
#define KT_CMD_ACCOUNT_H

#include "cmd/cmd.h"
#include "model/account.h"

/** Parts of the report "account", for other reports that have it in them. */
void kt_account_put(struct kt_report *report, const struct kt_account *account,
	const struct kt_options *options);
void kt_account_put_annotations(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_options *options);

#endif
