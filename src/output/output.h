// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_OUTPUT_H
#define KT_OUTPUT_OUTPUT_H

#include "base/buf.h"
#include "report/report.h"

#define KT_SINK_BYTES 65536u /* of text that waits to be written */

/** Where a long text goes while it is made; the last part stays in the buffer. */
struct kt_sink {
	struct kt_err *(*write)(const char *data, size_t size);
	struct kt_err *err; /* first error; nothing is written after it. The caller frees it */
};

/** Presentation of a report; each output uses the members that it needs. */
struct kt_output_opts {
	bool exact_bytes, color, all, unicode;
	int depth; /* depth of trees; 0: the output's default */
	int width; /* columns of the terminal */
	/* in a repeated report: its number from 0, and its time; otherwise 0 and NULL */
	int64_t turn;
	const char *when;
	struct kt_sink *sink; /* NULL: the whole text stays in the buffer */
};

/**
 * Visits the rows that a table is fed with. An error, also one of `visit`, ends the visits: the
 * error goes to the sink, or marks the text as failed if there is no sink.
 */
void kt_output_fed(const struct kt_table *table, const struct kt_output_opts *opts,
	kt_row_visit visit, void *arg, struct kt_buf *text);
/**
 * Adds a text as XML has it, without what may not be printed; cut after about `most` bytes, but not
 * inside of a letter.
 */
void kt_output_escape(struct kt_buf *buf, const char *text, size_t most);
/** Writes a text that is long enough, and empties it. A visit returns its result. */
struct kt_err *kt_output_drain(const struct kt_output_opts *opts, struct kt_buf *text);

/** True if this column is shown: growth columns need a repeated report. */
static inline bool kt_column_filled(const struct kt_report *report, const struct kt_column *column)
{
	return report->followed || !(column->flags & (KT_COL_GROWTH | KT_COL_RATE));
}

/** One way to show any report. Each output is one file here and one line in outputs.def. */
struct kt_output {
	const char *name, *summary;
	bool charts;	 /* it renders only charts */
	bool stacks;	 /* it renders only stacks, see output/stacks.h */
	bool binary;	 /* it is no text, and not for a terminal */
	bool notes;	 /* it shows the notes of a report */
	bool scraped;	 /* one sample for a monitoring system: no repetition, no history */
	bool for_people; /* it leaves out what is too long or empty */
	/* opens libraries, before the process gives up its rights; NULL: it needs none */
	struct kt_err *(*prepare)(void);
	void (*render)(const struct kt_report *report, const struct kt_output_opts *opts,
		struct kt_buf *ret_text);
};

#define OUTPUT(file, name) extern const struct kt_output kt_output_##name;
#include "output/outputs.def"
#undef OUTPUT

extern const struct kt_output *const kt_outputs[];
extern const size_t kt_nr_outputs;

/** Finds an output by name; NULL: none. */
const struct kt_output *kt_output_find(const char *name);

#endif
