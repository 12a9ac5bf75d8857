// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_NODES_H
#define KT_CMD_ACCOUNT_NODES_H

#include "cmd/cmd.h"
#include "model/account.h"

/** Adds the account of each NUMA node to a report: a column each in text, rows in data. */
struct kt_err *kt_account_nodes(struct kt_snapshot *snap, const struct kt_account *machine,
	const struct kt_options *options, struct kt_report *report) KT_MUST_CHECK;

#endif
