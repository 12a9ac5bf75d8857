// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/past/past_copy.h"

#include "record/pack.h"

#include <stdlib.h>
#include <string.h>

/* Places in the header of a block: see docs/RECORDING.md. */
#define AT_SEQUENCE 16
#define AT_CRC	    60

struct kt_err *kt_past_copy_open(const char *path, bool force, struct kt_past_copy *ret_copy)
{
	*ret_copy = (struct kt_past_copy){ 0 };
	ret_copy->file = KT_NEW_FILE_NONE;
	return kt_new_file_create(path, force, &ret_copy->file);
}

static struct kt_err *write_frame(
	struct kt_past_copy *copy, const struct kt_buf *bytes, uint32_t nr_samples)
{
	if (bytes->failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	copy->nr_samples += nr_samples;
	copy->nr_bytes += bytes->size;
	return kt_new_file_write(&copy->file, bytes->data, bytes->size);
}

/* ---- whole blocks ---- */

static void put_number(char *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (char)(value >> (8 * i));
}

/* The sequence is the only number of a block that depends on its recording. */
static struct kt_err *copy_whole(
	struct kt_past_copy *copy, struct kt_recording *recording, size_t index)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	uint32_t nr_samples = kt_recording_frame(recording, index)->nr_samples;
	struct kt_err *err = kt_recording_bytes(recording, index, &bytes);

	if (err)
		return err;
	if (!bytes.failed && bytes.size >= KT_FRAME_HEAD) {
		put_number(bytes.data + AT_SEQUENCE, copy->nr_samples, 8);
		put_number(bytes.data + AT_CRC, kt_crc32c(0, bytes.data, AT_CRC), 4);
	}
	return write_frame(copy, &bytes, nr_samples);
}

/* ---- parts of blocks ---- */

struct part {
	const struct kt_block *block;
	const int64_t *times_ms; /* of its samples */
	struct kt_cursor cursor;
	struct kt_sampler *sampler;
	struct kt_draft draft;
	uint32_t before; /* the sample that was put last; UINT32_MAX: none */
	bool failed;	 /* out of memory */
};

static bool is_of_file(const struct kt_block_mark *mark)
{
	return strcmp(mark->kind, KT_MARK_UNREAD) == 0 || strcmp(mark->kind, KT_MARK_DENIED) == 0 ||
	       strcmp(mark->kind, KT_MARK_GONE) == 0;
}

/* Marks of files hold until the next one, so the first sample has all before it. */
static void put_marks(struct part *part, uint32_t sample)
{
	bool first = part->before == UINT32_MAX;

	for (size_t i = 0; i < part->block->marks.count; i++) {
		const struct kt_block_mark *mark = &part->block->marks.items[i];
		bool held = first && mark->sample < sample && is_of_file(mark);

		if (mark->sample == sample || held)
			kt_draft_mark(&part->draft, mark->kind, mark->text);
	}
}

static void put_sample(struct part *part, uint32_t sample)
{
	bool first = part->before == UINT32_MAX;

	kt_cursor_move(&part->cursor, sample);
	for (uint32_t i = 0; i < part->block->files.count; i++) {
		const char *path = part->block->files.items[i].path;
		KT_CLEANUP(buf) struct kt_buf text = { 0 };

		if (!first && kt_cursor_is_still(&part->cursor, i, part->before))
			continue;
		if (kt_cursor_text(&part->cursor, i, &text))
			kt_sampler_text(part->sampler, &part->draft, path,
				(struct kt_span){ text.data ? text.data : "", text.size });
		else if (!first)
			kt_sampler_gone(part->sampler, &part->draft, path);
		part->draft.failed |= text.failed;
	}
	put_marks(part, sample);
	kt_draft_end_sample(&part->draft, part->times_ms[sample], part->cursor.boot_ms.run.value);
	/* an empty log no longer says that it has failed */
	part->failed |= kt_draft_failed(&part->draft);
	kt_draft_empty_log(&part->draft);
	part->before = sample;
}

/* Samples of a block need not be in the order of time. */
static struct kt_err *put_part(
	struct kt_past_copy *copy, struct part *part, int64_t from_ms, int64_t to_ms)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_err *err;

	for (size_t i = 0; i < part->block->facts.count; i++)
		kt_draft_fact(&part->draft, part->block->facts.items[i].key,
			part->block->facts.items[i].text);
	for (uint32_t i = 0; i < part->block->nr_samples; i++) {
		if (part->times_ms[i] >= from_ms && part->times_ms[i] <= to_ms)
			put_sample(part, i);
	}
	if (part->before == UINT32_MAX)
		return NULL;
	kt_draft_finish(&part->draft);
	if (part->failed || kt_draft_failed(&part->draft) || !kt_block_is_whole(part->block))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_frame_write(&part->draft.block, copy->nr_samples, &bytes);
	return err ? err : write_frame(copy, &bytes, part->draft.block.nr_samples);
}

