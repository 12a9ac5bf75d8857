// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_WATCHED_ROWS_H
#define KT_ANALYSIS_WATCHED_ROWS_H

#include "analysis/users/watched.h"

/** Who allocated while it was watched: the stacks of one function for one purpose together. */
struct kt_watched_row {
	const char *function;  /* that wanted the memory; "(unknown)" */
	const char *module;    /* NULL: the kernel itself */
	const char *callers;   /* "caller < its caller"; NULL: unknown */
	const char *who;       /* "firefox (812)", "work flush_to_ldisc", "(interrupt)" */
	struct kt_watched sum; /* frames: of the stack with most memory */
	double kept;	       /* share, below 0: not known */
	int64_t half_life_ms;
	int64_t nr_stacks;
	double largest_bytes;
};

struct kt_watched_rows {
	KT_LIST(struct kt_watched_row) rows; /* most held memory first */
	struct kt_sampled_sum all, held;
	int64_t nr_other;
	double lost_bytes; /* of samples without room: any row may have allocated them */
};

/** Held bytes of a row, or of all rows; bounds include what may have been lost. */
struct kt_estimate kt_watched_held(
	const struct kt_sampled_sum *held, const struct kt_watched_rows *rows);
/** Share of a row in all that is held, likewise. */
struct kt_estimate kt_watched_held_share(
	const struct kt_sampled_sum *held, const struct kt_watched_rows *rows);

/**
 * On whose behalf a stack allocated: "firefox (812)", "work flush_to_ldisc", "(interrupt)"; NULL:
 * unknown. kt_watched_context() must have found the context. `pid`: with the number of a process.
 */
const char *kt_watched_who(struct kt_arena *arena, const struct kt_watched *watched, bool pid);

/** Adds up what snap->watched has of a watch, by its number. All of `ret_rows` is in `arena`; check
 * arena->failed. */
void kt_watched_group(struct kt_arena *arena, const struct kt_snapshot *snap, uint32_t watch,
	struct kt_watched_rows *ret_rows);

#endif
