// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_ACCOUNT_H
#define KT_CMD_ACCOUNT_ACCOUNT_H

#include "account/account.h"
#include "cli/cmd.h"
#include "report/shape.h"

/** The command "account", which also runs without a command name. */
extern const struct kt_cmd kt_cmd_account;

/** The shapes of the parts below. */
extern const struct kt_part kt_account_fields_part, kt_account_rows_part,
	kt_account_annotations_part;

/**
 * Parts of the report "account", for other reports that contain it. kt_account_put() adds the table
 * "rows" and the fields "installed_bytes" and "error_how". It returns the table, which belongs to
 * the report, or NULL when out of memory. The account must outlive neither: texts are copied to the
 * report or are literals.
 */
struct kt_table *kt_account_put(
	struct kt_report *report, const struct kt_account *account, const struct kt_call *call);
/**
 * Adds the table "annotations", in bytes: parts of rows that are counted there already. Text shows
 * it with --all only.
 */
void kt_account_put_annotations(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_call *call);

/**
 * Adds the field "degraded": files that the account rests on and that could not be read; missing:
 * no such file.
 */
void kt_account_put_degraded(struct kt_report *report, const struct kt_snapshot *snap);

#endif
