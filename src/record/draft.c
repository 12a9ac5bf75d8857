// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/draft.h"

#include "record/pack.h"

#include <stdlib.h>
#include <string.h>

/*
 * Steps of the log: a varint word, operation in the low three bits. Numbers that change
 * are by far the most: the word holds the distance to the series before, so that most
 * take two bytes together with their difference.
 */
enum step { SET, SET_ABSENT, END_SAMPLE, LAYOUT, LINE, FILE_, FACT, MARK };

void kt_draft_init(struct kt_draft *draft)
{
	*draft = (struct kt_draft){ .block = { .values_per_number = 1 } };
	kt_series_init(&draft->real_ms);
	kt_series_init(&draft->boot_ms);
}

void kt_draft_fini(struct kt_draft *draft)
{
	for (size_t i = 0; i < draft->writers.count; i++)
		kt_series_fini(&draft->writers.items[i]);
	kt_series_fini(&draft->real_ms);
	kt_series_fini(&draft->boot_ms);
	kt_buf_cleanup(&draft->log);
	kt_block_cleanup(&draft->block);
}

bool kt_draft_failed(const struct kt_draft *draft)
{
	bool failed = draft->block.arena.failed || draft->log.failed || draft->real_ms.failed ||
		      draft->boot_ms.failed;

	for (size_t i = 0; i < draft->writers.count && !failed; i++)
		failed = draft->writers.items[i].failed;
	return failed;
}

static void log_word(struct kt_draft *draft, enum step step, uint64_t argument)
{
	kt_pack_varint(&draft->log, argument << 3 | step);
}

static void log_text(struct kt_draft *draft, const char *text)
{
	kt_pack_text(&draft->log, kt_span_str(text));
}

/* ---- what the steps do ---- */

static void apply_fact(struct kt_draft *draft, const char *key, const char *text)
{
	struct kt_block_fact *fact =
		draft->block.facts.count < KT_BLOCK_FACTS_MAX
			? kt_list_push(&draft->block.arena, &draft->block.facts)
			: NULL;

	if (fact)
		*fact = (struct kt_block_fact){ key, text };
}

static void apply_mark(struct kt_draft *draft, const char *kind, const char *text)
{
	struct kt_block_mark *mark =
		draft->block.marks.count < KT_BLOCK_MARKS_MAX
			? kt_list_push(&draft->block.arena, &draft->block.marks)
			: NULL;

	if (mark)
		*mark = (struct kt_block_mark){ draft->block.nr_samples, kind, text };
}

static uint32_t apply_file(struct kt_draft *draft, const char *path)
{
	struct kt_block_file *file =
		draft->block.files.count < KT_BLOCK_FILES_MAX
			? kt_list_push(&draft->block.arena, &draft->block.files)
			: NULL;

	if (!file)
		return UINT32_MAX;
	*file = (struct kt_block_file){ .path = path };
	draft->nr_bytes += strlen(path) + 8;
	return (uint32_t)draft->block.files.count - 1;
}

static uint32_t apply_line(struct kt_draft *draft, uint32_t file, const char *text)
{
	struct kt_block_line *line;
	uint32_t nr_numbers = 0;

	for (const char *p = text; *p; p++)
		nr_numbers += *p == KT_LINE_NUMBER;
	nr_numbers *= draft->block.values_per_number;
	if (draft->writers.count + nr_numbers > KT_BLOCK_SERIES_MAX ||
		draft->block.lines.count >= KT_BLOCK_LINES_MAX)
		return UINT32_MAX;
	line = kt_list_push(&draft->block.arena, &draft->block.lines);
	if (!line)
		return UINT32_MAX;
	*line = (struct kt_block_line){
		.text = text, .file = file, .first = (uint32_t)draft->writers.count
	};
	for (; line->nr_numbers < nr_numbers; line->nr_numbers++) {
		struct kt_series *series = kt_list_push(&draft->block.arena, &draft->writers);

		if (!series)
			return UINT32_MAX;
		kt_series_init(series);
	}
	draft->nr_bytes += strlen(text) + 4 + (size_t)nr_numbers * 4;
	return (uint32_t)draft->block.lines.count - 1;
}

static bool apply_layout(
	struct kt_draft *draft, uint32_t file, const uint32_t *lines, uint32_t nr_lines)
{
	struct kt_block_file *owner = &draft->block.files.items[file];
	struct kt_block_layout *last =
		owner->layouts.count ? &owner->layouts.items[owner->layouts.count - 1] : NULL;

