// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_COLUMN_H
#define KT_RECORD_COLUMN_H

#include "record/series.h"

/**
 * Series in the form in which a block stores them. All series share three streams: the first value
 * of each, one control byte for each operation with the length of its number, and the low bits of
 * these numbers. The bytes compress well, because numbers of similar size look alike. The bits do
 * not compress, and are stored as they are.
 */
struct kt_columns {
	struct kt_buf firsts, controls, low;
	uint64_t bits; /* bits that are not yet in `low` */
	unsigned nr_bits;
};

void kt_columns_cleanup(struct kt_columns *columns);
bool kt_columns_failed(const struct kt_columns *columns);

/** A series while it is written, run by run, and then ended. */
struct kt_column {
	struct kt_columns *to;
	bool begun, absent;
	int64_t value;
	uint64_t count; /* samples of the last run, which is not written yet */
};

void kt_column_begin(struct kt_column *column, struct kt_columns *to);
void kt_column_run(struct kt_column *column, const struct kt_series_run *run);
void kt_column_end(struct kt_column *column);
/** Writes the last, partial byte. */
void kt_columns_end(struct kt_columns *columns);

struct kt_columns_reader {
	struct kt_span firsts, controls, low; /* unread rest of each stream */
	unsigned nr_bits;		      /* bits already taken of the first byte of `low` */
};

/**
 * Takes the next series. `ret_series` is an initialised series, whose operations are overwritten;
 * NULL: the series is only checked. False: there is no series of at most that many samples.
 */
bool kt_column_read(
	struct kt_columns_reader *reader, uint32_t nr_samples, struct kt_series *ret_series);

#endif
