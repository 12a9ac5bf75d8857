// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_LIST_H
#define KT_MODEL_LIST_H

#include "base/err.h"
#include "model/report.h"

/**
 * Lists: tables with a row for each slab cache, caller, process, group. A command puts all
 * rows in, in any order; here they are sorted, filtered and cut, and what was cut is added
 * up in one row, so that the columns of what is shown still add up to the total.
 */
struct kt_list_opts {
	const char *sort;   /* key of a column; NULL: the one with KT_COL_RANK */
	const char *filter; /* shell pattern, or part of a key; NULL: all */
	int64_t top;	    /* 0: all rows */
	bool empty;	    /* rows whose ranked column is 0 as well */
};

/**
 * Finishes every list of the report, where the command has not done it itself. USAGE where
 * no list has a column `sort`.
 */
struct kt_err *kt_list_finish(
	struct kt_report *report, const struct kt_list_opts *opts) KT_MUST_CHECK;

#endif
