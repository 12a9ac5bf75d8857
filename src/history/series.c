// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/series.h"

#include "base/map.h"
#include "history/tracks.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_MS 3600000.0

/*
 * A file of the stretch: whether an earlier block knows it, and the first and last sample of the
 * block at which it is known. In a partial block, and of a file that is not always recorded, only
 * samples that have the file are.
 */
struct seen {
	bool before, here;
	bool partial; /* in all blocks */
	uint32_t first, last;
};

/* State of one read. */
struct all {
	struct kt_history_series_list *to;
	/* files of the stretch; a series refers to its file by the index */
	struct kt_map files;
	KT_LIST(struct seen) seen;
	struct kt_history *history;
	struct kt_map by_name; /* index of each series */
	size_t series_max;
	int64_t nr_samples; /* before the current block */
	uint8_t *bucket;    /* step of the course, of each sample of the block */
	/* of each sample: sums over the times of earlier samples */
	struct kt_trend_times *times;
	const char *boot_id;
	uint32_t nr_boots;
	int64_t boot_from_ms; /* time since boot at the boot's first sample */
	/* seconds between samples of the block; more if it was thinned */
	double weight;
	struct kt_tracks_reader tracks;
};

/* Returns the series of a name, a new one if there is room; NULL: none, or out of memory. */
static struct kt_history_series *one_of(struct all *all, const char *name, uint32_t file)
{
	struct kt_history_series_list *to = all->to;
	const uint32_t *found = kt_map_find(&all->by_name, kt_span_str(name));
	struct kt_history_series *one;
	uint32_t *index;
	const char *copy;

	if (found)
		return &to->list.items[*found];
	if (to->list.count >= all->series_max)
		return NULL;
	copy = kt_arena_printf(&to->arena, "%s", name);
	index = copy ? kt_map_add(&all->by_name, kt_span_str(copy), NULL, NULL) : NULL;
	one = index ? kt_list_push(&to->arena, &to->list) : NULL;
	to->arena.failed |= !one;
	if (!one)
		return NULL;
	*index = (uint32_t)to->list.count - 1;
	*one = (struct kt_history_series){ .name = copy, .file = file };
	return one;
}

static void add_course(const struct all *all, struct kt_history_series *one, uint32_t from,
	uint32_t to, int64_t value)
{
	while (from < to) {
		uint32_t end = from;

		while (end < to && all->bucket[end] == all->bucket[from])
			end++;
		one->course_sum[all->bucket[from]] += (double)value * (end - from);
		one->course_count[all->bucket[from]] += end - from;
		from = end;
	}
}

static struct kt_trend_times times_between(const struct all *all, uint32_t from, uint32_t to)
{
	const struct kt_trend_times *a = &all->times[from], *b = &all->times[to];

	return (struct kt_trend_times){ b->count - a->count, b->t - a->t, b->tt - a->tt };
}

/* A block belongs to one boot. The boot's own clock is steady when the time is set. */
static void count_boots(struct all *all, const struct kt_block *block)
{
	const char *boot_id = kt_block_fact(block, "boot_id");
	int64_t first_ms = 0, last_ms = 0;

	kt_series_at(block->boot_ms, 0, &first_ms);
	kt_series_at(block->boot_ms, block->nr_samples - 1, &last_ms);
	if (!all->boot_id || !boot_id || strcmp(boot_id, all->boot_id) != 0) {
		all->nr_boots++;
		all->boot_from_ms = first_ms;
		all->boot_id = boot_id ? kt_arena_printf(&all->to->arena, "%s", boot_id) : NULL;
	}
	all->weight = block->nr_samples > 1 && last_ms > first_ms
			      ? (double)(last_ms - first_ms) / (block->nr_samples - 1) / 1000
			      : 1;
}

/*
 * An amount that is missing where its file is known counts as 0: at the beginning or end of the
 * stretch the cache did not exist.
 */
