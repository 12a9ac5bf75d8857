// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_DIFF_ROWS_H
#define KT_CMD_PAST_DIFF_ROWS_H

#include "cmd/past/diff_side.h"

/** The lists of the report "diff": before, after and change of each row. */

/** KT_DIFF_COUNTERS: bytes of counters that overlap; they, counts and pages have no sums. */
enum kt_diff_unit { KT_DIFF_BYTES, KT_DIFF_COUNTERS, KT_DIFF_COUNT, KT_DIFF_PAGES };

#define KT_DIFF_COLUMNS 11
extern const struct kt_column kt_diff_byte_columns[KT_DIFF_COLUMNS],
	kt_diff_count_columns[KT_DIFF_COLUMNS];

/** Adds a list. */
struct kt_table *kt_diff_table(
	struct kt_report *report, const char *key, const char *title, enum kt_diff_unit unit);
/**
 * Adds the rows. A note names the rows that one side does not know: they have no change. `table`
 * may be NULL.
 */
void kt_diff_put(struct kt_report *report, struct kt_table *table, const kt_diff_pairs *pairs);
/** Whether a row of any list has changed. */
bool kt_diff_moved(const struct kt_report *report);

#endif
