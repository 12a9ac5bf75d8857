// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/verdicts.h"

#include "account/account.h"
#include "history/feed.h"
#include "history/follower.h"
#include "history/tracks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EACH_MS	  900 /* every sample of a recorder, but not more than one a second */
#define MINUTE_MS 60000
#define HOUR_MS	  3600000
#define NO_TRACK  UINT32_MAX

/* A track of the block that is read, and the run that holds. */
struct course {
	struct kt_track_reader reader;
	struct kt_track_run run;
	size_t series;
	uint32_t next; /* index of the next course whose run begins at the same sample */
};

struct reading {
	struct kt_history *history;
	struct kt_judge_feed *feed;
	struct kt_follower follower;
	int64_t account_ms; /* time of the next account */
	/* of the block that is read */
	struct course *courses;
	size_t nr_courses;
	uint32_t nr_samples;
	uint32_t *due;		    /* for each sample, the first course whose run begins there */
	int64_t *real_ms, *boot_ms; /* of each sample */
};

static struct kt_err *no_memory(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
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
static void enter_next(struct reading *reading, uint32_t index)
{
	struct course *course = &reading->courses[index];

	if (!kt_track_next(&course->reader, &course->run) ||
		course->run.from >= reading->nr_samples)
		return;
	course->next = reading->due[course->run.from];
	reading->due[course->run.from] = index;
}

/* Prepares the courses of a block: from then on a sample costs only what changes in it. */
static bool start_courses(struct reading *reading, const struct kt_block *block)
{
	const kt_tracks *tracks = kt_tracks_reader_at(&reading->feed->tracks, block);

	free(reading->courses);
	free(reading->due);
	reading->nr_courses = 0;
	reading->nr_samples = block->nr_samples;
	reading->courses = calloc(tracks->count + 1, sizeof(*reading->courses));
	reading->due = malloc(((size_t)block->nr_samples + 1) * sizeof(*reading->due));
	if (!reading->courses || !reading->due || reading->feed->tracks.failed)
		return false;
	/* NO_TRACK is all ones */
	memset(reading->due, 0xff, ((size_t)block->nr_samples + 1) * sizeof(*reading->due));
	for (size_t i = 0; i < tracks->count; i++) {
		const struct kt_track *track = &tracks->items[i];
		struct course *course = &reading->courses[reading->nr_courses];

		if (!kt_judge_feed_is_judged(track))
			continue;
		course->series = kt_judge_feed_series(reading->feed, track);
		if (course->series == SIZE_MAX)
			continue;
		kt_track_read(&course->reader, block, track);
		enter_next(reading, (uint32_t)reading->nr_courses++);
	}
	return !reading->feed->arena.failed;
}

/* A thinned block has the least of each stretch, and a floor is just that. */
static void put_courses(struct reading *reading, uint32_t sample)
{
	uint32_t index = reading->due[sample];

	while (index != NO_TRACK) {
		struct course *course = &reading->courses[index];
		uint32_t next = course->next;

		if (course->run.absent)
			kt_judge_gone(reading->feed->judge, course->series);
		else
			kt_judge_amount(reading->feed->judge, course->series, course->run.min);
		enter_next(reading, index);
		index = next;
	}
}

/* ---- the account ---- */

static struct kt_err *put_account(struct reading *reading, const struct kt_cursor *cursor)
{
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err = kt_follower_account(&reading->follower, cursor, &account);

	if (!err)
		kt_judge_feed_account(reading->feed, &account);
	return err;
}

/*
 * Time from one account to the next. Blocks of ten seconds are judged in the last six minutes only:
 * an account each ten seconds would fall into the same block twice, or into none, and make a
 * staircase of a straight line. Blocks of a minute are judged in the last hours only, and a block
 * of two hours needs a few accounts.
 */
static int64_t account_step_ms(int64_t age_ms)
{
	if (age_ms <= 7ll * MINUTE_MS)
		return EACH_MS;
	if (age_ms <= 3ll * HOUR_MS)
		return MINUTE_MS;
	return age_ms <= 48ll * HOUR_MS ? 10ll * MINUTE_MS : 30ll * MINUTE_MS;
}

static struct kt_err *put_machine(
	struct reading *reading, struct kt_cursor *cursor, uint32_t sample)
{
	int64_t now_ms = reading->real_ms[sample];

	/* a clock that was set back makes no gap */
	if (now_ms < reading->account_ms && now_ms > reading->account_ms - HOUR_MS)
		return NULL;
	reading->account_ms = now_ms + account_step_ms(reading->history->to_ms - now_ms);
	kt_cursor_move(cursor, sample);
	kt_activity_put(&reading->feed->activity, cursor, reading->feed->judge);
	return put_account(reading, cursor);
}

static struct kt_err *add_block(
	void *arg, const struct kt_block *block, uint32_t first, uint32_t last)
{
	struct reading *reading = arg;
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	struct kt_err *err;

	if (!start_courses(reading, block) ||
		!read_clock(block->real_ms, block->nr_samples, &reading->real_ms) ||
		!read_clock(block->boot_ms, block->nr_samples, &reading->boot_ms))
		return no_memory();
	err = kt_cursor_init(&cursor, block);
	cursor.turn = ++reading->history->nr_turns;
	kt_judge_feed_block(reading->feed, block);
	for (uint32_t i = 0; !err && i <= last; i++) {
		/* the stretch begins with the amounts of the samples before it */
		kt_judge_begin(reading->feed->judge, reading->real_ms[i < first ? first : i],
			reading->boot_ms[i < first ? first : i]);
		put_courses(reading, i);
		if (i < first)
			continue;
		err = put_machine(reading, &cursor, i);
		kt_judge_end(reading->feed->judge);
	}
	if (err || !reading->feed->arena.failed)
		return err;
	return no_memory();
}

struct kt_err *kt_history_feed(struct kt_history *history, struct kt_judge_feed *feed)
{
	struct reading reading = { .history = history, .feed = feed, .account_ms = INT64_MIN / 2 };
	struct kt_err *err = kt_history_blocks(history, add_block, &reading);

	kt_follower_cleanup(&reading.follower);
	free(reading.courses);
	free(reading.due);
	free(reading.real_ms);
	free(reading.boot_ms);
	return err;
}

struct kt_err *kt_history_judge(struct kt_history *history, const struct kt_judge_options *options,
	struct kt_judge **ret_judge)
{
	struct kt_judge_feed feed;
	struct kt_err *err = kt_judge_feed_init(&feed, options);

	if (!err)
		err = kt_history_feed(history, &feed);
	*ret_judge = feed.judge;
	feed.judge = NULL;
	kt_judge_feed_fini(&feed);
	return err;
}
