// SPDX-License-Identifier: GPL-2.0-or-later
//
// Thins a block line by line: walks the runs of each number once, from stretch to stretch. So the
// work is proportional to the contents of the block, and can pause after any line.

#include "record/thin.h"

#include "base/map.h"
#include "base/span.h"
#include "record/cursor.h"

#include <stdlib.h>
#include <string.h>

#define STEP_WORK  65536u /* stretches of numbers in one step, approximately */
#define PER_NUMBER 4u	  /* values of a thinned number */

/* State of the block that is being added. */
struct thinning {
	const struct kt_block *block;
	struct kt_draft *draft;
	struct kt_arena arena;
	struct kt_map met; /* for a file and a text: lines met so far */
	uint32_t *files;   /* file of the draft for each file of the block */
	uint32_t *lines;   /* line of the draft for each line of the block */
	uint32_t *scratch; /* room for a layout */
	uint32_t *ends;	   /* for each stretch: the sample after its last one */
	int64_t *times;	   /* ms; for each stretch: time of its last sample */
	uint32_t nr_ends;
	uint32_t next_line;
};

/*
 * Maps lines and files of blocks to lines and files of the draft, by text and by their count among
 * equal texts.
 */
struct kt_thinner {
	int64_t stretch_ms;
	struct kt_arena arena; /* holds the keys */
	struct kt_map files, lines;
	struct kt_buf key;
	struct thinning now;
};

struct kt_thinner *kt_thinner_new(int64_t stretch_ms)
{
	struct kt_thinner *thinner = calloc(1, sizeof(*thinner));

	if (thinner)
		thinner->stretch_ms = stretch_ms;
	return thinner;
}

static void end_block(struct thinning *now)
{
	kt_map_fini(&now->met);
	kt_arena_fini(&now->arena);
	*now = (struct thinning){ 0 };
}

void kt_thinner_free(struct kt_thinner *thinner)
{
	if (!thinner)
		return;
	end_block(&thinner->now);
	kt_map_fini(&thinner->files);
	kt_map_fini(&thinner->lines);
	kt_arena_fini(&thinner->arena);
	kt_buf_cleanup(&thinner->key);
	free(thinner);
}

