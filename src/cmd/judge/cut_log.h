// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_JUDGE_CUT_LOG_H
#define KT_CMD_JUDGE_CUT_LOG_H

#include "cli/cmd.h"

/**
 * For a kernel log whose memory reports are all cut, so that `err` says that no account can be
 * made: adds what the counters of the last report still prove. Returns `err` if they prove nothing,
 * else frees it and returns NULL.
 */
struct kt_err *kt_cut_log_put(
	const struct kt_call *call, struct kt_report *report, struct kt_err *err) KT_MUST_CHECK;

#endif
