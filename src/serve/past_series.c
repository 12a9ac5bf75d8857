// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/past_series.h"

#include "history/tracks.h"

#include <string.h>

#define PREFIX "slab:"

/* A step of the timeline that is not finished yet. */
struct step {
	int64_t last_ms; /* time of its last sample */
	bool any, known; /* it has a sample; the cache had a value in one */
	int64_t last, min, max;
};

struct reading {
	struct kt_timeline *timeline;
	const struct kt_history *history;
	const char *cache;
	int64_t step_ms, newest_ms;
	struct kt_tracks_reader tracks;
	struct step step;
};

/* A step without a value stays as a time without one, so that a chart shows the gap. */
static void end_step(struct reading *reading)
{
	struct step *step = &reading->step;

	if (!step->any)
		return;
	kt_timeline_time(reading->timeline, step->last_ms);
	if (step->known)
		kt_timeline_put_range(
			reading->timeline, reading->cache, step->last, step->min, step->max);
	*step = (struct step){ 0 };
}

/*
 * Samples whose time went backwards are left out, as kt_history_walk() does for charts. Where the
 * clock was set back, samples of other times are between the ends of the stretch.
 */
static void add_sample(struct reading *reading, int64_t ms, const struct kt_track_run *run)
{
	struct step *step = &reading->step;

	if (ms < reading->newest_ms || ms < reading->history->least_ms ||
		ms > reading->history->most_ms)
		return;
	reading->newest_ms = ms;
	if (step->any &&
		(!reading->step_ms || ms / reading->step_ms != step->last_ms / reading->step_ms))
		end_step(reading);
	step->any = true;
	step->last_ms = ms;
	if (run->absent)
		return;
	step->min = !step->known || run->min < step->min ? run->min : step->min;
	step->max = !step->known || run->max > step->max ? run->max : step->max;
	step->last = run->last;
	step->known = true;
}

/* Tracks of one cache take turns: at most one has a value at a sample. */
struct turn {
	struct kt_track_reader reader;
	struct kt_track_run run;
	bool more;
};

typedef KT_LIST(struct turn) turn_list;

static const struct kt_track_run *run_at(turn_list *turns, uint32_t sample)
{
	static const struct kt_track_run none = { .absent = true };
	const struct kt_track_run *found = &none;

	for (size_t i = 0; i < turns->count; i++) {
		struct turn *turn = &turns->items[i];

		while (turn->more && turn->run.from + turn->run.count <= sample)
			turn->more = kt_track_next(&turn->reader, &turn->run);
		if (turn->more && !turn->run.absent)
			found = &turn->run;
	}
	return found;
}

static bool is_cache(const struct kt_track *track, const char *cache)
{
	return track->slot_bytes >= 0 && strncmp(track->id, PREFIX, strlen(PREFIX)) == 0 &&
	       strcmp(track->id + strlen(PREFIX), cache) == 0;
}

static struct kt_err *read_block(
	void *arg, const struct kt_block *block, uint32_t first, uint32_t last)
{
	struct reading *reading = arg;
	const kt_tracks *tracks = kt_tracks_reader_at(&reading->tracks, block);
	struct kt_arena arena = { 0 };
	bool failed;
	struct kt_series_reader times;
	struct kt_series_run run = { 0 };
	turn_list turns = { 0 };
	uint32_t at = 0;

	for (size_t i = 0; i < tracks->count; i++) {
		struct turn *turn = is_cache(&tracks->items[i], reading->cache)
					    ? kt_list_push(&arena, &turns)
					    : NULL;

		if (!turn)
			continue;
		*turn = (struct turn){ .more = true };
		kt_track_read(&turn->reader, block, &tracks->items[i]);
	}
	kt_series_read(&times, block->real_ms, block->nr_samples);
	while (at <= last && kt_series_next(&times, &run)) {
		for (uint32_t i = 0; i < run.count && at <= last; i++, at++) {
			if (at >= first)
				add_sample(reading, run.value, run_at(&turns, at));
		}
	}
	failed = reading->tracks.failed || arena.failed;
	kt_arena_fini(&arena);
	return failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

struct kt_err *kt_serve_past_series(struct kt_history *history, const char *cache, int64_t step_ms,
	struct kt_timeline *timeline)
{
	struct reading reading = { .timeline = timeline,
		.history = history,
		.cache = cache,
		.step_ms = step_ms,
		.newest_ms = INT64_MIN };
	struct kt_arena arena = { 0 };
	struct kt_err *err;

	/* where memory is short, all tracks are read: only more slowly */
	reading.tracks.only = kt_arena_printf(&arena, PREFIX "%s", cache);
	err = kt_history_blocks(history, read_block, &reading);
	end_step(&reading);
	kt_tracks_reader_fini(&reading.tracks);
	kt_arena_fini(&arena);
	return err;
}
