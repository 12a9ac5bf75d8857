// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cmd.h"
#include "cmd/past/past_series.h"
#include "record/sampler.h"
#include "record/writer.h"

#include "test.h"

#include <stdio.h>
#include <unistd.h>

#define START_MS 1790000000000ll

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

/* Two blocks: three series in the first, one of them and four others in the second. */
static void write_recording(const char *path)
{
	static const char *const texts[] = { "A: 1 kB\nB: 2 kB\nC: 3 kB\n",
		"B: 4 kB\nD: 5 kB\nE: 6 kB\nF: 7 kB\nG: 8 kB\n" };
	static const struct kt_writer_opts opts = { .samples_max = 100, .bytes_max = 1 << 20 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;

	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	for (size_t i = 0; i < KT_LEN(texts); i++) {
		struct kt_draft *draft = kt_writer_draft(writer);

		kt_sampler_text(sampler, draft, "proc/meminfo", kt_span_str(texts[i]));
		kt_draft_end_sample(draft, START_MS + (int64_t)i * 1000, (int64_t)i * 1000);
		CHECK(fine(kt_writer_turn(writer)));
		kt_sampler_restart(sampler);
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
}

static void must_leave_out(const char *path, size_t series_max, size_t rows, int64_t left_out)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "test");
	CHECK(fine(kt_history_open(path, &history)));
	CHECK(fine(kt_past_series(&history, series_max, &report)));
	CHECK_INT(report.tables.items[0]->rows.count, rows);
	CHECK_INT(report.notes.count, left_out > 0);
	CHECK_INT(report.fields.count, left_out > 0);
	if (left_out && CHECK_INT(report.fields.count, 1)) {
		CHECK_STR(report.fields.items[0].key, "series_left_out");
		CHECK_INT(report.fields.items[0].cell.number, left_out);
	}
}

TEST(series_that_have_no_room_are_counted)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/ktally-test-series-%d", (int)getpid());
	write_recording(path);
	must_leave_out(path, 7, 7, 0);
	must_leave_out(path, 6, 6, 1);
	must_leave_out(path, 3, 3, 4);
	/* A has the only place: two in the first block have none, and five in the second */
	must_leave_out(path, 1, 1, 5);
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/ktally-test-series-%d.tail", (int)getpid());
	unlink(path);
}
