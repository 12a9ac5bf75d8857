// SPDX-License-Identifier: GPL-2.0-or-later
//
// The recorder. Every interval it reads the few files whose numbers move; data that seldom
// changes or costs more is read at the start of each block and every ten minutes. It does
// not interpret the files: it stores them as they are, so a reader of the recording finds
// the same files as at the time of the sample.

#include "base/human.h"
#include "base/kernel_files.h"
#include "base/memory.h"
#include "cli/cmd.h"
#include "cmd/alert/alert.h"
#include "cmd/record/record_facts.h"
#include "cmd/record/record_files.h"
#include "cmd/record/record_groups.h"
#include "cmd/record/record_memory.h"
#include "cmd/record/record_users.h"
#include "machine/machine.h"
#include "machine/pace.h"
#include "record/recording.h"
#include "record/sampler.h"
#include "record/writer.h"
#include "record/zstd.h"
#include "source/fold.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_INTERVAL_S 10
#define FLUSH_S		   10  /* at most as much is lost in a crash */
#define SLOW_S		   600 /* between two readings of data that seldom changes */
#define MINUTE_S	   60  /* between two readings of counts of events */
#define KEEP_BUDGET_MS	   100 /* between two samples, for thinning */
#define BLOCK_SAMPLES	   3600
#define BLOCK_BYTES	   (384u << 10) /* of memory; a block is written when full */

struct record_args {
	bool exact;		/* reads kernel memory */
	const char *on_finding; /* a program; NULL: none */
	bool users;		/* watches who allocates what grows */
	double every_s;		/* seconds between two readings of it; 0: the default */
};

struct recorder {
	const struct kt_call *call;
	const char *path;
	struct kt_root *root;
	struct kt_writer *writer;
	struct kt_sampler *sampler;
	struct kt_fold fold;
	struct kt_groups groups;
	struct kt_record_memory memory;
	struct kt_record_users users;
	struct kt_alert *alert;
	struct kt_record_files files;
	struct kt_arena arena;	   /* of messages */
	bool has_pools;		   /* of huge pages, in the last sample */
	bool stalled;		   /* the disk is full */
	bool keep_due;		   /* a block was written since old samples were thinned */
	bool lacking, lack_told;   /* of the last sample: files that it should have */
	bool memory_told;	   /* why kernel memory cannot be read */
	int64_t slow_ms, flush_ms; /* when last; 0: never, in this block */
	int64_t minute_ms;	   /* when the counts of each minute were read last */
	int64_t groups_ms;	   /* when a reading of the cgroups began; 0: never */
	int64_t interval_ms;
	int64_t nr_samples;
};

static void say(const struct recorder *recorder, const char *text)
{
	kt_call_say(recorder->call, text);
}

/* ---- what is read ---- */

/* Says once that samples lack a file, until a sample lacks none. Of what takes root, doctor says.
 */
static void tell_lack(
	struct recorder *recorder, const char *path, const struct kt_err *err, bool empty)
{
	bool expected =
		err && (kt_err_code(err) == KT_ERR_DENIED ||
			       (kt_err_code(err) == KT_ERR_ABSENT && !kt_record_is_core(path)));

	if ((!err && !(empty && kt_record_is_core(path))) || expected)
		return;
	if (!recorder->lack_told)
		say(recorder,
			kt_arena_printf(&recorder->arena, "%s%s; samples are recorded without it",
				err ? kt_err_text(err) : path, err ? "" : ": empty"));
	recorder->lacking = recorder->lack_told = true;
}

/* True if an error is more than absence; it is recorded with its reason, which follows the path. */
static void put_unread(struct recorder *recorder, struct kt_draft *draft, const char *path,
	const struct kt_err *err)
{
	struct kt_span why = kt_span_str(kt_err_text(err));
	bool denied = kt_err_code(err) == KT_ERR_DENIED;

	if (kt_err_code(err) == KT_ERR_ABSENT) {
		kt_sampler_gone(recorder->sampler, draft, path);
		return;
	}
	if (kt_span_skip(&why, path))
		kt_span_skip(&why, ": ");
	kt_sampler_unread(
		recorder->sampler, draft, path, denied ? KT_MARK_DENIED : KT_MARK_UNREAD, why.p);
}

/* Very long texts are kept shorter, with the same sums. */
static void put_text(
	struct recorder *recorder, struct kt_draft *draft, const char *path, struct kt_span text)
{
	KT_CLEANUP(buf) struct kt_buf folded = { 0 };
	bool shorter = false;

