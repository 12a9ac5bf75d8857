// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_ACCOUNT_NOTES_H
#define KT_CMD_ACCOUNT_ACCOUNT_NOTES_H

#include "account/account.h"
#include "cli/cmd.h"

/**
 * Adds the notes of an account to its report: what is missing, and where its bytes are.
 */
void kt_account_put_notes(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_account *account, const struct kt_call *call);

#endif
