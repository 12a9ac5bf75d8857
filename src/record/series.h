// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_SERIES_H
#define KT_RECORD_SERIES_H

#include "base/buf.h"
#include "base/span.h"

/**
 * One number over the samples of a block, as a stream of operations:
 *
 *   STEP d    the next sample's value is d more than the last value known
 *   REPEAT n  the next n samples are like the one before
 *   ABSENT n  the next n samples have no value
 *   RAW v     the next sample's value, eight bytes: where d does not fit
 *
 * The stream starts absent with value 0, and its end means that nothing changes any more.
 * So a number that never changes costs its value once, and no time while it does not.
 */
struct kt_series {
	unsigned char *ops; /* grows by doubling from a few bytes: most series are constant */
	uint32_t size, room;
	uint32_t covered; /* samples that the stream tells of */
	bool absent;	  /* since then */
	bool failed;	  /* out of memory */
	int64_t value;	  /* the last one */
};

void kt_series_init(struct kt_series *series);
void kt_series_fini(struct kt_series *series);
void kt_series_clear(struct kt_series *series); /* as new, with the memory it has */
/** `index` never goes back; samples in between are like the last one. */
void kt_series_set(struct kt_series *series, uint32_t index, int64_t value);
void kt_series_set_absent(struct kt_series *series, uint32_t index);

/**
 * The stream of `nr_samples` samples, without a copy: good until the series goes on. What
 * is known of later samples, which were not ended, is dropped. Empty, and the series failed,
 * where memory is out.
 */
struct kt_span kt_series_ops(struct kt_series *series, uint32_t nr_samples);
/** Reads a stream, in runs of equal samples. */
struct kt_series_reader {
	struct kt_span rest;
	uint32_t left; /* samples that are still to come */
	bool absent;
	int64_t value;
};

struct kt_series_run {
	uint32_t count;
	bool absent;
	int64_t value;
};

void kt_series_read(struct kt_series_reader *reader, struct kt_span ops, uint32_t nr_samples);
/** False at the end. A stream that is no such stream ends early: see kt_series_check(). */
bool kt_series_next(struct kt_series_reader *reader, struct kt_series_run *ret_run);
/** Are these operations for at most `nr_samples` samples, with nothing left over? */
bool kt_series_check(struct kt_span ops, uint32_t nr_samples);
/** The value at one sample; false where it is absent. */
bool kt_series_at(struct kt_span ops, uint32_t index, int64_t *ret_value);

#endif