static struct kt_err *no_memory(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static struct kt_err *too_many(void)
{
	return kt_err_new(KT_ERR_LIMIT, "too many lines or files to thin");
}

/* ---- mapping files and lines ---- */

static struct kt_err *map_file(struct kt_thinner *thinner, uint32_t file)
{
	struct thinning *now = &thinner->now;
	struct kt_span path = kt_span_str(now->block->files.items[file].path);
	bool added;
	uint32_t *id = kt_map_add(&thinner->files, path, &thinner->arena, &added);

	if (!id)
		return no_memory();
	if (added)
		*id = kt_draft_file(now->draft, path.p);
	now->files[file] = *id;
	return *id == UINT32_MAX ? too_many() : NULL;
}

static void key_add_u32(struct kt_buf *key, uint32_t number)
{
	char bytes[sizeof(number)];

	memcpy(bytes, &number, sizeof(number));
	kt_buf_add(key, bytes, sizeof(bytes));
}

static struct kt_span key_of(const struct kt_thinner *thinner)
{
	return (struct kt_span){ thinner->key.data, thinner->key.size };
}

/*
 * Maps a line: the k-th line of a text in a file of the block to the k-th line of it in the draft.
 */
static struct kt_err *map_line(struct kt_thinner *thinner, uint32_t index)
{
	struct thinning *now = &thinner->now;
	const struct kt_block_line *line = &now->block->lines.items[index];
	uint32_t file = now->files[line->file], turn, *id;
	bool added;

	thinner->key.size = 0;
	key_add_u32(&thinner->key, file);
	kt_buf_puts(&thinner->key, line->text);
	id = thinner->key.failed ? NULL : kt_map_add(&now->met, key_of(thinner), &now->arena, NULL);
	if (!id)
		return no_memory();
	turn = (*id)++;
	key_add_u32(&thinner->key, turn);
	id = thinner->key.failed
		     ? NULL
		     : kt_map_add(&thinner->lines, key_of(thinner), &thinner->arena, &added);
	if (!id)
		return no_memory();
	if (added)
		*id = kt_draft_line(now->draft, file, kt_span_str(line->text));
	now->lines[index] = *id;
	return *id == UINT32_MAX ? too_many() : NULL;
}

static uint32_t longest_layout(const struct kt_block *block)
{
	uint32_t longest = 0;

	for (uint32_t i = 0; i < block->files.count; i++) {
		for (size_t k = 0; k < block->files.items[i].layouts.count; k++) {
			uint32_t count = block->files.items[i].layouts.items[k].nr_lines;

			longest = count > longest ? count : longest;
		}
	}
	return longest;
}

static uint32_t *make_array(struct thinning *now, size_t count)
{
	return kt_arena_alloc(&now->arena, (count + 1) * sizeof(uint32_t));
}

static struct kt_err *map_block(struct kt_thinner *thinner)
{
	struct thinning *now = &thinner->now;
	const struct kt_block *block = now->block;
	struct kt_err *err = NULL;

	now->files = make_array(now, block->files.count);
	now->lines = make_array(now, block->lines.count);
	now->scratch = make_array(now, longest_layout(block));
	now->ends = make_array(now, block->nr_samples);
	now->times = kt_arena_alloc(&now->arena, ((size_t)block->nr_samples + 1) * sizeof(int64_t));
	if (now->arena.failed)
		return no_memory();
	for (uint32_t i = 0; i < block->files.count && !err; i++)
		err = map_file(thinner, i);
	for (uint32_t i = 0; i < block->lines.count && !err; i++)
		err = map_line(thinner, i);
	return err;
}

/* ---- numbers ---- */

/* Finds the ends of the stretches, and their times. */
static void find_stretches(struct kt_thinner *thinner)
{
	struct thinning *now = &thinner->now;
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t at = 0;

	kt_series_read(&reader, now->block->real_ms, now->block->nr_samples);
	for (; kt_series_next(&reader, &run); at += run.count) {
		if (at && now->times[now->nr_ends] / thinner->stretch_ms !=
				  run.value / thinner->stretch_ms)
			now->nr_ends++;
		now->ends[now->nr_ends] = at + run.count;
		now->times[now->nr_ends] = run.value;
	}
	now->nr_ends += at > 0;
}

/* Walks the values of one number, run by run. */
struct walk {
	struct kt_series_reader readers[PER_NUMBER];
	struct kt_series_run runs[PER_NUMBER];
	uint32_t per_number;
};

static void begin_walk(struct walk *walk, const struct kt_block *block, size_t first)
{
	*walk = (struct walk){ .per_number = block->values_per_number };
	for (uint32_t i = 0; i < walk->per_number; i++)
		kt_series_read(
			&walk->readers[i], kt_block_series(block, first + i), block->nr_samples);
}

/* Takes at most `limit` samples with equal values; returns how many; 0: the end. */
static uint32_t next_run(struct walk *walk, uint32_t limit, int64_t values[PER_NUMBER])
{
	uint32_t count = limit;

	for (uint32_t i = 0; i < walk->per_number; i++) {
		struct kt_series_run *run = &walk->runs[i];

		if (!run->count && !kt_series_next(&walk->readers[i], run))
			return 0;
		count = run->count < count ? run->count : count;
		values[i] = run->value;
	}
	for (uint32_t i = 0; i < walk->per_number; i++)
		walk->runs[i].count -= count;
	for (uint32_t i = walk->per_number; i < PER_NUMBER; i++)
		values[i] = values[0];
	return count;
}

/* Last, smallest, largest value and sum of one number over a stretch. */
struct sums {
	int64_t last, min, max, count;
	double sum;
};

static void add_run(struct sums *sums, const int64_t values[PER_NUMBER], uint32_t count)
{
	int64_t min = values[KT_VALUE_MIN], max = values[KT_VALUE_MAX];

	sums->last = values[KT_VALUE_LAST];
	sums->min = !sums->count || min < sums->min ? min : sums->min;
	sums->max = !sums->count || max > sums->max ? max : sums->max;
	sums->sum += (double)values[KT_VALUE_MEAN] * count;
	sums->count += count;
}

static int64_t mean_of(const struct sums *sums)
{
	double mean = sums->sum / (double)sums->count;

	/* rounding must not leave the range between the smallest and the largest value */
	if (mean <= (double)sums->min)
		return sums->min;
	return mean >= (double)sums->max ? sums->max : (int64_t)mean;
}

static void put_sums(struct kt_draft *draft, uint32_t to, uint32_t sample, const struct sums *sums)
{
	if (!sums->count) {
		for (uint32_t i = 0; i < PER_NUMBER; i++)
			kt_draft_set_absent_at(draft, to + i, sample);
		return;
	}
	kt_draft_set_at(draft, to + KT_VALUE_LAST, sample, sums->last);
	kt_draft_set_at(draft, to + KT_VALUE_MIN, sample, sums->min);
	kt_draft_set_at(draft, to + KT_VALUE_MAX, sample, sums->max);
	kt_draft_set_at(draft, to + KT_VALUE_MEAN, sample, mean_of(sums));
}

static void put_number(struct thinning *now, size_t first, uint32_t to)
{
	uint32_t at = 0, base = now->draft->block.nr_samples;
	struct walk walk;

	begin_walk(&walk, now->block, first);
	for (uint32_t i = 0; i < now->nr_ends; i++) {
		struct sums sums = { 0 };
		int64_t values[PER_NUMBER] = { 0 };

		while (at < now->ends[i]) {
			uint32_t count = next_run(&walk, now->ends[i] - at, values);

			if (!count)
				return;
			if (!walk.runs[0].absent)
				add_run(&sums, values, count);
			at += count;
		}
		put_sums(now->draft, to, base + i, &sums);
	}
}

static void put_line(struct thinning *now, uint32_t index)
{
	const struct kt_block_line *line = &now->block->lines.items[index];
	uint32_t per_number = now->block->values_per_number;
	uint32_t to = now->draft->block.lines.items[now->lines[index]].first;

	for (uint32_t i = 0; i < line->nr_numbers / per_number; i++)
		put_number(now, line->first + (size_t)i * per_number, to + i * PER_NUMBER);
}

/* ---- files ---- */

static bool same_layout(const struct kt_block_file *file, const uint32_t *lines, uint32_t count)
{
	const struct kt_block_layout *last =
		file->layouts.count ? &file->layouts.items[file->layouts.count - 1] : NULL;

	if (!last || last->absent != !lines)
		return false;
	return last->nr_lines == count &&
	       (!count || memcmp(last->lines, lines, count * sizeof(*lines)) == 0);
}

static void put_layout(struct thinning *now, uint32_t file, uint32_t sample)
{
	const struct kt_block_layout *layout = kt_block_layout_at(now->block, file, sample);
	uint32_t to = now->files[file], count = layout ? layout->nr_lines : 0;
	uint32_t *lines = layout ? now->scratch : NULL;

	for (uint32_t i = 0; i < count; i++)
		lines[i] = now->lines[layout->lines[i]];
	if (!same_layout(&now->draft->block.files.items[to], lines, count))
		kt_draft_layout(now->draft, to, lines, count);
}

/* Gives a stretch the marks of its samples. */
static void put_marks(struct thinning *now, uint32_t first, uint32_t end)
{
	for (size_t i = 0; i < now->block->marks.count; i++) {
		const struct kt_block_mark *mark = &now->block->marks.items[i];

		if (mark->sample >= first && mark->sample < end)
			kt_draft_mark(now->draft, mark->kind, mark->text);
	}
}

static void end_stretches(struct thinning *now)
{
	for (uint32_t i = 0; i < now->nr_ends; i++) {
		uint32_t last = now->ends[i] - 1;
		int64_t boot_ms = 0;

		for (uint32_t file = 0; file < now->block->files.count; file++)
			put_layout(now, file, last);
		put_marks(now, i ? now->ends[i - 1] : 0, now->ends[i]);
		kt_series_at(now->block->boot_ms, last, &boot_ms);
		kt_draft_end_sample(now->draft, now->times[i], boot_ms);
		kt_draft_empty_log(now->draft); /* this draft is never replayed */
	}
}

/* Marks lines and files of earlier blocks as absent that this block does not have. */
static struct kt_err *drop_vanished(struct thinning *now)
{
	struct kt_draft *draft = now->draft;
	size_t nr_lines = draft->block.lines.count, nr_files = draft->block.files.count;
	bool *has_line = kt_arena_alloc(&now->arena, nr_lines + 1);
	bool *has_file = kt_arena_alloc(&now->arena, nr_files + 1);

	if (!has_line || !has_file)
		return no_memory();
	for (size_t i = 0; i < now->block->lines.count; i++)
		has_line[now->lines[i]] = true;
	for (size_t i = 0; i < nr_lines; i++) {
		const struct kt_block_line *line = &draft->block.lines.items[i];

		for (uint32_t k = 0; !has_line[i] && k < line->nr_numbers; k++)
			kt_draft_set_absent(draft, line->first + k);
	}
	for (size_t i = 0; i < now->block->files.count; i++)
		has_file[now->files[i]] = true;
	for (uint32_t i = 0; i < nr_files; i++) {
		if (!has_file[i] && !same_layout(&draft->block.files.items[i], NULL, 0))
			kt_draft_layout(draft, i, NULL, 0);
	}
	return NULL;
}

/* ---- one block ---- */

struct kt_err *kt_thinner_begin(
	struct kt_thinner *thinner, const struct kt_block *block, struct kt_draft *draft)
{
	struct thinning *now = &thinner->now;
	struct kt_err *err;

	end_block(now);
	now->block = block;
	now->draft = draft;
	err = map_block(thinner);
	if (!err)
		err = drop_vanished(now);
	if (err)
		return err;
	for (size_t i = 0; i < block->facts.count && !draft->block.nr_samples; i++)
		kt_draft_fact(draft, block->facts.items[i].key, block->facts.items[i].text);
	find_stretches(thinner);
	return NULL;
}

struct kt_err *kt_thinner_step(struct kt_thinner *thinner, bool *ret_done)
{
	struct thinning *now = &thinner->now;
	uint64_t work = 0;

	*ret_done = false;
	while (now->next_line < now->block->lines.count && work < STEP_WORK) {
		work += now->nr_ends *
			(uint64_t)(1 + now->block->lines.items[now->next_line].nr_numbers);
		put_line(now, now->next_line++);
	}
	if (!kt_block_is_whole(now->block) || kt_draft_failed(now->draft))
		return no_memory();
	if (now->next_line < now->block->lines.count)
		return NULL;
	end_stretches(now);
	*ret_done = true;
	if (kt_draft_failed(now->draft))
		return no_memory();
	end_block(now);
	return NULL;
}
