// SPDX-License-Identifier: GPL-2.0-or-later
//
// Keeps what the kernel allocates and frees for a while, as input for models of allocators.

#include "base/attr.h"
#include "cli/cmd.h"
#include "machine/clock.h"
#include "machine/machine.h"
#include "machine/pace.h"
#include "root/new_file.h"
#include "source/source.h"
#include "source/watch/kept_events.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define STEP_S	     0.05
#define SECONDS	     10.0
#define SECONDS_MAX  3600.0
#define MIB	     (1ull << 20)
#define SIZE_MIB     64 /* of the file */
#define SIZE_MIB_MAX 4096
#define BUFFER_MIB   16 /* of events on their way */
#define SAMPLE_MAX   1000000
#define NAME_BYTES   24

struct trace_args {
	double seconds;
	int64_t one_in, size_mib, buffer_mib; /* 0: by default */
	const char *caches;
	bool force, dry_run;
};

/* ---- the shape of the report ---- */

static const struct kt_column field_columns[] = {
	{ .key = "file", .flags = KT_COL_SET },
	{ .key = "seconds", .type = KT_CELL_REAL, .help = "Null: a dry run." },
	{ .key = "ended_by",
		.help = "\"the time\", \"a signal\", or \"the size of the file\"; null: a dry "
			"run." },
	{ .key = "bytes", .type = KT_CELL_BYTES, .help = "Of the file; null: a dry run." },
	{ .key = "events", .type = KT_CELL_COUNT },
	{ .key = "lost_events",
		.type = KT_CELL_COUNT,
		.help = "That were not fetched in time: a larger --buffer loses fewer." },
	{ .key = "nested_events",
		.type = KT_CELL_COUNT,
		.help = "At most; that came while both programs of their kind ran on their CPU, "
			"and are missing." },
	{ .key = "unknown_frees",
		.type = KT_CELL_COUNT,
		.help = "Of objects whose allocation was not seen." },
	{ .key = "unseen_frees",
		.type = KT_CELL_COUNT,
		.help = "Addresses that were allocated again, so that a free is missing." },
	{ .key = "other_events",
		.type = KT_CELL_COUNT,
		.help = "Of memory outside slab caches, such as large objects of kmalloc()." },
	{ .key = "moving_events",
		.type = KT_CELL_COUNT,
		.help = "That happened while the state at the start was read." },
	{ .key = "unread_slabs",
		.type = KT_CELL_COUNT,
		.help = "Slabs and lists of the start that moved meanwhile." },
};

static const struct kt_part fields_part = { KT_COLUMNS_OF(field_columns) };

static const struct kt_shape shape = {
	.schema = "ktally/trace/1",
	.parts = KT_PARTS(&fields_part),
};

static const struct kt_needs needs = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_iomem),
};

/* ---- the trace ---- */

struct tracing {
	struct kt_kept_events *events;
	int marks; /* descriptor of SIGUSR1 */
	unsigned nr_marks;
};

static uint64_t now_ns(void)
{
	return (uint64_t)kt_pace_clock_ms() * 1000000;
}

static struct kt_err *write_file(void *arg, const char *data, size_t size)
{
	return kt_new_file_write(arg, data, size);
}

