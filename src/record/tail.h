// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_TAIL_H
#define KT_RECORD_TAIL_H

#include "base/buf.h"
#include "record/draft.h"

/**
 * The tail: the block that is being written, as the steps that make it, in pieces of a few seconds.
 * Each piece has a size and a checksum; the first damaged piece ends the tail.
 */
#define KT_TAIL_SUFFIX	   ".tail"
#define KT_TAIL_MAGIC	   "ktally\x1aT"
#define KT_TAIL_MAGIC_SIZE 8u
#define KT_TAIL_BYTES_MAX  (64u << 20) /* bytes; a longer tail is not a tail */

void kt_tail_put_head(uint64_t sequence, struct kt_buf *ret_bytes);
/** Writes the header of a piece, which comes before its steps. */
void kt_tail_put_piece_head(struct kt_span steps, struct kt_buf *ret_bytes);
void kt_tail_put_piece(struct kt_span steps, struct kt_buf *ret_bytes);
/**
 * Replays a tail into a draft. Returns the number of valid bytes, 0: not a tail. `ret_sequence` is
 * the number of the draft's first sample.
 */
size_t kt_tail_replay(struct kt_span bytes, struct kt_draft *draft, uint64_t *ret_sequence);

#endif
