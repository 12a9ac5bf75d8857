// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/verdicts.h"

#include "account/account.h"
#include "base/map.h"
#include "history/activity.h"
#include "history/follower.h"
#include "history/tracks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORTEST_MS 10000 /* of a block */
#define MINUTE_MS   60000
#define HOUR_MS	    3600000
#define NO_TRACK    UINT32_MAX

/* A track of the block that is read, and the run that holds. */
struct course {
	struct kt_track_reader reader;
	struct kt_track_run run;
	size_t series;
	uint32_t next; /* index of the next course whose run begins at the same sample */
};

struct feed {
	struct kt_history *history;
	struct kt_judge *judge;
	struct kt_arena arena;
	struct kt_map by_name; /* index of each series in the judge */
	struct kt_tracks_reader tracks;
	struct kt_follower follower;
	struct kt_activity activity;
	char boot_id[64];
	int64_t account_ms; /* time of the next account */
	/* of the block that is read */
	struct course *courses;
	size_t nr_courses;
	uint32_t *due;		    /* for each sample, the first course whose run begins there */
	int64_t *real_ms, *boot_ms; /* of each sample */
};

static struct kt_err *no_memory(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

/* Index of a series of the judge, a new one if there is room; SIZE_MAX: none. */
static size_t series_of(struct feed *feed, const char *name, int64_t grain_bytes, bool reclaimable)
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

static bool is_judged(const struct kt_track *track)
{
	return track->source == &kt_source_slabinfo || track->source == &kt_source_slub;
}

/* ---- a block ---- */

static bool read_clock(struct kt_span ops, uint32_t nr_samples, int64_t **ret_ms)
{
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t at = 0;

	free(*ret_ms);
	*ret_ms = calloc((size_t)nr_samples + 1, sizeof(**ret_ms));
	if (!*ret_ms)
		return false;
	kt_series_read(&reader, ops, nr_samples);
	while (kt_series_next(&reader, &run)) {
		for (uint32_t i = 0; i < run.count && at < nr_samples; i++)
			(*ret_ms)[at++] = run.absent ? -1 : run.value;
	}
	return true;
}

/* Reads on to the run that begins next, and enters the course at its first sample. */
static void enter_next(struct feed *feed, uint32_t index)
{
	struct course *course = &feed->courses[index];
	uint32_t nr_samples = course->reader.block->nr_samples;

	if (!kt_track_next(&course->reader, &course->run) || course->run.from >= nr_samples)
		return;
	course->next = feed->due[course->run.from];
	feed->due[course->run.from] = index;
}

/* Prepares the courses of a block: from then on a sample costs only what changes in it. */
static bool start_courses(struct feed *feed, const struct kt_block *block)
{
	const kt_tracks *tracks = kt_tracks_reader_at(&feed->tracks, block);

	free(feed->courses);
	free(feed->due);
	feed->nr_courses = 0;
	feed->courses = calloc(tracks->count + 1, sizeof(*feed->courses));
	feed->due = malloc(((size_t)block->nr_samples + 1) * sizeof(*feed->due));
	if (!feed->courses || !feed->due || feed->tracks.failed)
		return false;
	for (uint32_t i = 0; i <= block->nr_samples; i++)
		feed->due[i] = NO_TRACK;
	for (size_t i = 0; i < tracks->count; i++) {
		const struct kt_track *track = &tracks->items[i];
		struct course *course = &feed->courses[feed->nr_courses];

		if (!is_judged(track))
			continue;
		course->series =
			series_of(feed, track->id, track->unit_bytes, is_reclaimable(track->name));
		if (course->series == SIZE_MAX)
			continue;
		kt_track_read(&course->reader, block, track);
		enter_next(feed, (uint32_t)feed->nr_courses++);
	}
	return !feed->arena.failed;
}

/* A thinned block has the least of each stretch, and a floor is just that. */
static void put_courses(struct feed *feed, uint32_t sample)
{
	uint32_t index = feed->due[sample];

	while (index != NO_TRACK) {
		struct course *course = &feed->courses[index];
		uint32_t next = course->next;

		if (course->run.absent)
			kt_judge_gone(feed->judge, course->series);
		else
			kt_judge_amount(feed->judge, course->series, course->run.min);
		enter_next(feed, index);
		index = next;
	}
}

/* ---- the account ---- */

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

static struct kt_err *put_account(struct feed *feed, const struct kt_cursor *cursor)
{
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err = kt_follower_account(&feed->follower, cursor, &account);

	for (size_t i = 0; !err && i < account.lines.count; i++) {
		const struct kt_line *line = &account.lines.items[i];
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
	return err;
}

/*
 * Time from one account to the next: the shortest blocks are judged in the last minutes only,
 * blocks of a minute in the last hours, and a block of two hours needs a few accounts.
 */
static int64_t account_step_ms(int64_t age_ms)
{
	if (age_ms <= 15ll * MINUTE_MS)
		return SHORTEST_MS;
	if (age_ms <= 3ll * HOUR_MS)
		return MINUTE_MS;
	return age_ms <= 48ll * HOUR_MS ? 10ll * MINUTE_MS : 30ll * MINUTE_MS;
}

static struct kt_err *put_machine(struct feed *feed, struct kt_cursor *cursor, uint32_t sample)
{
	int64_t now_ms = feed->real_ms[sample];

	/* a clock that was set back makes no gap */
	if (now_ms < feed->account_ms && now_ms > feed->account_ms - HOUR_MS)
		return NULL;
	feed->account_ms = now_ms + account_step_ms(feed->history->to_ms - now_ms);
	kt_cursor_move(cursor, sample);
	kt_activity_put(&feed->activity, cursor, feed->judge);
	return put_account(feed, cursor);
}

static void note_boot(struct feed *feed, const struct kt_block *block)
{
	const char *fact = kt_block_fact(block, "boot_id");

	if (*feed->boot_id && fact && strcmp(fact, feed->boot_id) != 0) {
		kt_judge_boot(feed->judge);
		feed->activity.pressure = -1;
	}
	snprintf(feed->boot_id, sizeof(feed->boot_id), "%s", fact ? fact : "");
}

static struct kt_err *add_block(
	void *arg, const struct kt_block *block, uint32_t first, uint32_t last)
{
	struct feed *feed = arg;
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	struct kt_err *err;

	if (!start_courses(feed, block) ||
		!read_clock(block->real_ms, block->nr_samples, &feed->real_ms) ||
		!read_clock(block->boot_ms, block->nr_samples, &feed->boot_ms))
		return no_memory();
	err = kt_cursor_init(&cursor, block);
	cursor.turn = ++feed->history->nr_turns;
	note_boot(feed, block);
	kt_activity_find(&feed->activity, block);
	for (uint32_t i = 0; !err && i <= last; i++) {
		/* the stretch begins with the amounts of the samples before it */
		kt_judge_begin(feed->judge, feed->real_ms[i < first ? first : i],
			feed->boot_ms[i < first ? first : i]);
		put_courses(feed, i);
		if (i < first)
			continue;
		err = put_machine(feed, &cursor, i);
		kt_judge_end(feed->judge);
	}
	if (err || !feed->arena.failed)
		return err;
	return no_memory();
}

struct kt_err *kt_history_judge(struct kt_history *history, const struct kt_judge_options *options,
	struct kt_judge **ret_judge)
{
	struct feed feed = { .history = history,
		.judge = kt_judge_new(options),
		.activity = { .pressure = -1 },
		.account_ms = INT64_MIN / 2 };
	struct kt_err *err;

	*ret_judge = feed.judge;
	if (!feed.judge)
		return no_memory();
	err = kt_history_blocks(history, add_block, &feed);
	kt_follower_cleanup(&feed.follower);
	kt_tracks_reader_fini(&feed.tracks);
	kt_map_fini(&feed.by_name);
	kt_arena_fini(&feed.arena);
	free(feed.courses);
	free(feed.due);
	free(feed.real_ms);
	free(feed.boot_ms);
	return err;
}
