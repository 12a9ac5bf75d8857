// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_CONFIDENCE_H
#define KT_VERDICT_CONFIDENCE_H

#include "verdict/verdict.h"

/**
 * Probability, 0 to 1, that a verdict is right: shares that were counted on composed machines
 * (the tables in the .c file), for machines of which one in a year has a leak.
 */
double kt_confidence(enum kt_verdict verdict, double score);

#endif
