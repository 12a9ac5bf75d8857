// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_SERIES_H
#define KT_RECORD_SERIES_H

#include "base/buf.h"
#include "base/span.h"

/**
 * One number over the samples of a block, as a stream of operations:
 *
 * STEP d    the next sample's value is d more than the last known value
 * REPEAT n  the next n samples are like the sample before
 * ABSENT n  the next n samples have no value
 * RAW v     the next sample's value, eight bytes, if d does not fit
 *
 * The stream starts absent with value 0; after its end the value does not change. So a number
 * that never changes costs one value, and no time in further samples.
 */
struct kt_series {
	/* most series are constant, and their few bytes need no allocation */
	union {
		unsigned char inside[8];
		unsigned char *heap;
	} ops;
	uint32_t size;
	uint32_t room;	  /* bytes at `heap`; 0: the operations are in `inside` */
	uint32_t covered; /* samples that the stream covers */
	bool absent;	  /* no value since then */
	bool failed;	  /* out of memory */
	int64_t value;	  /* the last value */
};

void kt_series_init(struct kt_series *series);
void kt_series_fini(struct kt_series *series);
void kt_series_clear(struct kt_series *series); /* reset; keeps its memory */
/**
 * Sets the value of a sample. `index` never decreases; samples in between repeat the last value.
 */
void kt_series_set(struct kt_series *series, uint32_t index, int64_t value);
void kt_series_set_absent(struct kt_series *series, uint32_t index);

/**
 * Returns the stream of `nr_samples` samples, without a copy: valid until the series changes or
 * moves. Drops values of later samples, which have not ended. Empty, and the series failed: memory
 * is out.
 */
struct kt_span kt_series_ops(struct kt_series *series, uint32_t nr_samples);
/** Reads a stream, in runs of equal samples. */
struct kt_series_reader {
	struct kt_span rest;
	uint32_t left; /* samples that remain */
	bool absent;
	int64_t value;
};

struct kt_series_run {
	uint32_t count;
	bool absent;
	int64_t value;
};

void kt_series_read(struct kt_series_reader *reader, struct kt_span ops, uint32_t nr_samples);
/** Returns the next run; false at the end. A malformed stream ends early: see kt_series_check(). */
bool kt_series_next(struct kt_series_reader *reader, struct kt_series_run *ret_run);
/** Whether the operations describe at most `nr_samples` samples and nothing follows them. */
bool kt_series_check(struct kt_span ops, uint32_t nr_samples);
/** Returns the value at one sample; false: it is absent. */
bool kt_series_at(struct kt_span ops, uint32_t index, int64_t *ret_value);

#endif
