// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_REPLAY_H
#define KT_HISTORY_REPLAY_H

#include "source/source.h"

/**
 * Account snapshots for consecutive samples of a recording. Data that equals the previous sample is
 * not parsed again. For files that change with every sample, only the numbers parsed from them are
 * replaced; any other change reads everything anew. The snapshot is the same either way, except for
 * the times of the host and the list of unknown fields, whose values come from the last complete
 * read.
 */
struct kt_replay;

struct kt_replay *kt_replay_new(void); /* NULL when out of memory */
void kt_replay_free(struct kt_replay *replay);

/** Paths of files that changed since the last call. `all`: anything may have changed. */
struct kt_changes {
	const char *const *paths;
	size_t count;
	bool all;
};

/** Returns the snapshot with its derived entries; valid until the next call. */
struct kt_err *kt_replay_read(struct kt_replay *replay, struct kt_root *root,
	const struct kt_changes *changes, struct kt_snapshot **ret_snap) KT_MUST_CHECK;
/** Number of complete reads. */
size_t kt_replay_nr_whole(const struct kt_replay *replay);

#endif
