// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_PAST_H
#define KT_CMD_PAST_PAST_H

#include "cli/cmd.h"
#include "history/history.h"
#include "report/report.h"
#include "report/shape.h"

/** Options and report fields that all commands about a recording share. */

/** Times in the form of base/when.h; NULL: no limit. */
struct kt_past_period {
	const char *from, *to;
};

/** Options for a `struct kt_past_period` that is a member of a command's own struct. */
#define KT_PAST_PERIOD_OPTIONS(type, member)                                                    \
	{ 0, "from", "TIME",                                                                    \
		"from this time on: 2026-01-31T23:59, 23:59, -2h (before the last sample); "    \
		"local, or with a Z at its end or with --utc, UTC",                             \
		.kind = KT_ARG_TIME, KT_AT(type, member.from) },                                \
	{                                                                                       \
		0, "to", "TIME", "up to this time", .kind = KT_ARG_TIME, KT_AT(type, member.to) \
	}

/** Returns the path of a command's recording: its first operand, or -s, or the default. */
const char *kt_past_path(const struct kt_call *call);
/** Opens a recording and limits it to a period. The path must outlive the history. */
struct kt_err *kt_past_open(const char *path, const struct kt_past_period *period,
	struct kt_history *ret_history) KT_MUST_CHECK;
/** The shape of the fields that kt_past_describe() adds. */
extern const struct kt_part kt_past_recording_part;
/** Adds fields and headline: the recording and its period. */
void kt_past_describe(const struct kt_history *history, struct kt_report *report);
/** Adds notes: skipped samples, damage. */
void kt_past_note(const struct kt_history *history, struct kt_report *report);

#endif
