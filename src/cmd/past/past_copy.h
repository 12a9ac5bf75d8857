// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_PAST_COPY_H
#define KT_CMD_PAST_PAST_COPY_H

#include "history/history.h"
#include "record/sampler.h"
#include "report/report.h"
#include "report/shape.h"
#include "root/new_file.h"

/**
 * A recording that is made of parts of others. Whole blocks are copied as they are; of other blocks
 * each sample is written anew. It gets its name when it is complete.
 */
struct kt_past_copy {
	struct kt_new_file file;
	uint64_t nr_samples, nr_bytes; /* so far; thinned samples are stretches */
	uint64_t nr_whole_thinned;     /* samples outside the period, of thinned blocks */
};

struct kt_err *kt_past_copy_open(
	const char *path, bool force, struct kt_past_copy *ret_copy) KT_MUST_CHECK;
/**
 * Adds a block's samples from `from_ms` to `to_ms`, both inclusive. A thinned block that has any is
 * added as a whole. A damaged block is skipped, and counted by the recording.
 */
struct kt_err *kt_past_copy_block(struct kt_past_copy *copy, struct kt_recording *recording,
	size_t index, int64_t from_ms, int64_t to_ms) KT_MUST_CHECK;
/** Names the recording. */
struct kt_err *kt_past_copy_commit(struct kt_past_copy *copy) KT_MUST_CHECK;
void kt_past_copy_fini(struct kt_past_copy *copy);

/** File, samples and bytes: the fields of a command that copies. */
extern const struct kt_part kt_past_copy_part;
/** Puts these fields and a headline. */
void kt_past_copy_put(const struct kt_past_copy *copy, const char *path, struct kt_report *report);

#endif
