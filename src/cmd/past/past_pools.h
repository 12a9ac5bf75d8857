// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_PAST_POOLS_H
#define KT_CMD_PAST_PAST_POOLS_H

#include "cmd/past/past.h"
#include "report/shape.h"

extern const struct kt_part kt_past_pools_part, kt_past_averages_part;

/**
 * The table "pools": sar -k of Solaris, a line each `step_ms`. The history is moved to where it
 * lives as long as the report.
 */
struct kt_err *kt_past_pools(struct kt_history **history, int64_t step_ms, bool is_text,
	struct kt_report *report) KT_MUST_CHECK;

#endif
