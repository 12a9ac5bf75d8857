// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/machine.h"
#include "record/sampler.h"
#include "record/writer.h"

#include "test.h"

#include <stdio.h>
#include <unistd.h>

#define START_MS 1790000000000ll
#define STEP_MS	 1000

static const struct kt_needs needs = { .only = KT_SOURCES(&kt_source_meminfo) };

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

/* Three samples, a second apart, with 1, 2 and 3 MiB free. */
static void record(const char *path)
{
	static const struct kt_writer_opts opts = { .samples_max = 100, .bytes_max = 1 << 20 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;

	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	for (int i = 0; i < 3; i++) {
		struct kt_draft *draft = kt_writer_draft(writer);
		char text[64];

		snprintf(text, sizeof(text), "MemTotal: 9000 kB\nMemFree: %d kB\n", (i + 1) * 1024);
		kt_sampler_text(sampler, draft, "proc/meminfo", kt_span_str(text));
		kt_draft_end_sample(draft, START_MS + i * STEP_MS, i * STEP_MS);
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
}

static int64_t free_mib(const struct kt_machine_opts *opts)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_val val;

	if (!CHECK(fine(kt_machine_open(opts, &machine))) ||
		!CHECK(fine(kt_machine_collect(&machine, 0, &needs))))
		return -1;
	val = kt_snapshot_get(machine.snap, KT_MEM_FREE, KT_NO_NODE);
	return kt_ok(val) ? val.value >> 20 : -1;
}

/* Of a name with an @ in it, too: no text is taken apart. */
TEST(a_time_selects_the_last_sample_up_to_it)
{
	char path[64], tail[80];
	struct kt_machine_opts opts = { .source = path };

	snprintf(path, sizeof(path), "/tmp/ktally@test-machine-%d", (int)getpid());
	snprintf(tail, sizeof(tail), "%s.tail", path);
	record(path);
	CHECK_INT(free_mib(&opts), 3);
	for (int i = 0; i < 3; i++) {
		opts.time_ms = START_MS + i * STEP_MS;
		CHECK_INT(free_mib(&opts), i + 1);
		opts.time_ms += STEP_MS / 2;
		CHECK_INT(free_mib(&opts), i + 1);
	}
	unlink(path);
	unlink(tail);
}

TEST(a_time_before_the_first_sample_is_an_error_that_names_the_file)
{
	char path[64], tail[80];
	struct kt_machine_opts opts = { .source = path, .time_ms = START_MS - 1 };
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;

	snprintf(path, sizeof(path), "/tmp/ktally-test-machine-%d", (int)getpid());
	snprintf(tail, sizeof(tail), "%s.tail", path);
	record(path);
	err = kt_machine_open(&opts, &machine);
	if (CHECK(err != NULL))
		CHECK(strstr(kt_err_text(err), path) && kt_err_code(err) == KT_ERR_ABSENT);
	unlink(path);
	unlink(tail);
}

TEST(a_warning_is_a_note_that_is_marked)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "ktally/test/1");
	kt_report_note(&report, "a note");
	kt_report_warn(&report, "a warning");
	CHECK_INT(report.notes.count, 2);
	if (CHECK_INT(report.warnings.count, 1))
		CHECK_STR(report.warnings.items[0], "a warning");
}
