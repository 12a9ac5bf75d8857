// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_CURSOR_H
#define KT_RECORD_CURSOR_H

#include "record/block.h"

/**
 * Iterates over the samples of a block with all its numbers. A step forward costs only the numbers
 * that changed, so visiting every sample costs no more than decoding the block. Of a thinned block,
 * only the last value of each number is followed: texts consist of these.
 */
struct kt_cursor_series {
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t end; /* first sample after the run */
};

/** Last change of a file of the block: of its numbers, its lines, or its existence. */
struct kt_cursor_file {
	uint32_t moved; /* sample of the last change */
	size_t layout;	/* index of the current layout; earlier layouts no longer hold */
};

struct kt_cursor {
	const struct kt_block *block;
	uint32_t sample;
	uint64_t turn; /* set by the caller to identify a cursor; 0: not set */
	size_t nr_series;
	struct kt_cursor_series *series; /* of all numbers of the block, in its order */
	struct kt_cursor_series boot_ms; /* the block's clock since the boot */
	struct kt_cursor_file *files;
};

/** The kinds of values in a thinned block. */
enum kt_value { KT_VALUE_LAST, KT_VALUE_MIN, KT_VALUE_MAX, KT_VALUE_MEAN };

struct kt_err *kt_cursor_init(struct kt_cursor *cursor, const struct kt_block *block) KT_MUST_CHECK;
void kt_cursor_fini(struct kt_cursor *cursor);
void kt_cursor_cleanup(struct kt_cursor *cursor);
/** Moves forward only: a sample before the current one leaves the cursor where it is. */
void kt_cursor_move(struct kt_cursor *cursor, uint32_t sample);
/**
 * Returns a number of a line; false: it is absent. Values other than the last one are searched from
 * the block's first sample on.
 */
bool kt_cursor_value(const struct kt_cursor *cursor, const struct kt_block_line *line,
	uint32_t number, enum kt_value value, int64_t *ret_value);
/**
 * Appends the text of a file at the sample. False, with nothing appended: the file is absent, or
 * larger than any file ever written.
 */
bool kt_cursor_text(const struct kt_cursor *cursor, uint32_t file, struct kt_buf *ret_text);
/** Whether the file's text at the current sample is the same as at `since`. */
bool kt_cursor_is_still(const struct kt_cursor *cursor, uint32_t file, uint32_t since);
/**
 * Hash of the first words of a file's lines, which are names: an equal hash means equal names. Not
 * comparable between blocks.
 */
uint64_t kt_cursor_names(const struct kt_cursor *cursor, uint32_t file);

#endif
