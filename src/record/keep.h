// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_KEEP_H
#define KT_RECORD_KEEP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/** How long samples are kept, and how closely. Ages are before the last sample. */
struct kt_keep {
	int64_t fine_ms;   /* younger: every sample */
	int64_t minute_ms; /* younger: one stretch a minute; older: one an hour */
	int64_t days_ms;   /* older: gone */
	uint64_t size_max; /* bytes; beyond it the oldest go, whatever their age */
};

extern const struct kt_keep kt_keep_default;

/** Is there enough to thin or to drop that rewriting the file is worth it? */
struct kt_err *kt_keep_is_due(
	const char *path, const struct kt_keep *keep, bool *ret_due) KT_MUST_CHECK;
/**
 * Writes what is to be kept of `path` to `new_path`, which must not exist. The caller, who
 * holds the file, puts it in its place. Damaged blocks are copied as they are, if young.
 */
struct kt_err *kt_keep_rewrite(
	const char *path, const char *new_path, const struct kt_keep *keep) KT_MUST_CHECK;

#endif
