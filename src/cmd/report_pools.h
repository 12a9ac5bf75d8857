// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_REPORT_POOLS_H
#define KT_CMD_REPORT_POOLS_H

#include "cmd/history.h"

/** The table "pools": sar -k of Solaris, a line each `step_ms`. */
struct kt_err *kt_report_pools(struct kt_history *history, int64_t step_ms, bool is_text,
	struct kt_report *report) KT_MUST_CHECK;

#endif
