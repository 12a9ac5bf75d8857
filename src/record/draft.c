// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/draft.h"

#include "base/map.h"
#include "record/pack.h"

#include <stdlib.h>
#include <string.h>

/*
 * Steps of the log: a varint word, operation in the low three bits. Changed numbers are the most
 * frequent step by far. Their word holds the distance to the series before, so that most take two
 * bytes together with their difference.
 */
enum step { SET, SET_ABSENT, END_SAMPLE, LAYOUT, LINE, FILE_, FACT, MARK };

#define LOG_KEPT_BYTES 16384u /* bytes kept of an emptied log; enough for a few seconds */

void kt_draft_init(struct kt_draft *draft)
{
	*draft = (struct kt_draft){ .block = { .values_per_number = 1 } };
	kt_series_init(&draft->real_ms);
	kt_series_init(&draft->boot_ms);
}

void kt_draft_fini(struct kt_draft *draft)
{
	struct kt_block *block = &draft->block;

	for (size_t i = 0; i < draft->writers.count; i++)
		kt_series_fini(&draft->writers.items[i]);
	free(draft->writers.items);
	for (size_t i = 0; i < block->files.count; i++)
		free(block->files.items[i].layouts.items);
	free(block->files.items);
	free(block->lines.items);
	free(draft->texts);
	kt_series_fini(&draft->real_ms);
	kt_series_fini(&draft->boot_ms);
	kt_buf_cleanup(&draft->log);
	kt_block_cleanup(block);
	*draft = (struct kt_draft){ 0 };
}

bool kt_draft_failed(const struct kt_draft *draft)
{
	return draft->failed || draft->block.arena.failed || draft->log.failed ||
	       draft->real_ms.failed || draft->boot_ms.failed;
}

/*
 * Appends a zeroed element to an array. The array grows by half, so that realloc() may extend it in
 * place. NULL: out of memory, and the draft has failed.
 */
static void *push(struct kt_draft *draft, void *array, size_t *count, size_t *room, size_t size)
{
	void **items = array;
	size_t more = *room + *room / 2 + 1;

	if (*count == *room) {
		void *grown = draft->failed ? NULL : realloc(*items, more * size);

		if (!grown) {
			draft->failed = true;
			return NULL;
		}
		*items = grown;
		*room = more;
	}
	return memset((char *)*items + (*count)++ * size, 0, size);
}

/*
 * Returns the place of a text in a table of pointers; a kt_map would take six times the memory for
 * a machine's lines.
 */
static const char **text_slot(const char **texts, size_t room, struct kt_span text)
{
	size_t at = kt_map_hash(text) & (room - 1);

	while (texts[at] && !kt_span_eq(text, texts[at]))
		at = (at + 1) & (room - 1);
	return &texts[at];
}

static bool make_room_for_text(struct kt_draft *draft)
{
	size_t room = draft->texts_room ? draft->texts_room * 2 : 256;
	const char **texts;

	if (draft->nr_texts < draft->texts_room / 4 * 3)
		return true;
	texts = draft->failed ? NULL : calloc(room, sizeof(*texts));
	draft->failed |= !texts;
	for (size_t i = 0; texts && i < draft->texts_room; i++) {
		if (draft->texts[i])
			*text_slot(texts, room, kt_span_str(draft->texts[i])) = draft->texts[i];
	}
	if (!texts)
		return false;
	free(draft->texts);
	draft->texts = texts;
	draft->texts_room = room;
	return true;
}

/* Returns a copy that lines of many files share, because lines of cgroups are all alike. */
static const char *shared_text(struct kt_draft *draft, struct kt_span text)
{
	const char **slot;

	if (!make_room_for_text(draft))
		return "";
	slot = text_slot(draft->texts, draft->texts_room, text);
	if (!*slot) {
		*slot = kt_arena_printf(&draft->block.arena, "%.*s", (int)text.n, text.p);
		draft->nr_texts++;
	}
	return *slot;
}

#define draft_push(draft, list)           \
	((__typeof__((list)->items))push( \
		(draft), &(list)->items, &(list)->count, &(list)->room, sizeof(*(list)->items)))

static void log_word(struct kt_draft *draft, enum step step, uint64_t argument)
{
	kt_pack_varint(&draft->log, argument << 3 | step);
}

static void log_text(struct kt_draft *draft, const char *text)
{
	kt_pack_text(&draft->log, kt_span_str(text));
}

/* ---- effects of the steps ---- */

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

	if (!mark)
		return;
	*mark = (struct kt_block_mark){ draft->block.nr_samples, kind, text };
	draft->nr_bytes += strlen(kind) + strlen(text) + 4;
}

