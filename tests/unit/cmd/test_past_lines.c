// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cmd.h"
#include "cmd/past/past_lines.h"
#include "output/output.h"
#include "record/sampler.h"
#include "record/writer.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define START_MS   1790000000000ll
#define NR_SAMPLES 90

static const struct kt_column columns[] = {
	{ .key = "clock", .title = "TIME", .flags = KT_COL_TEXT_ONLY },
	{ .key = "time", .title = "", .flags = KT_COL_DATA_ONLY },
	{ .key = "sample", .title = "SAMPLE", .type = KT_CELL_COUNT },
	{ .key = "even", .title = "EVEN", .type = KT_CELL_BYTES },
	{ .key = "event", .title = "", .flags = KT_COL_DATA_ONLY },
};

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

static void write_recording(const char *path)
{
	static const struct kt_writer_opts opts = { .samples_max = 40, .bytes_max = 1 << 20 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;

	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	for (int i = 0; i < NR_SAMPLES; i++) {
		struct kt_draft *draft = kt_writer_draft(writer);

		kt_draft_fact(draft, "boot_id", i < 40 ? "one" : "two");
		kt_sampler_text(sampler, draft, "proc/modules",
			kt_span_str(i % 20 < 10 ? "ext4 1 0\n" : "ext4 1 0\nxfs 1 0\n"));
		kt_draft_end_sample(draft, START_MS + i * 1000ll, 5000 + i * 1000ll);
		if (kt_writer_is_full(writer)) {
			CHECK(fine(kt_writer_turn(writer)));
			kt_sampler_restart(sampler);
		}
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
}

struct counting {
	struct kt_past_lines base;
	int nr_calls, nr_first;
};

/* The second amount is missing in every other line. */
static struct kt_err *fill(struct kt_past_lines *base, const struct kt_cursor *cursor, bool first,
	struct kt_cell *cells)
{
	struct counting *counting = (struct counting *)base;
	int64_t sample = (int64_t)cursor->block->sequence + cursor->sample;

	counting->nr_calls++;
	counting->nr_first += first;
	cells[2] = kt_cell_number(sample);
	if (sample % 2 == 0)
		cells[3] = kt_cell_number(sample * 100000);
	return NULL;
}

/* What an output makes of the lines; `ret_calls`: how often a line was worked out. */
static char *show(const char *path, const char *output, size_t bytes_max, int *ret_calls)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_output_opts opts = { .width = 80, .unicode = true };
	struct counting *counting = calloc(1, sizeof(*counting));
	struct kt_buf text = { 0 };
	struct kt_table *table;

	kt_report_init(&report, "test");
	CHECK(fine(kt_history_open(path, &history)));
	table = kt_report_table(&report, "lines", NULL, columns, KT_LEN(columns));
	counting->base.fill = fill;
	counting->base.event_column = 4;
	counting->base.bytes_max = bytes_max;
	CHECK(fine(kt_past_lines_read(&counting->base, &history, table)));
	CHECK_INT(counting->nr_first, NR_SAMPLES);
	kt_output_find(output)->render(&report, &opts, &text);
	CHECK(!text.failed);
	CHECK_INT(counting->nr_first, NR_SAMPLES);
	*ret_calls = counting->nr_calls;
	kt_buf_add(&text, "", 1);
	return kt_buf_take(&text);
}

TEST(lines_are_the_same_whether_they_are_kept_or_read_again)
{
	static const struct {
		const char *output, *line;
		int nr_reads; /* of the recording, where nothing is kept */
	} outputs[] = {
		{ "text", "14:14:22      62    5.9 MiB\n", 3 },
		{ "csv", "2026-09-21T14:14:22Z,62,6200000,\r\n", 2 },
		{ "json",
			"{\"time\": \"2026-09-21T14:14:21Z\", \"sample\": 61, \"even\": null, "
			"\"event\": null}",
			2 },
	};
	char path[64];
	int calls;

	snprintf(path, sizeof(path), "/tmp/ktally-test-moments-%d", (int)getpid());
	write_recording(path);
	for (size_t i = 0; i < KT_LEN(outputs); i++) {
		char *kept = show(path, outputs[i].output, 0, &calls), *again;

		CHECK_INT(calls, NR_SAMPLES);
		again = show(path, outputs[i].output, 1, &calls);
		CHECK_INT(calls, NR_SAMPLES * outputs[i].nr_reads);
		CHECK_STR(again, kept);
		CHECK(strstr(kept, outputs[i].line));
		CHECK(strstr(kept, "rebooted"));
		CHECK(strstr(kept, "module loaded: xfs"));
		free(kept);
		free(again);
	}
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/ktally-test-moments-%d.tail", (int)getpid());
	unlink(path);
}

/* ---- writing while it is made ---- */

static size_t nr_written, nr_writes;

static struct kt_err *take(const char *data, size_t size)
{
	(void)data;
	nr_written += size;
	return ++nr_writes == 3 ? kt_err_new(KT_ERR_CLOSED, "the reader has gone") : NULL;
}

static struct kt_err *many(void *arg, kt_row_visit visit, void *visit_arg)
{
	struct kt_cell cells[KT_LEN(columns)] = { 0 };
	const struct kt_report_row row = { .cells = cells };
	struct kt_err *err = NULL;

	cells[0] = cells[1] = cells[4] = kt_cell_text("x");
	(void)arg;
	for (int i = 0; i < 1000000 && !err; i++)
		err = visit(visit_arg, &row);
	return err;
}

TEST(a_long_text_is_written_while_it_is_made_and_ends_with_its_reader)
{
	static const char *const outputs[] = { "text", "csv", "json" };

	for (size_t i = 0; i < KT_LEN(outputs); i++) {
		KT_CLEANUP(report) struct kt_report report = { 0 };
		KT_CLEANUP(buf) struct kt_buf text = { 0 };
		struct kt_sink sink = { .write = take };
		struct kt_output_opts opts = { .width = 80, .sink = &sink };
		struct kt_table *table;

		kt_report_init(&report, "test");
		table = kt_report_table(&report, "lines", NULL, columns, KT_LEN(columns));
		table->feed = (struct kt_feed){ .each = many };
		nr_written = nr_writes = 0;
		kt_output_find(outputs[i])->render(&report, &opts, &text);
		CHECK_INT(nr_writes, 3);
		CHECK(nr_written < KT_SINK_BYTES * 4);
		CHECK(text.room <= KT_SINK_BYTES * 2);
		CHECK(sink.err && kt_err_code(sink.err) == KT_ERR_CLOSED);
		kt_err_free(sink.err);
	}
}
