// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_HISTORY_H
#define KT_HISTORY_HISTORY_H

#include "record/cursor.h"
#include "record/recording.h"

/** A stretch of a recording. */
struct kt_history {
	const char *path;
	struct kt_recording *recording;
	int64_t from_ms, to_ms; /* both inclusive; by default the whole recording */
	/**
	 * Limits of the stretch. INT64_MIN, INT64_MAX: no limit, rather than the ends above, which
	 * samples exceed where the clock was set back.
	 */
	int64_t least_ms, most_ms;
	/** Skips and counts samples whose time went backwards; charts need it. */
	bool in_order;
	int64_t nr_visited, nr_samples_seen, nr_left_out; /* samples */
	uint64_t nr_turns; /* blocks that were walked, each walk counted */
};

/** Opens a whole recording. The path must outlive the history. */
struct kt_err *kt_history_open(const char *path, struct kt_history *ret_history) KT_MUST_CHECK;
/** Limits the stretch to these times, both inclusive; INT64_MIN, INT64_MAX: no limit. */
void kt_history_limit(struct kt_history *history, int64_t least_ms, int64_t most_ms);
/** Time of the last sample, which need not be the latest: a clock may have been set back. */
int64_t kt_history_last_ms(const struct kt_history *history);
void kt_history_cleanup(struct kt_history *history);

/** Called for a sample, to which the cursor has moved. */
typedef struct kt_err *(*kt_history_sample)(void *arg, struct kt_cursor *cursor, int64_t real_ms);
/**
 * Visits the last sample before each multiple of `step_ms` since 1970, and the last sample of the
 * stretch, each once. A step of 0: every sample. Skips damaged blocks, which the recording counts.
 */
struct kt_err *kt_history_walk(struct kt_history *history, int64_t step_ms, kt_history_sample visit,
	void *arg) KT_MUST_CHECK;
/** Called for a block, with its first and last sample in the stretch. */
typedef struct kt_err *(*kt_history_block)(
	void *arg, const struct kt_block *block, uint32_t first, uint32_t last);
/** Visits every block that has samples in the stretch; skips damaged blocks. */
struct kt_err *kt_history_blocks(
	struct kt_history *history, kt_history_block visit, void *arg) KT_MUST_CHECK;
/** Returns an error if no sample was visited. */
struct kt_err *kt_history_check(const struct kt_history *history) KT_MUST_CHECK;
/** Returns a round step that gives about `count` samples: 10 s, 5 min, 1 h. */
int64_t kt_history_step(const struct kt_history *history, int count);

#endif
