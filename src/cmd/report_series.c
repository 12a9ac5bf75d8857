// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every amount of memory in a recording over its time: where it began and ended, its
// extremes, its course.

#include "cmd/report_series.h"

#include "model/growth.h"
#include "model/trend.h"
#include "record/track.h"

#include <stdlib.h>
#include <string.h>

#define COURSE	   16 /* signs of a course */
#define SERIES_MAX 65536u
#define HOUR_MS	   3600000.0

enum {
	COL_NAME,
	COL_FIRST,
	COL_LAST,
	COL_CHANGE,
	COL_HOURLY,
	COL_MIN,
	COL_MEAN,
	COL_MAX,
	COL_COURSE,
	COL_MOVED
};

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name", .title = "SERIES", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_FIRST] = { .key = "first",
		.title = "FIRST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE },
	[COL_LAST] = { .key = "last", .title = "LAST", .type = KT_CELL_BYTES },
	[COL_CHANGE] = { .key = "change", .title = "CHANGE", .type = KT_CELL_BYTES },
	[COL_HOURLY] = { .key = "hourly",
		.title = "PER HOUR",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE },
	[COL_MIN] = { .key = "min", .title = "LEAST", .type = KT_CELL_BYTES, .flags = KT_COL_WIDE },
	[COL_MEAN] = { .key = "mean",
		.title = "MEAN",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE },
	[COL_MAX] = { .key = "max", .title = "MOST", .type = KT_CELL_BYTES },
	[COL_COURSE] = { .key = "course", .title = "COURSE", .flags = KT_COL_TEXT_ONLY },
	[COL_MOVED] = { .key = "moved",
		.title = "",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY | KT_COL_RANK },
};

struct one {
	const char *name;
	int64_t first, last, min, max, count;
	double sum, weight;
	struct kt_trend trend; /* over hours since the boot's first sample */
	int64_t now;	       /* at the last sample of the block that is looked at */
	double course_sum[COURSE];
	int64_t course_count[COURSE];
};

/* All series by name; a hash table of indexes, a power of two in size. */
struct all {
	struct kt_arena arena;
	struct kt_history *history;
	KT_LIST(struct one) ones;
	uint32_t *slots; /* index plus one; 0: free */
	uint32_t room;
	int64_t nr_samples; /* before the block that is looked at */
	uint8_t *bucket;    /* of each sample of that block */
	/* of each sample: sums of the times of those before it */
	struct kt_trend_times *times;
	const char *boot_id;
	uint32_t nr_boots;
	int64_t boot_from_ms; /* boot time of the boot's first sample */
	/* what a sample of the block stands for: seconds, as it was sampled or thinned */
	double weight;
	int64_t page_bytes;
};

static uint32_t *slot_of(const struct all *all, const char *name)
{
	uint64_t hash = kt_span_hash(KT_HASH_START, kt_span_str(name));

	for (uint32_t at = (uint32_t)hash & (all->room - 1);; at = (at + 1) & (all->room - 1)) {
		if (!all->slots[at] ||
			strcmp(all->ones.items[all->slots[at] - 1].name, name) == 0) // NOLINT
			return &all->slots[at];					     // NOLINT
	}
}

static struct one *one_of(struct all *all, const char *name)
{
	uint32_t *slot = slot_of(all, name);
	struct one *one;

	if (*slot)
		return &all->ones.items[*slot - 1];
	if (all->ones.count >= SERIES_MAX)
		return NULL;
	one = kt_list_push(&all->arena, &all->ones);
	if (!one)
		return NULL;
	*one = (struct one){ .name = name };
	*slot = (uint32_t)all->ones.count;
	return one;
}

static void add_course(
	const struct all *all, struct one *one, uint32_t from, uint32_t to, int64_t value)
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

/* Blocks are of one boot each; its own clock goes on evenly, whatever the time is set to. */
static void count_boots(struct all *all, const struct kt_block *block)
{
	const char *boot_id = kt_block_fact(block, "boot_id");
	int64_t first_ms = 0, last_ms = 0;

	kt_series_at(block->boot_ms, 0, &first_ms);
	kt_series_at(block->boot_ms, block->nr_samples - 1, &last_ms);
	if (!all->boot_id || !boot_id || strcmp(boot_id, all->boot_id) != 0) {
		all->nr_boots++;
		all->boot_from_ms = first_ms;
	}
	all->boot_id = boot_id ? kt_arena_printf(&all->arena, "%s", boot_id) : NULL;
	all->weight = block->nr_samples > 1 && last_ms > first_ms
			      ? (double)(last_ms - first_ms) / (block->nr_samples - 1) / 1000
			      : 1;
}