	if (strcmp(path, KT_FILE_SLABINFO) == 0)
		shorter = kt_fold_slabinfo(&recorder->fold, text, &folded);
	else if (strcmp(path, KT_FILE_ZONEINFO) == 0)
		shorter = kt_fold_zoneinfo(&recorder->fold, text, &folded);
	draft->failed |= folded.failed;
	if (shorter)
		text = (struct kt_span){ folded.data, folded.size };
	kt_sampler_text(recorder->sampler, draft, path, text);
	kt_writer_spill(recorder->writer);
}

static bool read_one(struct recorder *recorder, struct kt_draft *draft, const char *path)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(recorder->root, path, &text);

	tell_lack(recorder, path, err, !text.size);
	if (err) {
		put_unread(recorder, draft, path, err);
	} else {
		kt_record_users_take(&recorder->users, path, kt_text_span(&text));
		put_text(recorder, draft, path, kt_text_span(&text));
	}
	return strcmp(path, KT_FILE_MEMINFO) == 0 &&
	       (err || kt_record_tells_of_pools(kt_text_span(&text)));
}

static void read_fast(struct recorder *recorder, struct kt_draft *draft)
{
	recorder->lacking = false;
	for (size_t i = 0; i < recorder->files.fast.count; i++) {
		bool had_pools = recorder->has_pools;

		if (strcmp(recorder->files.fast.items[i], KT_FILE_MEMINFO) != 0) {
			read_one(recorder, draft, recorder->files.fast.items[i]);
			continue;
		}
		recorder->has_pools = read_one(recorder, draft, recorder->files.fast.items[i]);
		/* once more when the last one has gone; a block begins with all files */
		if (!recorder->has_pools && !had_pools)
			continue;
		for (size_t k = 0; k < recorder->files.pools.count; k++)
			read_one(recorder, draft, recorder->files.pools.items[k]);
	}
	recorder->lack_told = recorder->lacking;
}

static void on_read(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	struct recorder *recorder = arg;
	struct kt_draft *draft = kt_writer_draft(recorder->writer);
	const struct kt_source *source = kt_source_of(path);
	KT_CLEANUP(buf) struct kt_buf short_text = { 0 };
	struct kt_span kept = { 0 };

	path = kt_source_bundle_name(path);
	/*
	 * The second reading belongs to this sample only, and would be taken for any later one's.
	 * Of the processes a list is kept. When cgroups were read the recorder says itself.
	 */
	if (source == &kt_source_bracket || source == &kt_source_tasks ||
		strcmp(path, KT_GROUPS_FILE) == 0)
		return;
	if (kt_record_is_core(path))
		tell_lack(recorder, path, err, !err && !text->size);
	if (err) {
		put_unread(recorder, draft, path, err);
		return;
	}
	kept = kt_text_span(text);
	if (source && source->condense) {
		source->condense(text, &short_text);
		draft->failed |= short_text.failed;
		kept = (struct kt_span){ short_text.data, short_text.size };
	}
	put_text(recorder, draft, path, kept);
}

/* Absent files are not in the list, so what is read here goes the way of what is read seldom. */
static void read_minute(struct recorder *recorder)
{
	for (size_t i = 0; i < recorder->files.minute.count; i++) {
		const char *path = recorder->files.minute.items[i];
		KT_CLEANUP(text) struct kt_text text = { 0 };
		KT_CLEANUP(err) struct kt_err *err = kt_root_read(recorder->root, path, &text);

		on_read(recorder, path, &text, err);
	}
}

/* ---- cgroups ---- */

static void group_gone(void *arg, const char *path)
{
	struct recorder *recorder = arg;

	kt_sampler_gone(recorder->sampler, kt_writer_draft(recorder->writer), path);
}

static void put_group_file(void *arg, const char *path, struct kt_span text)
{
	struct recorder *recorder = arg;

	put_text(recorder, kt_writer_draft(recorder->writer), path, text);
}

/* The groups of the last complete reading; another block begins with them. */
static void put_groups(struct recorder *recorder, struct kt_draft *draft)
{
	KT_CLEANUP(buf) struct kt_buf times = { 0 };

	kt_groups_each(&recorder->groups, put_group_file, recorder);
	kt_groups_write(&recorder->groups, &times);
	draft->failed |= times.failed;
	if (times.size)
		kt_sampler_text(recorder->sampler, draft, KT_GROUPS_FILE,
			(struct kt_span){ times.data, times.size });
}

/* Not with every block: it begins with the texts that there are. */
static bool start_groups(struct recorder *recorder, int64_t now_s, int64_t boot_ms)
{
	bool due = !recorder->groups_ms || boot_ms - recorder->groups_ms >= SLOW_S * 1000ll;

	if (!due || recorder->groups.walk || recorder->call->machine.cheap)
		return true;
	recorder->groups_ms = boot_ms;
	return kt_groups_start(&recorder->groups, recorder->root, now_s);
}