/* A signal ends a phase. */
static bool mark(void *arg)
{
	struct tracing *tracing = arg;
	struct signalfd_siginfo info;
	char name[NAME_BYTES];

	while (read(tracing->marks, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (tracing->nr_marks + 3 > KT_EVENTS_MARKS)
			continue;
		snprintf(name, sizeof(name), "%u", ++tracing->nr_marks);
		kt_kept_events_mark(tracing->events, name, now_ns());
	}
	return true;
}

static double seconds_of(const struct trace_args *args)
{
	return args->seconds > 0 ? args->seconds : SECONDS;
}

/* Returns why it ended; NULL: it could not begin. */
static const char *trace_for(struct tracing *tracing, double seconds, struct kt_err **ret_err)
{
	uint64_t end_ns;
	struct kt_pace *pace = NULL;
	const char *why = "a signal";
	struct kt_moment now;

	*ret_err = kt_pace_start(STEP_S, &pace);
	if (!*ret_err)
		*ret_err = kt_kept_events_start(tracing->events, now_ns());
	if (*ret_err) {
		kt_pace_stop(pace);
		return NULL;
	}
	end_ns = now_ns() + (uint64_t)(seconds * 1e9);
	if (tracing->marks >= 0)
		kt_pace_watch(pace, tracing->marks, mark, tracing);
	while (kt_pace_next(pace, &now, ret_err)) {
		if (!kt_kept_events_step(tracing->events)) {
			why = "the size of the file";
			break;
		}
		if (now_ns() >= end_ns) {
			why = "the time";
			break;
		}
	}
	kt_pace_stop(pace);
	return why;
}

static void put_count(struct kt_report *report, const char *key, const uint64_t *count)
{
	kt_report_field(report, NULL, key, KT_CELL_COUNT,
		count ? kt_cell_number((int64_t)*count) : kt_cell_missing(KT_ABSENT, "a dry run"));
}

static void put_report(struct kt_report *report, const char *path, const char *why,
	const struct kt_events_end *end, uint64_t bytes)
{
	struct kt_cell none = kt_cell_missing(KT_ABSENT, "a dry run");

	kt_report_field(report, NULL, "file", KT_CELL_TEXT, kt_report_text(report, path));
	kt_report_field(report, NULL, "seconds", KT_CELL_REAL,
		end ? kt_cell_real((double)end->lasted_ms / 1000) : none);
	kt_report_field(report, NULL, "ended_by", KT_CELL_TEXT, end ? kt_cell_text(why) : none);
	kt_report_field(
		report, NULL, "bytes", KT_CELL_BYTES, end ? kt_cell_number((int64_t)bytes) : none);
	put_count(report, "events", end ? &end->nr_events : NULL);
	put_count(report, "lost_events", end ? &end->nr_lost : NULL);
	put_count(report, "nested_events", end ? &end->nr_nested : NULL);
	put_count(report, "unknown_frees", end ? &end->nr_unknown : NULL);
	put_count(report, "unseen_frees", end ? &end->nr_again : NULL);
	put_count(report, "other_events", end ? &end->nr_foreign : NULL);
	put_count(report, "moving_events", end ? &end->nr_moving : NULL);
	put_count(report, "unread_slabs", end ? &end->nr_unread : NULL);
}

static void note_end(
	struct kt_report *report, const struct kt_events_end *end, const char *unwatched)
{
	if (end->nr_lost)
		kt_report_note(report,
			"%llu events were lost, which makes simulations wrong: use a larger "
			"--buffer, or --cache",
			(unsigned long long)end->nr_lost);
	if (end->nr_nested)
		kt_report_note(report,
			"%llu events, at most, came while both programs of their kind ran on their "
			"CPU, and are missing",
			(unsigned long long)end->nr_nested);
	if (unwatched[0])
		kt_report_note(report, "not watched: %s", unwatched);
}

static struct kt_err *run_with(struct kt_kept_events *events, struct kt_new_file *file,
	const struct trace_args *args, const char *path, struct kt_report *report)
{
	struct tracing tracing = { .events = events, .marks = -1 };
	struct kt_events_end end = { 0 };
	sigset_t marks, old;
	struct kt_err *err = NULL, *more;
	const char *why;

	sigemptyset(&marks);
	sigaddset(&marks, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &marks, &old) == 0)
		tracing.marks = signalfd(-1, &marks, SFD_CLOEXEC | SFD_NONBLOCK);
	why = trace_for(&tracing, seconds_of(args), &err);
	if (!err)
		err = kt_kept_events_end(events, now_ns(), why, &end);
	if (tracing.marks >= 0)
		close(tracing.marks);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;
	more = kt_new_file_commit(file);
	if (more)
		return more;
	kt_report_headline(report, "%s: %llu events of %.1f s, ended by %s.", path,
		(unsigned long long)end.nr_events, (double)end.lasted_ms / 1000, why);
	put_report(report, path, why, &end, kt_kept_events_bytes(events));
	note_end(report, &end, kt_kept_events_unwatched(events));
	return NULL;
}

static void put_dry_run(
	struct kt_report *report, const char *path, const struct kt_kept_opts *opts, double seconds)
{
	kt_report_headline(report, "Would trace for %.0f s into %s.", seconds, path);
	put_report(report, path, NULL, NULL, 0);
	kt_report_note(report,
		"would attach programs to the kernel's allocations and frees, with %u MiB for "
		"events on their way, and write at most %llu MiB; all of it is undone at the end",
		opts->ring_bytes >> 20, (unsigned long long)(opts->most_bytes / MIB));
}