/* What was not there at the beginning has grown from nothing; what has gone is nothing. */
static void add_run(const struct all *all, struct one *one, const struct kt_track_run *run,
	uint32_t first, uint32_t last)
{
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
	if (!all->nr_samples && from == first)
		one->first += run->last;
	if (to == last + 1)
		one->now += run->last; /* two lines of one name are one amount */
	one->sum += (double)run->mean * (to - from) * all->weight;
	one->weight += (to - from) * all->weight;
	one->count += to - from;
	add_course(all, one, from, to, run->mean);
	kt_trend_add(&one->trend, all->nr_boots, times_between(all, from, to), run->mean);
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
		int bucket = (int)(share * COURSE);

		bucket = bucket < 0 ? 0 : bucket >= COURSE ? COURSE - 1 : bucket;
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
	kt_tracks tracks = { 0 };

	all->page_bytes = kt_history_page_bytes(block);
	kt_tracks_of(block, all->page_bytes, &all->arena, &tracks);
	count_boots(all, block);
	if (all->arena.failed || !fill_buckets(all, block) || !fill_times(all, block))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < all->ones.count; i++)
		all->ones.items[i].now = 0;
	for (size_t i = 0; i < tracks.count; i++) {
		struct one *one = one_of(all, tracks.items[i].name);
		struct kt_track_reader reader;
		struct kt_track_run run;

		if (!one)
			continue;
		kt_track_read(&reader, block, &tracks.items[i]);
		while (kt_track_next(&reader, &run))
			add_run(all, one, &run, first, last);
	}
	for (size_t i = 0; i < all->ones.count; i++)
		all->ones.items[i].last = all->ones.items[i].now; // NOLINT
	all->nr_samples += last - first + 1;
	return NULL;
}

/* Eight heights between the least and the most; a stretch without samples is a blank. */
static const char *course_of(struct kt_arena *arena, const struct one *one)
{
	static const char *const heights[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double span = (double)one->max - (double)one->min;
	const char *text = "";

	for (int i = 0; i < COURSE; i++) {
		double mean = one->course_count[i]
				      ? one->course_sum[i] / (double)one->course_count[i]
				      : 0;
		int height = span > 0 ? (int)((mean - (double)one->min) / span * 7.999) : 0;

		height = height < 0 ? 0 : height > 7 ? 7 : height;
		text = kt_arena_printf(
			arena, "%s%s", text, one->course_count[i] ? heights[height] : " ");
	}
	return text;
}

/* Rounding must not leave the range of the values. */
static int64_t mean_of(const struct one *one)
{
	double mean = one->sum / one->weight;

	if (mean <= (double)one->min)
		return one->min;
	return mean >= (double)one->max ? one->max : (int64_t)(mean + 0.5);
}

static void put_one(struct kt_report *report, struct kt_table *table, const struct one *one)
{
	struct kt_report_row *row = one->count ? kt_table_row(report, table) : NULL;
	int64_t change = one->last - one->first;
	int64_t hourly;

	if (!row)
		return;
	row->cells[COL_NAME] = kt_cell_text(kt_arena_name(&report->arena, kt_span_str(one->name)));
	row->cells[COL_FIRST] = kt_cell_number(one->first);
	row->cells[COL_LAST] = kt_cell_number(one->last);
	row->cells[COL_CHANGE] = kt_cell_number(change);
	row->cells[COL_MIN] = kt_cell_number(one->min);
	row->cells[COL_MAX] = kt_cell_number(one->max);
	row->cells[COL_MEAN] = kt_cell_number(mean_of(one));
	row->cells[COL_MOVED] = kt_cell_number(change < 0 ? -change : change);
	row->cells[COL_COURSE] = kt_cell_text(course_of(&report->arena, one));
	if (kt_trend_slope(&one->trend, &hourly))
		row->cells[COL_HOURLY] = kt_cell_number(hourly);
}

struct kt_err *kt_report_series(struct kt_history *history, struct kt_report *report)
{
	struct all all = { .history = history, .room = SERIES_MAX * 2 };
	struct kt_table *table;
	struct kt_err *err;

	all.slots = calloc(all.room, sizeof(*all.slots));
	err = all.slots ? kt_history_blocks(history, add_block, &all)
			: kt_err_new(KT_ERR_NOMEM, "out of memory");
	table = err ? NULL : kt_report_list(report, "series", NULL, columns, KT_LEN(columns));
	for (size_t i = 0; table && i < all.ones.count; i++)
		put_one(report, table, &all.ones.items[i]);
	if (table)
		table->plain = true;
	free(all.slots);
	free(all.bucket);
	free(all.times);
	kt_arena_fini(&all.arena);
	return err;
}
