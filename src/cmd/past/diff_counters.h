// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_DIFF_COUNTERS_H
#define KT_CMD_PAST_DIFF_COUNTERS_H

#include "cmd/past/diff_side.h"
#include "machine/machine.h"

/** Counters of memory that two sides have, for sides without a total of memory. */
struct kt_diff_counters {
	kt_diff_pairs bytes, counts;
	const char *alone[2]; /* names of counters that one side lacks; NULL: none */
};

/** Reads both sides; texts are copied to the arena. */
struct kt_err *kt_diff_counters(struct kt_arena *arena, const struct kt_machine_opts opts[2],
	struct kt_diff_counters *ret_counters) KT_MUST_CHECK;

#endif
