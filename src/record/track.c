// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/track.h"

#include <string.h>

#define AMOUNT_MAX (1ll << 53)

/* A file, how its lines are named, and what its numbers count. */
struct family {
	const char *path, *prefix;
	uint32_t nr_numbers; /* of a line; 0: any */
	uint32_t number, times;
	int64_t unit_bytes; /* 0: pages */
	const char *ends;   /* of the line's text */
	const char *starts;
};

/*
 * slabinfo 2.x: active_objs num_objs objsize objperslab pagesperslab : tunables limit
 * batchcount sharedfactor : slabdata active_slabs num_slabs sharedavail.
 */
static const struct family families[] = {
	{ "proc/slabinfo", "slab:", 11, 9, 4, 0, "", "" },
	{ "proc/meminfo", "meminfo:", 1, 0, KT_TRACK_NO_TIMES, 1024, " kB", "" },
	{ "proc/vmstat", "vmstat:", 1, 0, KT_TRACK_NO_TIMES, 0, "", "nr_" },
};

/*
 * vmstat counts most things in pages, and these not (mm/vmstat.c, enum node_stat_item). Stacks
 * were threads before they were KiB, in 4.8, and meminfo has them.
 */
static bool is_no_amount(struct kt_span name)
{
	static const char *const others[] = { "nr_dirtied", "nr_written", "nr_vmscan_write",
		"nr_vmscan_immediate_reclaim", "nr_foll_pin_acquired", "nr_foll_pin_released",
		"nr_throttled_written", "nr_kernel_stack", "nr_shadow_call_stack" };

	for (size_t i = 0; i < KT_LEN(others); i++) {
		if (kt_span_eq(name, others[i]))
			return true;
	}
	return kt_span_ends(name, "threshold") || kt_span_starts(name, "nr_tlb") ||
	       kt_span_ends(name, "hugepages") || kt_span_ends(name, "pmdmapped");
}

/* The words before the first number, without a colon at their end. */
static struct kt_span words_of(const char *text)
{
	const char *end = strchr(text, KT_LINE_NUMBER);
	struct kt_span name = { text, end ? (size_t)(end - text) : 0 };

	name = kt_span_trim(name);
	if (name.n && name.p[name.n - 1] == ':')
		name.n--;
	return name;
}

/* "9p-fcall-cache" begins with a number, and that is a series like the others of its line. */
static bool begins_with_number(const char *text)
{
	return text[0] == KT_LINE_NUMBER && text[1] && text[1] != ' ';
}

static struct kt_span name_of(
	const struct kt_block *block, const struct kt_block_line *line, struct kt_arena *arena)
{
	struct kt_series_reader reader;
	struct kt_series_run run = { .absent = true };
	struct kt_span words;

	if (!begins_with_number(line->text))
		return words_of(line->text);
	words = words_of(line->text + 1);
	kt_series_read(&reader, kt_block_series(block, line->first), block->nr_samples);
	while (kt_series_next(&reader, &run) && run.absent)
		;
	if (run.absent || !words.n)
		return (struct kt_span){ 0 };
	return kt_span_str(
		kt_arena_printf(arena, "%lld%.*s", (long long)run.value, (int)words.n, words.p));
}

void kt_tracks_of(const struct kt_block *block, int64_t page_bytes, struct kt_arena *arena,
	kt_tracks *ret_tracks)
{
	for (uint32_t i = 0; i < block->lines.count; i++) {
		const struct kt_block_line *line = &block->lines.items[i];
		const char *path = block->files.items[line->file].path;
		struct kt_span name = name_of(block, line, arena);
		uint32_t shift = begins_with_number(line->text);

		for (size_t k = 0; k < KT_LEN(families) && name.n; k++) {
			const struct family *family = &families[k];
			bool has_times = family->times != KT_TRACK_NO_TIMES;
			struct kt_track *track;

			if (strcmp(path, family->path) != 0 ||
				line->nr_numbers / block->values_per_number !=
					family->nr_numbers + shift ||
				!kt_span_ends(kt_span_str(line->text), family->ends) ||
				!kt_span_starts(name, family->starts) ||
				(*family->starts && is_no_amount(name)))
				continue;
			track = kt_list_push(arena, ret_tracks);
			if (!track)
				return;
			*track = (struct kt_track){ .line = i,
				.number = family->number + shift,
				.times = has_times ? family->times + shift : KT_TRACK_NO_TIMES,
				.unit_bytes = family->unit_bytes ? family->unit_bytes : page_bytes,
				.name = kt_arena_printf(
					arena, "%s%.*s", family->prefix, (int)name.n, name.p) };
		}
	}
}

