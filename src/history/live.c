// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/live.h"

#include "base/kernel_files.h"

#include <stdlib.h>

/* An amount of the draft, and where the judge has it. */
struct kt_live_amount {
	uint32_t number, times; /* series of the draft; times: KT_NO_NUMBER without a factor */
	size_t series;		/* of the judge */
	int64_t unit_bytes;
	int64_t last_bytes; /* as the judge knows it; -1: it is absent, or not known yet */
};

struct kt_err *kt_live_init(struct kt_live *ret_live, const struct kt_judge_options *options)
{
	*ret_live = (struct kt_live){ 0 };
	return kt_judge_feed_init(&ret_live->feed, options);
}

void kt_live_fini(struct kt_live *live)
{
	kt_judge_feed_fini(&live->feed);
	free(live->amounts);
	*live = (struct kt_live){ 0 };
}

/* Caches came or went when the list of them has another layout. */
static size_t layouts_of(const struct kt_draft *draft)
{
	int file = kt_block_file(&draft->block, KT_FILE_SLABINFO);

	return file < 0 ? 0 : draft->block.files.items[file].layouts.count;
}

/*
 * Amounts that the judge knows, by its series; -1: absent. NULL: out of memory. The caller frees
 * it.
 */
static int64_t *known_by_series(const struct kt_live *live, size_t nr_series)
{
	int64_t *known = malloc((nr_series + 1) * sizeof(*known));

	if (!known)
		return NULL;
	for (size_t i = 0; i < nr_series; i++)
		known[i] = -1;
	for (size_t i = 0; i < live->nr_amounts; i++)
		known[live->amounts[i].series] = live->amounts[i].last_bytes;
	return known;
}

/* Looks up the amounts of the draft; of one name, the track that is open has the last sample. */
static bool look_up(struct kt_live *live, struct kt_draft *draft)
{
	const struct kt_block *block = &draft->block;
	size_t count = 0, nr_series = kt_judge_count(live->feed.judge);
	int64_t *known = known_by_series(live, nr_series);
	struct kt_live_amount *amounts;
	const kt_tracks *tracks;

	kt_draft_finish(draft);
	/* a draft that could not be finished has lines without series */
	if (kt_draft_failed(draft)) {
		free(known);
		return false;
	}
	kt_tracks_reader_renew(&live->feed.tracks);
	tracks = kt_tracks_reader_at(&live->feed.tracks, block);
	amounts = calloc(tracks->count + 1, sizeof(*amounts));
	if (!known || !amounts || live->feed.tracks.failed) {
		free(known);
		free(amounts);
		return false;
	}
	for (size_t i = 0; i < tracks->count; i++) {
		const struct kt_track *track = &tracks->items[i];
		const struct kt_block_line *line = &block->lines.items[track->line];
		size_t series;

		if (!kt_judge_feed_is_judged(track) || track->to < block->nr_samples)
			continue;
		series = kt_judge_feed_series(&live->feed, track);
		if (series == SIZE_MAX)
			continue;
		amounts[count++] = (struct kt_live_amount){ .number = line->first + track->number,
			.times = track->times == KT_NO_NUMBER ? KT_NO_NUMBER
							      : line->first + track->times,
			.series = series,
			.unit_bytes = track->unit_bytes,
			.last_bytes = series < nr_series ? known[series] : -1 };
		if (series < nr_series)
			known[series] = -1;
	}
	/* caches that the new list lacks have gone */
	for (size_t i = 0; i < nr_series; i++) {
		if (known[i] >= 0)
			kt_judge_gone(live->feed.judge, i);
	}
	free(known);
	free(live->amounts);
	live->amounts = amounts;
	live->nr_amounts = count;
	kt_judge_feed_block(&live->feed, block);
	return !live->feed.arena.failed;
}

/* -1: it is absent, or no amount. */
static int64_t bytes_of(const struct kt_draft *draft, const struct kt_live_amount *amount)
{
	const struct kt_series *number = &draft->writers.items[amount->number];
	int64_t bytes = number->value;

	if (number->absent || bytes < 0)
		return -1;
	if (amount->times != KT_NO_NUMBER) {
		const struct kt_series *times = &draft->writers.items[amount->times];

		if (times->absent || times->value < 0 ||
			__builtin_mul_overflow(bytes, times->value, &bytes))
			return -1;
	}
	return __builtin_mul_overflow(bytes, amount->unit_bytes, &bytes) ? -1 : bytes;
}

static void put_amounts(struct kt_live *live, const struct kt_draft *draft)
{
	for (size_t i = 0; i < live->nr_amounts; i++) {
		struct kt_live_amount *amount = &live->amounts[i];
		int64_t bytes = bytes_of(draft, amount);

		if (bytes == amount->last_bytes)
			continue;
		if (bytes < 0)
			kt_judge_gone(live->feed.judge, amount->series);
		else
			kt_judge_amount(live->feed.judge, amount->series, bytes);
		amount->last_bytes = bytes;
	}
}

static bool number_of(
	const void *draft, const struct kt_block_line *line, uint32_t number, int64_t *ret_value)
{
	const struct kt_series *series;

	if (number >= line->nr_numbers)
		return false;
	series = &((const struct kt_draft *)draft)->writers.items[line->first + number];
	*ret_value = series->value;
	return !series->absent;
}

struct kt_err *kt_live_sample(struct kt_live *live, struct kt_draft *draft,
	const struct kt_account *account, int64_t real_ms, int64_t boot_ms)
{
	size_t nr_layouts = layouts_of(draft);

	if (!live->begun || live->sequence != draft->block.sequence ||
		live->nr_layouts != nr_layouts) {
		if (!look_up(live, draft))
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		live->begun = true;
		live->sequence = draft->block.sequence;
		live->nr_layouts = nr_layouts;
	}
	kt_judge_begin(live->feed.judge, real_ms, boot_ms);
	put_amounts(live, draft);
	if (account)
		kt_judge_feed_account(&live->feed, account);
	kt_activity_put_numbers(
		&live->feed.activity, draft, draft->block.lines.items, number_of, live->feed.judge);
	kt_judge_end(live->feed.judge);
	return live->feed.arena.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}
