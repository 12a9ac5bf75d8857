// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/history.h"
#include "record/sampler.h"
#include "record/writer.h"

#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#define HOUR_MS	 3600000ll
#define START_MS 1790000000000ll

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

/* The clock is an hour ahead for three samples, and then right: a block before it, one with it. */
static void write_set_back(const char *path)
{
	static const struct kt_writer_opts opts = { .samples_max = 100, .bytes_max = 1 << 20 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;

	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	for (int i = 0; i < 10; i++) {
		struct kt_draft *draft = kt_writer_draft(writer);

		if (i == 5) {
			CHECK(fine(kt_writer_turn(writer)));
			kt_sampler_restart(sampler);
			draft = kt_writer_draft(writer);
		}
		kt_sampler_text(sampler, draft, "proc/meminfo", kt_span_str("MemFree: 1 kB\n"));
		kt_draft_end_sample(draft, START_MS + i * 1000 + (i < 3 ? HOUR_MS : 0), i * 1000ll);
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
}

struct seen {
	int count;
	int64_t last_ms;
	bool back;
};

static struct kt_err *see(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct seen *seen = arg;

	(void)cursor;
	seen->back |= real_ms < seen->last_ms;
	seen->last_ms = real_ms;
	seen->count++;
	return NULL;
}

static struct kt_err *see_block(
	void *arg, const struct kt_block *block, uint32_t first, uint32_t last)
{
	(void)block;
	((struct seen *)arg)->count += (int)(last - first + 1);
	return NULL;
}

TEST(a_clock_that_was_set_back_hides_no_sample)
{
	char path[64];
	const char *operands[] = { path };
	struct kt_options options = { .nr_operands = 1 };
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct seen every = { 0 }, ordered = { 0 }, blocks = { 0 };

	snprintf(path, sizeof(path), "/tmp/ktally-test-history-%d", (int)getpid());
	write_set_back(path);
	options.operands[0] = operands[0];
	if (!CHECK(fine(kt_history_open(&options, &history))))
		return;
	CHECK(fine(kt_history_walk(&history, 0, see, &every)));
	CHECK_INT(every.count, 10);
	CHECK(fine(kt_history_blocks(&history, see_block, &blocks)));
	CHECK_INT(blocks.count, 10);
	/* whoever draws is told how many have no place */
	history.in_order = true;
	CHECK(fine(kt_history_walk(&history, 0, see, &ordered)));
	CHECK(!ordered.back);
	CHECK_INT(ordered.count + history.nr_left_out, 10);
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/ktally-test-history-%d.tail", (int)getpid());
	unlink(path);
}
