// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_GROWTH_H
#define KT_MODEL_GROWTH_H

#include "model/report.h"

/**
 * Change over time, for commands that are repeated (-i): remembers the tracked column of
 * every row of every report and fills growth (since the first report) and rate (per
 * second, since the report before). Rows are told apart by their key columns; of several
 * with the same keys, the first meets the first, the second the second.
 */
struct kt_growth;

struct kt_growth *kt_growth_new(void); /* NULL when out of memory */
void kt_growth_free(struct kt_growth *growth);
void kt_growth_cleanup(struct kt_growth **growth);

/** Fills the report's columns of growth, and notes the rows that grew most; `now_ns` is of a clock
 * that only runs forward. */
void kt_growth_apply(struct kt_growth *growth, struct kt_report *report, int64_t now_ns);

#endif
