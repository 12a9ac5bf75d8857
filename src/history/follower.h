// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_FOLLOWER_H
#define KT_HISTORY_FOLLOWER_H

#include "record/cursor.h"
#include "root/root.h"

struct kt_account;
struct kt_snapshot;

/** Computes the accounts of consecutive samples; unchanged parts are not computed again. */
struct kt_follower {
	struct kt_replay *replay;
	struct kt_root *root;
	uint64_t turn;			/* turn of the cursor */
	uint32_t sample;		/* last sample that was read */
	const char **changed;		/* room for all files of the block */
	const struct kt_snapshot *snap; /* snapshot of the last sample */
};

void kt_follower_cleanup(struct kt_follower *follower);
/**
 * Computes the account of the cursor's sample; the caller cleans it up. Its texts and
 * `follower->snap` are valid until the next call.
 */
struct kt_err *kt_follower_account(struct kt_follower *follower, const struct kt_cursor *cursor,
	struct kt_account *ret_account) KT_MUST_CHECK;

#endif
