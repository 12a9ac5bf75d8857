// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command "record": opens the recording, takes samples at its pace and writes them out.
// record_sample.c reads the files of a sample.

#include "base/human.h"
#include "cli/cmd.h"
#include "cmd/record/record_facts.h"
#include "cmd/record/record_marks.h"
#include "cmd/record/record_sample.h"
#include "machine/machine.h"
#include "machine/pace.h"
#include "record/recording.h"
#include "record/zstd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_INTERVAL_S 10
#define FLUSH_S		   10  /* at most as much is lost in a crash */
#define KEEP_BUDGET_MS	   100 /* between two samples, for thinning */
#define BLOCK_SAMPLES	   3600
#define BLOCK_BYTES	   (384u << 10) /* of memory; a block is written when full */

struct record_args {
	bool exact;		/* reads kernel memory */
	const char *on_finding; /* a program; NULL: none */
	const char *mark;	/* a text for the recorder that runs; NULL: this is a recorder */
	bool users;		/* watches who allocates what grows */
	bool daily;		/* a file for each day */
	double every_s;		/* seconds between two readings of it; 0: the default */
};

/* ---- what is written ---- */

/* A disk that is full is waited for; anything else that goes wrong ends the recording. */
static struct kt_err *stall(struct kt_recorder *recorder, struct kt_err *err)
{
	if (!recorder->stalled)
		kt_recorder_say(recorder,
			kt_arena_printf(&recorder->arena,
				"%s; nothing is recorded until there is room", kt_err_text(err)));
	recorder->stalled = true;
	kt_err_free(err);
	return NULL;
}

/* Another draft follows. */
static void restart(struct kt_recorder *recorder)
{
	kt_sampler_restart(recorder->sampler);
	kt_fold_restart(&recorder->fold);
}

/* If the file was renamed, its samples since the last block become one; a new file follows. */
static struct kt_err *follow_place(struct kt_recorder *recorder, bool *ret_moved)
{
	struct kt_err *err = kt_writer_check_place(recorder->writer, ret_moved);

	if (*ret_moved && !err)
		restart(recorder);
	return err;
}

/* The samples since the last block are in the file wherever it is now, or in the new one. */
static struct kt_err *check_place(struct kt_recorder *recorder)
{
	bool moved;
	struct kt_err *err = follow_place(recorder, &moved);

	if (moved)
		kt_recorder_say(recorder, kt_arena_printf(&recorder->arena,
						  "%s: removed or renamed while it was written%s",
						  recorder->path, err ? "" : "; it is made anew"));
	return err;
}

/*
 * Old samples are thinned between new ones, for a part of the interval, so that none is missed. A
 * recording that cannot be thinned is larger than it could be, and that is all.
 */
static void thin_on(struct kt_recorder *recorder)
{
	int64_t quarter_ms = recorder->interval_ms / 4;
	int64_t end_ms =
		kt_pace_clock_ms() + (quarter_ms < KEEP_BUDGET_MS ? quarter_ms : KEEP_BUDGET_MS);
	struct kt_err *err = NULL;

	if (!recorder->keep_due && !kt_writer_is_keeping(recorder->writer))
		return;
	recorder->keep_due = false;
	do {
		err = kt_writer_keep(recorder->writer, &kt_keep_default, 1);
	} while (!err && kt_writer_is_keeping(recorder->writer) && kt_pace_clock_ms() < end_ms);
	if (err)
		kt_recorder_say(recorder,
			kt_arena_printf(&recorder->arena, "old samples are not thinned for now: %s",
				kt_err_text(err)));
	kt_err_free(err);
}

static struct kt_err *write_out(struct kt_recorder *recorder, int64_t boot_ms)
{
	bool full = kt_writer_is_full(recorder->writer);
	struct kt_err *err = NULL;

	if (!full && !recorder->stalled)
		thin_on(recorder);
	/* before the next sample it would be too late */
	if (!full && !recorder->stalled &&
		boot_ms - recorder->flush_ms + recorder->interval_ms <= FLUSH_S * 1000ll)
		return NULL;
	err = check_place(recorder);
	if (!err)
		err = kt_writer_flush(recorder->writer);
	if (!err && full) {
		err = kt_writer_turn(recorder->writer);
		if (!err) {
			restart(recorder);
			recorder->keep_due = true;
		}
	}
	if (err)
		return kt_err_code(err) == KT_ERR_FULL ? stall(recorder, err) : err;
	if (recorder->stalled)
		kt_recorder_say(recorder, "there is room again; recording goes on");
	recorder->stalled = false;
	recorder->flush_ms = boot_ms;
	return NULL;
}

