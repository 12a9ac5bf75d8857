// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_CENSUS_H
#define KT_ANALYSIS_CENSUS_H

#include "model/account.h"

/**
 * The account held against the pages: each row that page flags can tell, by the counters
 * and by counting pages. Both columns add up to all memory that is present.
 */
struct kt_census_line {
	const char *id, *title;
	int depth;
	struct kt_val counters; /* bytes; KT_ABSENT where no counter has it */
	struct kt_val pages;	/* bytes; KT_ABSENT where pages do not tell it apart */
	struct kt_val moved;	/* by how much the counters changed during the census */
	bool rest;		/* pages: what is left when its siblings' counters are taken off */
	const char *why;	/* why the two may differ */
};

typedef KT_LIST(struct kt_census_line) kt_census_lines;

/** One reading of the counters. */
struct kt_census_counters {
	const struct kt_snapshot *snap;
	const struct kt_account *account;
};

/**
 * The counters before and after the census; `after` NULL where they were read once. Pages are
 * held against those behind them: they hold the memory of the reader itself, as the pages do.
 */
void kt_census_compare(const struct kt_census *census, const struct kt_census_counters *before,
	const struct kt_census_counters *after, struct kt_arena *arena, kt_census_lines *ret_lines);

/** How far all rows together moved meanwhile: of that size any row may differ. */
int64_t kt_census_unrest(const kt_census_lines *lines);
/** Is the difference beyond `unrest`, and worth a sentence? */
bool kt_census_differs(const struct kt_census_line *line, int64_t unrest);

/** The LRU lists by their counters. */
struct kt_val kt_census_lru(const struct kt_snapshot *snap);

#endif
