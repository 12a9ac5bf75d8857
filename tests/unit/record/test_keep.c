// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/cursor.h"
#include "record/keep.h"
#include "record/recording.h"
#include "record/sampler.h"
#include "record/tail.h"
#include "record/writer.h"

#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MINUTE_MS 60000ll
#define START_MS  (1000 * MINUTE_MS)
#define SAMPLES	  1800 /* half an hour, one a second */

static const struct kt_writer_opts opts = { .samples_max = 600, .bytes_max = 1 << 20 };

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

static const char *fresh(void)
{
	static char path[64];
	static const char *const suffixes[] = { "", KT_TAIL_SUFFIX, ".new" };
	char name[80];

	snprintf(path, sizeof(path), "/tmp/ktally-test-keep-%d", (int)getpid());
	for (size_t i = 0; i < KT_LEN(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	return path;
}

/* A sawtooth with a spike of one second in each minute, and a number that comes and goes. */
static int64_t value_of(uint32_t i)
{
	return i % 60 == 37 ? 100000 : (int64_t)(i / 60 * 10 + i % 60);
}

static uint32_t wrong_from = UINT32_MAX, wrong_to; /* samples with a clock years ahead */

static int64_t ahead_ms(uint32_t i)
{
	return i >= wrong_from && i < wrong_to ? 5000000 * MINUTE_MS : 0;
}

static void write_half_an_hour(const char *path)
{
	struct kt_sampler *sampler = kt_sampler_new();
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_writer *writer = NULL;

	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	for (uint32_t i = 0; i < SAMPLES; i++) {
		struct kt_draft *draft = kt_writer_draft(writer);

		if (!draft->block.facts.count)
			kt_draft_fact(draft, "boot_id", "one");
		text.size = 0;
		kt_buf_printf(&text, "total 7\nvalue: %lld kB\n", (long long)value_of(i));
		if (i / 60 % 2)
			kt_buf_puts(&text, "odd 1\n");
		if (i < 600)
			kt_buf_puts(&text, "early 5\n");
		kt_sampler_text(
			sampler, draft, "proc/meminfo", (struct kt_span){ text.data, text.size });
		if (i < 600)
			kt_sampler_text(sampler, draft, "brief", kt_span_str("a 1\n"));
		kt_draft_end_sample(draft, START_MS + i * 1000ll + ahead_ms(i), i * 1000ll);
		if (kt_writer_is_full(writer)) {
			CHECK(fine(kt_writer_turn(writer)));
			kt_sampler_restart(sampler);
		}
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
}

/* All steps of a rewriting. */
static struct kt_err *rewrite(const char *path, const char *new_path, const struct kt_keep *keep)
{
	int fd = open(new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct kt_rewrite *work = NULL;
	struct kt_err *err = kt_rewrite_begin(path, fd, keep, &work);
	bool done = false;

	while (!err && !done)
		err = kt_rewrite_step(work, &done);
	kt_rewrite_free(work);
	close(fd);
	return err;
}

static const struct kt_block_line *line_with(const struct kt_block *block, const char *text)
{
	for (size_t i = 0; i < block->lines.count; i++) {
		if (strncmp(block->lines.items[i].text, text, strlen(text)) == 0)
			return &block->lines.items[i];
	}
	return NULL;
}

static void check_minute(const struct kt_cursor *cursor, uint32_t minute)
{
	const struct kt_block_line *line = line_with(cursor->block, "value:");
	const struct kt_block_line *odd = line_with(cursor->block, "odd");
	int64_t last = 0, min = 0, max = 0, mean = 0, sum = 100000;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (uint32_t i = 0; i < 60; i++)
		sum += i == 37 ? 0 : minute * 10 + i;
	CHECK(kt_cursor_value(cursor, line, 0, KT_VALUE_LAST, &last));
	CHECK(kt_cursor_value(cursor, line, 0, KT_VALUE_MIN, &min));
	CHECK(kt_cursor_value(cursor, line, 0, KT_VALUE_MAX, &max));
	CHECK(kt_cursor_value(cursor, line, 0, KT_VALUE_MEAN, &mean));
	CHECK_INT(last, minute * 10 + 59);
	CHECK_INT(min, minute * 10);
	CHECK_INT(max, 100000);
	CHECK_INT(mean, sum / 60);
	CHECK_INT(kt_cursor_value(cursor, odd, 0, KT_VALUE_LAST, &last), minute % 2);
	kt_cursor_text(cursor, 0, &text);
	kt_buf_add(&text, "", 1);
	CHECK_INT(strstr(text.data, "odd 1") != NULL, minute % 2);
}

TEST(what_is_old_is_thinned_and_what_is_young_stays)
{
	const char *path = fresh();
	struct kt_keep keep = { .fine_ms = 9 * MINUTE_MS,
		.minute_ms = 1000 * MINUTE_MS,
		.days_ms = 1000 * MINUTE_MS,
		.size_max = 1 << 20 };
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	char new_path[80];
	const struct kt_block *block;
	uint32_t minute = 0, fine_samples = 0;

	write_half_an_hour(path);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	CHECK(fine(rewrite(path, new_path, &keep)));
	CHECK(fine(kt_recording_open(new_path, &recording)));
	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
		KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };

		if (!CHECK(fine(kt_recording_block(recording, i, &block))))
			continue;
		CHECK_STR(kt_block_fact(block, "boot_id"), "one");
		fine_samples += block->values_per_number == 1 ? block->nr_samples : 0;
		CHECK(fine(kt_cursor_init(&cursor, block)));
		for (uint32_t k = 0; block->values_per_number == 4 && k < block->nr_samples; k++) {
			kt_cursor_move(&cursor, k);
			check_minute(&cursor, minute);
			CHECK_INT(
				kt_block_real_ms(block, k), START_MS + minute * MINUTE_MS + 59000);
			minute++;
		}
	}
	/* two blocks of ten minutes each are old, the third is as it was */
	CHECK_INT(minute, 20 - 10);
	CHECK_INT(fine_samples, 1200);
	CHECK_INT(kt_recording_nr_damages(recording), 0);
	fresh();
}

TEST(what_is_not_in_a_later_block_is_not_in_what_is_made_of_both)
{
	const char *path = fresh();
	struct kt_keep keep = { .fine_ms = -11 * MINUTE_MS,
		.minute_ms = 1000 * MINUTE_MS,
		.days_ms = 1000 * MINUTE_MS,
		.size_max = 1 << 20 };
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	const struct kt_block *block;
	char new_path[80];
	int64_t value;

	write_half_an_hour(path);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	CHECK(fine(rewrite(path, new_path, &keep)));
	CHECK(fine(kt_recording_open(new_path, &recording)));
	if (!CHECK_INT(kt_recording_nr_blocks(recording), 1) ||
		!CHECK(fine(kt_recording_block(recording, 0, &block))) ||
		!CHECK(fine(kt_cursor_init(&cursor, block))))
		return;
	for (uint32_t i = 0; i < block->nr_samples; i++) {
		KT_CLEANUP(buf) struct kt_buf text = { 0 };
		bool early = i < 10;

		kt_cursor_move(&cursor, i);
		CHECK_INT(kt_cursor_value(
				  &cursor, line_with(block, "early"), 0, KT_VALUE_LAST, &value),
			early);
		CHECK_INT(kt_cursor_text(&cursor, (uint32_t)kt_block_file(block, "brief"), &text),
			early);
	}
	fresh();
}

TEST(a_clock_that_was_wrong_for_a_while_costs_nothing)
{
	const char *path = fresh();
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	char new_path[80];

	/* the end of the last block: everything before it seems years old */
	wrong_from = 1790;
	wrong_to = 1800;
	write_half_an_hour(path);
	wrong_from = UINT32_MAX;
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	CHECK(fine(rewrite(path, new_path, &kt_keep_default)));
	CHECK(fine(kt_recording_open(new_path, &recording)));
	CHECK_INT(kt_recording_nr_blocks(recording), 3);
	fresh();
}

TEST(thin_is_thinned_again_and_the_extremes_stay)
{
	const char *path = fresh();
	struct kt_keep minutes = { .fine_ms = -1,
		.minute_ms = 1000 * MINUTE_MS,
		.days_ms = 1000 * MINUTE_MS,
		.size_max = 1 << 20 };
	struct kt_keep hours = {
		.fine_ms = -1, .minute_ms = -1, .days_ms = 1000 * MINUTE_MS, .size_max = 1 << 20
	};
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	char new_path[80];
	const struct kt_block *block;
	int64_t value = 0;

	write_half_an_hour(path);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	CHECK(fine(rewrite(path, new_path, &minutes)));
	unlink(path);
	CHECK(rename(new_path, path) == 0);
	CHECK(fine(rewrite(path, new_path, &hours)));
	CHECK(fine(kt_recording_open(new_path, &recording)));
	if (!CHECK(kt_recording_nr_blocks(recording) >= 1) ||
		!CHECK(fine(kt_recording_block(recording, 0, &block))) ||
		!CHECK(fine(kt_cursor_init(&cursor, block))))
		return;
	CHECK(kt_cursor_value(&cursor, line_with(block, "value:"), 0, KT_VALUE_MIN, &value));
	CHECK_INT(value, 0);
	CHECK(kt_cursor_value(&cursor, line_with(block, "value:"), 0, KT_VALUE_MAX, &value));
	CHECK_INT(value, 100000);
	fresh();
}

TEST(a_file_that_is_too_large_loses_its_oldest)
{
	const char *path = fresh();
	struct kt_keep keep = { .fine_ms = 1000 * MINUTE_MS,
		.minute_ms = 1000 * MINUTE_MS,
		.days_ms = 1000 * MINUTE_MS };
	KT_CLEANUP(recording) struct kt_recording *before = NULL, *after = NULL;
	struct kt_writer *writer = NULL;
	size_t nr_due = 0;
	bool due = false;

	write_half_an_hour(path);
	CHECK(fine(kt_recording_open(path, &before)));
	CHECK_INT(kt_recording_nr_blocks(before), 3);
	keep.size_max = kt_recording_size(before) - 100;
	CHECK(fine(kt_keep_is_due(path, &keep, &nr_due, &due)));
	CHECK(due);
	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	CHECK(fine(kt_writer_keep(writer, &keep, KT_KEEP_ALL)));
	CHECK(fine(kt_writer_close(writer)));
	CHECK(fine(kt_recording_open(path, &after)));
	CHECK_INT(kt_recording_nr_blocks(after), 2);
	CHECK_INT(kt_recording_frame(after, 1)->last_ms, START_MS + (SAMPLES - 1) * 1000ll);
	fresh();
}
