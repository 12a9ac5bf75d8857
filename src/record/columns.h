// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_COLUMNS_H
#define KT_RECORD_COLUMNS_H

#include "record/block.h"

/**
 * All series of a block in the form in which they are stored: the two clocks first, then
 * those of its lines. Appends guesses, first values and controls as texts, and behind them
 * the low bits, which no compressor makes smaller.
 */
void kt_columns_encode(const struct kt_block *block, struct kt_buf *ret_bytes);
/** Fills in the clocks and `count` series; false where these are no series, or memory is out. */
bool kt_columns_decode(struct kt_span bytes, size_t count, struct kt_block *block);

#endif
