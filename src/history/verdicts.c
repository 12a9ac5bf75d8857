// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/verdicts.h"

#include "account/account.h"
#include "base/kernel_files.h"
#include "history/feed.h"
#include "history/follower.h"
#include "history/tracks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EACH_MS	  900 /* every sample of a recorder, but not more than one a second */
#define MINUTE_MS 60000
#define HOUR_MS	  3600000
#define NONE	  UINT32_MAX

/* A track of the block that holds at the sample, and its run there. */
struct course {
	struct kt_track_reader reader;
	struct kt_track_run run;
	uint32_t series;
	uint32_t next; /* index of the next course whose run begins at the same sample */
};

/* A track that has not begun yet. A block may have many short ones: see twins in track.h. */
struct start {
	uint32_t series;
	uint32_t next; /* index of the next track that begins at the same sample */
};

/* State of a series in the judge. */
enum held {
	HELD_NOT,    /* nothing, or that it has gone */
	HELD,	     /* its amount */
	HELD_BEFORE, /* its amount in the block before this one */
	HELD_ENDS    /* its amount, but its track ends at this sample */
};

struct reading {
	struct kt_history *history;
	struct kt_judge_feed *feed;
	struct kt_follower follower;
	int64_t account_ms; /* time of the next account */
	uint8_t held[KT_VERDICTS_SERIES_MAX];
	/* of the block that is read */
	const struct kt_block *block;
	const kt_tracks *tracks;
	struct start *starts; /* of each track */
	struct course *courses;
	uint32_t nr_courses, room, unused; /* unused: index of the first course that has ended */
	uint32_t *begin;		   /* for each sample, the first track that begins there */
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

static void end_block(struct reading *reading)
{
	free(reading->starts);
	free(reading->begin);
	free(reading->due);
	reading->starts = NULL;
	reading->begin = reading->due = NULL;
	reading->nr_courses = 0;
	reading->unused = NONE;
}

/* Prepares the tracks of a block: from then on a sample costs only what changes in it. */
static bool begin_block(struct reading *reading, const struct kt_block *block)
{
	const kt_tracks *tracks = kt_tracks_reader_at(&reading->feed->tracks, block);
	size_t bytes = ((size_t)block->nr_samples + 1) * sizeof(*reading->due);

	end_block(reading);
	reading->block = block;
	reading->tracks = tracks;
	reading->starts = calloc(tracks->count + 1, sizeof(*reading->starts));
	reading->begin = malloc(bytes);
	reading->due = malloc(bytes);
	if (!reading->starts || !reading->begin || !reading->due || reading->feed->tracks.failed)
		return false;
	/* NONE is all ones */
	memset(reading->begin, 0xff, bytes);
	memset(reading->due, 0xff, bytes);
	for (size_t i = 0; i < tracks->count; i++) {
		const struct kt_track *track = &tracks->items[i];
		size_t series;

		if (!kt_judge_feed_is_judged(track) || track->from >= block->nr_samples)
			continue;
		series = kt_judge_feed_series(reading->feed, track);
		if (series == SIZE_MAX)
			continue;
		reading->starts[i] =
			(struct start){ (uint32_t)series, reading->begin[track->from] };
		reading->begin[track->from] = (uint32_t)i;
	}
	for (size_t i = 0; i < KT_LEN(reading->held); i++)
		reading->held[i] = reading->held[i] ? HELD_BEFORE : HELD_NOT;
	return !reading->feed->arena.failed;
}

/* Returns the index of a course that is not used; NONE: out of memory. */
static uint32_t new_course(struct reading *reading)
{
	uint32_t index = reading->unused, room = reading->room ? reading->room * 2 : 256;
	struct course *grown;

	if (index != NONE) {
		reading->unused = reading->courses[index].next;
		return index;
	}
	if (reading->nr_courses == reading->room) {
		grown = realloc(reading->courses, room * sizeof(*grown));
		if (!grown)
			return NONE;
		reading->courses = grown;
		reading->room = room;
	}
	return reading->nr_courses++;
}

/* Enters a course at the first sample of its next run, from `sample` on; it may have none. */
static void enter_next(struct reading *reading, uint32_t index, uint32_t sample)
{
	struct course *course = &reading->courses[index];
	bool any;

	/* before and after its track, a run is absent and says nothing of the series */
	do
		any = kt_track_next(&course->reader, &course->run);
	while (any && course->run.from < sample);
	if (any && course->run.from < reading->block->nr_samples) {
		course->next = reading->due[course->run.from];
		reading->due[course->run.from] = index;
	} else {
		course->next = reading->unused;
		reading->unused = index;
	}
}

static bool begin_tracks(struct reading *reading, uint32_t sample)
{
	for (uint32_t i = reading->begin[sample]; i != NONE; i = reading->starts[i].next) {
		uint32_t index = new_course(reading);
		struct course *course = &reading->courses[index];

		if (index == NONE)
			return false;
		course->series = reading->starts[i].series;
		kt_track_read(&course->reader, reading->block, &reading->tracks->items[i]);
		enter_next(reading, index, sample);
	}
	return true;
}

/*
 * A cache that is in no line of a block, or in none of its first sample, has gone since. Without
 * the list of caches, nothing is known of them.
 */
static void end_held_before(struct reading *reading)
{
	size_t nr_series = kt_judge_count(reading->feed->judge);

	if (kt_block_file(reading->block, KT_FILE_SLABINFO) < 0)
		return;
	for (size_t i = 0; i < nr_series && i < KT_LEN(reading->held); i++) {
		if (reading->held[i] != HELD_BEFORE)
			continue;
		kt_judge_gone(reading->feed->judge, i);
		reading->held[i] = HELD_NOT;
	}
}

/*
 * Gives the judge what changes at a sample. A thinned block has the least of each stretch, and a
 * floor is just that. A cache whose line is another one from now on has not gone: one track of it
 * ends here and one begins, and an amount of 0 in between would be its floor.
 */
static bool put_courses(struct reading *reading, uint32_t sample)
{
	struct kt_judge *judge = reading->feed->judge;
	uint32_t next;

	if (!begin_tracks(reading, sample))
		return false;
	for (uint32_t i = reading->due[sample]; i != NONE; i = reading->courses[i].next) {
		uint8_t *held = &reading->held[reading->courses[i].series];

		if (reading->courses[i].run.absent && *held == HELD)
			*held = HELD_ENDS;
	}
	for (uint32_t i = reading->due[sample]; i != NONE; i = reading->courses[i].next) {
		const struct course *course = &reading->courses[i];

		if (course->run.absent)
			continue;
		kt_judge_amount(judge, course->series, course->run.min);
		reading->held[course->series] = HELD;
	}
	for (uint32_t i = reading->due[sample]; i != NONE; i = next) {
		uint8_t *held = &reading->held[reading->courses[i].series];

		next = reading->courses[i].next;
		if (*held == HELD_ENDS) {
			kt_judge_gone(judge, reading->courses[i].series);
			*held = HELD_NOT;
		}
		enter_next(reading, i, sample + 1);
	}
	if (!sample)
		end_held_before(reading);
	return true;
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

	if (!begin_block(reading, block) ||
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
		if (!put_courses(reading, i))
			return no_memory();
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
	struct reading reading = {
		.history = history, .feed = feed, .account_ms = INT64_MIN / 2, .unused = NONE
	};
	struct kt_err *err = kt_history_blocks(history, add_block, &reading);

	end_block(&reading);
	kt_follower_cleanup(&reading.follower);
	free(reading.courses);
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
