// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_KEEP_H
#define KT_RECORD_KEEP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How long samples are kept, and at which resolution. Ages are relative to the last sample. */
struct kt_keep {
	int64_t fine_ms;   /* ms; younger samples: all are kept */
	int64_t minute_ms; /* ms; younger samples: one stretch a minute; older: one an hour */
	int64_t days_ms;   /* ms; older samples are dropped */
	uint64_t size_max; /* bytes; above it the oldest samples are dropped, whatever their age */
};

extern const struct kt_keep kt_keep_default;

/**
 * Whether enough can be thinned or dropped to make rewriting the file worth it. `*nr_due`, in:
 * blocks that the last rewrite could not make smaller; out: blocks due now.
 */
struct kt_err *kt_keep_is_due(
	const char *path, const struct kt_keep *keep, size_t *nr_due, bool *ret_due) KT_MUST_CHECK;
/**
 * Copies the part of a recording that is kept to another file, in steps of bounded work: a step
 * copies a block, thins a part of one, or writes some MiB to the disk. Young damaged blocks are
 * copied unchanged.
 */
struct kt_rewrite;

/** `fd` is an empty file; it stays open and belongs to the caller. */
struct kt_err *kt_rewrite_begin(const char *path, int fd, const struct kt_keep *keep,
	struct kt_rewrite **ret_rewrite) KT_MUST_CHECK;
/** `ret_done`: everything is written and synced. */
struct kt_err *kt_rewrite_step(struct kt_rewrite *rewrite, bool *ret_done) KT_MUST_CHECK;
/** Bytes of the file when the rewrite began; later blocks are not in the new file. */
uint64_t kt_rewrite_source_size(const struct kt_rewrite *rewrite);
void kt_rewrite_free(struct kt_rewrite *rewrite);

#endif
