// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_JUDGE_DIAGNOSIS_H
#define KT_CMD_JUDGE_DIAGNOSIS_H

#include "cli/cmd.h"

/**
 * The findings of a machine, for the commands that show them: growth by the recording, if there is
 * one, and what one reading shows.
 */
struct kt_diagnosis_options {
	const char *recording; /* NULL: the source of the call, or the recorder's own */
	const char *cases;     /* directory of further cases; NULL: none */
	const char *older;     /* capture of the same machine, earlier; NULL: none */
	bool all;	       /* also findings of no consequence: fills, steps, spikes */
	bool name_holders;     /* looks for the holders of growing memory, which reads much more */
	double arm_s;	       /* seconds to watch growth without a holder; 0: it is not watched */
};

/** The basis of the findings. */
struct kt_diagnosis {
	const char *recording;	/* its path; NULL: there is none */
	bool judged;		/* growth was judged */
	bool stale;		/* the recording ended too long ago to say anything of now */
	bool one_time;		/* the source is a report of one time, and never shows growth */
	size_t nr_series;	/* that were judged */
	int64_t from_ms, to_ms; /* since 1970; the judged time */
	int64_t kernel_bytes, unattributed_bytes, available_bytes; /* of the account; KT_UNKNOWN */
};

/**
 * Adds the findings of the call's machine to a report that has begun, the gravest first.
 */
struct kt_err *kt_diagnose(const struct kt_call *call, const struct kt_diagnosis_options *options,
	struct kt_report *report, struct kt_diagnosis *ret_diagnosis) KT_MUST_CHECK;

/** "nothing is wrong: 243 caches and rows judged over 9 days"; of a report without findings. */
const char *kt_diagnosis_healthy(const struct kt_diagnosis *diagnosis, struct kt_report *report);

#endif
