// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_COLUMNS_H
#define KT_RECORD_COLUMNS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define KT_COLUMNS_SERIES_MAX (1u << 20)  /* series of a block */
#define KT_COLUMNS_BYTES_MAX  (32u << 20) /* bytes of decoded series */

/** Series to encode: `count` series, with operations as in record/series.h. */
struct kt_columns_source {
	uint32_t nr_samples; /* samples of each series */
	size_t count;
	struct kt_span (*series)(const void *arg, size_t number);
	const void *arg;
};

/** Series that were read. Each is decoded when it is first used. */
struct kt_columns_index;

/**
 * Appends the series in the form in which a block stores them: guesses, first values and controls
 * as texts, then the low bits, which do not compress.
 */
void kt_columns_encode(const struct kt_columns_source *source, struct kt_buf *ret_bytes);
/**
 * Checks `count` series of `nr_samples` each. The index belongs to `arena` and points into
 * `bytes`, which must outlive it; kt_columns_free() frees the rest. False, without an index,
 * if the bytes are something else or memory is out.
 */
bool kt_columns_decode(struct kt_span bytes, size_t count, uint32_t nr_samples,
	struct kt_arena *arena, struct kt_columns_index **ret_index);
/** Frees what is not in the arena of the index; NULL is allowed. */
void kt_columns_free(struct kt_columns_index *index);
/** True if memory ran out while a series was put together. */
bool kt_columns_no_memory(const struct kt_columns_index *index);
/**
 * Returns the operations of a series. If memory is out, or the series is larger than any block ever
 * written, the series is absent throughout, and the columns are incomplete.
 */
struct kt_span kt_columns_series(struct kt_columns_index *index, size_t number);
bool kt_columns_are_whole(const struct kt_columns_index *index);

#endif
