// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_FEED_H
#define KT_HISTORY_FEED_H

#include "base/map.h"
#include "history/activity.h"
#include "history/tracks.h"
#include "verdict/judge.h"

/**
 * A judge with the names of its series: what a recording and the recorder both give to it. Slab
 * caches are series "slab:NAME", rows of the account "account:ROW". From one block to the next the
 * names stay.
 */
struct kt_account;

#define KT_VERDICTS_SERIES_MAX 8192 /* series of a recording that are judged */

struct kt_judge_feed {
	struct kt_judge *judge;
	struct kt_arena arena; /* has failed: out of memory */
	struct kt_map by_name; /* index of each series in the judge */
	struct kt_tracks_reader tracks;
	struct kt_activity activity;
	char boot_id[64]; /* of the last block */
};

/** The caller finishes it after an error too. */
struct kt_err *kt_judge_feed_init(
	struct kt_judge_feed *ret_feed, const struct kt_judge_options *options) KT_MUST_CHECK;
void kt_judge_feed_fini(struct kt_judge_feed *feed);

/** Begins a block: notices a boot since the last one, and finds the lines of the activity. */
void kt_judge_feed_block(struct kt_judge_feed *feed, const struct kt_block *block);
/** Whether the amounts of a track are judged. */
bool kt_judge_feed_is_judged(const struct kt_track *track);
/** Returns the series of a track in the judge; SIZE_MAX: there is no room for it. */
size_t kt_judge_feed_series(struct kt_judge_feed *feed, const struct kt_track *track);
/** Gives rows of the account to the judge, within a sample of it. */
void kt_judge_feed_account(struct kt_judge_feed *feed, const struct kt_account *account);

#endif
