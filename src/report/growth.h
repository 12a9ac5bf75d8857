// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_GROWTH_H
#define KT_REPORT_GROWTH_H

#include "report/report.h"

/**
 * Change over time, for repeated commands (-i): remembers the tracked column of every row of every
 * report. Fills growth (since the first report) and rate (per second, since the previous report).
 * report/row_key.h identifies the rows.
 */
struct kt_growth;

struct kt_growth *kt_growth_new(void); /* NULL when out of memory */
void kt_growth_free(struct kt_growth *growth);
void kt_growth_cleanup(struct kt_growth **growth);

/**
 * Fills the growth columns of the report, and notes the rows that grew most. `now_ns`: a monotonic
 * clock.
 */
void kt_growth_apply(struct kt_growth *growth, struct kt_report *report, int64_t now_ns);

#endif
