// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_GUESS_H
#define KT_RECORD_GUESS_H

#include "base/arena.h"
#include "record/series.h"

/**
 * The kernel prints most amounts several times: in pages and in KiB, of the machine and of its only
 * node, as a sum and as its parts. So a series is stored as its difference to a guess. A guess is
 * made of one or two other series, each multiplied or divided by a number.
 */

#define KT_GUESS_TERMS	   2u	 /* series that a guess adds at most */
#define KT_GUESS_TIMES_MAX 65536 /* largest factor or divisor */
#define KT_GUESS_DEPTH_MAX 8u	 /* longest chain of guesses that refer to guesses */

struct kt_guess_term {
	uint32_t series; /* index of an earlier series */
	int32_t times;	 /* factor or divisor; not 0 */
	bool divided;	 /* true: divides by `times`, which is 2 or more; rounds towards zero */
};

struct kt_guess {
	uint32_t nr_terms;
	uint32_t depth; /* 1 plus the deepest guess among its series */
	struct kt_guess_term terms[KT_GUESS_TERMS];
};

/**
 * Subtracts the guess from a series, or adds it, in runs of equal samples. Where a series of the
 * guess is absent, its last value is used. The arithmetic wraps.
 */
struct kt_guess_reader {
	struct kt_series_reader readers[1 + KT_GUESS_TERMS];
	struct kt_series_run runs[1 + KT_GUESS_TERMS];
	const struct kt_guess *guess;
	bool add;
};

/**
 * `ops`: operations of the series, then the operations of each series of the guess, in their order.
 */
void kt_guess_read(struct kt_guess_reader *reader, const struct kt_guess *guess, bool add,
	const struct kt_span ops[1 + KT_GUESS_TERMS], uint32_t nr_samples);
bool kt_guess_next(struct kt_guess_reader *reader, struct kt_series_run *ret_run);

/** Finds guesses for series that are added one after the other. */
struct kt_guesser;

struct kt_guesser *kt_guesser_new(uint32_t nr_samples); /* NULL when out of memory */
void kt_guesser_free(struct kt_guesser *guesser);
/** Returns the guess for the next series, whose operations must stay unchanged. */
struct kt_guess kt_guesser_next(struct kt_guesser *guesser, struct kt_span ops);

#endif