/*
 * Goes on reading cgroups for a part of the interval, so that no sample is missed: 50,000 take
 * seconds. A recording of -n samples does not end without any.
 */
static struct kt_err *read_groups(
	struct recorder *recorder, struct kt_draft *draft, int64_t now_s, int64_t boot_ms)
{
	struct kt_groups *groups = &recorder->groups;
	bool whole = !groups->taken_s && recorder->call->count &&
		     recorder->nr_samples + 1 >= recorder->call->count;
	int64_t end_ms = kt_pace_clock_ms() + recorder->interval_ms / 4;
	bool more;

	if (!start_groups(recorder, now_s, boot_ms))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!groups->walk)
		return NULL;
	do
		more = kt_groups_step(groups);
	while (more && (whole || kt_pace_clock_ms() < end_ms));
	if (!more && !kt_groups_failed(groups)) {
		kt_groups_choose(groups, now_s, group_gone, recorder);
		put_groups(recorder, draft);
	}
	return kt_groups_failed(groups)
		       ? kt_err_new(KT_ERR_NOMEM, "out of memory while reading cgroups")
		       : NULL;
}

/* ---- kernel memory ---- */

/*
 * In each sample: a block begins with all files, and the sampler compares a text that is the same.
 * A recording of -n samples does not end without any.
 */
static struct kt_err *put_memory(
	struct recorder *recorder, struct kt_draft *draft, int64_t real_ms, int64_t boot_ms)
{
	bool last = recorder->call->count && recorder->nr_samples + 1 >= recorder->call->count;
	struct kt_err *err = kt_record_memory_step(&recorder->memory, &recorder->call->machine,
		recorder->root, real_ms, boot_ms, last);
	const char *why = err ? NULL : kt_record_memory_why(&recorder->memory);

	if (err)
		return err;
	kt_record_memory_put(&recorder->memory, recorder->sampler, draft);
	kt_writer_spill(recorder->writer);
	if (why && !recorder->memory_told)
		say(recorder, kt_arena_printf(&recorder->arena,
				      "--exact: %s; samples are recorded without it", why));
	recorder->memory_told = why != NULL;
	return NULL;
}

/* ---- everything else ---- */

/* Everything else that the account and the lists can use. */
static struct kt_err *read_slow(struct recorder *recorder, struct kt_draft *draft)
{
	struct kt_machine machine = {
		.root = recorder->root, .snap = kt_snapshot_new(), .opts = recorder->call->machine
	};
	struct kt_err *err;

	if (!machine.snap)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_root_set_short_watch(recorder->root, on_read, recorder);
	err = kt_machine_collect(&machine, KT_WANT_AREAS, &kt_record_slow_sources);
	kt_root_set_watch(recorder->root, NULL, NULL);
	if (!err) {
		kt_record_facts_put(recorder->root, &recorder->arena, draft, machine.snap);
		put_groups(recorder, draft);
		kt_record_meta_put(recorder->sampler, &recorder->fold, draft, machine.snap);
		kt_record_tasks_put(recorder->sampler, draft, machine.snap);
		/* files that are no longer there are not named */
		kt_sampler_drop_untold(recorder->sampler, draft);
		err = kt_alert_read(recorder->alert, machine.snap);
	}
	kt_snapshot_free(machine.snap);
	/* the snapshot's memory is between blocks of the draft, which stays for an hour */
	kt_memory_give_back();
	kt_arena_fini(&recorder->arena);
	recorder->arena = (struct kt_arena){ 0 };
	return err ? err : kt_record_files_list(&recorder->files, recorder->root);
}

static struct kt_err *take_sample(struct recorder *recorder, int64_t real_ms, int64_t boot_ms)
{
	struct kt_draft *draft = kt_writer_draft(recorder->writer);
	struct kt_err *err = NULL;
	bool slow;