static struct kt_err *copy_part(struct kt_past_copy *copy, const struct kt_block *block,
	const int64_t *times_ms, int64_t from_ms, int64_t to_ms)
{
	struct part part = { .block = block, .times_ms = times_ms, .before = UINT32_MAX };
	struct kt_err *err = kt_cursor_init(&part.cursor, block);

	kt_draft_init(&part.draft);
	part.sampler = err ? NULL : kt_sampler_new();
	if (!err)
		err = part.sampler ? put_part(copy, &part, from_ms, to_ms)
				   : kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_sampler_free(part.sampler);
	kt_draft_fini(&part.draft);
	kt_cursor_fini(&part.cursor);
	return err;
}

/* Lists the times of a block's samples, and counts those in a period; NULL: out of memory. */
static int64_t *times_of(
	const struct kt_block *block, int64_t from_ms, int64_t to_ms, uint32_t *ret_inside)
{
	int64_t *times_ms = calloc(block->nr_samples + 1ul, sizeof(*times_ms));
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t at = 0;

	*ret_inside = 0;
	if (!times_ms)
		return NULL;
	kt_series_read(&reader, block->real_ms, block->nr_samples);
	while (kt_series_next(&reader, &run)) {
		for (uint32_t i = 0; i < run.count && at < block->nr_samples; i++, at++) {
			times_ms[at] = run.value;
			*ret_inside += run.value >= from_ms && run.value <= to_ms;
		}
	}
	return times_ms;
}

/* The tail has no bytes of a block, so its samples are written anew. */
static struct kt_err *copy_samples(struct kt_past_copy *copy, struct kt_recording *recording,
	size_t index, const struct kt_block *block, int64_t from_ms, int64_t to_ms)
{
	bool stored = kt_recording_frame(recording, index)->stored_size > 0;
	bool thinned = block->values_per_number > 1;
	uint32_t inside;
	int64_t *times_ms = times_of(block, from_ms, to_ms, &inside);
	struct kt_err *err = NULL;

	if (!times_ms)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (inside && thinned)
		copy->nr_whole_thinned += block->nr_samples - inside;
	if (inside && stored && (inside == block->nr_samples || thinned))
		err = copy_whole(copy, recording, index);
	else if (inside)
		err = copy_part(copy, block, times_ms, from_ms, to_ms);
	free(times_ms);
	return err;
}

struct kt_err *kt_past_copy_block(struct kt_past_copy *copy, struct kt_recording *recording,
	size_t index, int64_t from_ms, int64_t to_ms)
{
	const struct kt_frame *frame = kt_recording_frame(recording, index);
	const struct kt_block *block = NULL;
	struct kt_err *err;

	if (frame->first_ms <= frame->last_ms &&
		(frame->last_ms < from_ms || frame->first_ms > to_ms))
		return NULL;
	err = kt_recording_block(recording, index, &block);
	if (err && kt_err_code(err) == KT_ERR_PARSE) {
		kt_err_free(err);
		return NULL;
	}
	return err ? err : copy_samples(copy, recording, index, block, from_ms, to_ms);
}

struct kt_err *kt_past_copy_commit(struct kt_past_copy *copy)
{
	return kt_new_file_commit(&copy->file);
}

void kt_past_copy_fini(struct kt_past_copy *copy)
{
	kt_new_file_cleanup(&copy->file);
}

/* ---- the report ---- */

static const struct kt_column columns[] = {
	{ .key = "file", .flags = KT_COL_SET },
	{ .key = "samples", .type = KT_CELL_COUNT, .flags = KT_COL_SET },
	{ .key = "bytes", .type = KT_CELL_BYTES, .flags = KT_COL_SET },
};

const struct kt_part kt_past_copy_part = {
	KT_COLUMNS_OF(columns),
};

void kt_past_copy_put(const struct kt_past_copy *copy, const char *path, struct kt_report *report)
{
	kt_report_field(report, NULL, "file", KT_CELL_TEXT, kt_report_text(report, path));
	kt_report_field(
		report, NULL, "samples", KT_CELL_COUNT, kt_cell_number((int64_t)copy->nr_samples));
	kt_report_field(
		report, NULL, "bytes", KT_CELL_BYTES, kt_cell_number((int64_t)copy->nr_bytes));
	kt_report_headline(report, "%s: %llu sample%s, %s", path,
		(unsigned long long)copy->nr_samples, copy->nr_samples == 1 ? "" : "s",
		kt_report_bytes(report, (int64_t)copy->nr_bytes));
}
