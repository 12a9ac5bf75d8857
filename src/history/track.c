// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/track.h"

#include "base/map.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define AMOUNT_MAX (1ll << 53)
#define TWIN_STEPS_MAX \
	(1u << 20) /* limit for one name: samples at which a size changes, times lines */

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

/*
 * Whether the name begins with a number, as "9p-fcall-cache": that number is a series like others
 * of its line.
 */
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

/*
 * The words after so many numbers, for a line that does not begin with its name. A word of them
 * that begins with a number has it as a series, as above. Empty: the line has fewer numbers.
 */
static struct kt_span words_after(const struct kt_block *block, const struct kt_block_line *line,
	uint32_t nr_before, struct kt_arena *arena)
{
	KT_CLEANUP(buf) struct kt_buf name = { 0 };
	const char *at = line->text;
	uint32_t number = 0;

	for (; *at && number < nr_before; at++)
		number += *at == KT_LINE_NUMBER;
	for (; *at; at++) {
		struct kt_series_reader reader;
		struct kt_series_run run = { .absent = true };

		if (*at != KT_LINE_NUMBER) {
			kt_buf_add(&name, at, 1);
			continue;
		}
		kt_series_read(&reader,
			kt_block_series(
				block, line->first + (size_t)number++ * block->values_per_number),
			block->nr_samples);
		while (kt_series_next(&reader, &run) && run.absent)
			;
		if (run.absent)
			return (struct kt_span){ 0 };
		kt_buf_number(&name, run.value);
	}
	arena->failed |= name.failed;
	return kt_span_str(kt_arena_name(
		arena, kt_span_trim((struct kt_span){ name.data, name.failed ? 0 : name.size })));
}

/* ---- caches of one name ---- */

/* A line whose name other lines may share: its size over the samples, and its open track. */
struct twin {
	struct kt_series_reader reader;
	struct kt_series_run run; /* remaining part of the current run */
	size_t line;  /* place among the lines of the name; the last line is the oldest cache */
	int64_t size; /* bytes; -1: absent */
	uint32_t nth; /* its count among the lines of that size */
	struct kt_track track;
};

static struct kt_span series_of(
	const struct kt_block *block, const struct kt_track *track, uint32_t number, uint32_t value)
{
	const struct kt_block_line *line = &block->lines.items[track->line];

	return kt_block_series(
		block, line->first + (size_t)number * block->values_per_number + value);
}

static int by_size(const void *left, const void *right)
{
	const struct twin *a = *(struct twin *const *)left, *b = *(struct twin *const *)right;

	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return a->line > b->line ? -1 : a->line < b->line;
}

static int by_stretch(const void *left, const void *right)
{
	const struct kt_track *a = left, *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->slot_bytes != b->slot_bytes)
		return a->slot_bytes < b->slot_bytes ? -1 : 1;
	return a->twin < b->twin ? -1 : a->twin > b->twin;
}

static bool close_track(struct kt_arena *arena, struct twin *twin, uint32_t to, kt_tracks *tracks)
{
	struct kt_track *slot;

	if (twin->track.slot_bytes < 0 || twin->track.from == to)
		return true;
	slot = kt_list_push(arena, tracks);
	if (!slot)
		return false;
	*slot = twin->track;
	slot->to = to;
	slot->key = kt_arena_printf(arena, "%s\x1f%lld", slot->name, (long long)slot->slot_bytes);
	if (slot->key && slot->twin > 1)
		slot->key = kt_arena_printf(arena, "%s#%u", slot->key, slot->twin);
	return slot->key != NULL;
}

/* Decides which cache each line is, from the runs at sample `at`. */
static bool settle(
	struct kt_arena *arena, struct twin **order, size_t count, uint32_t at, kt_tracks *tracks)
{
	qsort(order, count, sizeof(struct twin *), by_size);
	for (size_t i = 0; i < count; i++) {
		struct twin *twin = order[i];

		twin->nth = i && order[i - 1]->size == twin->size ? order[i - 1]->nth + 1 : 1;
		if (twin->size == twin->track.slot_bytes && twin->nth == twin->track.twin)
			continue;
		if (!close_track(arena, twin, at, tracks))
			return false;
		twin->track.from = at;
		twin->track.slot_bytes = twin->size;
		twin->track.twin = twin->nth;
	}
	return true;
}

