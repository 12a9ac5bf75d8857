// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_FRAME_H
#define KT_RECORD_FRAME_H

#include "base/buf.h"
#include "base/err.h"
#include "record/block.h"

/**
 * A block as stored in a file: a header of 64 bytes with a checksum of its own, then the compressed
 * block, whose checksum is in the header. A reader that finds damage searches for the next header.
 */

#define KT_FRAME_MAGIC	    "ktally\x1aR"
#define KT_FRAME_MAGIC_SIZE 8u
#define KT_FRAME_HEAD	    64u /* bytes of a header */
#define KT_FRAME_STORED_MAX \
	(KT_BLOCK_BYTES_MAX + (1u << 20)) /* bytes; fits a block that does not compress */

struct kt_frame {
	uint64_t offset;   /* bytes; place of the header in the file */
	uint64_t sequence; /* number of its first sample since the recording began */
	uint32_t nr_samples, values_per_number;
	uint32_t stored_size, raw_size, crc;
	int64_t first_ms, last_ms; /* ms since 1970 */
};

/** Appends header and compressed block. */
struct kt_err *kt_frame_write(
	const struct kt_block *block, uint64_t sequence, struct kt_buf *ret_bytes) KT_MUST_CHECK;
/** Parses a header; false: it is not one. `bytes` has KT_FRAME_HEAD bytes. */
bool kt_frame_read_head(struct kt_span bytes, struct kt_frame *ret_frame);
/**
 * Unpacks the block after a header. `stored` is the text after the header; `ret_raw` receives the
 * block's bytes and must outlive the block.
 */
struct kt_err *kt_frame_unpack(const struct kt_frame *frame, struct kt_span stored,
	struct kt_buf *ret_raw, struct kt_block *ret_block) KT_MUST_CHECK;

#endif
