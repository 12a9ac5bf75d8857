// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_HISTORY_H
#define KT_CMD_HISTORY_H

#include "cmd/cmd.h"
#include "record/cursor.h"
#include "record/recording.h"

/** A stretch of a recording: what report, plot and export look at. */
struct kt_history {
	const char *path;
	struct kt_recording *recording;
	int64_t from_ms, to_ms; /* both inclusive; where nobody says otherwise, all there is */
	/** What is looked at: without limit where nobody set one, for a clock may have been wrong.
	 */
	int64_t least_ms, most_ms;
	/** Whoever draws wants no time before one that was: such samples are left out, and counted.
	 */
	bool in_order;
	int64_t nr_visited, nr_samples_seen, nr_left_out; /* samples */
};

/** The recording that the first operand or -s names, from --from to --to. */
struct kt_err *kt_history_open(
	const struct kt_options *options, struct kt_history *ret_history) KT_MUST_CHECK;
void kt_history_cleanup(struct kt_history *history);

/** Called for a moment; the cursor stands at its sample. */
typedef struct kt_err *(*kt_history_moment)(void *arg, struct kt_cursor *cursor, int64_t real_ms);
/**
 * The last sample before each multiple of `step_ms` since 1970, and the last of all; none
 * twice. A step of 0: every sample. Damaged blocks are passed over: see kt_history_note().
 */
struct kt_err *kt_history_walk(struct kt_history *history, int64_t step_ms, kt_history_moment visit,
	void *arg) KT_MUST_CHECK;
/** Called for a block, with the first and last of its samples that are in the stretch. */
typedef struct kt_err *(*kt_history_block)(
	void *arg, const struct kt_block *block, uint32_t first, uint32_t last);
/** Every block that has samples in the stretch; damaged ones are passed over. */
struct kt_err *kt_history_blocks(
	struct kt_history *history, kt_history_block visit, void *arg) KT_MUST_CHECK;
/** An error where there was nothing to visit. */
struct kt_err *kt_history_check(const struct kt_history *history) KT_MUST_CHECK;
struct kt_session;
struct kt_account;
/** The account of the moment at which the cursor stands; both are the caller's to clean up. */
struct kt_err *kt_history_account(const struct kt_cursor *cursor, struct kt_session *ret_session,
	struct kt_account *ret_account) KT_MUST_CHECK;
int64_t kt_history_page_bytes(const struct kt_block *block);
/** A step that gives about `count` moments, as people divide time: 10 s, 5 min, 1 h. */
int64_t kt_history_step(const struct kt_history *history, int count);
/** Fields and headline: which recording, from when to when; notes: gaps, damage. */
void kt_history_describe(const struct kt_history *history, struct kt_report *report);
void kt_history_note(const struct kt_history *history, const struct kt_options *options,
	struct kt_report *report);

#endif
