// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/feed.h"

#include "account/account.h"

#include <stdio.h>
#include <string.h>

struct kt_err *kt_judge_feed_init(
	struct kt_judge_feed *ret_feed, const struct kt_judge_options *options)
{
	*ret_feed = (struct kt_judge_feed){ .judge = kt_judge_new(options),
		.activity = { .pressure = -1 } };
	return ret_feed->judge ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

void kt_judge_feed_fini(struct kt_judge_feed *feed)
{
	kt_judge_free(feed->judge);
	kt_tracks_reader_fini(&feed->tracks);
	kt_map_fini(&feed->by_name);
	kt_arena_fini(&feed->arena);
	*feed = (struct kt_judge_feed){ 0 };
}

/* Index of a series of the judge, a new one if there is room; SIZE_MAX: none. */
static size_t series_of(
	struct kt_judge_feed *feed, const char *name, int64_t grain_bytes, bool reclaimable)
{
	const struct kt_judge_series series = { name, grain_bytes, reclaimable };
	bool added;
	uint32_t *index;
	size_t at;

	index = kt_map_find(&feed->by_name, kt_span_str(name));
	if (index)
		return *index;
	if (kt_judge_count(feed->judge) >= KT_VERDICTS_SERIES_MAX)
		return SIZE_MAX;
	at = kt_judge_add(feed->judge, &series);
	index = at == SIZE_MAX
			? NULL
			: kt_map_add(&feed->by_name, kt_span_str(name), &feed->arena, &added);
	feed->arena.failed |= !index;
	if (index)
		*index = (uint32_t)at;
	return index ? at : SIZE_MAX;
}

/*
 * Caches that the kernel makes with SLAB_RECLAIM_ACCOUNT and can empty; a recording does not have
 * the flag itself. Inodes of sockets have it too, but live as long as the socket.
 */
static bool is_reclaimable(const char *name)
{
	static const char *const parts[] = { "dentry", "_inode", "inode_cache", "kmalloc-rcl-",
		"radix_tree_node", "buffer_head", "extent_status", "xfs_ili", "xfs_buf",
		"mb_cache_entry", "jbd2_journal_head" };

	if (strstr(name, "sock_inode_cache"))
		return false;
	for (size_t i = 0; i < KT_LEN(parts); i++) {
		if (strstr(name, parts[i]))
			return true;
	}
	return false;
}

/* The counts of kernel memory divide the same caches: they would be judged twice. */
bool kt_judge_feed_is_judged(const struct kt_track *track)
{
	return track->source == &kt_source_slabinfo;
}

size_t kt_judge_feed_series(struct kt_judge_feed *feed, const struct kt_track *track)
{
	return series_of(feed, track->id, track->unit_bytes, is_reclaimable(track->name));
}

void kt_judge_feed_block(struct kt_judge_feed *feed, const struct kt_block *block)
{
	const char *fact = kt_block_fact(block, "boot_id");

	if (*feed->boot_id && fact && strcmp(fact, feed->boot_id) != 0) {
		kt_judge_boot(feed->judge);
		feed->activity.pressure = -1;
	}
	snprintf(feed->boot_id, sizeof(feed->boot_id), "%s", fact ? fact : "");
	kt_activity_find(&feed->activity, block);
}

/* Rows of kernel memory that no cache of the list is in. */
static bool is_judged_row(enum kt_row_id row)
{
	if (row == KT_ROW_NONE || row == KT_ROW_SLAB || kt_rows[row].parent == KT_ROW_SLAB)
		return false;
	if (row == KT_ROW_SHMEM || row == KT_ROW_HUGETLB || row == KT_ROW_BALLOON)
		return true;
	return kt_rows[row].level == KT_LEVEL_MANAGED &&
	       (kt_rows[row].parent == KT_ROW_KERNEL || kt_rows[row].parent == KT_ROW_DIRECT);
}

void kt_judge_feed_account(struct kt_judge_feed *feed, const struct kt_account *account)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];
		size_t series;
		char name[80];

		if (!is_judged_row(line->row) || !kt_ok(line->val) ||
			kt_row_id_name(line->parent) == NULL)
			continue;
		snprintf(name, sizeof(name), "account:%s", line->id);
		series = series_of(feed, name, 0, false);
		if (series != SIZE_MAX)
			kt_judge_amount(feed->judge, series, line->val.value);
	}
}
