// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/cursor.h"

#include <stdlib.h>
#include <string.h>

/* Advances to the run that contains the sample; a stream at its end keeps its last run. */
static bool advance(struct kt_cursor_series *series, uint32_t sample)
{
	const struct kt_series_run before = series->run;

	while (series->end <= sample && kt_series_next(&series->reader, &series->run))
		series->end += series->run.count;
	return series->run.value != before.value || series->run.absent != before.absent;
}

static void start(struct kt_cursor_series *series, struct kt_span ops, uint32_t nr_samples)
{
	kt_series_read(&series->reader, ops, nr_samples);
	series->run.absent = true;
	advance(series, 0);
}

/* The block has the series of a number one after the other: last, smallest, largest, mean. */
static uint32_t per_number(const struct kt_cursor *cursor)
{
	return cursor->block->values_per_number;
}

static uint32_t nr_numbers(const struct kt_cursor *cursor, const struct kt_block_line *line)
{
	return line->nr_numbers / per_number(cursor);
}

static struct kt_cursor_series *series_of(
	const struct kt_cursor *cursor, const struct kt_block_line *line)
{
	return &cursor->series[line->first / per_number(cursor)];
}

/* Advances only series whose run has ended, so a step costs only the numbers that changed. */
static void move_lines(struct kt_cursor *cursor, uint32_t sample)
{
	const struct kt_block *block = cursor->block;

	for (uint32_t i = 0; i < block->lines.count; i++) {
		const struct kt_block_line *line = &block->lines.items[i];
		struct kt_cursor_series *series = series_of(cursor, line);
		bool moved = false;

		for (uint32_t k = nr_numbers(cursor, line); k-- > 0;) {
			if (series[k].end <= sample && advance(&series[k], sample))
				moved = true;
		}
		if (moved)
			cursor->files[line->file].moved = sample;
	}
}

static void move_layouts(struct kt_cursor *cursor, uint32_t sample)
{
	const struct kt_block *block = cursor->block;

	for (uint32_t i = 0; i < block->files.count; i++) {
		const struct kt_block_file *file = &block->files.items[i];
		size_t at = cursor->files[i].layout;

		while (at + 1 < file->layouts.count && file->layouts.items[at + 1].from <= sample)
			at++;
		if (at != cursor->files[i].layout)
			cursor->files[i].moved = sample;
		cursor->files[i].layout = at;
	}
}

struct kt_err *kt_cursor_init(struct kt_cursor *cursor, const struct kt_block *block)
{
	*cursor = (struct kt_cursor){ .block = block };
	cursor->nr_series = kt_block_nr_series(block) / per_number(cursor);
	cursor->series = calloc(cursor->nr_series + 1, sizeof(*cursor->series));
	cursor->files = calloc(block->files.count + 1, sizeof(*cursor->files));
	if (!cursor->series || !cursor->files) {
		kt_cursor_fini(cursor);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	for (size_t i = 0; i < cursor->nr_series; i++)
		start(&cursor->series[i], kt_block_series(block, i * per_number(cursor)),
			block->nr_samples);
	start(&cursor->boot_ms, block->boot_ms, block->nr_samples);
	move_layouts(cursor, 0);
	/* a series that could not be decoded looks absent, which would be a wrong number */
	if (!kt_block_is_whole(block)) {
		kt_cursor_fini(cursor);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	return NULL;
}

void kt_cursor_fini(struct kt_cursor *cursor)
{
	free(cursor->series);
	free(cursor->files);
	*cursor = (struct kt_cursor){ 0 };
}

void kt_cursor_cleanup(struct kt_cursor *cursor)
{
	kt_cursor_fini(cursor);
}

void kt_cursor_move(struct kt_cursor *cursor, uint32_t sample)
{
	if (sample <= cursor->sample)
		return;
	move_lines(cursor, sample);
	move_layouts(cursor, sample);
	advance(&cursor->boot_ms, sample);
	cursor->sample = sample;
}

bool kt_cursor_value(const struct kt_cursor *cursor, const struct kt_block_line *line,
	uint32_t number, enum kt_value value, int64_t *ret_value)
{
	const struct kt_cursor_series *series;

	if (number >= nr_numbers(cursor, line))
		return false;
	if (value != KT_VALUE_LAST && per_number(cursor) > 1)
		return kt_series_at(kt_block_series(cursor->block,
					    line->first + number * per_number(cursor) + value),
			cursor->sample, ret_value);
	series = &series_of(cursor, line)[number];
	*ret_value = series->run.value;
	return !series->run.absent;
}

static void put_line(
	const struct kt_cursor *cursor, const struct kt_block_line *line, struct kt_buf *text)
{
	size_t room = strlen(line->text) + (size_t)line->nr_numbers * KT_NUMBER_MAX + 1;
	char *to = kt_buf_reserve(text, room), *start = to;
	const struct kt_cursor_series *series = series_of(cursor, line);
	const struct kt_cursor_series *end = series + nr_numbers(cursor, line);

	for (const char *p = line->text; to && *p; p++) {
		if (*p != KT_LINE_NUMBER) {
			*to++ = *p;
			continue;
		}
		if (series < end && !series->run.absent)
			to += kt_number_text(series->run.value, to);
		series++;
	}
	if (!to)
		return;
	*to++ = '\n';
	text->size += (size_t)(to - start);
}

static const struct kt_block_layout *layout_of(const struct kt_cursor *cursor, uint32_t file)
{
	const struct kt_block_file *it = &cursor->block->files.items[file];
	const struct kt_block_layout *layout =
		it->layouts.count ? &it->layouts.items[cursor->files[file].layout] : NULL;

	return layout && layout->from <= cursor->sample && !layout->absent ? layout : NULL;
}

bool kt_cursor_text(const struct kt_cursor *cursor, uint32_t file, struct kt_buf *ret_text)
{
	const struct kt_block_layout *layout = layout_of(cursor, file);
	size_t before = ret_text->size;

	for (uint32_t i = 0; layout && i < layout->nr_lines; i++) {
		put_line(cursor, &cursor->block->lines.items[layout->lines[i]], ret_text);
		if (ret_text->size - before <= KT_BLOCK_BYTES_MAX)
			continue;
		/* a damaged block may list a long line very often */
		ret_text->size = before;
		return false;
	}
	return layout != NULL;
}

bool kt_cursor_is_still(const struct kt_cursor *cursor, uint32_t file, uint32_t since)
{
	return cursor->files[file].moved <= since;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

uint64_t kt_cursor_names(const struct kt_cursor *cursor, uint32_t file)
{
	const struct kt_block_layout *layout = layout_of(cursor, file);
	uint64_t hash = mix(mix(cursor->block->sequence, file), cursor->files[file].layout);

	for (uint32_t i = 0; layout && i < layout->nr_lines; i++) {
		const struct kt_block_line *line = &cursor->block->lines.items[layout->lines[i]];
		uint32_t number = 0;

		/* a number in a name is a series, as in "9p-fcall-cache" */
		for (const char *p = line->text; *p && *p != ' ' && *p != '\t'; p++) {
			int64_t value;
			bool there;

			if (*p != KT_LINE_NUMBER)
				continue;
			there = kt_cursor_value(cursor, line, number++, KT_VALUE_LAST, &value);
			hash = mix(mix(hash, there), there ? (uint64_t)value : 0);
		}
	}
	return hash;
}
