// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_ACTIVITY_H
#define KT_HISTORY_ACTIVITY_H

#include "record/cursor.h"
#include "verdict/judge.h"

/**
 * Numbers of a block that kernel memory may follow: what exists (tasks, sockets, cgroups) and what
 * happens (forks, packets, page faults). They are read from the lines of the recorded files, so a
 * file that a recording lacks has no number here.
 */

#define KT_ACTIVITY_LINES 32

struct kt_activity {
	/** Index of the line in the block; -1: the block lacks it. In the order of a table. */
	int64_t lines[KT_ACTIVITY_LINES];
	int64_t pressure; /* sum of the counters of memory pressure at the last sample; -1: none */
};

/** Finds the lines of a block. */
void kt_activity_find(struct kt_activity *activity, const struct kt_block *block);
/** Gives the numbers at the cursor's sample to the judge, within a sample of it. */
void kt_activity_put(
	struct kt_activity *activity, const struct kt_cursor *cursor, struct kt_judge *judge);
/** Returns a number of a line of `from`; false: it is absent. */
typedef bool (*kt_activity_number)(
	const void *from, const struct kt_block_line *line, uint32_t number, int64_t *ret_value);
/** Gives the numbers to the judge from elsewhere; `lines`: of the block. */
void kt_activity_put_numbers(struct kt_activity *activity, const void *from,
	const struct kt_block_line *lines, kt_activity_number number, struct kt_judge *judge);

#endif
