// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/history.h"

#include "base/when.h"
#include "cmd/session.h"
#include "model/account.h"

#define DAMAGES_TOLD 4u

/* A clock may have been set back: the first block need not have the earliest time. */
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

static struct kt_err *take_when(const char *option, const char *text, int64_t last_ms, int64_t *ms)
{
	if (!text || kt_when(kt_span_str(text), last_ms, ms))
		return NULL;
	return kt_err_new(KT_ERR_USAGE,
		"%s takes a moment: 2026-01-31T23:59, 23:59, -2h (before the last sample)", option);
}

/* The stretch that is asked for, as far as there is something. */
static struct kt_err *take_stretch(
	const struct kt_options *options, struct kt_history *history, int64_t last_sample_ms)
{
	int64_t first_ms = history->from_ms, last_ms = history->to_ms;
	struct kt_err *err = take_when("--from", options->from, last_sample_ms, &history->from_ms);
	char first[32], last[32];

	if (!err)
		err = take_when("--to", options->to, last_sample_ms, &history->to_ms);
	if (err)
		return err;
	if (options->from && options->to && history->from_ms > history->to_ms)
		return kt_err_new(KT_ERR_USAGE, "--from is later than --to");
	if (history->from_ms > last_ms || history->to_ms < first_ms)
		return kt_err_new(KT_ERR_ABSENT,
			"%s: it has no sample of that time; it goes from %s to %s", history->path,
			kt_when_text(first_ms, first), kt_when_text(last_ms, last));
	history->least_ms = options->from ? history->from_ms : INT64_MIN;
	history->most_ms = options->to ? history->to_ms : INT64_MAX;
	history->from_ms = history->from_ms > first_ms ? history->from_ms : first_ms;
	history->to_ms = history->to_ms < last_ms ? history->to_ms : last_ms;
	return NULL;
}

struct kt_err *kt_history_open(const struct kt_options *options, struct kt_history *ret_history)
{
	size_t count;
	struct kt_err *err;

	*ret_history = (struct kt_history){ .path = options->nr_operands ? options->operands[0]
						    : options->source	 ? options->source
									 : KT_RECORDING_DEFAULT };
	err = kt_recording_open(ret_history->path, &ret_history->recording);
	if (err)
		return err;
	count = kt_recording_nr_blocks(ret_history->recording);
	if (!count)
		return kt_err_new(KT_ERR_ABSENT,
			"%s: no sample is in it yet, or it is no recording", ret_history->path);
	find_edges(ret_history->recording, &ret_history->from_ms, &ret_history->to_ms);
	return take_stretch(options, ret_history,
		kt_recording_frame(ret_history->recording, count - 1)->last_ms);
}

struct kt_err *kt_history_check(const struct kt_history *history)
{
	if (history->nr_visited)
		return NULL;
	if (!kt_recording_nr_damages(history->recording))
		return kt_err_new(
			KT_ERR_ABSENT, "%s: it has no sample of that time", history->path);
	return kt_err_new(KT_ERR_ABSENT,
		"%s: no sample of that time can be read; %zu places are damaged", history->path,
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
	kt_history_moment visit;
	void *arg;
	int64_t visited_ms; /* the last one */
};

/* Is the sample the last one of its step, or of the whole stretch? */
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

	/* one behind the last sample, to look at each together with its follower */
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

/* Gives the blocks of the stretch one after the other; `arg` is the caller's. */
static struct kt_err *each_block(struct kt_history *history,
	struct kt_err *(*visit)(void *arg, const struct kt_block *block, size_t index), void *arg)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; i < kt_recording_nr_blocks(history->recording) && !err; i++) {
		const struct kt_frame *frame = kt_recording_frame(history->recording, i);
		int64_t early_ms = frame->first_ms, late_ms = frame->last_ms;
		const struct kt_block *block;

		if (early_ms > late_ms) {
			early_ms = frame->last_ms;
			late_ms = frame->first_ms;
		}
		if (late_ms < history->least_ms || early_ms > history->most_ms ||
			!frame->nr_samples)
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
	struct kt_history *history, int64_t step_ms, kt_history_moment visit, void *arg)
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
	/* the sample before the beginning is not in the stretch */
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

int64_t kt_history_page_bytes(const struct kt_block *block)
{
	const char *fact = kt_block_fact(block, "page_bytes");
	int64_t bytes;

	if (!fact || !kt_span_i64(kt_span_str(fact), &bytes) || bytes < 4096 || bytes > 1 << 20)
		return 4096;
	return bytes;
}

struct kt_err *kt_history_account(const struct kt_cursor *cursor, struct kt_session *ret_session,
	struct kt_account *ret_account)
{
	static const struct kt_options options = { 0 };
	struct kt_err *err;

	*ret_session = (struct kt_session){ .snap = kt_snapshot_new() };
	if (!ret_session->snap)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_root_moment(cursor, kt_source_wants_path, &ret_session->root);
	if (!err)
		err = kt_session_collect(ret_session, &options, 0, NULL);
	return err ? err : kt_account_compute(ret_session->snap, KT_NO_NODE, ret_account);
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

void kt_history_describe(const struct kt_history *history, struct kt_report *report)
{
	const struct kt_recording *recording = history->recording;
	char from[32], to[32];
	int64_t nr_samples = 0;

	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++)
		nr_samples += kt_recording_frame(recording, i)->nr_samples;
	kt_when_text(history->from_ms, from);
	kt_when_text(history->to_ms, to);
	kt_report_field(
		report, "recording", "file", KT_CELL_TEXT, kt_report_text(report, history->path));
	kt_report_field(report, "recording", "from", KT_CELL_TEXT, kt_report_text(report, from));
	kt_report_field(report, "recording", "to", KT_CELL_TEXT, kt_report_text(report, to));
	kt_report_field(report, "recording", "samples", KT_CELL_COUNT, kt_cell_number(nr_samples));
	kt_report_field(report, "recording", "bytes", KT_CELL_BYTES,
		kt_cell_number((int64_t)kt_recording_size(recording)));
	kt_report_headline(report, "%s: %s to %s, UTC", history->path, from, to);
}

void kt_history_note(const struct kt_history *history, const struct kt_options *options,
	struct kt_report *report)
{
	size_t count = kt_recording_nr_damages(history->recording);

	if (history->nr_left_out)
		kt_report_note(report,
			"%lld samples are left out: the clock had been set back, to before others",
			(long long)history->nr_left_out);
	for (size_t i = 0; i < count && i < DAMAGES_TOLD; i++) {
		const struct kt_damage *damage = kt_recording_damage(history->recording, i);

		kt_report_tell(report, options,
			kt_arena_printf(&report->arena,
				"damaged: %llu bytes at %llu: %s; the rest was read",
				(unsigned long long)damage->size,
				(unsigned long long)damage->offset, damage->why));
	}
	if (count > DAMAGES_TOLD)
		kt_report_tell(report, options,
			kt_arena_printf(&report->arena, "and %zu more damaged places",
				count - DAMAGES_TOLD));
}
