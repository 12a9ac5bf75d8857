// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/block.h"

#include "record/columns.h"
#include "record/pack.h"

#include <string.h>

void kt_block_cleanup(struct kt_block *block)
{
	kt_columns_free(block->columns);
	kt_arena_fini(&block->arena);
	*block = (struct kt_block){ 0 };
}

/* ---- writing ---- */

static void encode_files(const struct kt_block *block, struct kt_buf *bytes)
{
	kt_pack_varint(bytes, block->files.count);
	for (size_t i = 0; i < block->files.count; i++) {
		const struct kt_block_file *file = &block->files.items[i];

		kt_pack_text(bytes, kt_span_str(file->path));
		kt_pack_varint(bytes, file->layouts.count);
		for (size_t k = 0; k < file->layouts.count; k++) {
			const struct kt_block_layout *layout = &file->layouts.items[k];
			uint32_t expected = 0;

			kt_pack_varint(bytes, layout->from);
			kt_pack_varint(bytes, layout->absent ? 0 : (uint64_t)layout->nr_lines + 1);
			for (uint32_t n = 0; n < layout->nr_lines; n++) {
				kt_pack_varint(bytes,
					kt_zigzag((int64_t)layout->lines[n] - (int64_t)expected));
				expected = layout->lines[n] + 1;
			}
		}
	}
}

#define CLOCKS 2u /* series before the series of the lines */

static struct kt_span stored_series(const void *arg, size_t number)
{
	const struct kt_block *block = arg;

	if (number < CLOCKS)
		return number ? block->boot_ms : block->real_ms;
	return kt_block_series(block, number - CLOCKS);
}

void kt_block_encode(const struct kt_block *block, struct kt_buf *bytes)
{
	struct kt_columns_source columns = { .nr_samples = block->nr_samples,
		.count = CLOCKS + kt_block_nr_series(block),
		.series = stored_series,
		.arg = block };

	kt_pack_varint(bytes, block->nr_samples);
	kt_pack_varint(bytes, block->values_per_number);
	kt_pack_varint(bytes, block->facts.count);
	for (size_t i = 0; i < block->facts.count; i++) {
		kt_pack_text(bytes, kt_span_str(block->facts.items[i].key));
		kt_pack_text(bytes, kt_span_str(block->facts.items[i].text));
	}
	kt_pack_varint(bytes, block->marks.count);
	for (size_t i = 0; i < block->marks.count; i++) {
		kt_pack_varint(bytes, block->marks.items[i].sample);
		kt_pack_text(bytes, kt_span_str(block->marks.items[i].kind));
		kt_pack_text(bytes, kt_span_str(block->marks.items[i].text));
	}
	encode_files(block, bytes);
	kt_pack_varint(bytes, block->lines.count);
	for (size_t i = 0; i < block->lines.count; i++) {
		kt_pack_varint(bytes, block->lines.items[i].file);
		kt_pack_text(bytes, kt_span_str(block->lines.items[i].text));
	}
	kt_columns_encode(&columns, bytes);
}

/* ---- reading ---- */

/* Texts in a block do not end with NUL; a NUL inside would hide the rest of the text. */
static const char *take_string(struct kt_arena *arena, struct kt_span *rest)
{
	struct kt_span text;

	if (!kt_take_text(rest, &text) || memchr(text.p, 0, text.n))
		return NULL;
	return kt_arena_printf(arena, "%.*s", (int)text.n, text.p);
}

/* Whether a series is a clock: a clock has a value at every sample. */
static bool is_clock(struct kt_span ops, uint32_t nr_samples)
{
	struct kt_series_reader reader;
	struct kt_series_run run;

	kt_series_read(&reader, ops, nr_samples);
	while (kt_series_next(&reader, &run)) {
		if (run.absent || !kt_block_is_clock(run.value))
			return false;
	}
	return true;
}

static bool decode_head(struct kt_span *rest, struct kt_block *block)
{
	uint64_t nr_samples, nr_values;

	if (!kt_take_varint(rest, &nr_samples) || !kt_take_varint(rest, &nr_values) ||
		nr_samples > KT_BLOCK_SAMPLES_MAX || (nr_values != 1 && nr_values != 4))
		return false;
	block->nr_samples = (uint32_t)nr_samples;
	block->values_per_number = (uint32_t)nr_values;
	return true;
}

