// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/past/past_events.h"
#include "history/history.h"
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
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct seen every = { 0 }, ordered = { 0 }, blocks = { 0 };

	snprintf(path, sizeof(path), "/tmp/ktally-test-history-%d", (int)getpid());
	write_set_back(path);
	if (!CHECK(fine(kt_history_open(path, &history))))
		return;
	CHECK(fine(kt_history_walk(&history, 0, see, &every)));
	CHECK_INT(every.count, 10);
	CHECK(fine(kt_history_blocks(&history, see_block, &blocks)));
	CHECK_INT(blocks.count, 10);
	/* the caller learns how many have no place in a picture */
	history.in_order = true;
	CHECK(fine(kt_history_walk(&history, 0, see, &ordered)));
	CHECK(!ordered.back);
	CHECK_INT(ordered.count + history.nr_left_out, 10);
	/* the ends of its blocks are no limit: samples of each second, whatever came before */
	history.in_order = false;
	for (int i = 0; i < 10; i++) {
		int64_t real_ms = START_MS + i * 1000 + (i < 3 ? HOUR_MS : 0);
		struct seen one = { 0 };

		kt_history_limit(&history, real_ms, real_ms);
		CHECK(fine(kt_history_walk(&history, 0, see, &one)));
		CHECK_INT(one.count, 1);
	}
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/ktally-test-history-%d.tail", (int)getpid());
	unlink(path);
}

/* ---- what happened ---- */

#define SLABINFO_HEAD	   "slabinfo - version: 2.1\n# name <active_objs>\n"
#define CACHE(name, slabs) name " 1 2 64 64 1 : tunables 0 0 0 : slabdata " slabs " " slabs " 0\n"

/* A cache whose name ends in a number, which is a series of the line; a module; an OOM kill. */
static const struct {
	const char *slabinfo, *modules, *vmstat, *happened;
} moments[] = {
	{ SLABINFO_HEAD CACHE("inode", "1") CACHE("pool-7", "1"), "ext4 1 0 - Live 0x0\n",
		"oom_kill 0\n", NULL },
	/* numbers are no names */
	{ SLABINFO_HEAD CACHE("inode", "5") CACHE("pool-7", "9"), "ext4 2 3 - Live 0x0\n",
		"oom_kill 0\n", NULL },
	{ SLABINFO_HEAD CACHE("inode", "5") CACHE("pool-8", "9"), "ext4 2 3 - Live 0x0\n",
		"oom_kill 0\n", "cache made: pool-8; cache gone: pool-7" },
	{ SLABINFO_HEAD CACHE("inode", "5") CACHE("pool-8", "9"), "ext4 2 3 - Live 0x0\n",
		"oom_kill 2\n", "OOM killer: 2" },
	{ SLABINFO_HEAD CACHE("inode", "5") CACHE("pool-8", "9"),
		"xfs 1 0 - Live 0x0\next4 2 3 - Live 0x0\n", "oom_kill 3\n",
		"OOM killer: 1; module loaded: xfs" },
	{ SLABINFO_HEAD CACHE("pool-8", "9"), "xfs 1 0 - Live 0x0\next4 2 3 - Live 0x0\n",
		"oom_kill 3\n", "cache gone: inode" },
	/* a file that is missing says nothing of what it named, also when it is back */
	{ NULL, "xfs 1 0 - Live 0x0\next4 2 3 - Live 0x0\n", "oom_kill 3\n", NULL },
	{ SLABINFO_HEAD CACHE("pool-9", "9"), "xfs 1 0 - Live 0x0\next4 2 3 - Live 0x0\n",
		"oom_kill 3\n", NULL },
	{ SLABINFO_HEAD CACHE("pool-9", "9"), "xfs 1 0 - Live 0x0\n", "oom_kill 3\n",
		"module unloaded: ext4" },
	/* a name may hold blanks */
	{ SLABINFO_HEAD CACHE("my cache", "1") CACHE("pool-9", "9"), "xfs 1 0 - Live 0x0\n",
		"oom_kill 3\n", "cache made: my cache" },
	/* a line that is cut off names none */
	{ SLABINFO_HEAD CACHE("my cache", "1") CACHE("pool-9", "9") "dent", "xfs 1 0 - Live 0x0\n",
		"oom_kill 3\n", NULL },
};

static void write_moments(const char *path)
{
	static const struct kt_writer_opts opts = { .samples_max = 100, .bytes_max = 1 << 20 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;

	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	for (size_t i = 0; i < KT_LEN(moments); i++) {
		struct kt_draft *draft = kt_writer_draft(writer);

		kt_draft_fact(draft, "boot_id", "one");
		if (moments[i].slabinfo)
			kt_sampler_text(
				sampler, draft, "proc/slabinfo", kt_span_str(moments[i].slabinfo));
		else
			kt_sampler_gone(sampler, draft, "proc/slabinfo");
		kt_sampler_text(sampler, draft, "proc/modules", kt_span_str(moments[i].modules));
		kt_sampler_text(sampler, draft, "proc/vmstat", kt_span_str(moments[i].vmstat));
		kt_draft_end_sample(draft, START_MS + (int64_t)i * 1000, 5000 + (int64_t)i * 1000);
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
}

struct happened {
	struct kt_events events;
	size_t count;
};

static struct kt_err *see_happenings(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct happened *happened = arg;
	struct kt_arena arena = { 0 };
	kt_events_list list;
	const char *text;

	(void)real_ms;
	kt_events_until(&happened->events, cursor, &arena, &list);
	text = kt_past_events_text(&list, &arena);
	CHECK_STR(text ? text : "nothing",
		moments[happened->count].happened ? moments[happened->count].happened : "nothing");
	CHECK_INT(cursor->boot_ms.run.value, 5000 + (int64_t)happened->count * 1000);
	happened->count++;
	kt_arena_fini(&arena);
	return NULL;
}

TEST(names_that_come_and_go_are_told_and_numbers_are_not)
{
	char path[64];
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct happened happened = { 0 };

	snprintf(path, sizeof(path), "/tmp/ktally-test-history-%d", (int)getpid());
	write_moments(path);
	if (!CHECK(fine(kt_history_open(path, &history))))
		return;
	CHECK(fine(kt_history_walk(&history, 0, see_happenings, &happened)));
	CHECK_INT(happened.count, KT_LEN(moments));
	kt_events_fini(&happened.events);
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/ktally-test-history-%d.tail", (int)getpid());
	unlink(path);
}