	if (draft->nr_layouts + nr_lines + 1 > KT_BLOCK_LAYOUT_MAX)
		return false;
	/* a file that is read again within a sample has its last layout only */
	if (!last || last->from != draft->block.nr_samples)
		last = kt_list_push(&draft->block.arena, &owner->layouts);
	if (!last)
		return false;
	*last = (struct kt_block_layout){ .from = draft->block.nr_samples,
		.absent = !lines,
		.lines = lines,
		.nr_lines = nr_lines };
	draft->nr_bytes += 8 + nr_lines;
	draft->nr_layouts += (size_t)nr_lines + 1;
	return true;
}

static void apply_end(struct kt_draft *draft, int64_t real_ms, int64_t boot_ms)
{
	kt_series_set(&draft->real_ms, draft->block.nr_samples, real_ms);
	kt_series_set(&draft->boot_ms, draft->block.nr_samples, boot_ms);
	draft->block.nr_samples++;
}

/* ---- steps ---- */

void kt_draft_fact(struct kt_draft *draft, const char *key, const char *text)
{
	log_word(draft, FACT, 0);
	log_text(draft, key);
	log_text(draft, text);
	apply_fact(draft, kt_arena_printf(&draft->block.arena, "%s", key),
		kt_arena_printf(&draft->block.arena, "%s", text));
}

void kt_draft_mark(struct kt_draft *draft, const char *kind, const char *text)
{
	log_word(draft, MARK, 0);
	log_text(draft, kind);
	log_text(draft, text);
	apply_mark(draft, kt_arena_printf(&draft->block.arena, "%s", kind),
		kt_arena_printf(&draft->block.arena, "%s", text));
}

uint32_t kt_draft_file(struct kt_draft *draft, const char *path)
{
	uint32_t file = apply_file(draft, kt_arena_printf(&draft->block.arena, "%s", path));

	if (file == UINT32_MAX)
		return file;
	log_word(draft, FILE_, 0);
	log_text(draft, path);
	return file;
}

uint32_t kt_draft_line(struct kt_draft *draft, uint32_t file, struct kt_span text)
{
	const char *copy = kt_arena_printf(&draft->block.arena, "%.*s", (int)text.n, text.p);
	uint32_t line = apply_line(draft, file, copy);

	if (line == UINT32_MAX)
		return line;
	log_word(draft, LINE, file);
	log_text(draft, copy);
	return line;
}

void kt_draft_layout(
	struct kt_draft *draft, uint32_t file, const uint32_t *lines, uint32_t nr_lines)
{
	uint32_t *copy;

	/* room is kept for every file to be absent */
	if (draft->nr_layouts + nr_lines > KT_BLOCK_LAYOUT_MAX - KT_BLOCK_FILES_MAX) {
		lines = NULL;
		nr_lines = 0;
	}
	copy = kt_arena_alloc(&draft->block.arena, ((size_t)nr_lines + 1) * sizeof(*copy));
	log_word(draft, LAYOUT, file);
	kt_pack_varint(&draft->log, lines ? (uint64_t)nr_lines + 1 : 0);
	for (uint32_t i = 0; copy && i < nr_lines; i++) {
		kt_pack_varint(&draft->log, lines[i]); // NOLINT
		copy[i] = lines[i];
	}
	/* rather no recording than one that tells of lines that are gone */
	if (copy && !apply_layout(draft, file, lines ? copy : NULL, nr_lines))
		draft->block.arena.failed = true;
}

void kt_draft_set(struct kt_draft *draft, uint32_t index, int64_t value)
{
	struct kt_series *series = &draft->writers.items[index];
	uint32_t size = series->size;

	if (!series->absent && series->value == value)
		return;
	log_word(draft, SET, index);
	kt_pack_varint(
		&draft->log, kt_zigzag((int64_t)((uint64_t)value - (uint64_t)series->value)));
	kt_series_set(series, draft->block.nr_samples, value);
	draft->nr_bytes += series->size - size;
}

void kt_draft_set_absent(struct kt_draft *draft, uint32_t index)
{
	struct kt_series *series = &draft->writers.items[index];

	if (series->absent)
		return;
	log_word(draft, SET_ABSENT, index);
	kt_series_set_absent(series, draft->block.nr_samples);
}

void kt_draft_end_sample(struct kt_draft *draft, int64_t real_ms, int64_t boot_ms)
{
	log_word(draft, END_SAMPLE, 0);
	kt_pack_u64(&draft->log, (uint64_t)real_ms);
	kt_pack_u64(&draft->log, (uint64_t)boot_ms);
	apply_end(draft, real_ms, boot_ms);
}