/*
 * Takes the next run of each line whose run has ended; returns for how many samples all runs hold.
 */
static uint32_t next_runs(struct twin *twins, size_t count, bool *ret_changed)
{
	uint32_t least = UINT32_MAX;

	*ret_changed = false;
	for (size_t i = 0; i < count; i++) {
		struct twin *twin = &twins[i];
		int64_t size;

		if (!twin->run.count && !kt_series_next(&twin->reader, &twin->run))
			return 0;
		size = twin->run.absent || twin->run.value < 0 ? -1 : twin->run.value;
		*ret_changed |= size != twin->size;
		twin->size = size;
		least = twin->run.count < least ? twin->run.count : least;
	}
	for (size_t i = 0; i < count; i++)
		twins[i].run.count -= least;
	return least;
}

/* Makes the tracks of the lines of one name; lines are in the order of the file. */
static bool put_twins(const struct kt_block *block, struct kt_arena *arena, const kt_tracks *lines,
	uint32_t size, kt_tracks *ret_tracks)
{
	struct twin *twins = kt_arena_alloc(arena, lines->count * sizeof(*twins));
	struct twin **order = kt_arena_alloc(arena, lines->count * sizeof(*order));
	size_t first = ret_tracks->count;
	uint64_t nr_steps = 0;
	uint32_t at = 0, step;
	bool changed, good = twins && order;

	for (size_t i = 0; good && i < lines->count; i++) {
		twins[i] = (struct twin){ .line = i, .size = -1, .track = lines->items[i] };
		kt_series_read(&twins[i].reader, series_of(block, &lines->items[i], size, 0),
			block->nr_samples);
		order[i] = &twins[i];
	}
	while (good && nr_steps <= TWIN_STEPS_MAX &&
		(step = next_runs(twins, lines->count, &changed))) {
		nr_steps += lines->count;
		good = !changed || settle(arena, order, lines->count, at, ret_tracks);
		at += step;
	}
	for (size_t i = 0; good && i < lines->count; i++)
		good = close_track(arena, &twins[i], block->nr_samples, ret_tracks);
	if (nr_steps > TWIN_STEPS_MAX)
		ret_tracks->count = first;
	else if (good && ret_tracks->count > first)
		qsort(&ret_tracks->items[first], ret_tracks->count - first,
			sizeof(*ret_tracks->items), by_stretch);
	return good;
}

/* ---- the tracks of a block ---- */

/* Lines of one name, each with a track of its own, before caches are separated. */
struct named {
	kt_tracks lines;
	uint32_t size;
};

typedef KT_LIST(struct named) named_list;

/* Lines of a block by name. */
struct naming {
	const struct kt_block *block;
	int64_t page_bytes;
	const char *only; /* an id; NULL: all lines */
	struct kt_arena *arena;
	struct kt_map map; /* index in `list` */
	named_list list;
};

static bool add_named(struct naming *naming, const struct kt_track *track, uint32_t size)
{
	bool added;
	uint32_t *index = kt_map_add(&naming->map, kt_span_str(track->name), NULL, &added);
	struct named *named;
	struct kt_track *slot;

	if (!index)
		return false;
	if (added) {
		*index = (uint32_t)naming->list.count;
		named = kt_list_push(naming->arena, &naming->list);
		if (!named)
			return false;
		*named = (struct named){ .size = size };
	}
	slot = kt_list_push(naming->arena, &naming->list.items[*index].lines);
	if (slot)
		*slot = *track;
	return slot != NULL;
}

