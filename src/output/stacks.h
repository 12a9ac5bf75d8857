// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_STACKS_H
#define KT_OUTPUT_STACKS_H

#include "output/output.h"

/**
 * Stacks of a report with an amount of memory each, for outputs that draw them or pass them on to
 * other viewers. A report has them in the first table with a column "stack", whose cells have the
 * frames with " < " between, innermost first.
 */
struct kt_stack {
	const char *const *frames; /* outermost first: "foo", "foo [module]" */
	uint32_t nr_frames;
	int64_t amount; /* above 0 */
	int64_t count;	/* objects; below 0: not known */
};

struct kt_stacks {
	KT_LIST(struct kt_stack) stacks;
	int64_t amount;	  /* of all */
	bool in_bytes;	  /* else it is a number of pages or objects */
	const char *what; /* title of the column that has the amount: "HELD" */
	const char *from; /* last headline of the report, or an empty text */
};

/** Whether a report has stacks. */
bool kt_stacks_found(const struct kt_report *report);
/** Reads them; all of `ret_stacks` is in `arena`. Check arena->failed. */
void kt_stacks_read(
	const struct kt_report *report, struct kt_arena *arena, struct kt_stacks *ret_stacks);

#endif
