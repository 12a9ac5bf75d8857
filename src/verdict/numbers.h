// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_NUMBERS_H
#define KT_VERDICT_NUMBERS_H

#include "verdict/rings.h"

#define KT_NUMBER_HIGHS 114

/** Highest values in blocks of 2 h and of days, and in the open ones. */
struct kt_number_highs {
	float open[KT_NR_LEVELS - KT_LEVEL_TWO_HOURS];
	uint16_t above[KT_NUMBER_HIGHS]; /* the block; as kt_rings_pack() packs it */
};

/** The recent past of one number of the machine, in the same blocks as the amounts. */
struct kt_number {
	bool counts;	  /* a counter of events: blocks have its last value, else the mean */
	int64_t begun_ms; /* first value; -1: none yet */
	int64_t last_ms;  /* blocks before this time are closed */
	double value;
	double lost; /* the counter when it began anew */
	double sum[KT_NR_LEVELS];
	double samples[KT_NR_LEVELS];
	double origin; /* first value; blocks are relative to it */
	float blocks[KT_LEVEL_FLOORS];
	struct kt_number_highs *highs; /* NULL: not kept */
};

void kt_number_begin(struct kt_number *number, bool counts);
/** The same of a number whose highest values are kept, in `highs`. */
void kt_number_begin_highs(struct kt_number *number, struct kt_number_highs *highs);
/** The value of a sample. A counter that went back began anew. */
void kt_number_put(struct kt_number *number, const struct kt_clock *clock, double value);
/** Once for each sample, after its value: a number without one keeps its last value. */
void kt_number_end(struct kt_number *number, const struct kt_clock *clock);
/**
 * `count` closed blocks, the newest of which closed `ago` blocks before the newest closed one;
 * false if they are not all known.
 */
bool kt_number_blocks(const struct kt_number *number, const struct kt_clock *clock, int level,
	int ago, int count, double *ret_blocks);

/** The same of the highest values in the blocks, where they are kept; else of the blocks. */
bool kt_number_highs(const struct kt_number *number, const struct kt_clock *clock, int level,
	int ago, int count, double *ret_blocks);

/**
 * A counter at the start of each of the newest closed blocks, where a floor of growth is; false if
 * they are not all known.
 */
bool kt_number_starts(const struct kt_number *number, const struct kt_clock *clock, int level,
	int count, double *ret_counts);

#endif
