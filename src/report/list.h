// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_LIST_H
#define KT_REPORT_LIST_H

#include "base/err.h"
#include "report/report.h"

/**
 * Lists: tables with a row for each slab cache, caller, process or group. A command adds all rows
 * in any order; these functions sort, filter and cut them. The cut rows are added up in one row, so
 * that the columns still add up to the total.
 */
struct kt_list_opts {
	const char *sort;   /* key of a column; NULL: the column with KT_COL_RANK */
	const char *filter; /* shell pattern, or part of a key; NULL: all rows */
	int64_t top;	    /* 0: all rows */
	bool empty;	    /* also rows whose ranked column is 0 */
};

/**
 * Finishes every list of the report that the command has not finished itself. USAGE: no list has a
 * column `sort`.
 */
struct kt_err *kt_list_finish(
	struct kt_report *report, const struct kt_list_opts *opts) KT_MUST_CHECK;

/** Returns whether a name contains the filter, or matches it as a shell pattern. */
bool kt_list_matches(const char *filter, const char *name);

#define KT_LIST_TOP 20 /* default number of rows of a list in text */

/**
 * Adds a row to the sums of a list as if kt_list_finish() had cut it. A command with more rows than
 * are shown folds the rows that rank lower, and needs memory only for the remaining rows. `row`
 * belongs to the caller; false when out of memory.
 */
bool kt_list_fold(
	struct kt_report *report, struct kt_table *table, const struct kt_report_row *row);

#endif
