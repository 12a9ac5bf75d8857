// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_VAL_H
#define KT_MODEL_VAL_H

#include "model/metric.h"

#include <stdbool.h>

struct kt_entry;

/**
 * A value with its state and quality. The true value is
 *   KT_EXACT        `value`
 *   KT_UPPER_BOUND  `value` or less
 *   KT_LOWER_BOUND  `value` or more
 *   KT_ESTIMATE     anything: `value` is a guess
 * `entry` is the entry that the value comes from, or NULL.
 */
struct kt_val {
	int64_t value; /* in `unit`; 0 unless state is KT_OK */
	enum kt_state state;
	enum kt_quality quality;
	enum kt_unit unit;  /* KT_BYTES or KT_COUNT */
	bool none;	    /* if state is KT_ABSENT: the machine is known to have zero of it */
	const char *reason; /* if state is not KT_OK: why the value is missing; never NULL then */
	const struct kt_entry *entry;
};

static inline bool kt_ok(struct kt_val val)
{
	return val.state == KT_OK;
}

static inline struct kt_val kt_val_bytes(int64_t bytes, enum kt_quality quality)
{
	return (struct kt_val){ .value = bytes, .quality = quality };
}

static inline struct kt_val kt_val_lack(enum kt_state state, const char *reason)
{
	return (struct kt_val){ .state = state, .reason = reason };
}

/**
 * Sum and difference: the only functions that add values. If a summand is missing, the result is
 * missing with the state and reason of the first missing summand. Otherwise the quality is the
 * strongest that both values allow: a difference swaps the upper and lower bound of `b`, opposite
 * bounds give an estimate, and only exact values give an exact result. KT_BAD if the result does
 * not fit 64 bits, or for bytes with a plain number. The result has the entry of `a`, else the
 * entry of `b`.
 */
struct kt_val kt_val_add(struct kt_val a, struct kt_val b);
struct kt_val kt_val_sub(struct kt_val a, struct kt_val b);

/**
 * Turns a missing amount into a summand: it is 0 or more, so "at least 0". A known amount is
 * unchanged. Not for signed quantities.
 */
struct kt_val kt_val_or_some(struct kt_val val);

/** Quality of `a` plus `b`; kt_quality_flip(): quality of minus `b`. */
enum kt_quality kt_quality_join(enum kt_quality a, enum kt_quality b);
enum kt_quality kt_quality_flip(enum kt_quality quality);

#endif