	read_fast(recorder, draft);
	slow = !draft->block.nr_samples || boot_ms - recorder->slow_ms >= SLOW_S * 1000ll;
	err = read_groups(recorder, draft, real_ms / 1000, boot_ms);
	if (!err)
		err = put_memory(recorder, draft, real_ms, boot_ms);
	if (!err)
		err = kt_record_users_sample(&recorder->users, recorder->call, recorder->root,
			recorder->sampler, draft, real_ms, boot_ms);
	if (!err && slow) {
		err = read_slow(recorder, draft);
		recorder->slow_ms = recorder->minute_ms = boot_ms;
	}
	if (!err && boot_ms - recorder->minute_ms >= MINUTE_S * 1000ll) {
		read_minute(recorder);
		recorder->minute_ms = boot_ms;
	}
	if (err)
		return err;
	/* a sample that is not whole is none */
	if (kt_draft_failed(draft) || recorder->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory while taking a sample");
	kt_alert_mark(recorder->alert, draft);
	kt_draft_end_sample(draft, real_ms, boot_ms);
	recorder->nr_samples++;
	return kt_alert_sample(recorder->alert, draft, real_ms, boot_ms);
}

/* ---- what is written ---- */

/* A disk that is full is waited for; anything else that goes wrong ends the recording. */
static struct kt_err *stall(struct recorder *recorder, struct kt_err *err)
{
	if (!recorder->stalled)
		say(recorder,
			kt_arena_printf(&recorder->arena,
				"%s; nothing is recorded until there is room", kt_err_text(err)));
	recorder->stalled = true;
	kt_err_free(err);
	return NULL;
}

/* Another draft follows. */
static void restart(struct recorder *recorder)
{
	kt_sampler_restart(recorder->sampler);
	kt_fold_restart(&recorder->fold);
}

/* The samples since the last block are in the file wherever it is now, or in the new one. */
static struct kt_err *check_place(struct recorder *recorder)
{
	bool moved;
	struct kt_err *err = kt_writer_check_place(recorder->writer, &moved);

	if (moved)
		say(recorder, kt_arena_printf(&recorder->arena,
				      "%s: removed or renamed while it was written%s",
				      recorder->path, err ? "" : "; it is made anew"));
	if (moved && !err)
		restart(recorder);
	return err;
}

/*
 * Old samples are thinned between new ones, for a part of the interval, so that none is missed. A
 * recording that cannot be thinned is larger than it could be, and that is all.
 */
static void thin_on(struct recorder *recorder)
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
		say(recorder, kt_arena_printf(&recorder->arena,
				      "old samples are not thinned for now: %s", kt_err_text(err)));
	kt_err_free(err);
}

static struct kt_err *write_out(struct recorder *recorder, int64_t boot_ms)
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
		say(recorder, "there is room again; recording goes on");
	recorder->stalled = false;
	recorder->flush_ms = boot_ms;
	return NULL;
}

static struct kt_err *record(struct recorder *recorder, struct kt_pace *pace)
{
	struct kt_err *err = NULL;
	struct kt_moment now;

	while (!err && kt_pace_next(pace, &now, &err)) {
		if (!recorder->stalled)
			err = take_sample(recorder, now.real_ms, now.boot_ms);
		if (!err)
			err = write_out(recorder, now.boot_ms);
		if (recorder->call->count && recorder->nr_samples >= recorder->call->count)
			break;
	}
	return err;
}

/* ---- the command ---- */

static struct kt_err *open_files(struct recorder *recorder, struct kt_machine *machine)
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
	err = kt_alert_new(&alert, &recorder->alert);
	return err ? err : kt_writer_open(recorder->path, &opts, &recorder->writer);
}

static const struct kt_column field_columns[] = {
	{ .key = "file", .flags = KT_COL_SET },
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

static void put_report(const struct recorder *recorder, struct kt_report *report)
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

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct record_args *args = kt_call_own(call);
	int64_t every_ms = (int64_t)((args->every_s ? args->every_s : SLOW_S) * 1000);
	struct recorder recorder = { .call = call,
		.memory.every_ms = args->exact ? every_ms : 0,
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
	err = open_files(&recorder, &machine);
	recorder.interval_ms = (int64_t)(interval_s * 1000);
	if (!err)
		err = kt_pace_start(interval_s, &pace);
	if (!err)
		err = record(&recorder, pace);
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
	kt_arena_fini(&recorder.arena);
	return err;
}

static struct kt_err *prepare(void)
{
	const struct kt_zstd *zstd;

	return kt_zstd(&zstd);
}

static const struct kt_operand operands[] = { { "FILE", KT_ARG_NEW_FILE, .optional = true,
	.usual = KT_RECORDING_DEFAULT, .prepare = prepare } };

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
};

static const struct kt_example examples[] = {
	{ "ktally record r.rec", "until Ctrl-C, a sample every 10 seconds" },
	{ "ktally record r.rec -i 1 -n 60", "one minute, a sample a second" },
	{ "ktally record r.rec --exact --every 300",
		"objects and direct pages in kernel memory too, every five minutes" },
	{ "ktally record r.rec --users", "who allocates what grows, too" },
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
		"threads.\n\n"
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
