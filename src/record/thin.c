// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/thin.h"

#include "base/span.h"
#include "record/cursor.h"

#include <stdlib.h>
#include <string.h>

struct known {
	uint64_t hash; /* 0: free */
	uint32_t id;
};

/* Which line or file of the draft stands for one of the block: by its text, and which of its like.
 */
struct kt_thinner {
	int64_t stretch_ms;
	struct known *known; /* open hash table, a power of two in size */
	uint32_t nr_known, room;
};

/* Of one number over a stretch. */
struct sums {
	int64_t last, min, max, count;
	double sum;
};

struct kt_thinner *kt_thinner_new(int64_t stretch_ms)
{
	struct kt_thinner *thinner = calloc(1, sizeof(*thinner));

	if (thinner)
		thinner->stretch_ms = stretch_ms;
	return thinner;
}

void kt_thinner_restart(struct kt_thinner *thinner)
{
	free(thinner->known);
	*thinner = (struct kt_thinner){ .stretch_ms = thinner->stretch_ms };
}

void kt_thinner_free(struct kt_thinner *thinner)
{
	if (!thinner)
		return;
	free(thinner->known);
	free(thinner);
}

static struct known *slot_of(struct known *known, uint32_t room, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (room - 1);

	while (known[at].hash && known[at].hash != hash)
		at = (at + 1) & (room - 1);
	return &known[at];
}

static struct known *find(struct kt_thinner *thinner, uint64_t hash)
{
	uint32_t room = thinner->room ? thinner->room * 2 : 1024;
	struct known *known;

	hash = hash ? hash : 1;
	if (thinner->nr_known < thinner->room / 2)
		return slot_of(thinner->known, thinner->room, hash);
	known = calloc(room, sizeof(*known));
	if (!known)
		return NULL;
	for (uint32_t i = 0; i < thinner->room; i++) {
		if (thinner->known[i].hash)
			*slot_of(known, room, thinner->known[i].hash) = thinner->known[i];
	}
	free(thinner->known);
	thinner->known = known;
	thinner->room = room;
	return slot_of(thinner->known, thinner->room, hash);
}

static bool keep(struct kt_thinner *thinner, struct known *slot, uint64_t hash, uint32_t id)
{
	if (id == UINT32_MAX)
		return false;
	*slot = (struct known){ hash ? hash : 1, id };
	thinner->nr_known++;
	return true;
}

static uint32_t file_of(struct kt_thinner *thinner, struct kt_draft *draft, const char *path)
{
	uint64_t hash = kt_span_hash(KT_HASH_START, kt_span_str(path));
	struct known *slot = find(thinner, hash);

	if (!slot || (!slot->hash && !keep(thinner, slot, hash, kt_draft_file(draft, path))))
		return UINT32_MAX;
	return slot->id;
}

/* The first line of this text that is not taken by an earlier line of the block. */
static uint32_t line_of(struct kt_thinner *thinner, struct kt_draft *draft,
	const struct kt_block *block, const struct kt_block_line *line, const uint32_t *map,
	uint32_t index)
{
	const char *path = block->files.items[line->file].path;
	uint64_t base = kt_span_hash(
		kt_span_hash(0x9e3779b97f4a7c15ull, kt_span_str(path)), kt_span_str(line->text));
	uint32_t turn = 0;

	for (uint32_t i = 0; i < index; i++)
		turn += block->lines.items[i].file == line->file && map[i] != UINT32_MAX &&
			strcmp(block->lines.items[i].text, line->text) == 0;
	uint64_t hash = base + turn * 0x2545f4914f6cdd1dull;
	struct known *slot = find(thinner, hash);
	uint32_t file = file_of(thinner, draft, path);

	/* the table may have moved */
	slot = slot && file != UINT32_MAX ? find(thinner, hash) : NULL;
	if (!slot || (!slot->hash && !keep(thinner, slot, hash,
					     kt_draft_line(draft, file, kt_span_str(line->text)))))
		return UINT32_MAX;
	return slot->id;
}

/* ---- one stretch ---- */

struct thinning {
	struct kt_thinner *thinner;
	const struct kt_block *block;
	struct kt_draft *draft;
	struct kt_cursor cursor;
	uint32_t *map;	     /* lines of the block to lines of the draft */
	struct sums *sums;   /* one for each number of the block */
	uint32_t *scratch;   /* a layout */
	int64_t *times;	     /* of the samples */
	uint32_t nr_numbers; /* of the block */
};

