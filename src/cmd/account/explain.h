// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_EXPLAIN_H
#define KT_CMD_ACCOUNT_EXPLAIN_H

#include "cli/cmd.h"

/** The command "explain": one row of the account with its terms, their files, and advice. */
extern const struct kt_cmd kt_cmd_explain;

#endif