static void add_run(const struct all *all, struct kt_history_series *one,
	const struct kt_track_run *run, uint32_t first, uint32_t last)
{
	const struct seen *seen = &all->seen.items[one->file];
	uint32_t from = run->from < first ? first : run->from;
	uint32_t end = run->from + run->count, to = end > last + 1 ? last + 1 : end;

	if (from >= to)
		return;
	if (run->absent)
		return;
	if (!one->count) {
		one->min = run->min;
		one->max = run->max;
	}
	one->min = run->min < one->min ? run->min : one->min;
	one->max = run->max > one->max ? run->max : one->max;
	if (!seen->before && from <= seen->first && seen->first < to)
		one->first = run->last;
	if (from <= seen->last && seen->last < to)
		one->now = run->last;
	one->sum += (double)run->mean * (to - from) * all->weight;
	one->weight += (to - from) * all->weight;
	one->count += to - from;
	add_course(all, one, from, to, run->mean);
	kt_trend_add(&one->trend, all->nr_boots, times_between(all, from, to), run->mean);
}

/* Finds the samples at which a file of the block is known; false: at none. */
static bool find_known(const struct kt_block *block, uint32_t file, uint32_t first, uint32_t last,
	struct seen *ret_seen)
{
	const struct kt_block_file *one = &block->files.items[file];
	bool any = false;

	for (size_t i = 0; i < one->layouts.count; i++) {
		uint32_t from = one->layouts.items[i].from;
		uint32_t to =
			i + 1 < one->layouts.count ? one->layouts.items[i + 1].from - 1 : last;

		from = from < first ? first : from;
		to = to > last ? last : to;
		if (one->layouts.items[i].absent || from > to)
			continue;
		ret_seen->first = any ? ret_seen->first : from;
		ret_seen->last = to;
		any = true;
	}
	return any;
}

/* Only where someone asked for it, kernel memory was counted. */
static bool is_partial(const char *path)
{
	const struct kt_source *source = kt_source_of(path);

	return source && source->extra;
}

/* The index of a file of the block among the files of the stretch; UINT32_MAX: out of memory. */
static uint32_t index_of(struct all *all, const char *path)
{
	struct kt_arena *arena = &all->to->arena;
	bool added;
	uint32_t *index = kt_map_add(&all->files, kt_span_str(path), arena, &added);
	struct seen *slot;

	if (!index)
		return UINT32_MAX;
	if (added) {
		slot = kt_list_push(arena, &all->seen);
		if (!slot)
			return UINT32_MAX;
		*slot = (struct seen){ .partial = is_partial(path) };
		*index = (uint32_t)all->seen.count - 1;
	}
	return *index;
}

/*
 * Notes the files of the block. Where others collected the samples, a file that is missing in one
 * was not collected; otherwise it did not exist, and its amounts are 0.
 */
static bool fill_files(struct all *all, const struct kt_block *block, uint32_t first, uint32_t last)
{
	bool partial = kt_block_fact(block, KT_BLOCK_PARTIAL) != NULL;

	for (size_t i = 0; i < all->seen.count; i++) {
		struct seen *seen = &all->seen.items[i];

		seen->before |= seen->here;
		seen->here = !partial && !seen->partial;
		seen->first = first;
		seen->last = last;
	}
	for (uint32_t i = 0; i < block->files.count; i++) {
		uint32_t index = index_of(all, block->files.items[i].path);
		struct seen *seen;

		if (index == UINT32_MAX)
			return false;
		seen = &all->seen.items[index];
		if (partial || seen->partial)
			seen->here = find_known(block, i, first, last, seen);
		else
			*seen = (struct seen){ .before = all->nr_samples > 0,
				.here = true,
				.first = first,
				.last = last };
	}
	return true;
}

static bool fill_buckets(struct all *all, const struct kt_block *block)
{
	int64_t span_ms = all->history->to_ms - all->history->from_ms + 1;
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t at = 0;

	free(all->bucket);
	all->bucket = malloc((size_t)block->nr_samples + 1);
	if (!all->bucket)
		return false;
	kt_series_read(&reader, block->real_ms, block->nr_samples);
	while (kt_series_next(&reader, &run)) {
		double share = (double)(run.value - all->history->from_ms) / (double)span_ms;
		int bucket = (int)(share * KT_HISTORY_COURSE);

		bucket = bucket < 0		       ? 0
			 : bucket >= KT_HISTORY_COURSE ? KT_HISTORY_COURSE - 1
						       : bucket;
		for (uint32_t i = 0; i < run.count; i++)
			all->bucket[at++] = (uint8_t)bucket;
	}
	return true;
}

