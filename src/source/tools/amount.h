// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_TOOLS_AMOUNT_H
#define KT_SOURCE_TOOLS_AMOUNT_H

#include "base/span.h"

/** An amount as a tool prints it. */
struct kt_amount {
	int64_t bytes;
	int64_t error; /* bytes by which it may be off because it was rounded; 0: exact */
};

/**
 * Reads "123", "123.4" or "123,4" as a number of units. The error of a fraction is half of its last
 * digit.
 */
bool kt_amount_of(struct kt_span word, int64_t unit_bytes, struct kt_amount *ret_amount);
/** Reads "7,665,920" or "7665920" as a number of units. */
bool kt_amount_grouped(struct kt_span word, int64_t unit_bytes, struct kt_amount *ret_amount);
/**
 * Reads a number with its unit, such as "935.7M" or "23.5g"; without a unit it counts in
 * `unit_bytes`, 0: it must have a unit. Tools count in KiB, so that a larger unit without a
 * fraction was cut or rounded: its error is one unit.
 */
bool kt_amount_sized(struct kt_span word, int64_t unit_bytes, struct kt_amount *ret_amount);
struct kt_amount kt_amount_sum(struct kt_amount a, struct kt_amount b);
/** Bytes of the unit K, M, G, T or P, a power of 1024; 1 for B, 0 for any other character. */
int64_t kt_amount_unit(char letter);

#endif
