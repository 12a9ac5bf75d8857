// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_RECORDING_H
#define KT_RECORD_RECORDING_H

#include "record/draft.h"
#include "record/frame.h"

/**
 * A recording while it is read, even while it is written: the blocks of the file, followed by the
 * samples in its tail ("FILE.tail", next to it). Damaged parts are skipped, counted and named.
 * Blocks are decoded one at a time, so memory does not grow with the file.
 */
struct kt_recording;

/** Directory where the recorder writes and other commands read by default. */
#define KT_STATE_DIR	     "/var/lib/ktally"
#define KT_RECORDING_DEFAULT KT_STATE_DIR "/ktally.rec"

struct kt_damage {
	uint64_t offset, size;
	const char *why;
};

/**
 * Whether the file is a recording. A recording that has just begun is an empty file with a tail
 * next to it.
 */
bool kt_is_recording(const char *path);

struct kt_err *kt_recording_open(
	const char *path, struct kt_recording **ret_recording) KT_MUST_CHECK;
void kt_recording_free(struct kt_recording *recording);
void kt_recording_cleanup(struct kt_recording **recording);

size_t kt_recording_nr_blocks(const struct kt_recording *recording);
/** Returns the header of a block; blocks are in the order of their samples. */
const struct kt_frame *kt_recording_frame(const struct kt_recording *recording, size_t index);
/**
 * Decodes a block, which stays valid until the next call. A damaged block is an error, and is
 * counted as damage.
 */
struct kt_err *kt_recording_block(struct kt_recording *recording, size_t index,
	const struct kt_block **ret_block) KT_MUST_CHECK;

/**
 * Finds the last sample at or before `when_ms`, in the last block that begins by then and can be
 * read; *ret_index is KT_NO_BLOCK if no block begins so early. An error if none can be read.
 */
struct kt_err *kt_recording_find(struct kt_recording *recording, int64_t when_ms, size_t *ret_index,
	uint32_t *ret_sample) KT_MUST_CHECK;
#define KT_NO_BLOCK SIZE_MAX

/** Returns the stored bytes of a block, header included, unchecked; not for the tail. */
struct kt_err *kt_recording_bytes(
	struct kt_recording *recording, size_t index, struct kt_buf *ret_bytes) KT_MUST_CHECK;

size_t kt_recording_nr_damages(const struct kt_recording *recording);
const struct kt_damage *kt_recording_damage(const struct kt_recording *recording, size_t index);
uint64_t kt_recording_file_size(const struct kt_recording *recording); /* bytes, without the tail */
uint64_t kt_recording_size(
	const struct kt_recording *recording); /* bytes of file and tail together */

#endif