/* Finds the amount of a line; numbers in it are counted from the line's first. */
static bool amount_of(const struct kt_block *block, const struct kt_block_line *line,
	const struct kt_source *source, uint32_t index, struct kt_span name,
	struct kt_line_amount *ret_amount)
{
	uint32_t in_name = begins_with_number(line->text);
	uint32_t nr_numbers = line->nr_numbers / block->values_per_number;
	const char *last = strrchr(line->text, KT_LINE_NUMBER);

	if (nr_numbers < in_name || !last ||
		!source->amount(
			index, name, nr_numbers - in_name, kt_span_str(last + 1), ret_amount))
		return false;
	ret_amount->number += in_name;
	if (ret_amount->times != KT_NO_NUMBER)
		ret_amount->times += in_name;
	if (ret_amount->size != KT_NO_NUMBER)
		ret_amount->size += in_name;
	return true;
}

/* Bytes of a unit; 0: not one of memory. */
static int64_t bytes_of(enum kt_unit unit, int64_t page_bytes)
{
	switch (unit) {
	case KT_BYTES: return 1;
	case KT_KB: return 1024;
	case KT_PAGES: return page_bytes;
	case KT_COUNT: break;
	}
	return 0;
}

/*
 * Whether an id may belong to a line: the id continues a name by the number of a cache at most.
 * A name that follows numbers is not compared, because finding it is what would be saved.
 */
static bool may_be(const char *only, const char *series, struct kt_span name, bool more)
{
	size_t n = strlen(series);

	if (strncmp(only, series, n) != 0 || only[n] != ':')
		return false;
	only += n + 1;
	if (strncmp(only, name.p, name.n) != 0)
		return false;
	return more || !only[name.n] || only[name.n] == '#';
}

static bool add_amount(struct naming *naming, struct kt_track track, struct kt_span name,
	const struct kt_line_amount *amount)
{
	const struct kt_block_line *line = &naming->block->lines.items[track.line];
	const char *series = amount->series ? amount->series : track.source->series;
	struct kt_span after = { 0 };

	if (naming->only && !may_be(naming->only, series, name, amount->nr_before_name > 0))
		return true;
	if (amount->nr_before_name)
		after = words_after(naming->block, line, amount->nr_before_name, naming->arena);
	if (!name.n && !after.n)
		return true;
	track.number = amount->number;
	track.times = amount->times;
	track.unit_bytes = bytes_of(amount->unit, naming->page_bytes);
	track.twin = track.copy = 1;
	track.to = naming->block->nr_samples;
	track.name = kt_arena_printf(naming->arena, "%s:%.*s%s%.*s", series, (int)name.n, name.p,
		name.n && after.n ? " " : "", (int)after.n, after.n ? after.p : "");
	track.key = track.id = track.name;
	return track.name && add_named(naming, &track, amount->size);
}

static bool add_line(struct naming *naming, uint32_t at, const struct kt_source *source)
{
	const struct kt_block_line *line = &naming->block->lines.items[at];
	struct kt_span name = name_of(naming->block, line, naming->arena);
	struct kt_track track = { .source = source, .line = at, .slot_bytes = -1 };
	struct kt_line_amount amount;

	for (uint32_t i = 0; amount_of(naming->block, line, source, i, name, &amount); i++) {
		if (!add_amount(naming, track, name, &amount))
			return false;
	}
	return true;
}

/* Adds the lines of all files whose source knows amounts in them. */
static bool add_lines(struct naming *naming)
{
	const struct kt_block *block = naming->block;
	const struct kt_source **sources =
		kt_arena_alloc(naming->arena, block->files.count * sizeof(struct kt_source *));

	for (size_t i = 0; sources && i < block->files.count; i++) {
		const struct kt_source *source = kt_source_of(block->files.items[i].path);

		sources[i] = source && source->amount ? source : NULL;
	}
	for (uint32_t i = 0; sources && i < block->lines.count; i++) {
		const struct kt_source *source = sources[block->lines.items[i].file];

		if (source && !add_line(naming, i, source))
			return false;
	}
	return sources || !block->files.count;
}

