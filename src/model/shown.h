// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_SHOWN_H
#define KT_MODEL_SHOWN_H

#include "model/report.h"

/**
 * Which rows of long lists a program shows that tells the same lists again and again, to a
 * monitoring system: few, and the same ones as long as it can. Besides the largest these are
 * the rows that moved since it first saw them, and those shown before that are still large.
 * What is gone is forgotten. It is of one report, and of one thread at a time.
 */
struct kt_shown;

struct kt_shown *kt_shown_new(void); /* NULL when out of memory */
void kt_shown_free(struct kt_shown *shown);
void kt_shown_cleanup(struct kt_shown **shown);

/** Pins rows of the lists of a report that are to be cut to `top`: up to twice as many more. */
void kt_shown_choose(struct kt_shown *shown, struct kt_report *report, int64_t top);

#endif
