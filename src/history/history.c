// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/history.h"

/* Finds the earliest and latest end of a block, which need not be in the first and last block. */
static void find_edges(
	const struct kt_recording *recording, int64_t *ret_first_ms, int64_t *ret_last_ms)
{
	*ret_first_ms = INT64_MAX;
	*ret_last_ms = INT64_MIN;
	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_frame *frame = kt_recording_frame(recording, i);
		const int64_t ends[] = { frame->first_ms, frame->last_ms };

		for (size_t k = 0; k < KT_LEN(ends); k++) {
			*ret_first_ms = ends[k] < *ret_first_ms ? ends[k] : *ret_first_ms;
			*ret_last_ms = ends[k] > *ret_last_ms ? ends[k] : *ret_last_ms;
		}
	}
}

struct kt_err *kt_history_open(const char *path, struct kt_history *ret_history)
{
	struct kt_err *err;

	*ret_history =
		(struct kt_history){ .path = path, .least_ms = INT64_MIN, .most_ms = INT64_MAX };
	err = kt_recording_open(path, &ret_history->recording);
	if (err)
		return err;
	if (!kt_recording_nr_blocks(ret_history->recording))
		return kt_err_new(
			KT_ERR_ABSENT, "%s: contains no sample yet, or is not a recording", path);
	find_edges(ret_history->recording, &ret_history->from_ms, &ret_history->to_ms);
	return NULL;
}

void kt_history_limit(struct kt_history *history, int64_t least_ms, int64_t most_ms)
{
	history->least_ms = least_ms;
	history->most_ms = most_ms;
	if (least_ms > history->from_ms)
		history->from_ms = least_ms;
	if (most_ms < history->to_ms)
		history->to_ms = most_ms;
}

int64_t kt_history_last_ms(const struct kt_history *history)
{
	size_t count = kt_recording_nr_blocks(history->recording);

	return count ? kt_recording_frame(history->recording, count - 1)->last_ms : 0;
}

struct kt_err *kt_history_check(const struct kt_history *history)
{
	if (history->nr_visited)
		return NULL;
	if (!kt_recording_nr_damages(history->recording))
		return kt_err_new(
			KT_ERR_ABSENT, "%s: contains no sample of that time", history->path);
	return kt_err_new(KT_ERR_ABSENT,
		"%s: no sample of that time can be read; damaged places: %zu", history->path,
		kt_recording_nr_damages(history->recording));
}

void kt_history_cleanup(struct kt_history *history)
{
	kt_recording_free(history->recording);
	*history = (struct kt_history){ 0 };
}

struct walk {
	struct kt_history *history;
	int64_t step_ms;
	kt_history_sample visit;
	void *arg;
	int64_t visited_ms; /* time of the last visited sample */
};

/* True if the sample is the last one of its step, or of the stretch. */
static bool is_wanted(const struct walk *walk, int64_t real_ms, int64_t next_ms)
{
	return !walk->step_ms || real_ms / walk->step_ms != next_ms / walk->step_ms ||
	       next_ms > walk->history->most_ms;
}

static struct kt_err *walk_block(
	struct walk *walk, const struct kt_block *block, int64_t following_ms)
{
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	struct kt_err *err = kt_cursor_init(&cursor, block);
	struct kt_series_reader reader;
	struct kt_series_run run;
	int64_t ms = 0, before_ms = 0;
	uint32_t at = 0;

	cursor.turn = ++walk->history->nr_turns;
	/* goes one past the last sample, because a sample is judged by the time of the next */
	kt_series_read(&reader, block->real_ms, block->nr_samples);
	for (bool more = true; more && !err;) {
		more = kt_series_next(&reader, &run);
		for (uint32_t i = 0; i < (more ? run.count : 1) && !err; i++, at++) {
			before_ms = ms;
			ms = more ? run.value : following_ms;
			if (!at || before_ms < walk->history->least_ms ||
				before_ms > walk->history->most_ms)
				continue;
			walk->history->nr_samples_seen++;
			if (!is_wanted(walk, before_ms, ms))
				continue;
			if (walk->history->in_order && before_ms < walk->visited_ms) {
				walk->history->nr_left_out++;
				continue;
			}
			kt_cursor_move(&cursor, at - 1);
			walk->visited_ms = before_ms;
			walk->history->nr_visited++;
			err = walk->visit(walk->arg, &cursor, before_ms);
		}
	}
	return err;
}

/*
 * True if no sample of a block can be in the stretch. If the clock was set back within the block,
 * its first and last sample do not bound the times of the other samples.
 */
static bool is_outside(const struct kt_history *history, const struct kt_frame *frame)
{
	return frame->first_ms <= frame->last_ms &&
	       (frame->last_ms < history->least_ms || frame->first_ms > history->most_ms);
}

/* Visits the blocks of the stretch; `arg` belongs to the caller. */
static struct kt_err *each_block(struct kt_history *history,
	struct kt_err *(*visit)(void *arg, const struct kt_block *block, size_t index), void *arg)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; i < kt_recording_nr_blocks(history->recording) && !err; i++) {
		const struct kt_frame *frame = kt_recording_frame(history->recording, i);
		const struct kt_block *block;

		if (!frame->nr_samples || is_outside(history, frame))
			continue;
		err = kt_recording_block(history->recording, i, &block);
		if (!err) {
			err = visit(arg, block, i);
		} else if (kt_err_code(err) == KT_ERR_PARSE) {
			kt_err_free(err);
			err = NULL;
		}
	}
	return err;
}

static struct kt_err *walk_one(void *arg, const struct kt_block *block, size_t index)
{
	struct walk *walk = arg;
	const struct kt_recording *recording = walk->history->recording;
	bool last = index + 1 >= kt_recording_nr_blocks(recording);

	return walk_block(
		walk, block, last ? INT64_MAX : kt_recording_frame(recording, index + 1)->first_ms);
}

struct kt_err *kt_history_walk(
	struct kt_history *history, int64_t step_ms, kt_history_sample visit, void *arg)
{
	struct walk walk = { history, step_ms, visit, arg, INT64_MIN };

	return each_block(history, walk_one, &walk);
}

struct blocks {
	struct kt_history *history;
	kt_history_block visit;
	void *arg;
};

static struct kt_err *visit_one(void *arg, const struct kt_block *block, size_t index)
{
	struct blocks *blocks = arg;
	uint32_t first = kt_block_sample_at(block, blocks->history->least_ms);
	uint32_t last = kt_block_sample_at(block, blocks->history->most_ms);
	struct kt_err *err;

	(void)index;
	/* a sample before the limit is not in the stretch */
	if (kt_block_real_ms(block, first) < blocks->history->least_ms)
		first++;
	if (first >= block->nr_samples || first > last)
		return NULL;
	blocks->history->nr_visited += last - first + 1;
	err = blocks->visit(blocks->arg, block, first, last);
	if (!err && !kt_block_is_whole(block))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err;
}

struct kt_err *kt_history_blocks(struct kt_history *history, kt_history_block visit, void *arg)
{
	struct blocks blocks = { history, visit, arg };

	return each_block(history, visit_one, &blocks);
}

int64_t kt_history_step(const struct kt_history *history, int count)
{
	static const int steps_s[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
		7200, 10800, 21600, 43200, 86400, 172800, 604800 };
	int64_t span_ms = history->to_ms - history->from_ms;

	for (size_t i = 0; i < KT_LEN(steps_s); i++) {
		if (span_ms / (steps_s[i] * 1000ll) <= count)
			return steps_s[i] * 1000ll;
	}
	return 30 * 86400000ll;
}