static struct kt_err *trace_machine(const struct trace_args *args, struct kt_machine *machine,
	const char *path, struct kt_report *report)
{
	KT_CLEANUP(kept_events) struct kt_kept_events *events = NULL;
	struct kt_new_file file = KT_NEW_FILE_NONE;
	struct kt_kept_opts opts = { .caches = args->caches,
		.one_in = args->one_in ? (uint32_t)args->one_in : 1,
		.ring_bytes = (uint32_t)((args->buffer_mib ? args->buffer_mib : BUFFER_MIB) * MIB),
		.most_bytes = (uint64_t)(args->size_mib ? args->size_mib : SIZE_MIB) * MIB,
		.release = machine->snap->host.release ? machine->snap->host.release : "",
		.real_ms = (uint64_t)kt_clock_time_ms(),
		.write = write_file,
		.arg = &file };
	struct kt_err *err = kt_kept_events_open(machine->root, machine->snap, &opts, &events);

	if (!err && args->dry_run) {
		put_dry_run(report, path, &opts, seconds_of(args));
		return NULL;
	}
	if (!err)
		err = kt_new_file_create(path, args->force, &file);
	if (!err)
		err = run_with(events, &file, args, path, report);
	kt_new_file_cleanup(&file);
	return err;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct trace_args *args = kt_call_own(call);
	struct kt_machine machine = { 0 };
	struct kt_err *err;

	kt_report_begin(report, &shape);
	if (args->buffer_mib & (args->buffer_mib - 1))
		return kt_err_new(KT_ERR_USAGE, "--buffer takes a power of two");
	err = kt_machine_open(&call->machine, &machine);
	if (!err && kt_root_kind(machine.root) != KT_ROOT_LIVE)
		err = kt_err_new(KT_ERR_USAGE, "only the running machine can be traced");
	if (!err)
		err = kt_machine_collect(&machine, 0, &needs);
	if (!err)
		err = trace_machine(args, &machine, call->operands[0], report);
	kt_machine_cleanup(&machine);
	return err;
}

static const struct kt_operand operands[] = { { "FILE", KT_ARG_NEW_FILE } };

static const struct kt_option options[] = {
	{ 0, "for", "SECONDS", "trace for so long; default: 10", .kind = KT_ARG_SECONDS,
		KT_AT(struct trace_args, seconds), .min = 0, .max = (int64_t)SECONDS_MAX,
		.takes = "seconds, at most 3600" },
	{ 0, "cache", "GLOB", "only caches whose name matches", .kind = KT_ARG_PATTERN,
		KT_AT(struct trace_args, caches) },
	{ 0, "sample", "N", "only 1 object in N, by its address; default: all",
		.kind = KT_ARG_NUMBER, KT_AT(struct trace_args, one_in), .min = 1,
		.max = SAMPLE_MAX, .takes = "a number from 1 to 1000000" },
	{ 0, "size", "MIB", "end when the file has so many MiB; default: 64", .kind = KT_ARG_NUMBER,
		KT_AT(struct trace_args, size_mib), .min = 1, .max = SIZE_MIB_MAX,
		.takes = "a number from 1 to 4096" },
	{ 0, "buffer", "MIB", "memory of the kernel for events on their way; default: 16",
		.kind = KT_ARG_NUMBER, KT_AT(struct trace_args, buffer_mib), .min = 1, .max = 512,
		.takes = "a power of two from 1 to 512" },
	{ 0, "dry-run", NULL, "only say what would be done", .kind = KT_ARG_FLAG,
		KT_AT(struct trace_args, dry_run) },
	{ 0, "force", NULL, "overwrite the file", .kind = KT_ARG_FLAG,
		KT_AT(struct trace_args, force) },
};

static const struct kt_example examples[] = {
	{ "ktally trace load.trace", "all slab objects, for 10 s" },
	{ "ktally trace load.trace --for 60 --cache 'kmalloc-*'", "a minute of kmalloc()" },
};

const struct kt_cmd kt_cmd_trace = {
	.name = "trace",
	.summary = "keeps allocations for simulate",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Keeps every allocation and free of slab objects for a limited time in FILE, which "
		"'ktally simulate' replays: address, slab cache, bytes asked for, CPU and time. "
		"Where all slabs and their free objects are when the trace begins is read from "
		"kernel memory and is in FILE too, so that the models start with the machine as it "
		"is. FILE has no addresses of the kernel's own layout, and only its owner may read "
		"it.\n\n"
		"Programs of BPF at the kernel's tracepoints, and at functions that pass them by, "
		"see the events and put them into a buffer, from which ktally fetches them. The "
		"page of an object names its slab cache at this time, so frees that name no "
		"cache are known too. Events that find the buffer full are counted, and the count "
		"is printed and in FILE: nothing is lost silently. The programs are gone when the "
		"command ends, however it ends.\n\n"
		"The signal USR1 ends a phase: what the kernel holds of each cache is kept, and "
		"'simulate' has a line for it. The start and the end are phases as well. SIGINT "
		"ends the trace early; the file is whole then. The format is in "
		"src/events/events.h.\n\n"
		"It needs root, the kernel's type data (CONFIG_DEBUG_INFO_BTF), and BPF.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct trace_args),
	.shape = &shape,
	.run = run,
};