static struct kt_err *turn_day(struct kt_recorder *recorder, int64_t real_ms)
{
	bool turned, moved;
	struct kt_err *err =
		kt_record_daily_turn(&recorder->daily, recorder->path, real_ms, &turned);

	if (!err)
		return turned ? follow_place(recorder, &moved) : NULL;
	kt_recorder_say(recorder, kt_err_text(err));
	kt_err_free(err);
	return NULL;
}

static struct kt_err *record(struct kt_recorder *recorder, struct kt_pace *pace)
{
	struct kt_err *err = NULL;
	struct kt_moment now;

	while (!err && kt_pace_next(pace, &now, &err)) {
		if (!recorder->stalled)
			err = turn_day(recorder, now.real_ms);
		if (!err && !recorder->stalled)
			err = kt_recorder_sample(recorder, now.real_ms, now.boot_ms);
		if (!err)
			err = write_out(recorder, now.boot_ms);
		if (recorder->call->count && recorder->nr_samples >= recorder->call->count)
			break;
	}
	return err;
}

/* ---- the command ---- */

static struct kt_err *open_files(struct kt_recorder *recorder, struct kt_machine *machine)
{
	static const struct kt_writer_opts opts = {
		.samples_max = BLOCK_SAMPLES, .bytes_max = BLOCK_BYTES, .sync = true
	};
	const struct record_args *args = kt_call_own(recorder->call);
	struct kt_alert_options alert = {
		.call = recorder->call, .recording = recorder->path, .program = args->on_finding
	};
	struct kt_err *err = kt_machine_open(&recorder->call->machine, machine);

	if (err)
		return err;
	recorder->root = machine->root;
	if (kt_root_kind(machine->root) != KT_ROOT_LIVE &&
		kt_root_kind(machine->root) != KT_ROOT_DIR)
		return kt_err_new(KT_ERR_USAGE,
			"%s is one sample of a machine, and recording it would give it the date of "
			"now; -s takes the directory of a running machine",
			recorder->call->machine.source);
	err = kt_record_check_core(recorder->root, &alert.ram_bytes);
	if (!err && alert.program && recorder->call->machine.source)
		err = kt_err_new(KT_ERR_USAGE, "--on-finding is for the running machine: with -s "
					       "the recorder gives up the right to start programs");
	if (err)
		return err;
	recorder->sampler = kt_sampler_new();
	if (!recorder->sampler)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!recorder->call->nr_operands && mkdir(KT_STATE_DIR, 0700) < 0 && errno != EEXIST)
		return kt_err_os(errno, "%s", KT_STATE_DIR);
	err = kt_record_files_list(&recorder->files, recorder->root);
	if (!err)
		err = kt_alert_new(&alert, &recorder->alert);
	return err ? err : kt_writer_open(recorder->path, &opts, &recorder->writer);
}

