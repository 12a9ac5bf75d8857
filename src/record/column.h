// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_COLUMN_H
#define KT_RECORD_COLUMN_H

#include "record/series.h"

/**
 * Series as they lie in a block. All of them share three streams: the first value of each,
 * one byte for each operation with the length of its number, and the low bits of these
 * numbers. The bytes compress well, because numbers of like size look alike; the bits do
 * not, and are left as they are.
 */
struct kt_columns {
	struct kt_buf firsts, controls, low;
	uint64_t bits; /* not yet in `low` */
	unsigned nr_bits;
};

void kt_columns_cleanup(struct kt_columns *columns);
bool kt_columns_failed(const struct kt_columns *columns);

/** One series is written run by run, and ended. */
struct kt_column {
	struct kt_columns *to;
	bool begun, absent;
	int64_t value;
	uint64_t count; /* samples of the last run, not written yet */
};

void kt_column_begin(struct kt_column *column, struct kt_columns *to);
void kt_column_run(struct kt_column *column, const struct kt_series_run *run);
void kt_column_end(struct kt_column *column);
/** Writes out what is left over of the last byte. */
void kt_columns_end(struct kt_columns *columns);

struct kt_columns_reader {
	struct kt_span firsts, controls, low; /* what is left of each */
	unsigned nr_bits;		      /* taken of the first byte of `low` */
};

/**
 * Takes the next series. `ret_series` is an initialized one, whose operations are written
 * over; NULL: it is only looked at. False where there is no series of at most so many samples.
 */
bool kt_column_read(
	struct kt_columns_reader *reader, uint32_t nr_samples, struct kt_series *ret_series);

#endif
