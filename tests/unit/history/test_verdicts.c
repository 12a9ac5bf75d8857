// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/verdicts.h"

#include "history/live.h"
#include "record/sampler.h"
#include "record/writer.h"

#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#define MINUTE_MS 60000ll
#define START_MS  1790000000000ll
#define SAMPLES	  4320 /* three days of minutes */
#define GROWS_AT  2880 /* the third day */

#define HEAD "slabinfo - version: 2.1\n# name <active_objs>\n"

/*
 * A cache of one-page slabs that grows by two slabs a minute on the third day, and a still one. The
 * counts of kernel memory, as of record --exact, divide the same memory. A third one grows like the
 * first; for half of the time a younger cache of its name has its line, and it has the next one.
 */
static void put_sample(struct kt_sampler *sampler, struct kt_draft *draft, int sample, int boot)
{
	int grown = sample > GROWS_AT ? 2 * (sample - GROWS_AT) : 0;
	int slabs = 2000 + grown + sample % 3;
	bool younger = sample % 100 >= 50;
	char text[512];

	snprintf(text, sizeof(text),
		HEAD "leaky 1 2 64 64 1 : tunables 0 0 0 : slabdata %d %d 0\n"
		     "still 1 2 64 64 1 : tunables 0 0 0 : slabdata 500 500 0\n"
		     "%stwin 1 2 64 64 1 : tunables 0 0 0 : slabdata %d %d 0\n",
		slabs, slabs,
		younger ? "twin 1 2 256 16 1 : tunables 0 0 0 : slabdata 20 20 0\n" : "", slabs,
		slabs);
	kt_sampler_text(sampler, draft, "proc/slabinfo", kt_span_str(text));
	snprintf(text, sizeof(text), "64 64 64 1 %d %d %d 0 0 0 0 1 leaky\n", slabs, slabs * 64,
		slabs * 64);
	kt_sampler_text(sampler, draft, "ktally/slub", kt_span_str(text));
	snprintf(text, sizeof(text), "MemTotal: 8000000 kB\nMemFree: %d kB\nKernelStack: 3200 kB\n",
		5000000 - 4 * grown);
	kt_sampler_text(sampler, draft, "proc/meminfo", kt_span_str(text));
	kt_draft_end_sample(
		draft, START_MS + sample * MINUTE_MS, (int64_t)(sample - boot + 1) * MINUTE_MS);
}

