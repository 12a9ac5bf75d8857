// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_ROW_GROWTH_H
#define KT_ANALYSIS_ROW_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Finds rows that grow, sample after sample: not by single values but by the minima of blocks of
 * samples, so that bursts and what is reclaimed again are no growth. A row grows if each of the
 * last five minima is above the one before, by 1 MiB and more in all. Two lengths of blocks are
 * looked at, for fast and slow growth.
 */
struct kt_row_growth;

struct kt_row_growth *kt_row_growth_new(void); /* NULL when out of memory */
void kt_row_growth_free(struct kt_row_growth *growth);

/** Adds a row's bytes in the present sample; of several rows of one name the first counts. */
void kt_row_growth_add(struct kt_row_growth *growth, const char *name, int64_t bytes);
/** Ends the sample. Rows that it did not have begin anew. False: out of memory. */
bool kt_row_growth_end(struct kt_row_growth *growth);

#define KT_ROW_GROWTH_FLOOR (1 << 20) /* bytes, between the first and the last minimum */

/** Whether a row may be chosen. */
typedef bool (*kt_row_growth_may)(void *arg, const char *name);
/** The row that grows most, among rows that may be chosen; NULL: none grows. */
const char *kt_row_growth_most(
	const struct kt_row_growth *growth, kt_row_growth_may may, void *arg, int64_t *ret_bytes);

#endif
