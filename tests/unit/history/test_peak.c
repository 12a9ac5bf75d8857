// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/peak.h"
#include "model/unknown.h"
#include "record/sampler.h"
#include "record/thin.h"
#include "record/writer.h"

#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#define START_MS 1790000000000ll
#define STATE	 "proc/sys/fs/dentry-state"

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

/* A sample each second in two blocks; the third number is larger than any first one. */
static void write_numbers(const char *path)
{
	static const char *const texts[] = { "5\t1\t9999\n", "900\t1\t9999\n", "7\t1\t9999\n", NULL,
		"30\t1\t9999\n", "31\t1\t9999\n" };
	static const struct kt_writer_opts opts = { .samples_max = 100, .bytes_max = 1 << 20 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;

	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct kt_draft *draft = kt_writer_draft(writer);

		if (i == 4) {
			CHECK(fine(kt_writer_turn(writer)));
			kt_sampler_restart(sampler);
			draft = kt_writer_draft(writer);
		}
		kt_sampler_text(sampler, draft, "proc/meminfo", kt_span_str("MemFree: 1 kB\n"));
		if (texts[i])
			kt_sampler_text(sampler, draft, STATE, kt_span_str(texts[i]));
		kt_draft_end_sample(draft, START_MS + (int64_t)i * 1000, (int64_t)i * 1000);
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
}

TEST(the_largest_first_number_of_a_stretch_is_found)
{
	char path[64];
	KT_CLEANUP(history) struct kt_history history = { 0 };
	int64_t most = 0;

	snprintf(path, sizeof(path), "/tmp/ktally-test-peak-%d", (int)getpid());
	write_numbers(path);
	if (!CHECK(fine(kt_history_open(path, &history))))
		return;
	CHECK(fine(kt_history_peak(&history, STATE, &most)));
	CHECK_INT(most, 900);
	kt_history_limit(&history, START_MS + 2000, INT64_MAX);
	CHECK(fine(kt_history_peak(&history, STATE, &most)));
	CHECK_INT(most, 31);
	kt_history_limit(&history, INT64_MIN, START_MS);
	CHECK(fine(kt_history_peak(&history, STATE, &most)));
	CHECK_INT(most, 5);
	CHECK(fine(kt_history_peak(&history, "proc/none", &most)));
	CHECK_INT(most, KT_UNKNOWN);
	/* lines that begin with a name have no first number */
	CHECK(fine(kt_history_peak(&history, "proc/meminfo", &most)));
	CHECK_INT(most, KT_UNKNOWN);
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/ktally-test-peak-%d.tail", (int)getpid());
	unlink(path);
}

/* A minute of a thinned block has its last number, and its largest one. */
TEST(a_thinned_block_keeps_the_largest_number)
{
	struct kt_thinner *thinner = kt_thinner_new(60000);
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_draft from, to;
	bool done = false;

	kt_draft_init(&from);
	kt_draft_init(&to);
	for (int i = 0; i < 3; i++) {
		static const char *const texts[] = { "5\t1\n", "900\t1\n", "7\t1\n" };

		kt_sampler_text(sampler, &from, STATE, kt_span_str(texts[i]));
		kt_draft_end_sample(&from, 1000 + i, i);
	}
	kt_draft_finish(&from);
	CHECK_INT(kt_block_peak(&from.block, STATE, 0, 2), 900);
	CHECK_INT(kt_block_peak(&from.block, STATE, 2, 2), 7);
	to.block.values_per_number = 4;
	CHECK(fine(kt_thinner_begin(thinner, &from.block, &to)));
	while (!done && CHECK(fine(kt_thinner_step(thinner, &done))))
		;
	kt_draft_finish(&to);
	CHECK_INT(to.block.nr_samples, 1);
	CHECK_INT(kt_block_peak(&to.block, STATE, 0, 0), 900);
	kt_thinner_free(thinner);
	kt_sampler_free(sampler);
	kt_draft_fini(&from);
	kt_draft_fini(&to);
}
