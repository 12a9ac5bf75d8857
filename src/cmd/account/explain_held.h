// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_EXPLAIN_HELD_H
#define KT_CMD_ACCOUNT_EXPLAIN_HELD_H

#include "account/row.h"
#include "model/snapshot.h"
#include "report/report.h"
#include "report/shape.h"
#include "source/source.h"

/** Sources that the account does not read and that name pages without a counter. */
extern const struct kt_needs kt_held_needs;
/** The same, and what kernel memory shows of the rows of the account. */
extern const struct kt_needs kt_exact_needs;

/** The shape of what kt_explain_held() adds, in the first form of the report. */
extern const struct kt_part kt_held_part;
/** Returns whether the row is unattributed, or is taken out of it. */
bool kt_is_held_row(enum kt_row_id row);
/**
 * Lists what was looked for on this machine: its size, its holder, or why it is not known. `all`:
 * text shows every holder and not only the largest ones. Sums are in bytes. Texts belong to the
 * report or to `snap`, which must outlive it.
 */
void kt_explain_held(struct kt_report *report, const struct kt_snapshot *snap, bool all);

#endif