static const struct kt_column field_columns[] = {
	{ .key = "file", .flags = KT_COL_SET },
	{ .key = "mark", .flags = KT_COL_OPTIONAL, .help = "Of --mark, which takes no sample." },
	{ .key = "samples",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Taken by this run." },
	{ .key = "bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET,
		.help = "Of the whole file." },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/record/1",
	.parts = KT_PARTS(&fields_part),
};

static void put_report(const struct kt_recorder *recorder, struct kt_report *report)
{
	int64_t nr_bytes = (int64_t)kt_writer_size(recorder->writer);
	char size[24];

	kt_report_begin(report, &shape);
	kt_report_field(report, NULL, "file", KT_CELL_TEXT, kt_report_text(report, recorder->path));
	kt_report_field(
		report, NULL, "samples", KT_CELL_COUNT, kt_cell_number(recorder->nr_samples));
	kt_report_field(report, NULL, "bytes", KT_CELL_BYTES, kt_cell_number(nr_bytes));
	kt_human_bytes(nr_bytes, size);
	kt_report_headline(report, "%s: %lld sample%s, %s. Look at it with: ktally -s %s",
		recorder->path, (long long)recorder->nr_samples,
		recorder->nr_samples == 1 ? "" : "s", size, recorder->path);
}

/* Leaves a mark for the recorder that writes to the file. */
static struct kt_err *leave_mark(
	const char *path, const char *text, const struct kt_call *call, struct kt_report *report)
{
	struct kt_err *err = call->count || call->interval_s
				     ? kt_err_new(KT_ERR_USAGE, "--mark takes neither -i nor -n")
				     : kt_record_mark(path, text);
	struct stat file = { 0 };

	if (err)
		return err;
	if (stat(path, &file) < 0)
		return kt_err_os(errno, "%s", path);
	kt_report_begin(report, &shape);
	kt_report_field(report, NULL, "file", KT_CELL_TEXT, kt_report_text(report, path));
	kt_report_field(report, NULL, "mark", KT_CELL_TEXT, kt_report_text(report, text));
	kt_report_field(report, NULL, "samples", KT_CELL_COUNT, kt_cell_number(0));
	kt_report_field(report, NULL, "bytes", KT_CELL_BYTES, kt_cell_number(file.st_size));
	kt_report_headline(report, "%s: the next sample has the mark '%s'", path, text);
	return NULL;
}

/* On a terminal, a command that runs until Ctrl-C says that it does. */
static void say_begin(const struct kt_recorder *recorder, double interval_s)
{
	const struct kt_call *call = recorder->call;
	char line[4400];

	if (!call->console || !call->console->terminal || call->count)
		return;
	snprintf(line, sizeof(line), "recording to %s, a sample every %g s; Ctrl-C ends it",
		recorder->path, interval_s);
	kt_recorder_say(recorder, line);
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct record_args *args = kt_call_own(call);
	int64_t every_ms = (int64_t)((args->every_s ? args->every_s : KT_RECORD_SLOW_S) * 1000);
	struct kt_recorder recorder = { .call = call,
		.memory.every_ms = args->exact ? every_ms : 0,
		.daily.wanted = args->daily,
		.users = { .wanted = args->users, .page_bytes = (uint64_t)sysconf(_SC_PAGESIZE) },
		.path = call->nr_operands ? call->operands[0] : KT_RECORDING_DEFAULT };
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	double interval_s = call->interval_s ? call->interval_s : DEFAULT_INTERVAL_S;
	struct kt_pace *pace = NULL;
	struct kt_err *err;

	if (args->every_s && !args->exact)
		return kt_err_new(KT_ERR_USAGE, "--every needs --exact");
	if (args->users && call->machine.source)
		return kt_err_new(KT_ERR_USAGE, "--users takes the running machine, without -s");
	if (args->mark)
		return leave_mark(recorder.path, args->mark, call, report);
	kt_record_moved_init(&recorder.moved);
	kt_record_mounts_init(&recorder.mounts, !call->machine.source);
	kt_record_daily_init(&recorder.daily, recorder.path);
	err = open_files(&recorder, &machine);
	recorder.interval_ms = (int64_t)(interval_s * 1000);
	if (!err)
		err = kt_pace_start(interval_s, &pace);
	if (!err) {
		say_begin(&recorder, interval_s);
		err = record(&recorder, pace);
	}
	if (recorder.writer) {
		struct kt_err *last = err ? NULL : check_place(&recorder);

		if (!last)
			last = kt_writer_turn(recorder.writer);

		put_report(&recorder, report);
		if (!last)
			last = kt_writer_close(recorder.writer);
		else
			kt_err_free(kt_writer_close(recorder.writer));
		if (!err)
			err = last;
		else
			kt_err_free(last);
	}
	kt_pace_stop(pace);
	kt_sampler_free(recorder.sampler);
	kt_fold_fini(&recorder.fold);
	kt_groups_fini(&recorder.groups);
	kt_record_memory_fini(&recorder.memory);
	kt_alert_free(recorder.alert);
	kt_record_files_fini(&recorder.files);
	kt_record_users_fini(&recorder.users);
	kt_record_moved_fini(&recorder.moved);
	kt_record_mounts_fini(&recorder.mounts);
	kt_arena_fini(&recorder.arena);
	return err;
}

static const struct kt_operand operands[] = { { "FILE", KT_ARG_NEW_FILE, .optional = true,
	.usual = KT_RECORDING_DEFAULT, .prepare = kt_zstd_prepare } };

static const struct kt_option options[] = {
	{ 0, "exact", NULL,
		"count objects of slab caches and owners of direct pages in kernel memory too; "
		"needs root",
		.kind = KT_ARG_FLAG, KT_AT(struct record_args, exact) },
	{ 0, "users", NULL,
		"watch who allocates from a row that grows, at 0.1 % of a CPU; needs root",
		.kind = KT_ARG_FLAG, KT_AT(struct record_args, users) },
	{ 0, "every", "SECONDS", "with --exact: count as often as this (600)",
		.kind = KT_ARG_SECONDS, KT_AT(struct record_args, every_s) },
	{ 0, "on-finding", "PROGRAM",
		"run it when something becomes a warning or critical, or is resolved",
		.kind = KT_ARG_FILE, KT_AT(struct record_args, on_finding) },
	{ 0, "daily", NULL, "name the file of a past day after it, such as r-2026-01-31.rec",
		.kind = KT_ARG_FLAG, KT_AT(struct record_args, daily) },
	{ 0, "mark", "TEXT", "put a mark into the recording that another ktally writes, and end",
		.kind = KT_ARG_TEXT, KT_AT(struct record_args, mark) },
};

static const struct kt_example examples[] = {
	{ "ktally record r.rec", "until Ctrl-C, a sample every 10 seconds" },
	{ "ktally record r.rec -i 1 -n 60", "one minute, a sample a second" },
	{ "ktally record r.rec --exact --every 300",
		"objects and direct pages in kernel memory too, every five minutes" },
	{ "ktally record r.rec --users", "who allocates what grows, too" },
	{ "ktally record r.rec --daily", "a file for each day" },
};

const struct kt_cmd kt_cmd_record = {
	.name = "record",
	.summary = "records the account and lists over time",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Reads the kernel's memory files every 10 seconds, or every -i SECONDS, and "
		"appends them to FILE, by default " KT_RECORDING_DEFAULT ". It ends at SIGINT "
		"or SIGTERM, or after -n samples. Numbers that do not change cost next to "
		"nothing. Counts that memory may follow, such as sockets, open files, forks and "
		"packets, are read each minute. What seldom changes or costs more is read every "
		"ten minutes: vmalloc areas, cgroups, and the processes with most page tables and "
		"threads. When the counter of such a list moves, by 4 MiB or 10 %, the list is "
		"read too, once a minute at most in the long run: 'report' names who it was.\n\n"
		"Every other command shows any sample of it: 'ktally -s FILE', 'ktally slab "
		"-s FILE@TIME'. TIME is 2026-01-31T23:59, 23:59, or -2h: two hours before the "
		"last sample. A crash loses at most the last 10 seconds. A full disk stops "
		"the recording until there is room; what was recorded stays.\n\n"
		"--exact also reads kernel memory, every ten minutes or --every SECONDS, as 'slab "
		"--exact' and 'pages' do: objects of each cache that are in use, cached, free or "
		"wait for RCU, and the largest owners of direct pages. Another process reads, "
		"which takes seconds and much memory on a large machine; the next reading waits "
		"at least twenty times as long. Samples have the last counts and their time. "
		"Where kernel memory cannot be read, the recorder says why and goes on.\n\n"
		"--users watches what grows, as 'users WHAT --watch 60s' does: a slab cache, "
		"vmalloc, "
		"per-CPU memory or direct pages, whose least use in a minute rises five times, or "
		"in "
		"half an hour, by 1 MiB in all (at the interval of ten seconds). Another process "
		"watches for a minute, which takes about a second of CPU time; the next watch "
		"waits "
		"a thousand times as long as the last one took, so that all take 0.1 % of a CPU. A "
		"row is watched once an hour at most. 'ktally users -s FILE' lists the watches, "
		"'ktally users CACHE -s FILE@TIME' shows who allocated, and 'report' says when it "
		"was seen.\n\n"
		"--daily keeps a file for each day: at the first sample of a day, in the local "
		"zone, the file of the day before gets its date, r.rec becomes r-2026-01-31.rec, "
		"and FILE begins anew. 'ktally merge' makes one of several.\n\n"
		"--mark 'deploy 1.4' takes no sample: the recorder that writes to FILE puts the "
		"text into "
		"its next sample, and 'report' and charts show it.\n\n"
		"The recorder judges what it records: slab caches in every sample, rows of the "
		"account and known cases every ten minutes. FILE.findings has the findings. One "
		"that becomes a warning or critical, or is resolved, is a line in the journal of "
		"systemd, with fields KTALLY_..., or on standard error, unless -s is given. "
		"--on-finding runs PROGRAM "
		"for it, without a shell or arguments: standard input has the finding as JSON, the "
		"variables KTALLY_EVENT (begun, changed, resolved), KTALLY_SEVERITY, "
		"KTALLY_FINDING, KTALLY_SUBJECT, KTALLY_TITLE, KTALLY_BYTES and KTALLY_NEXT its "
		"parts. One runs at a time, 20 an hour at most, for a minute at most.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.paced = true,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct record_args),
	.shape = &shape,
	.reads = KT_ALERT_READS,
	.run = run,
};
