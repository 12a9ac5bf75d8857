// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_ACCOUNT_NODES_H
#define KT_CMD_ACCOUNT_ACCOUNT_NODES_H

#include "account/account.h"
#include "cli/cmd.h"
#include "report/shape.h"

/** The shape of the table "node_rows": one row for each node and line of the account, in bytes. */
extern const struct kt_part kt_node_rows_part;

/**
 * Adds the account of each NUMA node to a report: a column each in text, rows in data. `machine` is
 * the account of all nodes, for the column ALL. Derives values of each node in `snap`, so call it
 * after the machine's own account. Fails only when out of memory; another error of a node becomes a
 * note.
 */
struct kt_err *kt_account_nodes(struct kt_snapshot *snap, const struct kt_account *machine,
	const struct kt_call *call, struct kt_report *report) KT_MUST_CHECK;

#endif