/* ---- replay ---- */

static const char *take_string(struct kt_draft *draft, struct kt_span *rest)
{
	struct kt_span text;

	if (!kt_take_text(rest, &text) || memchr(text.p, 0, text.n))
		return NULL;
	return kt_arena_printf(&draft->block.arena, "%.*s", (int)text.n, text.p);
}

static bool replay_pair(struct kt_draft *draft, struct kt_span *rest,
	void (*apply)(struct kt_draft *draft, const char *first, const char *second))
{
	const char *first = take_string(draft, rest);
	const char *second = first ? take_string(draft, rest) : NULL;

	if (second)
		apply(draft, first, second);
	return second != NULL;
}

static bool replay_layout(struct kt_draft *draft, struct kt_span *rest, uint64_t file)
{
	uint64_t count, line;
	uint32_t *lines;

	if (file >= draft->block.files.count || !kt_take_varint(rest, &count) ||
		count > rest->n + 1)
		return false;
	if (!count)
		return apply_layout(draft, (uint32_t)file, NULL, 0);
	lines = kt_arena_alloc(&draft->block.arena, count * sizeof(*lines));
	for (uint64_t i = 0; lines && i < count - 1; i++) {
		if (!kt_take_varint(rest, &line) || line >= draft->block.lines.count)
			return false;
		lines[i] = (uint32_t)line;
	}
	return lines && apply_layout(draft, (uint32_t)file, lines, (uint32_t)(count - 1));
}

static bool replay_set(struct kt_draft *draft, struct kt_span *rest, uint64_t index)
{
	struct kt_series *series;
	uint64_t step;

	if (index >= draft->writers.count || !kt_take_varint(rest, &step))
		return false;
	series = &draft->writers.items[index];
	kt_series_set(series, draft->block.nr_samples,
		(int64_t)((uint64_t)series->value + (uint64_t)kt_unzigzag(step)));
	return true;
}

static bool replay_end(struct kt_draft *draft, struct kt_span *rest)
{
	uint64_t real_ms, boot_ms;

	if (!kt_take_u64(rest, &real_ms) || !kt_take_u64(rest, &boot_ms) ||
		!kt_block_is_clock((int64_t)real_ms) || !kt_block_is_clock((int64_t)boot_ms) ||
		draft->block.nr_samples >= KT_BLOCK_SAMPLES_MAX)
		return false;
	apply_end(draft, (int64_t)real_ms, (int64_t)boot_ms);
	return true;
}

static bool replay_step(struct kt_draft *draft, struct kt_span *rest)
{
	uint64_t word, argument;
	const char *text;

	if (!kt_take_varint(rest, &word))
		return false;
	argument = word >> 3;
	switch ((enum step)(word & 7)) {
	case SET: return replay_set(draft, rest, argument);
	case SET_ABSENT:
		if (argument >= draft->writers.count)
			return false;
		kt_series_set_absent(&draft->writers.items[argument], draft->block.nr_samples);
		return true;
	case END_SAMPLE: return replay_end(draft, rest);
	case LAYOUT: return replay_layout(draft, rest, argument);
	case LINE:
		text = argument < draft->block.files.count ? take_string(draft, rest) : NULL;
		return text && apply_line(draft, (uint32_t)argument, text) != UINT32_MAX;
	case FILE_:
		text = take_string(draft, rest);
		return text && apply_file(draft, text) != UINT32_MAX;
	case FACT: return replay_pair(draft, rest, apply_fact);
	case MARK: return replay_pair(draft, rest, apply_mark);
	}
	return false;
}

bool kt_draft_replay(struct kt_draft *draft, struct kt_span steps)
{
	while (steps.n) {
		if (!replay_step(draft, &steps))
			return false;
	}
	return true;
}

/* ---- the end ---- */

void kt_draft_finish(struct kt_draft *draft)
{
	uint32_t nr_samples = draft->block.nr_samples;
	struct kt_block *block = &draft->block;

	block->series.count = 0;
	block->real_ms = kt_series_ops(&draft->real_ms, nr_samples);
	block->boot_ms = kt_series_ops(&draft->boot_ms, nr_samples);
	for (size_t i = 0; i < draft->writers.count; i++) {
		struct kt_span *ops = kt_list_push(&block->arena, &block->series);

		if (ops)
			*ops = kt_series_ops(&draft->writers.items[i], nr_samples);
	}
}