/* ---- reading ---- */

static struct kt_span series_of(
	const struct kt_block *block, const struct kt_track *track, uint32_t number, uint32_t value)
{
	const struct kt_block_line *line = &block->lines.items[track->line];

	return kt_block_series(
		block, line->first + (size_t)number * block->values_per_number + value);
}

void kt_track_read(
	struct kt_track_reader *reader, const struct kt_block *block, const struct kt_track *track)
{
	*reader = (struct kt_track_reader){ .block = block, .track = track };
	for (uint32_t i = 0; i < block->values_per_number; i++)
		kt_series_read(&reader->readers[i], series_of(block, track, track->number, i),
			block->nr_samples);
	if (track->times != KT_TRACK_NO_TIMES)
		kt_series_read(&reader->factor, series_of(block, track, track->times, 0),
			block->nr_samples);
}

/* Of the sample at which the reader stands, and as far as it holds. */
static int64_t take_factor(struct kt_track_reader *reader, uint32_t *count)
{
	int64_t factor;

	if (reader->track->times == KT_TRACK_NO_TIMES)
		return reader->track->unit_bytes;
	if (!reader->factor_run.count)
		kt_series_next(&reader->factor, &reader->factor_run);
	if (reader->factor_run.count && reader->factor_run.count < *count)
		*count = reader->factor_run.count;
	return reader->factor_run.absent || __builtin_mul_overflow(reader->factor_run.value,
						    reader->track->unit_bytes, &factor)
		       ? 0
		       : factor;
}

/* Amounts that no machine has are cut, so that differences and sums of them fit. */
static int64_t scaled(int64_t value, int64_t factor)
{
	int64_t product;

	if (__builtin_mul_overflow(value, factor, &product))
		product = (value < 0) != (factor < 0) ? -AMOUNT_MAX : AMOUNT_MAX;
	return product > AMOUNT_MAX ? AMOUNT_MAX : product < -AMOUNT_MAX ? -AMOUNT_MAX : product;
}

/* In thinned blocks, the four series in step: as far as the shortest of their runs. */
bool kt_track_next(struct kt_track_reader *reader, struct kt_track_run *ret_run)
{
	uint32_t nr_values = reader->block->values_per_number, count = UINT32_MAX;
	const struct kt_series_run *runs = reader->runs;
	int64_t factor;

	for (uint32_t i = 0; i < nr_values; i++) {
		if (!reader->runs[i].count &&
			!kt_series_next(&reader->readers[i], &reader->runs[i]))
			return false;
		count = runs[i].count < count ? runs[i].count : count;
	}
	factor = take_factor(reader, &count);
	*ret_run = (struct kt_track_run){
		.from = reader->at, .count = count, .absent = runs[0].absent
	};
	if (!ret_run->absent) {
		ret_run->last = scaled(runs[0].value, factor);
		ret_run->min = nr_values > 1 ? scaled(runs[1].value, factor) : ret_run->last;
		ret_run->max = nr_values > 1 ? scaled(runs[2].value, factor) : ret_run->last;
		ret_run->mean = nr_values > 1 ? scaled(runs[3].value, factor) : ret_run->last;
	}
	for (uint32_t i = 0; i < nr_values; i++)
		reader->runs[i].count -= count;
	if (reader->factor_run.count)
		reader->factor_run.count -= count;
	reader->at += count;
	return true;
}
