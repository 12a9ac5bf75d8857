// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_WATCH_WATCH_H
#define KT_WATCH_WATCH_H

#include "cmd/cmd.h"

/**
 * A command that is run again and again by somebody who stays: the terminal view, the web
 * page. Keeps the last report, and of every row what its tracked column held in the samples
 * before, by the row's key. Bounded: samples, rows and bytes; rows that are in none of the
 * kept samples are let go.
 */
struct kt_watch;

/** At most this many bytes of values are kept; with more samples, fewer rows. */
#define KT_WATCH_BYTES_MAX (8u << 20)
#define KT_WATCH_ROWS_MAX  8192u
#define KT_WATCH_KEPT_MAX  86400u

/** `command`: a name as on the command line. `options` are copied; their texts must stay. */
struct kt_err *kt_watch_new(const struct kt_options *options, const char *command, size_t nr_kept,
	struct kt_watch **ret_watch) KT_MUST_CHECK;
void kt_watch_free(struct kt_watch *watch);
void kt_watch_cleanup(struct kt_watch **watch);

/** The options of the next step: a caller may change sort, filter, groups between steps. */
struct kt_options *kt_watch_options(struct kt_watch *watch);

/** Runs the command. After an error the last report and all samples are as they were. */
struct kt_err *kt_watch_step(struct kt_watch *watch) KT_MUST_CHECK;
/**
 * The last report, its lists finished, or NULL before the first step. Growth is what came since
 * the mark, or else since the first step; it is 0 and the rate missing after the first step.
 */
const struct kt_report *kt_watch_report(const struct kt_watch *watch);
/** The table whose rows are followed: the first with a tracked column. NULL: there is none. */
const struct kt_table *kt_watch_table(const struct kt_watch *watch);
/** From now on growth is what comes after the last step. */
void kt_watch_mark(struct kt_watch *watch);
int64_t kt_watch_mark_ms(const struct kt_watch *watch);

/** Samples that are kept. `ago`: 0 is the last one. */
size_t kt_watch_nr(const struct kt_watch *watch);
/** Milliseconds since 1970. */
int64_t kt_watch_time_ms(const struct kt_watch *watch, size_t ago);

/** The key columns' text; several are joined by "\x1f". Of the account: the row's id. */
const char *kt_watch_key(
	struct kt_arena *arena, const struct kt_table *table, const struct kt_report_row *row);
/**
 * False where the row, or its amount, was missing in that sample. Rows with the same key are
 * added up.
 */
bool kt_watch_value(
	const struct kt_watch *watch, const char *row_key, size_t ago, int64_t *ret_value);
/** Rows that are remembered, dead ones too, and their keys; the order changes with a step. */
size_t kt_watch_nr_rows(const struct kt_watch *watch);
const char *kt_watch_row_key(const struct kt_watch *watch, size_t index);

#endif