static uint32_t apply_file(struct kt_draft *draft, const char *path)
{
	struct kt_block_file *file = draft->block.files.count < KT_BLOCK_FILES_MAX
					     ? draft_push(draft, &draft->block.files)
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
	line = draft_push(draft, &draft->block.lines);
	if (!line)
		return UINT32_MAX;
	*line = (struct kt_block_line){
		.text = text, .file = file, .first = (uint32_t)draft->writers.count
	};
	for (; line->nr_numbers < nr_numbers; line->nr_numbers++) {
		struct kt_series *series = draft_push(draft, &draft->writers);

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
	/* a file that is read twice within a sample keeps only the later layout */
	if (!last || last->from != draft->block.nr_samples)
		last = draft_push(draft, &owner->layouts);
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
	if (!draft->block.nr_samples)
		draft->first_bytes = draft->nr_bytes;
	draft->block.nr_samples++;
}

size_t kt_draft_growth(const struct kt_draft *draft)
{
	return draft->block.nr_samples ? draft->nr_bytes - draft->first_bytes : 0;
}

void kt_draft_empty_log(struct kt_draft *draft)
{
	draft->log.size = 0;
	if (draft->log.room > LOG_KEPT_BYTES)
		kt_buf_cleanup(&draft->log);
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

	if (file == UINT32_MAX || kt_draft_failed(draft))
		return UINT32_MAX;
	log_word(draft, FILE_, 0);
	log_text(draft, path);
	return file;
}

uint32_t kt_draft_line(struct kt_draft *draft, uint32_t file, struct kt_span text)
{
	const char *copy = shared_text(draft, text);
	uint32_t line = draft->failed ? UINT32_MAX : apply_line(draft, file, copy);

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

	/* leaves room to mark every file as absent */
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
	/* a failed recording is better than one that contains lines that no longer exist */
	if (copy && !apply_layout(draft, file, lines ? copy : NULL, nr_lines))
		draft->block.arena.failed = true;
}

void kt_draft_set_at(struct kt_draft *draft, uint32_t index, uint32_t sample, int64_t value)
{
	struct kt_series *series = &draft->writers.items[index];
	uint32_t size = series->size;

	kt_series_set(series, sample, value);
	draft->failed |= series->failed;
	draft->nr_bytes += series->size - size;
}

void kt_draft_set_absent_at(struct kt_draft *draft, uint32_t index, uint32_t sample)
{
	struct kt_series *series = &draft->writers.items[index];

	kt_series_set_absent(series, sample);
	draft->failed |= series->failed;
}

void kt_draft_set(struct kt_draft *draft, uint32_t index, int64_t value)
{
	const struct kt_series *series = &draft->writers.items[index];

	if (!series->absent && series->value == value)
		return;
	log_word(draft, SET, index);
	kt_pack_varint(
		&draft->log, kt_zigzag((int64_t)((uint64_t)value - (uint64_t)series->value)));
	kt_draft_set_at(draft, index, draft->block.nr_samples, value);
}

void kt_draft_set_absent(struct kt_draft *draft, uint32_t index)
{
	if (draft->writers.items[index].absent)
		return;
	log_word(draft, SET_ABSENT, index);
	kt_draft_set_absent_at(draft, index, draft->block.nr_samples);
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

static bool replay_line(struct kt_draft *draft, struct kt_span *rest, uint64_t file)
{
	struct kt_span text;

	if (!kt_take_text(rest, &text) || memchr(text.p, 0, text.n))
		return false;
	return apply_line(draft, (uint32_t)file, shared_text(draft, text)) != UINT32_MAX;
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
	draft->failed |= series->failed;
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
	case LINE: return argument < draft->block.files.count && replay_line(draft, rest, argument);
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
	size_t count = draft->writers.count;
	/* a draft that is read while it is written does so again and again */
	size_t room = count + count / 4;

	block->real_ms = kt_series_ops(&draft->real_ms, nr_samples);
	block->boot_ms = kt_series_ops(&draft->boot_ms, nr_samples);
	block->series.count = 0;
	if (block->series.room < count) {
		block->series.items =
			kt_arena_alloc(&block->arena, room * sizeof(*block->series.items));
		block->series.room = block->series.items ? room : 0;
	}
	for (; block->series.count < block->series.room && block->series.count < count;
		block->series.count++) {
		struct kt_series *series = &draft->writers.items[block->series.count];

		block->series.items[block->series.count] = kt_series_ops(series, nr_samples);
		draft->failed |= series->failed;
	}
}
