// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_WATCH_WATCH_H
#define KT_WATCH_WATCH_H

#include "cli/cmd.h"

/**
 * Runs a command repeatedly for a long-lived display: the terminal view or the web page. Keeps the
 * last report and, per row key, the tracked column's values of earlier samples. Samples, rows and
 * bytes are bounded; rows missing in all kept samples are dropped.
 */
struct kt_watch;

/** Values are kept up to this many bytes; more samples mean fewer rows. */
#define KT_WATCH_BYTES_MAX (8u << 20)
#define KT_WATCH_ROWS_MAX  8192u
#define KT_WATCH_KEPT_MAX  86400u

/** Follows `cmd`. `call` is copied; its texts must outlive the watch. */
struct kt_err *kt_watch_new(const struct kt_cmd *cmd, const struct kt_call *call, size_t nr_kept,
	struct kt_watch **ret_watch) KT_MUST_CHECK;
void kt_watch_free(struct kt_watch *watch);
void kt_watch_cleanup(struct kt_watch **watch);

/** Call of the next step: a caller may change sort order, filter and groups between steps. */
struct kt_call *kt_watch_call(struct kt_watch *watch);

/** Runs the command. After an error the last report and all samples are unchanged. */
struct kt_err *kt_watch_step(struct kt_watch *watch) KT_MUST_CHECK;
/**
 * Returns the last report with its lists finished, or NULL before the first step. Growth counts
 * from the mark, or else from the first step. After the first step growth is 0 and the rate is
 * missing.
 */
const struct kt_report *kt_watch_report(const struct kt_watch *watch);
/** The table whose rows are tracked: the first with a tracked column; NULL: none. */
const struct kt_table *kt_watch_table(const struct kt_watch *watch);
/** Growth counts from the last step from now on. */
void kt_watch_mark(struct kt_watch *watch);
int64_t kt_watch_mark_ms(const struct kt_watch *watch);

/** Number of kept samples. `ago`: 0 is the last sample. */
size_t kt_watch_nr(const struct kt_watch *watch);
/** Time of a sample in milliseconds since 1970. */
int64_t kt_watch_time_ms(const struct kt_watch *watch, size_t ago);

/**
 * Value of a row in a sample; false if the row or its amount was missing. `row_key`: kt_row_id();
 * for the account, the row's id.
 */
bool kt_watch_value(
	const struct kt_watch *watch, const char *row_key, size_t ago, int64_t *ret_value);
/** Number of rows, dead rows included, and their keys; a step may change the order. */
size_t kt_watch_nr_rows(const struct kt_watch *watch);
const char *kt_watch_row_key(const struct kt_watch *watch, size_t index);

#endif
