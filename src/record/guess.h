// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_GUESS_H
#define KT_RECORD_GUESS_H

#include "base/arena.h"
#include "record/series.h"

/**
 * The kernel says most things several times: in pages and in KiB, of the machine and of its
 * only node, as a sum and as its parts. So a series is kept as its difference to a guess
 * made of one or two others, which are times a number or divided by one.
 */

#define KT_GUESS_TERMS	   2u
#define KT_GUESS_TIMES_MAX 65536
#define KT_GUESS_DEPTH_MAX 8u /* guesses that lead to guesses */

struct kt_guess_term {
	uint32_t series; /* an earlier one */
	int32_t times;	 /* not 0 */
	bool divided;	 /* by `times`, which is 2 or more, towards zero */
};

struct kt_guess {
	uint32_t nr_terms;
	uint32_t depth; /* one more than that of the deepest guess of its series */
	struct kt_guess_term terms[KT_GUESS_TERMS];
};

/**
 * A series less its guess, or with it, as runs of equal samples. Where a series of the guess
 * is absent it counts with its last value. The arithmetic wraps.
 */
struct kt_guess_reader {
	struct kt_series_reader readers[1 + KT_GUESS_TERMS];
	struct kt_series_run runs[1 + KT_GUESS_TERMS];
	const struct kt_guess *guess;
	bool add;
};

/** `ops`: of the series, and behind it of those of the guess's terms, in their order. */
void kt_guess_read(struct kt_guess_reader *reader, const struct kt_guess *guess, bool add,
	const struct kt_span ops[1 + KT_GUESS_TERMS], uint32_t nr_samples);
bool kt_guess_next(struct kt_guess_reader *reader, struct kt_series_run *ret_run);

/** Finds guesses for series that come one after the other. */
struct kt_guesser;

struct kt_guesser *kt_guesser_new(uint32_t nr_samples); /* NULL when out of memory */
void kt_guesser_free(struct kt_guesser *guesser);
/** The guess for the next series; its operations must stay as they are. */
struct kt_guess kt_guesser_next(struct kt_guesser *guesser, struct kt_span ops);

#endif
