// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_CENSUS_H
#define KT_ANALYSIS_CENSUS_H

#include "account/account.h"

/**
 * Compares the account with the pages: each row that page flags can show, by the counters and by
 * counting pages. Both columns add up to all present memory.
 */
struct kt_census_line {
	const char *id, *title;
	int depth;
	struct kt_val counters; /* bytes; KT_ABSENT: no counter has it */
	struct kt_val pages;	/* bytes; KT_ABSENT: page flags do not show it */
	struct kt_val moved;	/* change of the counters during the census */
	bool rest;		/* pages: remainder after subtracting the siblings' counters */
	const char *why;	/* why the two values may differ */
};

typedef KT_LIST(struct kt_census_line) kt_census_lines;

/** The counters at one time. */
struct kt_census_counters {
	const struct kt_snapshot *snap;
	const struct kt_account *account;
};

/**
 * Compares a census with the counters before and after it; `after`: NULL if they were read once.
 * Pages are compared with the counters after the census, because both include the memory of the
 * reader itself.
 */
void kt_census_compare(const struct kt_census *census, const struct kt_census_counters *before,
	const struct kt_census_counters *after, struct kt_arena *arena, kt_census_lines *ret_lines);

/** Sum of all movements during the census; any row may differ by this amount. */
int64_t kt_census_unrest(const kt_census_lines *lines);
/** True if the difference exceeds `unrest` and is worth a sentence. */
bool kt_census_differs(const struct kt_census_line *line, int64_t unrest);

/** Sum of the LRU lists' counters. */
struct kt_val kt_census_lru(const struct kt_snapshot *snap);

#endif
