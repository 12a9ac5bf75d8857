// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_CURSOR_H
#define KT_RECORD_CURSOR_H

#include "record/block.h"

/**
 * All numbers of a block at one sample after the other. Moving forward costs what changed
 * in between, so looking at every sample of a block costs no more than decoding it.
 */
struct kt_cursor_series {
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t end; /* first sample that the run does not cover */
};

struct kt_cursor {
	const struct kt_block *block;
	uint32_t sample;
	size_t nr_series;
	struct kt_cursor_series *series;
};

/** Which of the values of a thinned block. */
enum kt_value { KT_VALUE_LAST, KT_VALUE_MIN, KT_VALUE_MAX, KT_VALUE_MEAN };

struct kt_err *kt_cursor_init(struct kt_cursor *cursor, const struct kt_block *block) KT_MUST_CHECK;
void kt_cursor_fini(struct kt_cursor *cursor);
void kt_cursor_cleanup(struct kt_cursor *cursor);
/** Forward only: a smaller sample than the last one is the last one. */
void kt_cursor_move(struct kt_cursor *cursor, uint32_t sample);
/** A number of a line; false where it is absent. */
bool kt_cursor_value(const struct kt_cursor *cursor, const struct kt_block_line *line,
	uint32_t number, enum kt_value value, int64_t *ret_value);
/**
 * Appends the text of a file as it was at the sample; false, and nothing appended, where it
 * is absent, or larger than anything that was ever written.
 */
bool kt_cursor_text(const struct kt_cursor *cursor, uint32_t file, struct kt_buf *ret_text);

#endif
