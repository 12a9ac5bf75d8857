// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_RECORDING_H
#define KT_RECORD_RECORDING_H

#include "record/draft.h"
#include "record/frame.h"

/**
 * A recording that is read, also while it is written: the blocks of the file, and behind
 * them what the tail beside it ("FILE.tail") holds. Damaged parts are skipped, counted
 * and named. Blocks are decoded one at a time, so memory does not grow with the file.
 */
struct kt_recording;

struct kt_damage {
	uint64_t offset, size;
	const char *why;
};

/** Is the file a recording? One that has just begun is empty, with a tail beside it. */
bool kt_is_recording(const char *path);

struct kt_err *kt_recording_open(
	const char *path, struct kt_recording **ret_recording) KT_MUST_CHECK;
void kt_recording_free(struct kt_recording *recording);
void kt_recording_cleanup(struct kt_recording **recording);

size_t kt_recording_nr_blocks(const struct kt_recording *recording);
/** What the header says of a block; blocks are in the order of their samples. */
const struct kt_frame *kt_recording_frame(const struct kt_recording *recording, size_t index);
/**
 * Decodes a block; it stays as it is until the next call. A damaged block is an error,
 * and is counted as damage.
 */
struct kt_err *kt_recording_block(struct kt_recording *recording, size_t index,
	const struct kt_block **ret_block) KT_MUST_CHECK;

/** A block as it lies in the file, header and all, unchecked; not of the tail. */
struct kt_err *kt_recording_bytes(
	struct kt_recording *recording, size_t index, struct kt_buf *ret_bytes) KT_MUST_CHECK;

size_t kt_recording_nr_damages(const struct kt_recording *recording);
const struct kt_damage *kt_recording_damage(const struct kt_recording *recording, size_t index);
uint64_t kt_recording_size(const struct kt_recording *recording); /* bytes of file and tail */

#endif