static void begin_stretch(struct thinning *thinning)
{
	memset(thinning->sums, 0, thinning->nr_numbers * sizeof(*thinning->sums));
}

static void add_sample(struct thinning *thinning)
{
	uint32_t per_number = thinning->block->values_per_number;
	struct sums *sums = thinning->sums;

	for (uint32_t i = 0; i < thinning->nr_numbers; i++, sums++) {
		const struct kt_cursor_series *series =
			&thinning->cursor.series[(size_t)i * per_number];
		int64_t last = series[0].run.value, min = last, max = last, mean = last;

		if (series[0].run.absent)
			continue;
		if (per_number > 1) {
			min = series[KT_VALUE_MIN].run.value;
			max = series[KT_VALUE_MAX].run.value;
			mean = series[KT_VALUE_MEAN].run.value;
		}
		sums->last = last;
		sums->min = !sums->count || min < sums->min ? min : sums->min;
		sums->max = !sums->count || max > sums->max ? max : sums->max;
		sums->sum += (double)mean;
		sums->count++;
	}
}

static int64_t mean_of(const struct sums *sums)
{
	double mean = sums->sum / (double)sums->count;

	/* rounding must not leave the range of the values */
	if (mean <= (double)sums->min)
		return sums->min;
	return mean >= (double)sums->max ? sums->max : (int64_t)mean;
}

static void put_line(struct thinning *thinning, uint32_t index)
{
	const struct kt_block_line *line = &thinning->block->lines.items[index];
	uint32_t per_number = thinning->block->values_per_number;
	uint32_t to = thinning->draft->block.lines.items[thinning->map[index]].first;

	for (uint32_t i = 0; i < line->nr_numbers / per_number; i++, to += 4) {
		const struct sums *sums = &thinning->sums[line->first / per_number + i];

		if (!sums->count) {
			for (uint32_t k = 0; k < 4; k++)
				kt_draft_set_absent(thinning->draft, to + k);
			continue;
		}
		kt_draft_set(thinning->draft, to + KT_VALUE_LAST, sums->last);
		kt_draft_set(thinning->draft, to + KT_VALUE_MIN, sums->min);
		kt_draft_set(thinning->draft, to + KT_VALUE_MAX, sums->max);
		kt_draft_set(thinning->draft, to + KT_VALUE_MEAN, mean_of(sums));
	}
}

static bool same_layout(const struct kt_block_file *file, const uint32_t *lines, uint32_t count)
{
	const struct kt_block_layout *last =
		file->layouts.count ? &file->layouts.items[file->layouts.count - 1] : NULL;

	if (!last || last->absent != !lines)
		return false;
	return last->nr_lines == count &&
	       (!count || memcmp(last->lines, lines, count * sizeof(*lines)) == 0);
}

static void put_layout(struct thinning *thinning, uint32_t file)
{
	const struct kt_block_layout *layout =
		kt_block_layout_at(thinning->block, file, thinning->cursor.sample);
	uint32_t to = file_of(
		thinning->thinner, thinning->draft, thinning->block->files.items[file].path);
	uint32_t *lines = layout ? thinning->scratch : NULL;

	if (to == UINT32_MAX)
		return;
	for (uint32_t i = 0; layout && i < layout->nr_lines; i++)
		lines[i] = thinning->map[layout->lines[i]];
	if (!same_layout(
		    &thinning->draft->block.files.items[to], lines, layout ? layout->nr_lines : 0))
		kt_draft_layout(thinning->draft, to, lines, layout ? layout->nr_lines : 0);
}

static void end_stretch(struct thinning *thinning)
{
	const struct kt_block *block = thinning->block;
	int64_t boot_ms = 0;

	for (uint32_t i = 0; i < block->lines.count; i++)
		put_line(thinning, i);
	for (uint32_t i = 0; i < block->files.count; i++)
		put_layout(thinning, i);
	kt_series_at(block->boot_ms, thinning->cursor.sample, &boot_ms);
	kt_draft_end_sample(thinning->draft, thinning->times[thinning->cursor.sample], boot_ms);
	thinning->draft->log.size = 0; /* nobody replays this one */
}

/* ---- one block ---- */

static struct kt_err *map_lines(struct thinning *thinning)
{
	const struct kt_block *block = thinning->block;
	uint32_t longest = 1;

