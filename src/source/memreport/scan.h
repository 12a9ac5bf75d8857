// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMREPORT_SCAN_H
#define KT_SOURCE_MEMREPORT_SCAN_H

#include "base/err.h"
#include "log/record.h"
#include "root/stream.h"
#include "source/memreport/detail.h"

/**
 * Assembles the lines of a log into memory reports. Lines of several CPUs may be mixed. If the log
 * names the CPU or task that printed a line, reports are separated by it. Otherwise a report with
 * another one mixed in is detected (a line twice, with other numbers) and marked as damaged.
 */

#define KT_MEMREPORTS_MAX 20000 /* most reports in the list: the last ones */

/** Place in a log from which a report can be read again, without the text before it. */
struct kt_memreport_place {
	uint64_t offset; /* bytes of the log */
	struct kt_log_state lines;
	uint64_t last_hash;
	size_t nr_reports; /* reports before it */
	bool doubled;
	size_t reversed_lines; /* of a log that is read from its end; else 0 */
	/* lines of other callers may be between the first and the last line, counted as read */
	uint64_t caller;
	size_t last_line;
};

/** Reports of a log; reports 1 to `nr_dropped` are no longer listed. */
struct kt_memreport_list {
	kt_memreports reports;
	KT_LIST(struct kt_memreport_place) places; /* place of each report */
	size_t nr_dropped;
};

/**
 * Lists the reports of a log, in memory that does not grow with the log. A log with the newest
 * line first comes reversed, with the number of its lines; else that is 0.
 */
struct kt_err *kt_memreport_list(struct kt_stream *stream, size_t reversed_lines,
	struct kt_arena *arena, struct kt_memreport_list *ret_list) KT_MUST_CHECK;
/**
 * Reads one complete report: `number` counts from 1, `stream` begins at the place's offset. The
 * place of a dropped report is zeros.
 */
struct kt_err *kt_memreport_read(struct kt_stream *stream, const struct kt_memreport_place *place,
	size_t number, struct kt_arena *arena,
	struct kt_memreport_detail *ret_detail) KT_MUST_CHECK;

#endif