/* `boot_at`: the sample with which another boot begins; 0: none. */
static void write_days(const char *path, int boot_at)
{
	static const struct kt_writer_opts opts = { .samples_max = 600, .bytes_max = 1 << 20 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;
	struct kt_err *err = kt_writer_open(path, &opts, &writer);

	for (int i = 0; !err && i < SAMPLES; i++) {
		if (i && (i % 600 == 0 || i == boot_at)) {
			err = kt_writer_turn(writer);
			kt_sampler_restart(sampler);
		}
		kt_draft_fact(kt_writer_draft(writer), "boot_id",
			boot_at && i >= boot_at ? "second" : "first");
		put_sample(
			sampler, kt_writer_draft(writer), i, boot_at && i >= boot_at ? boot_at : 0);
	}
	CHECK(!err);
	kt_err_free(err);
	err = kt_writer_close(writer);
	CHECK(!err);
	kt_err_free(err);
	kt_sampler_free(sampler);
}

struct read {
	char path[64];
	struct kt_history history;
	struct kt_judge *judge;
};

static bool begin(struct read *read, int boot_at)
{
	const struct kt_judge_options options = { .ram_bytes = 8000000ll << 10 };
	struct kt_err *err;

	snprintf(read->path, sizeof(read->path), "/tmp/ktally-test-verdicts-%d", (int)getpid());
	write_days(read->path, boot_at);
	err = kt_history_open(read->path, &read->history);
	if (!err)
		err = kt_history_judge(&read->history, &options, &read->judge);
	CHECK(!err);
	kt_err_free(err);
	return !err;
}

static void end(struct read *read)
{
	char tail[80];

	kt_judge_free(read->judge);
	kt_history_cleanup(&read->history);
	snprintf(tail, sizeof(tail), "%s.tail", read->path);
	unlink(read->path);
	unlink(tail);
}

static struct kt_judged judged_of(const struct read *read, const char *name)
{
	struct kt_judged judged = { .verdict = KT_NR_VERDICTS };

	for (size_t i = 0; i < kt_judge_count(read->judge); i++) {
		if (strcmp(kt_judge_name(read->judge, i), name) == 0)
			kt_judge_verdict(read->judge, i, &judged);
	}
	return judged;
}

TEST(a_cache_that_grows_in_a_line_has_the_shape_of_a_leak_and_a_still_one_is_normal)
{
	struct read read = { 0 };
	struct kt_judged leaky, still;

	if (!begin(&read, 0)) {
		end(&read);
		return;
	}
	leaky = judged_of(&read, "slab:leaky");
	still = judged_of(&read, "slab:still");
	CHECK_INT(judged_of(&read, "slab_used:leaky").verdict, KT_NR_VERDICTS);
	/* nothing has looked for a holder */
	CHECK_STR(kt_verdict_name(leaky.verdict), "growing, not yet known");
	CHECK_INT(leaky.veto, KT_VETO_HOLDER);
	CHECK_STR(kt_verdict_name(still.verdict), "normal");
	/* two pages a minute are 480 KiB an hour */
	CHECK(leaky.hourly_bytes > 400 << 10 && leaky.hourly_bytes < 560 << 10);
	CHECK(leaky.since_ms > START_MS + (GROWS_AT - 300) * MINUTE_MS);
	CHECK(leaky.since_ms < START_MS + (GROWS_AT + 300) * MINUTE_MS);
	end(&read);
}

TEST(a_cache_grows_although_its_line_is_another_one_whenever_a_younger_one_of_its_name_comes)
{
	struct read read = { 0 };
	struct kt_judged leaky, twin;

	if (!begin(&read, 0)) {
		end(&read);
		return;
	}
	leaky = judged_of(&read, "slab:leaky");
	twin = judged_of(&read, "slab:twin");
	CHECK_STR(kt_verdict_name(twin.verdict), kt_verdict_name(leaky.verdict));
	CHECK_INT(twin.hourly_bytes, leaky.hourly_bytes);
	CHECK_INT(twin.since_ms, leaky.since_ms);
	end(&read);
}

TEST(a_boot_ends_growth)
{
	struct read read = { 0 };
	struct kt_judged leaky;

	if (begin(&read, SAMPLES - 30)) {
		leaky = judged_of(&read, "slab:leaky");
		CHECK(leaky.verdict != KT_VERDICT_LEAK && leaky.verdict != KT_VERDICT_GROWING);
	}
	end(&read);
}

/* The judge of the recorder, given each sample as it is taken. */
TEST(samples_are_judged_while_they_are_taken_as_from_their_recording)
{
	static const struct kt_judge_options options = { .ram_bytes = 8ll << 30 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_err *err = NULL;
	struct kt_draft draft;
	struct kt_live live;
	int nr_growing = 0;

	CHECK(!kt_live_init(&live, &options));
	kt_draft_init(&draft);
	for (int i = 0; !err && i < SAMPLES; i++) {
		if (i && i % 600 == 0) {
			kt_draft_fini(&draft);
			kt_draft_init(&draft);
			kt_sampler_restart(sampler);
		}
		draft.block.sequence = (uint64_t)(i - i % 600);
		put_sample(sampler, &draft, i, 0);
		err = kt_live_sample(&live, &draft, NULL, START_MS + i * MINUTE_MS,
			(int64_t)(i + 1) * MINUTE_MS);
	}
	CHECK(!err);
	for (size_t i = 0; i < kt_judge_count(live.feed.judge); i++) {
		struct kt_judged judged;
		const char *name = kt_judge_name(live.feed.judge, i);
		bool grows = strcmp(name, "slab:leaky") == 0 || strcmp(name, "slab:twin") == 0;

		kt_judge_verdict(live.feed.judge, i, &judged);
		nr_growing += grows;
		CHECK_INT(judged.verdict == KT_VERDICT_LEAK || judged.verdict == KT_VERDICT_GROWING,
			grows);
	}
	CHECK_INT(nr_growing, 2);
	kt_live_fini(&live);
	kt_draft_fini(&draft);
	kt_sampler_free(sampler);
}

TEST(a_cache_that_ends_while_it_is_judged_has_gone)
{
	static const struct kt_judge_options options = { .ram_bytes = 8ll << 30 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_draft draft;
	struct kt_live live;
	struct kt_err *err = NULL;

	CHECK(!kt_live_init(&live, &options));
	kt_draft_init(&draft);
	for (int i = 0; !err && i < 4; i++) {
		kt_sampler_text(sampler, &draft, "proc/slabinfo",
			kt_span_str(i < 2 ? HEAD "a 1 2 64 64 1 : tunables 0 0 0 : slabdata 7 7 0\n"
						 "b 1 2 64 64 1 : tunables 0 0 0 : slabdata 9 9 0\n"
					  : HEAD
					    "b 1 2 64 64 1 : tunables 0 0 0 : slabdata 9 9 0\n"
					    "c 1 2 64 64 1 : tunables 0 0 0 : slabdata 3 3 0\n"));
		kt_draft_end_sample(&draft, START_MS + i * MINUTE_MS, (i + 1) * MINUTE_MS);
		err = kt_live_sample(
			&live, &draft, NULL, START_MS + i * MINUTE_MS, (i + 1) * MINUTE_MS);
	}
	CHECK(!err);
	CHECK_INT(kt_judge_count(live.feed.judge), 3);
	kt_live_fini(&live);
	kt_draft_fini(&draft);
	kt_sampler_free(sampler);
}
