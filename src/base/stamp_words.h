// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_STAMP_WORDS_H
#define KT_BASE_STAMP_WORDS_H

#include "base/span.h"

/** Words of stamps; private to base/stamp.c. */

int kt_stamp_month(struct kt_span word); /* 1 to 12; 0: not a month */
/** True for a day of the week, and for words that label a time: "date", "sample". */
bool kt_stamp_is_label(struct kt_span word);
/** Finds a zone by its name; false: the name is not known. */
bool kt_stamp_zone(struct kt_span word, int *ret_minutes);

#endif
