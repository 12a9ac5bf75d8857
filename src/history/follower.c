// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/follower.h"

#include "account/account.h"
#include "history/replay.h"
#include "source/source.h"

#include <stdlib.h>

void kt_follower_cleanup(struct kt_follower *follower)
{
	kt_root_free(follower->root);
	kt_replay_free(follower->replay);
	free(follower->changed);
	*follower = (struct kt_follower){ 0 };
}

/* Begins with a block, possibly the same block again. */
static struct kt_err *enter_block(struct kt_follower *follower, const struct kt_cursor *cursor)
{
	kt_root_free(follower->root);
	follower->root = NULL;
	free(follower->changed);
	follower->changed = calloc(cursor->block->files.count + 1, sizeof(*follower->changed));
	if (!follower->replay)
		follower->replay = kt_replay_new();
	if (!follower->changed || !follower->replay)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	follower->turn = cursor->turn;
	return kt_root_follow(cursor, kt_source_inside, &follower->root);
}

/* True if there is a mark after sample `since`: marks name files that could not be read. */
static bool any_mark(const struct kt_cursor *cursor, uint32_t since)
{
	for (size_t i = 0; i < cursor->block->marks.count; i++) {
		uint32_t sample = cursor->block->marks.items[i].sample;

		if (sample > since && sample <= cursor->sample)
			return true;
	}
	return false;
}

static struct kt_err *read_sample(
	struct kt_follower *follower, const struct kt_cursor *cursor, struct kt_snapshot **ret_snap)
{
	bool same = follower->root && cursor->turn && follower->turn == cursor->turn &&
		    follower->sample <= cursor->sample;
	struct kt_changes changes = { .all = !same || any_mark(cursor, follower->sample) };
	struct kt_err *err = same ? NULL : enter_block(follower, cursor);

	for (uint32_t i = 0; !err && i < cursor->block->files.count; i++) {
		if (!kt_cursor_is_still(cursor, i, follower->sample))
			follower->changed[changes.count++] = cursor->block->files.items[i].path;
	}
	changes.paths = follower->changed;
	if (!err)
		err = kt_replay_read(follower->replay, follower->root, &changes, ret_snap);
	follower->sample = cursor->sample;
	if (err) /* a half-read snapshot is no base for the next sample */
		kt_follower_cleanup(follower);
	return err;
}

struct kt_err *kt_follower_account(struct kt_follower *follower, const struct kt_cursor *cursor,
	struct kt_account *ret_account)
{
	struct kt_snapshot *snap = NULL;
	struct kt_err *err = read_sample(follower, cursor, &snap);

	if (err || !snap)
		return err;
	follower->snap = snap;
	return kt_account_compute(snap, KT_NO_NODE, ret_account);
}
