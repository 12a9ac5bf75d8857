// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_PAST_LINES_H
#define KT_CMD_PAST_PAST_LINES_H

#include "cmd/past/past.h"
#include "history/events.h"
#include "history/follower.h"

#define KT_PAST_LINES_BYTES (16u << 20)

/** The first columns of such a table; amounts follow, and events may be the last column. */
enum { KT_PAST_LINES_CLOCK, KT_PAST_LINES_TIME, KT_PAST_LINES_FIRST };

/**
 * The lines of a report, one for each sample of a recording. Outputs need the lines twice, because
 * the widths of columns come before the first line. Numbers are kept as differences from the
 * previous line, about 25 bytes a line. Beyond KT_PAST_LINES_BYTES the recording is read again for
 * each use.
 */
struct kt_past_lines {
	struct kt_history history;
	int64_t step_ms;
	size_t bytes_max;    /* of the kept lines */
	bool dated;	     /* the period is longer than a day */
	size_t event_column; /* 0: none */
	size_t nr_columns;
	/**
	 * Sets the amounts of a line whose cells are absent. `first`: it is called for the first
	 * time for this line. Events up to the line are in `events` where there is a column.
	 */
	struct kt_err *(*fill)(struct kt_past_lines *lines, const struct kt_cursor *cursor,
		bool first, struct kt_cell *cells);
	struct kt_follower follower;
	struct kt_events events;
	/* kept lines */
	struct kt_arena arena;
	struct kt_cell *cells;	   /* of one line */
	struct kt_series *amounts; /* one for each column, the times at KT_PAST_LINES_TIME */
	KT_LIST(struct kt_past_lines_mark {
		uint32_t line;
		const char *text;
	})
	marks;
	uint32_t count;
	size_t bytes;
	bool full; /* there are too many lines to keep */
	/* of a line that is asked for; NULL: the lines are read for the first time */
	kt_row_visit visit;
	void *visit_arg;
};

/**
 * Reads the lines, and makes them what the table is fed with. `lines` is from calloc() and
 * belongs to the table from now on, also where this fails; so does the history, which is moved
 * into it. `fill`, `step_ms` and `event_column` are set.
 */
struct kt_err *kt_past_lines_read(struct kt_past_lines *lines, struct kt_history *history,
	struct kt_table *table) KT_MUST_CHECK;

#endif