static bool decode_texts(struct kt_span *rest, struct kt_block *block)
{
	uint64_t nr_facts, nr_marks, sample;

	if (!kt_take_count(rest, &nr_facts) || nr_facts > KT_BLOCK_FACTS_MAX)
		return false;
	for (; nr_facts; nr_facts--) {
		struct kt_block_fact *fact = kt_list_push(&block->arena, &block->facts);

		if (!fact)
			return false;
		fact->key = take_string(&block->arena, rest);
		fact->text = fact->key ? take_string(&block->arena, rest) : NULL;
		if (!fact->text)
			return false;
	}
	if (!kt_take_count(rest, &nr_marks) || nr_marks > KT_BLOCK_MARKS_MAX)
		return false;
	for (; nr_marks; nr_marks--) {
		struct kt_block_mark *mark = kt_list_push(&block->arena, &block->marks);

		if (!mark || !kt_take_varint(rest, &sample) || sample > block->nr_samples)
			return false;
		mark->sample = (uint32_t)sample;
		mark->kind = take_string(&block->arena, rest);
		mark->text = mark->kind ? take_string(&block->arena, rest) : NULL;
		if (!mark->text)
			return false;
	}
	return true;
}

/*
 * Limits from layouts. The number of lines is known only later, and is checked against them then.
 */
struct layout_limits {
	uint64_t lines_max; /* smallest number of lines that the layouts refer to */
	uint64_t total;
};

static bool decode_layout(struct kt_span *rest, struct kt_arena *arena,
	struct layout_limits *limits, struct kt_block_layout *ret_layout)
{
	uint64_t from, count, step;
	int64_t line = 0;
	uint32_t *lines;

	if (!kt_take_varint(rest, &from) || from > KT_BLOCK_SAMPLES_MAX ||
		!kt_take_varint(rest, &count) || count > rest->n + 1)
		return false;
	limits->total += count + 1;
	if (limits->total > KT_BLOCK_LAYOUT_MAX)
		return false;
	*ret_layout = (struct kt_block_layout){ .from = (uint32_t)from, .absent = !count };
	if (count < 2)
		return true;
	lines = kt_arena_alloc(arena, (count - 1) * sizeof(*lines));
	if (!lines)
		return false;
	for (uint64_t i = 0; i < count - 1; i++) {
		if (!kt_take_varint(rest, &step) ||
			__builtin_add_overflow(line, kt_unzigzag(step), &line) || line < 0 ||
			line >= UINT32_MAX)
			return false;
		lines[i] = (uint32_t)line++;
		if ((uint64_t)line > limits->lines_max)
			limits->lines_max = (uint64_t)line;
	}
	ret_layout->lines = lines;
	ret_layout->nr_lines = (uint32_t)(count - 1);
	return true;
}

static bool decode_files(struct kt_span *rest, struct kt_block *block, struct layout_limits *limits)
{
	uint64_t nr_files, nr_layouts;

	if (!kt_take_count(rest, &nr_files) || nr_files > KT_BLOCK_FILES_MAX)
		return false;
	for (; nr_files; nr_files--) {
		struct kt_block_file *file = kt_list_push(&block->arena, &block->files);

		if (!file)
			return false;
		*file = (struct kt_block_file){ .path = take_string(&block->arena, rest) };
		if (!file->path || !kt_take_count(rest, &nr_layouts))
			return false;
		for (uint32_t from = 0; nr_layouts; nr_layouts--) {
			struct kt_block_layout *layout =
				kt_list_push(&block->arena, &file->layouts);

			if (!layout || !decode_layout(rest, &block->arena, limits, layout) ||
				layout->from < from)
				return false;
			from = layout->from;
		}
	}
	return true;
}

static bool decode_lines(struct kt_span *rest, struct kt_block *block, uint64_t lines_max)
{
	uint64_t nr_lines, file, nr_series = 0;

	if (!kt_take_count(rest, &nr_lines) || lines_max > nr_lines ||
		nr_lines > KT_BLOCK_LINES_MAX)
		return false;
	for (; nr_lines; nr_lines--) {
		struct kt_block_line *line = kt_list_push(&block->arena, &block->lines);

		if (!line || !kt_take_varint(rest, &file) || file >= block->files.count)
			return false;
		line->file = (uint32_t)file;
		line->text = take_string(&block->arena, rest);
		if (!line->text)
			return false;
		line->first = (uint32_t)nr_series;
		for (const char *p = line->text; *p; p++)
			line->nr_numbers += *p == KT_LINE_NUMBER;
		line->nr_numbers *= block->values_per_number;
		nr_series += line->nr_numbers;
		if (nr_series > KT_BLOCK_SERIES_MAX)
			return false;
	}
	return nr_series <= rest->n;
}

static bool decode_series(struct kt_span rest, struct kt_block *block)
{
	if (!kt_columns_decode(rest, CLOCKS + kt_block_nr_series(block), block->nr_samples,
		    &block->arena, &block->columns))
		return false;
	block->real_ms = kt_columns_series(block->columns, 0);
	block->boot_ms = kt_columns_series(block->columns, 1);
	return kt_columns_are_whole(block->columns) &&
	       is_clock(block->real_ms, block->nr_samples) &&
	       is_clock(block->boot_ms, block->nr_samples);
}

