// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_SHOWN_H
#define KT_REPORT_SHOWN_H

#include "report/report.h"

/**
 * Chooses the rows of long lists for a program that sends the same lists repeatedly to a monitoring
 * system: few rows, and the same rows as long as possible. It shows the largest rows, rows that
 * moved since they were first seen, and rows shown before that are still large. Rows that disappear
 * are forgotten. One object serves one kind of report, and one thread at a time.
 */
struct kt_shown;

struct kt_shown *kt_shown_new(void); /* NULL when out of memory */
void kt_shown_free(struct kt_shown *shown);
void kt_shown_cleanup(struct kt_shown **shown);

/**
 * Pins rows of lists that will be cut to `top`: up to twice as many additional rows. Twins keep the
 * numbers that they were first shown with.
 */
void kt_shown_choose(struct kt_shown *shown, struct kt_report *report, int64_t top);

#endif