void kt_tracks_of(const struct kt_block *block, int64_t page_bytes, const char *only,
	struct kt_arena *arena, kt_tracks *ret_tracks)
{
	struct naming naming = {
		.block = block, .page_bytes = page_bytes, .only = only, .arena = arena
	};
	bool good = add_lines(&naming);

	for (size_t i = 0; good && i < naming.list.count; i++) {
		const struct named *named = &naming.list.items[i];
		struct kt_track *slot;

		if (named->size != KT_NO_NUMBER) {
			good = put_twins(block, arena, &named->lines, named->size, ret_tracks);
			continue;
		}
		slot = kt_list_push(arena, ret_tracks);
		if (slot)
			*slot = named->lines.items[0];
	}
	arena->failed |= !good;
	kt_map_fini(&naming.map);
}

/* ---- reading ---- */

void kt_track_read(
	struct kt_track_reader *reader, const struct kt_block *block, const struct kt_track *track)
{
	*reader = (struct kt_track_reader){ .block = block, .track = track };
	for (uint32_t i = 0; i < block->values_per_number; i++)
		kt_series_read(&reader->readers[i], series_of(block, track, track->number, i),
			block->nr_samples);
	if (track->times != KT_NO_NUMBER)
		kt_series_read(&reader->factor, series_of(block, track, track->times, 0),
			block->nr_samples);
}

/* Returns the factor at the reader's sample, and for how many samples it holds. */
static int64_t take_factor(struct kt_track_reader *reader, uint32_t *count)
{
	int64_t factor;

	if (reader->track->times == KT_NO_NUMBER)
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

/* A product of a number that is not known, which is below 0, is no amount. */
static bool is_product_of_unknown(const struct kt_track *track, int64_t value, int64_t factor)
{
	return track->times != KT_NO_NUMBER && (value < 0 || factor < 0);
}

/* Cuts amounts that no machine has, so that their differences and sums fit. */
static int64_t scaled(int64_t value, int64_t factor)
{
	int64_t product;

	if (__builtin_mul_overflow(value, factor, &product))
		product = (value < 0) != (factor < 0) ? -AMOUNT_MAX : AMOUNT_MAX;
	return product > AMOUNT_MAX ? AMOUNT_MAX : product < -AMOUNT_MAX ? -AMOUNT_MAX : product;
}

/*
 * Returns the next run. Reads the four series of a thinned block in step, up to the end of the
 * shortest run.
 */
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
	if (reader->at < reader->track->from && count > reader->track->from - reader->at)
		count = reader->track->from - reader->at;
	else if (reader->at < reader->track->to && count > reader->track->to - reader->at)
		count = reader->track->to - reader->at;
	*ret_run = (struct kt_track_run){ .from = reader->at,
		.count = count,
		.absent = runs[0].absent || reader->at < reader->track->from ||
			  reader->at >= reader->track->to ||
			  is_product_of_unknown(reader->track, runs[0].value, factor) };
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

bool kt_track_value(
	const struct kt_cursor *cursor, const struct kt_track *track, int64_t *ret_bytes)
{
	const struct kt_block_line *line = &cursor->block->lines.items[track->line];
	int64_t times = 1;

	return cursor->sample >= track->from && cursor->sample < track->to &&
	       kt_cursor_value(cursor, line, track->number, KT_VALUE_LAST, ret_bytes) &&
	       (track->times == KT_NO_NUMBER ||
		       kt_cursor_value(cursor, line, track->times, KT_VALUE_LAST, &times)) &&
	       !is_product_of_unknown(track, *ret_bytes, times) &&
	       !__builtin_mul_overflow(*ret_bytes, times, ret_bytes) &&
	       !__builtin_mul_overflow(*ret_bytes, track->unit_bytes, ret_bytes);
}

bool kt_track_matches(const struct kt_track *track, const char *pattern)
{
	return fnmatch(pattern, track->id, 0) == 0 || fnmatch(pattern, track->name, 0) == 0;
}