static bool fill_times(struct all *all, const struct kt_block *block)
{
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t at = 0;

	free(all->times);
	all->times = calloc((size_t)block->nr_samples + 1, sizeof(*all->times));
	if (!all->times)
		return false;
	kt_series_read(&reader, block->boot_ms, block->nr_samples);
	while (kt_series_next(&reader, &run)) {
		double t = (double)(run.value - all->boot_from_ms) / HOUR_MS, w = all->weight;

		for (uint32_t i = 0; i < run.count; i++, at++) {
			const struct kt_trend_times *sum = &all->times[at];

			all->times[at + 1] = (struct kt_trend_times){ sum->count + w,
				sum->t + w * t, sum->tt + w * t * t };
		}
	}
	return true;
}

static struct kt_err *add_block(
	void *arg, const struct kt_block *block, uint32_t first, uint32_t last)
{
	struct all *all = arg;
	const kt_tracks *tracks = kt_tracks_reader_at(&all->tracks, block);
	size_t nr_left_out = 0;

	count_boots(all, block);
	if (all->to->arena.failed || all->tracks.failed || !fill_buckets(all, block) ||
		!fill_times(all, block) || !fill_files(all, block, first, last))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < all->to->list.count; i++) {
		struct kt_history_series *one = &all->to->list.items[i];

		one->now = all->seen.items[one->file].here ? 0 : one->last;
	}
	for (size_t i = 0; i < tracks->count; i++) {
		uint32_t file = block->lines.items[tracks->items[i].line].file;
		struct kt_history_series *one = one_of(
			all, tracks->items[i].id, index_of(all, block->files.items[file].path));
		struct kt_track_reader reader;
		struct kt_track_run run;

		nr_left_out += !one;
		if (!one)
			continue;
		kt_track_read(&reader, block, &tracks->items[i]);
		while (kt_track_next(&reader, &run))
			add_run(all, one, &run, first, last);
	}
	if (all->to->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (nr_left_out > all->to->nr_left_out)
		all->to->nr_left_out = nr_left_out;
	for (size_t i = 0; i < all->to->list.count; i++)
		all->to->list.items[i].last = all->to->list.items[i].now; // NOLINT
	all->nr_samples += last - first + 1;
	return NULL;
}

struct kt_err *kt_history_series_read(
	struct kt_history *history, size_t series_max, struct kt_history_series_list *ret_list)
{
	struct all all = { .to = ret_list, .history = history, .series_max = series_max };
	struct kt_err *err;

	*ret_list = (struct kt_history_series_list){ 0 };
	err = kt_history_blocks(history, add_block, &all);
	kt_map_fini(&all.by_name);
	kt_map_fini(&all.files);
	free(all.bucket);
	free(all.times);
	kt_tracks_reader_fini(&all.tracks);
	return err;
}

void kt_history_series_fini(struct kt_history_series_list *list)
{
	kt_arena_fini(&list->arena);
	*list = (struct kt_history_series_list){ 0 };
}

/* Limits the mean to the range of the values, which rounding may leave. */
int64_t kt_history_series_mean(const struct kt_history_series *one)
{
	double mean = one->sum / one->weight;

	if (mean <= (double)one->min)
		return one->min;
	return mean >= (double)one->max ? one->max : (int64_t)(mean + 0.5);
}

bool kt_history_series_hourly(const struct kt_history_series *one, int64_t *ret_hourly)
{
	return kt_trend_slope(&one->trend, ret_hourly);
}

bool kt_history_series_course(const struct kt_history_series *one, int step, double *ret_mean)
{
	if (!one->course_count[step])
		return false;
	*ret_mean = one->course_sum[step] / (double)one->course_count[step];
	return true;
}
