// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_OUTPUT_H
#define KT_OUTPUT_OUTPUT_H

#include "base/buf.h"
#include "base/human.h"
#include "model/report.h"

/** How a report should look; an output uses what concerns it. */
struct kt_output_opts {
	bool exact_bytes, color, all, unicode;
	int depth; /* of trees; 0: the output's default */
	int width; /* columns of the terminal */
	/* of a report that is repeated: which it is from 0, and its time; otherwise 0 and NULL */
	int64_t turn;
	const char *when;
};

/** Is this column shown at all? Growth is not where nothing is followed. */
static inline bool kt_column_filled(const struct kt_report *report, const struct kt_column *column)
{
	return report->followed || !(column->flags & (KT_COL_GROWTH | KT_COL_RATE));
}

/** One way to show any report. One file here is one output, one line in outputs.def. */
struct kt_output {
	const char *name, *summary;
	bool charts; /* it shows nothing else */
	void (*render)(const struct kt_report *report, const struct kt_output_opts *opts,
		struct kt_buf *ret_text);
};

#define OUTPUT(name) extern const struct kt_output kt_output_##name;
#include "output/outputs.def"
#undef OUTPUT

extern const struct kt_output *const kt_outputs[];
extern const size_t kt_nr_outputs;

/** NULL where there is none of that name. */
const struct kt_output *kt_output_find(const char *name);

#endif
