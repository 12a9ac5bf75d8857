// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_COLUMNS_H
#define KT_RECORD_COLUMNS_H

#include "record/block.h"

#define KT_COLUMNS_CLOCKS 2u /* series in front of those of the lines */

/**
 * All series of a block in the form in which they are stored: the two clocks first, then
 * those of its lines. Appends guesses, first values and controls as texts, and behind them
 * the low bits, which no compressor makes smaller.
 */
void kt_columns_encode(const struct kt_block *block, struct kt_buf *ret_bytes);
/**
 * Checks the series of a block, fills in its clocks and leaves the rest to
 * kt_columns_series(). `bytes` must outlive the block. False where these are not two clocks
 * and `count` series, or memory is out.
 */
bool kt_columns_decode(struct kt_span bytes, size_t count, struct kt_block *block);
void kt_columns_free(struct kt_columns_index *index); /* what is not in the block's arena */
/**
 * The operations of a series; 0 and 1 are the clocks. Where memory is out, or it would take
 * more than any block that was ever written, it is always absent, and the columns are not whole.
 */
struct kt_span kt_columns_series(const struct kt_block *block, size_t number);
bool kt_columns_are_whole(const struct kt_columns_index *index);

#endif
