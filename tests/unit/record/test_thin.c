// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/thin.h"

#include "record/cursor.h"
#include "record/sampler.h"

#include "test.h"

#include <stdlib.h>
#include <time.h>

#define MINUTE_MS 60000ll

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

static uint32_t nr_steps;

static bool thin(struct kt_draft *from, struct kt_draft *to)
{
	struct kt_thinner *thinner = kt_thinner_new(MINUTE_MS);
	bool done = false, good;

	kt_draft_finish(from);
	to->block.values_per_number = 4;
	good = fine(kt_thinner_begin(thinner, &from->block, to));
	for (nr_steps = 0; good && !done; nr_steps++)
		good = fine(kt_thinner_step(thinner, &done));
	kt_thinner_free(thinner);
	kt_draft_finish(to);
	return good;
}

/* Lines that differ in their text, each with a number, in two samples of one minute. */
static void put_lines(struct kt_sampler *sampler, struct kt_draft *draft, uint32_t nr_lines)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (uint32_t sample = 0; sample < 2; sample++) {
		text.size = 0;
		for (uint32_t i = 0; i < nr_lines; i++)
			kt_buf_printf(&text, "line-%u- %u\n", i, i + sample);
		kt_sampler_text(
			sampler, draft, "proc/slabinfo", (struct kt_span){ text.data, text.size });
		kt_draft_end_sample(draft, 1000 + sample, sample);
	}
}

static double seconds_for(uint32_t nr_lines)
{
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_draft from, to;
	struct timespec before, after;

	kt_draft_init(&from);
	kt_draft_init(&to);
	put_lines(sampler, &from, nr_lines);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	CHECK(thin(&from, &to));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	CHECK_INT(to.block.lines.count, nr_lines);
	CHECK_INT(to.block.nr_samples, 1);
	kt_sampler_free(sampler);
	kt_draft_fini(&from);
	kt_draft_fini(&to);
	return (double)(after.tv_sec - before.tv_sec) +
	       (double)(after.tv_nsec - before.tv_nsec) / 1e9;
}

/* Sixteen times as many lines take sixteen times as long, not 256 times. */
TEST(the_work_is_in_proportion_to_the_lines)
{
	double few = seconds_for(4000), many = seconds_for(64000);

	CHECK(many < few * 80);
}

/* No step is much longer than the others: a recorder has samples to take between them. */
TEST(a_block_is_thinned_in_steps)
{
	seconds_for(200000);
	CHECK(nr_steps >= 4);
}

static int64_t value_at(const struct kt_block *block, const char *text, uint32_t turn,
	uint32_t sample, enum kt_value which)
{
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	int64_t value = -1;

	if (!CHECK(fine(kt_cursor_init(&cursor, block))))
		return -1;
	kt_cursor_move(&cursor, sample);
	for (size_t i = 0; i < block->lines.count; i++) {
		const struct kt_block_line *line = &block->lines.items[i];

		if (strcmp(line->text, text) != 0 || turn--)
			continue;
		return kt_cursor_value(&cursor, line, 0, which, &value) ? value : -1;
	}
	return -2;
}

/* Three lines of one text are three, in every block. */
TEST(lines_of_one_text_stay_apart)
{
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_draft from, to;

	kt_draft_init(&from);
	kt_draft_init(&to);
	kt_sampler_text(sampler, &from, "a", KT_SPAN("count: 1\ncount: 2\nother 7\ncount: 3\n"));
	kt_sampler_text(sampler, &from, "b", KT_SPAN("count: 10\n"));
	kt_draft_end_sample(&from, 1000, 1);
	kt_sampler_text(sampler, &from, "a", KT_SPAN("count: 5\ncount: 2\nother 7\ncount: 9\n"));
	kt_draft_end_sample(&from, 2000, 2);
	CHECK(thin(&from, &to));
	CHECK_INT(to.block.lines.count, 5);
	CHECK_INT(value_at(&to.block, "count: \x01", 0, 0, KT_VALUE_LAST), 5);
	CHECK_INT(value_at(&to.block, "count: \x01", 0, 0, KT_VALUE_MIN), 1);
	CHECK_INT(value_at(&to.block, "count: \x01", 1, 0, KT_VALUE_MAX), 2);
	CHECK_INT(value_at(&to.block, "count: \x01", 2, 0, KT_VALUE_MEAN), 6);
	CHECK_INT(value_at(&to.block, "count: \x01", 3, 0, KT_VALUE_LAST), 10);
	kt_sampler_free(sampler);
	kt_draft_fini(&from);
	kt_draft_fini(&to);
}

/* Why a file could not be read is known of the stretch in which it could not. */
TEST(marks_stay_with_their_stretch)
{
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_draft from, to;
	const char *why;

	kt_draft_init(&from);
	kt_draft_init(&to);
	for (uint32_t i = 0; i < 6; i++) {
		if (i < 2)
			kt_sampler_text(sampler, &from, "a", KT_SPAN("x 1\n"));
		else if (i < 4)
			kt_sampler_unread(sampler, &from, "a", KT_MARK_UNREAD, "out of memory");
		else
			kt_sampler_gone(sampler, &from, "a");
		kt_draft_end_sample(&from, i * MINUTE_MS / 2, i);
	}
	CHECK(thin(&from, &to));
	CHECK_INT(to.block.nr_samples, 3);
	CHECK_INT(to.block.marks.count, 2);
	CHECK(kt_block_layout_at(&to.block, 0, 0) != NULL);
	CHECK(kt_block_unread_at(&to.block, 0, 1, &why) != NULL);
	CHECK_STR(why, "out of memory");
	CHECK(kt_block_unread_at(&to.block, 0, 2, &why) == NULL);
	CHECK(kt_block_layout_at(&to.block, 0, 2) == NULL);
	kt_sampler_free(sampler);
	kt_draft_fini(&from);
	kt_draft_fini(&to);
}
