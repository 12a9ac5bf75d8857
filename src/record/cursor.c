// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/cursor.h"

#include <stdlib.h>

/* The run in which the cursor stands; a stream that is at its end keeps its last. */
static void advance(struct kt_cursor_series *series, uint32_t sample)
{
	while (series->end <= sample && kt_series_next(&series->reader, &series->run))
		series->end += series->run.count;
}

struct kt_err *kt_cursor_init(struct kt_cursor *cursor, const struct kt_block *block)
{
	*cursor = (struct kt_cursor){ .block = block };
	cursor->series = calloc(kt_block_nr_series(block) + 1, sizeof(*cursor->series));
	if (!cursor->series)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	cursor->nr_series = kt_block_nr_series(block);
	for (size_t i = 0; i < cursor->nr_series; i++) {
		struct kt_cursor_series *series = &cursor->series[i];

		kt_series_read(&series->reader, kt_block_series(block, i), block->nr_samples);
		series->run.absent = true;
		advance(series, 0);
	}
	if (!kt_block_is_whole(block)) {
		kt_cursor_fini(cursor);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	return NULL;
}

void kt_cursor_fini(struct kt_cursor *cursor)
{
	free(cursor->series);
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
	for (size_t i = 0; i < cursor->nr_series; i++)
		advance(&cursor->series[i], sample);
	cursor->sample = sample;
}

bool kt_cursor_value(const struct kt_cursor *cursor, const struct kt_block_line *line,
	uint32_t number, enum kt_value value, int64_t *ret_value)
{
	uint32_t per_number = cursor->block->values_per_number;
	uint32_t index = number * per_number + (per_number > 1 ? (uint32_t)value : 0);
	const struct kt_cursor_series *series;

	if (index >= line->nr_numbers)
		return false;
	series = &cursor->series[line->first + index];
	*ret_value = series->run.value;
	return !series->run.absent;
}

static void put_line(
	const struct kt_cursor *cursor, const struct kt_block_line *line, struct kt_buf *text)
{
	uint32_t number = 0;
	int64_t value;

	for (const char *p = line->text; *p; p++) {
		if (*p != KT_LINE_NUMBER)
			kt_buf_add(text, p, 1);
		else if (kt_cursor_value(cursor, line, number++, KT_VALUE_LAST, &value))
			kt_buf_printf(text, "%lld", (long long)value);
	}
	kt_buf_puts(text, "\n");
}

bool kt_cursor_text(const struct kt_cursor *cursor, uint32_t file, struct kt_buf *ret_text)
{
	const struct kt_block_layout *layout =
		kt_block_layout_at(cursor->block, file, cursor->sample);

	size_t before = ret_text->size;

	for (uint32_t i = 0; layout && i < layout->nr_lines; i++) {
		put_line(cursor, &cursor->block->lines.items[layout->lines[i]], ret_text);
		if (ret_text->size - before <= KT_BLOCK_BYTES_MAX)
			continue;
		ret_text->size = before;
		return false;
	}
	return layout != NULL;
}
