// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cmd.h"
#include "cmd/past/export.h"
#include "record/sampler.h"
#include "record/writer.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define START_MS   1790000000000ll
#define NR_SAMPLES 300

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

/* Fields that change with every sample; one is missing for a while, another comes late. */
static void write_recording(const char *path)
{
	static const struct kt_writer_opts opts = { .samples_max = 70, .bytes_max = 1 << 20 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;
	uint32_t random = 7;

	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	for (int i = 0; i < NR_SAMPLES; i++) {
		struct kt_draft *draft = kt_writer_draft(writer);
		KT_CLEANUP(buf) struct kt_buf text = { 0 };

		random = random * 1664525 + 1013904223;
		kt_draft_fact(draft, "boot_id", "one");
		kt_draft_fact(draft, "page_bytes", "4096");
		kt_buf_printf(&text, "MemTotal: 900000 kB\nMemFree: %u kB\n", random >> 16);
		if (i < 100 || i > 200)
			kt_buf_printf(&text, "Buffers: %u kB\n", random >> 20);
		kt_buf_printf(&text, "Cached: %u kB\n", random >> 18);
		if (i > 250)
			kt_buf_printf(&text, "Slab: %u kB\n", random >> 22);
		kt_sampler_text(
			sampler, draft, "proc/meminfo", (struct kt_span){ text.data, text.size });
		kt_draft_end_sample(draft, START_MS + i * 1500ll, 5000 + i * 1500ll);
		if (kt_writer_is_full(writer)) {
			CHECK(fine(kt_writer_turn(writer)));
			kt_sampler_restart(sampler);
		}
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
}

static struct kt_buf written;

static bool take(const char *data, size_t size)
{
	kt_buf_add(&written, data, size);
	return true;
}

/* The whole text, with as much room for points; `ret_passes`: how often the recording was read. */
static char *export_with(const char *path, size_t store_bytes, int64_t *ret_visited)
{
	const struct kt_console console = { .write = take };
	const struct kt_call call = { .console = &console };
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct kt_export export = {
		.call = &call, .history = &history, .store_bytes = store_bytes
	};

	written = (struct kt_buf){ 0 };
	CHECK(fine(kt_history_open(path, &history)));
	CHECK(fine(kt_export_openmetrics(&export)));
	CHECK(fine(kt_export_flush(&export, 0)));
	*ret_visited = history.nr_visited;
	kt_buf_cleanup(&export.buf);
	kt_buf_cleanup(&export.name);
	kt_follower_cleanup(&export.follower);
	kt_tracks_reader_fini(&export.tracks);
	kt_buf_add(&written, "", 1);
	return kt_buf_take(&written);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

TEST(openmetrics_is_the_same_however_much_room_its_points_have)
{
	static const size_t rooms[] = { 0, 1, 500, 2000, 5000 };
	char path[64], *whole;
	int64_t visited;

	snprintf(path, sizeof(path), "/tmp/ktally-test-export-%d", (int)getpid());
	write_recording(path);
	whole = export_with(path, 1 << 20, &visited);
	CHECK_INT(visited, NR_SAMPLES);
	CHECK_INT(count_of(whole, "{field=\"MemFree\"}"), NR_SAMPLES);
	CHECK_INT(count_of(whole, "{field=\"Buffers\"}"), NR_SAMPLES - 101);
	CHECK_INT(count_of(whole, "{field=\"Slab\"}"), NR_SAMPLES - 251);
	CHECK_INT(count_of(whole, "# TYPE"), 5);
	CHECK(strstr(whole, "{field=\"MemTotal\"} 921600000 1790000001.500\n"));
	for (size_t i = 0; i < KT_LEN(rooms); i++) {
		char *text = export_with(path, rooms[i], &visited);

		CHECK_STR(text, whole);
		CHECK(visited > NR_SAMPLES); /* more than one pass */
		free(text);
	}
	free(whole);
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/ktally-test-export-%d.tail", (int)getpid());
	unlink(path);
}