struct kt_err *kt_block_decode(struct kt_span bytes, struct kt_block *ret_block)
{
	struct layout_limits limits = { 0 };

	*ret_block = (struct kt_block){ 0 };
	if (bytes.n <= KT_BLOCK_BYTES_MAX && decode_head(&bytes, ret_block) &&
		decode_texts(&bytes, ret_block) && decode_files(&bytes, ret_block, &limits) &&
		decode_lines(&bytes, ret_block, limits.lines_max) &&
		decode_series(bytes, ret_block))
		return NULL;
	if (ret_block->arena.failed ||
		(ret_block->columns && kt_columns_no_memory(ret_block->columns))) {
		kt_block_cleanup(ret_block);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	kt_block_cleanup(ret_block);
	return kt_err_new(KT_ERR_PARSE, "malformed contents of a block");
}

/* ---- looking things up ---- */

size_t kt_block_nr_series(const struct kt_block *block)
{
	const struct kt_block_line *last =
		block->lines.count ? &block->lines.items[block->lines.count - 1] : NULL;

	return last ? last->first + last->nr_numbers : 0;
}

struct kt_span kt_block_series(const struct kt_block *block, size_t index)
{
	return block->columns ? kt_columns_series(block->columns, CLOCKS + index)
			      : block->series.items[index];
}

bool kt_block_is_whole(const struct kt_block *block)
{
	return !block->arena.failed && (!block->columns || kt_columns_are_whole(block->columns));
}

int kt_block_file(const struct kt_block *block, const char *path)
{
	for (size_t i = 0; i < block->files.count; i++) {
		if (strcmp(block->files.items[i].path, path) == 0)
			return (int)i;
	}
	return -1;
}

static const struct kt_block_layout *last_layout(
	const struct kt_block *block, uint32_t file, uint32_t sample)
{
	const struct kt_block_layout *found = NULL;

	for (size_t i = 0; i < block->files.items[file].layouts.count; i++) {
		const struct kt_block_layout *layout = &block->files.items[file].layouts.items[i];

		if (layout->from <= sample)
			found = layout;
	}
	return found;
}

const struct kt_block_layout *kt_block_layout_at(
	const struct kt_block *block, uint32_t file, uint32_t sample)
{
	const struct kt_block_layout *found = last_layout(block, file, sample);

	return found && !found->absent ? found : NULL;
}

/* Returns the text after the path in a mark; NULL: the mark belongs to another file. */
static const char *reason_of(const struct kt_block_mark *mark, const char *path)
{
	size_t n = strlen(path);

	if (strncmp(mark->text, path, n) != 0)
		return NULL;
	if (!mark->text[n])
		return mark->text + n;
	return strncmp(mark->text + n, ": ", 2) == 0 ? mark->text + n + 2 : NULL;
}

const struct kt_block_mark *kt_block_unread_at(
	const struct kt_block *block, uint32_t file, uint32_t sample, const char **ret_why)
{
	const char *path = block->files.items[file].path, *why;
	const struct kt_block_layout *layout = last_layout(block, file, sample);
	const struct kt_block_mark *found = NULL;

	*ret_why = "";
	if (!layout || !layout->absent)
		return NULL;
	for (size_t i = 0; i < block->marks.count; i++) {
		const struct kt_block_mark *mark = &block->marks.items[i];

		/* earlier marks belong to the time before the file got its last text */
		if (mark->sample < layout->from || mark->sample > sample ||
			!(why = reason_of(mark, path)))
			continue;
		if (strcmp(mark->kind, KT_MARK_UNREAD) == 0 ||
			strcmp(mark->kind, KT_MARK_DENIED) == 0) {
			found = mark;
			*ret_why = why;
		} else if (strcmp(mark->kind, KT_MARK_GONE) == 0) {
			found = NULL;
			*ret_why = "";
		}
	}
	return found;
}

const char *kt_block_fact(const struct kt_block *block, const char *key)
{
	for (size_t i = 0; i < block->facts.count; i++) {
		if (strcmp(block->facts.items[i].key, key) == 0)
			return block->facts.items[i].text;
	}
	return NULL;
}

int64_t kt_block_real_ms(const struct kt_block *block, uint32_t sample)
{
	int64_t ms = 0;

	kt_series_at(block->real_ms, sample, &ms);
	return ms;
}

uint32_t kt_block_sample_at(const struct kt_block *block, int64_t real_ms)
{
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t at = 0, found = 0;

	kt_series_read(&reader, block->real_ms, block->nr_samples);
	while (kt_series_next(&reader, &run)) {
		at += run.count;
		if (run.value <= real_ms)
			found = at - 1;
	}
	return found;
}
