// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_VERDICTS_H
#define KT_HISTORY_VERDICTS_H

#include "history/feed.h"
#include "history/history.h"
#include "verdict/judge.h"

/**
 * Judges the kernel memory in a stretch of a recording: each slab cache, in every sample, as
 * "slab:NAME", and each row of the account below the kernel, as "account:ROW": in each sample of
 * the last minutes, each minute of the last three hours, each ten minutes of two days and each half
 * hour before. The caller frees the judge, also after an error.
 */
struct kt_err *kt_history_judge(struct kt_history *history, const struct kt_judge_options *options,
	struct kt_judge **ret_judge) KT_MUST_CHECK;

/** Gives the samples of a recording to a judge that may go on after them. */
struct kt_err *kt_history_feed(
	struct kt_history *history, struct kt_judge_feed *feed) KT_MUST_CHECK;

#endif