	for (uint32_t i = 0; i < block->files.count; i++) {
		for (size_t k = 0; k < block->files.items[i].layouts.count; k++) {
			uint32_t count = block->files.items[i].layouts.items[k].nr_lines;

			longest = count > longest ? count : longest;
		}
	}
	thinning->nr_numbers = (uint32_t)(kt_block_nr_series(block) / block->values_per_number);
	thinning->map = calloc(block->lines.count + 1, sizeof(*thinning->map));
	thinning->sums = calloc((size_t)thinning->nr_numbers + 1, sizeof(*thinning->sums));
	thinning->scratch = calloc(longest, sizeof(*thinning->scratch));
	thinning->times = calloc((size_t)block->nr_samples + 1, sizeof(*thinning->times));
	if (!thinning->map || !thinning->sums || !thinning->scratch || !thinning->times)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (uint32_t i = 0; i < block->lines.count; i++) {
		thinning->map[i] = line_of(thinning->thinner, thinning->draft, block,
			&block->lines.items[i], thinning->map, i);
		if (thinning->map[i] == UINT32_MAX)
			return kt_err_new(KT_ERR_LIMIT, "too many lines to thin them");
	}
	return NULL;
}

static void read_times(struct thinning *thinning)
{
	const struct kt_block *block = thinning->block;
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t at = 0;

	kt_series_read(&reader, block->real_ms, block->nr_samples);
	while (kt_series_next(&reader, &run)) {
		for (uint32_t i = 0; i < run.count; i++)
			thinning->times[at++] = run.value;
	}
}

/* Lines and files of earlier blocks that this one does not have. */
static struct kt_err *drop_vanished(struct thinning *thinning)
{
	struct kt_draft *draft = thinning->draft;
	size_t nr_lines = draft->block.lines.count, nr_files = draft->block.files.count;
	bool *has_line = calloc(nr_lines + 1, sizeof(*has_line));
	bool *has_file = calloc(nr_files + 1, sizeof(*has_file));
	bool room = has_line && has_file;

	for (size_t i = 0; room && i < thinning->block->lines.count; i++)
		has_line[thinning->map[i]] = true;
	for (size_t i = 0; room && i < nr_lines; i++) {
		const struct kt_block_line *line = &draft->block.lines.items[i];

		for (uint32_t k = 0; !has_line[i] && k < line->nr_numbers; k++)
			kt_draft_set_absent(draft, line->first + k);
	}
	for (size_t i = 0; room && i < thinning->block->files.count; i++) {
		uint32_t to =
			file_of(thinning->thinner, draft, thinning->block->files.items[i].path);

		if (to < nr_files)
			has_file[to] = true;
	}
	for (uint32_t i = 0; room && i < nr_files; i++) {
		if (!has_file[i] && !same_layout(&draft->block.files.items[i], NULL, 0))
			kt_draft_layout(draft, i, NULL, 0);
	}
	free(has_line);
	free(has_file);
	return room ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static void thin(struct thinning *thinning)
{
	const struct kt_block *block = thinning->block;
	int64_t stretch_ms = thinning->thinner->stretch_ms;

	read_times(thinning);
	begin_stretch(thinning);
	for (uint32_t i = 0; i < block->nr_samples; i++) {
		bool last = i + 1 == block->nr_samples ||
			    thinning->times[i] / stretch_ms != thinning->times[i + 1] / stretch_ms;

		kt_cursor_move(&thinning->cursor, i);
		add_sample(thinning);
		if (!last)
			continue;
		end_stretch(thinning);
		begin_stretch(thinning);
	}
}

static void copy_facts(const struct kt_block *block, struct kt_draft *draft)
{
	for (size_t i = 0; i < block->facts.count && !draft->block.nr_samples; i++)
		kt_draft_fact(draft, block->facts.items[i].key, block->facts.items[i].text);
	for (size_t i = 0; i < block->marks.count; i++)
		kt_draft_mark(draft, block->marks.items[i].kind, block->marks.items[i].text);
}

struct kt_err *kt_thinner_add(
	struct kt_thinner *thinner, const struct kt_block *block, struct kt_draft *draft)
{
	struct thinning thinning = { .thinner = thinner, .block = block, .draft = draft };
	struct kt_err *err = kt_cursor_init(&thinning.cursor, block);

	if (!err)
		err = map_lines(&thinning);
	if (!err)
		err = drop_vanished(&thinning);
	if (!err) {
		copy_facts(block, draft);
		thin(&thinning);
	}
	if (!err && kt_draft_failed(draft))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_cursor_fini(&thinning.cursor);
	free(thinning.map);
	free(thinning.sums);
	free(thinning.scratch);
	free(thinning.times);
	return err;
}
