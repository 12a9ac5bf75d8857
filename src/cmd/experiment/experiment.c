// SPDX-License-Identifier: GPL-2.0-or-later
//
// Experiments with slab caches: what walking trees, a build, memory pressure and dropping caches
// change, cache by cache. Without --yes an experiment only says what it would do.

#include "experiment/desk.h"
#include "experiment/work.h"

#include "cmd/experiment/tables.h"

#include "base/kernel_files.h"
#include "machine/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES	     "drop find pressure build paper"
#define STEPS_MAX    14
#define FILES_MADE   20000
#define FILES_WALKED 2000000
#define PROGRAMS     100
#define RESERVE_MIB  128
#define LIMIT_USUAL  256 /* MiB */
#define SECONDS_MAX  600
#define SECONDS	     60
#define TREE	     "/"
#define FOLDER	     "/var/tmp"

struct experiment_args {
	bool yes;
	int64_t limit_mib, seconds;
	const char *tree, *folder;
};

enum step_kind {
	STEP_END, /* of the list */
	STEP_MEASURE,
	STEP_FORECAST, /* measures, and predicts what the next step frees */
	STEP_DROP,
	STEP_WALK,
	STEP_FILL,
	STEP_MAKE,
	STEP_DESK,
	STEP_REMOVE,
	STEP_RECLAIM,
};

struct step {
	enum step_kind kind;
	const char *label; /* of a stage */
};

struct experiment {
	const char *name;
	bool grouped; /* it has a cgroup of its own */
	struct step steps[STEPS_MAX];
};

static const struct experiment experiments[] = {
	{ "drop", false,
		{ { STEP_FORECAST, "before" }, { STEP_DROP, NULL }, { STEP_MEASURE, "dropped" } } },
	{ "find", true,
		{ { STEP_MEASURE, "before" }, { STEP_WALK, NULL }, { STEP_MEASURE, "walked" },
			{ STEP_RECLAIM, NULL }, { STEP_MEASURE, "after" } } },
	{ "pressure", true,
		{ { STEP_MEASURE, "before" }, { STEP_WALK, NULL }, { STEP_FORECAST, "walked" },
			{ STEP_FILL, NULL }, { STEP_MEASURE, "pressed" }, { STEP_RECLAIM, NULL },
			{ STEP_MEASURE, "after" } } },
	{ "build", true,
		{ { STEP_MEASURE, "before" }, { STEP_MAKE, NULL }, { STEP_MEASURE, "built" },
			{ STEP_REMOVE, NULL }, { STEP_RECLAIM, NULL },
			{ STEP_MEASURE, "after" } } },
	{ "paper", true,
		{ { STEP_MEASURE, "before" }, { STEP_DESK, NULL }, { STEP_MEASURE, "desktop" },
			{ STEP_MAKE, NULL }, { STEP_MEASURE, "built" }, { STEP_REMOVE, NULL },
			{ STEP_WALK, NULL }, { STEP_FORECAST, "walked" }, { STEP_FILL, NULL },
			{ STEP_MEASURE, "pressed" }, { STEP_RECLAIM, NULL },
			{ STEP_MEASURE, "after" } } },
};

/* An experiment while it runs. */
struct lab {
	const struct kt_call *call;
	const struct experiment *experiment;
	struct experiment_args args; /* with defaults */
	struct kt_report *report;
	struct kt_stages stages;
	struct kt_load_group group;
	struct kt_stop stop;
	struct kt_working working; /* the load that holds memory */
	char folder[256];	   /* with the files of STEP_MAKE; "": none */
};

/* ---- what it does, in words ---- */

enum { S_NUMBER, S_STEP };

static const struct kt_column step_columns[] = {
	[S_NUMBER] = { .key = "number", .title = "", .type = KT_CELL_COUNT, .flags = KT_COL_SET },
	[S_STEP] = { .key = "step", .title = "STEP", .flags = KT_COL_SET | KT_COL_WRAP },
};

/* Programs that surely have room below the limit. */
static int64_t programs_of(const struct experiment_args *args)
{
	int64_t room = args->limit_mib / 2 / KT_DESK_PROGRAM_MIB;

	return room < PROGRAMS ? room : PROGRAMS;
}

static const char *words_of(struct lab *lab, const struct step *step)
{
	const struct experiment_args *args = &lab->args;
	struct kt_arena *arena = &lab->report->arena;

	switch (step->kind) {
	case STEP_END: break;
	case STEP_MEASURE:
		return kt_arena_printf(
			arena, "count the objects and pages of all slab caches: %s", step->label);
	case STEP_FORECAST:
		return kt_arena_printf(arena,
			"count the objects and pages of all slab caches: %s; predict what evicting "
			"dentries and inodes frees",
			step->label);
	case STEP_DROP:
		return "write 2 to /" KT_FILE_DROP_CACHES
		       ": the kernel evicts unused dentries and inodes, and programs are slower "
		       "until they are read again";
	case STEP_WALK:
		return kt_arena_printf(arena,
			"look up every file below %s in one file system, at most %lld s",
			args->tree, (long long)args->seconds);
	case STEP_FILL:
		return kt_arena_printf(arena,
			"take memory in the cgroup until its limit of %lld MiB makes the kernel "
			"reclaim, at most %lld s",
			(long long)args->limit_mib, (long long)args->seconds);
	case STEP_MAKE:
		return kt_arena_printf(arena,
			"write and read up to %d small files in a new directory below %s, and "
			"start "
			"short processes, at most %lld s",
			FILES_MADE, args->folder, (long long)args->seconds);
	case STEP_DESK:
		return kt_arena_printf(arena,
			"start %lld programs as a desktop has them, with memory, threads, sockets, "
			"pipes and mapped files, which wait until the next load",
			(long long)programs_of(args));
	case STEP_REMOVE: return "remove these files and their directory";
	case STEP_RECLAIM: return "end the loads and reclaim what the cgroup has in caches";
	}
	return "";
}

static void put_step(struct lab *lab, struct kt_table *table, const char *text)
{
	struct kt_report_row *row = table ? kt_table_row(lab->report, table) : NULL;

	if (row) {
		row->cells[S_NUMBER] = kt_cell_number((int64_t)table->rows.count);
		row->cells[S_STEP] = kt_cell_text(text);
	}
}

static void put_steps(struct lab *lab)
{
	struct kt_table *table =
		kt_report_table(lab->report, "steps", NULL, step_columns, KT_LEN(step_columns));

	if (lab->experiment->grouped)
		put_step(lab, table,
			kt_arena_printf(&lab->report->arena,
				"make a cgroup that gets at most %lld MiB and no swap, for all "
				"loads",
				(long long)lab->args.limit_mib));
	for (const struct step *step = lab->experiment->steps; step->kind != STEP_END; step++)
		put_step(lab, table, words_of(lab, step));
	if (lab->experiment->grouped)
		put_step(lab, table, "remove the cgroup");
}

/* ---- steps ---- */

static struct kt_err *drop(void)
{
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct kt_err *err;

	if (root < 0)
		return kt_err_os(errno, "/");
	sync();
	err = kt_load_group_write(root, KT_FILE_DROP_CACHES, "2");
	close(root);
	return err;
}

static struct kt_err *make_folder(struct lab *lab)
{
	int size = snprintf(
		lab->folder, sizeof(lab->folder), "%s/ktally-experiment-XXXXXX", lab->args.folder);
	struct kt_err *err = NULL;

	if (size < 0 || (size_t)size >= sizeof(lab->folder))
		err = kt_err_new(KT_ERR_USAGE, "--folder is too long");
	else if (!mkdtemp(lab->folder))
		err = kt_err_os(errno, "a new directory in %s", lab->args.folder);
	if (err)
		lab->folder[0] = '\0';
	return err;
}

static void remove_folder(struct lab *lab)
{
	if (lab->folder[0])
		kt_work_remove(lab->folder);
	lab->folder[0] = '\0';
}

static struct kt_err *stopped(void)
{
	return kt_err_new(KT_ERR_REFUSED, "the experiment was stopped, and undone");
}

static void note_work(struct lab *lab, const struct kt_work *job, const char *name,
	const struct kt_work_done *done)
{
	struct kt_report *report = lab->report;

	if (done->late)
		kt_report_note(
			report, "%s was stopped after %lld s", name, (long long)job->seconds);
	if (done->killed)
		kt_report_note(report, "%s was killed at the limit of the cgroup", name);
	if (job->kind == KT_WORK_FILL)
		kt_report_note(report, "%s: %s", name, kt_report_bytes(report, done->count));
	else
		kt_report_note(report, "%s: %lld %s", name, (long long)done->count,
			job->kind == KT_WORK_DESK ? "programs" : "files");
}

/* The load before may still hold what was measured. */
static struct kt_err *work(struct lab *lab, struct kt_work job, const char *name)
{
	bool holds = job.kind == KT_WORK_FILL || job.kind == KT_WORK_DESK;
	struct kt_work_done done;
	struct kt_err *err;

	kt_work_end(&lab->working);
	job.seconds = lab->args.seconds;
	err = kt_work_run(&lab->group, &lab->stop, &job, &lab->working, &done);
	if (!err && done.stopped)
		err = stopped();
	if (!err)
		note_work(lab, &job, name, &done);
	if (err || !holds)
		kt_work_end(&lab->working);
	return err;
}

static struct kt_err *measure(struct lab *lab, const struct step *step)
{
	struct kt_stage *stage = &lab->stages.items[lab->stages.count];
	struct kt_err *err =
		kt_stage_measure(&lab->call->machine, &lab->stages.arena, step->label, stage);

	if (!err && step->kind == STEP_FORECAST)
		err = kt_stage_forecast(&lab->call->machine, &lab->stages.arena, stage);
	if (!err && lab->stages.arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		lab->stages.count++;
	return err;
}

static struct kt_err *take_step(struct lab *lab, const struct step *step)
{
	struct kt_err *err;

	switch (step->kind) {
	case STEP_END: break;
	case STEP_MEASURE:
	case STEP_FORECAST: return measure(lab, step);
	case STEP_DROP: return drop();
	case STEP_WALK:
		return work(lab,
			(struct kt_work){
				KT_WORK_WALK, .path = lab->args.tree, .most = FILES_WALKED },
			"the walk");
	case STEP_FILL:
		/* a sixteenth is left for the process itself and what cannot be reclaimed */
		return work(lab,
			(struct kt_work){ KT_WORK_FILL, .most = lab->args.limit_mib * 15 << 16 },
			"memory taken");
	case STEP_MAKE:
		err = make_folder(lab);
		return err ? err
			   : work(lab,
				     (struct kt_work){ KT_WORK_MAKE, .path = lab->folder,
					     .most = FILES_MADE },
				     "the build");
	case STEP_DESK:
		return work(lab, (struct kt_work){ KT_WORK_DESK, .most = programs_of(&lab->args) },
			"the desktop");
	case STEP_REMOVE: remove_folder(lab); break;
	case STEP_RECLAIM:
		kt_work_end(&lab->working);
		kt_load_group_reclaim(&lab->group);
		break;
	}
	return NULL;
}

/* ---- a run ---- */

static struct kt_err *take_steps(struct lab *lab)
{
	struct kt_err *err = NULL;

	for (const struct step *step = lab->experiment->steps; !err && step->kind != STEP_END;
		step++)
		err = kt_stop_asked(&lab->stop) ? stopped() : take_step(lab, step);
	return err;
}

static struct kt_err *run_lab(struct lab *lab)
{
	struct kt_err *err = kt_stop_open(&lab->stop);

	if (!err && lab->experiment->grouped)
		err = kt_load_group_open(lab->args.limit_mib << 20, getpid(), &lab->group);
	if (!err)
		err = take_steps(lab);
	kt_work_end(&lab->working);
	remove_folder(lab);
	if (!kt_load_group_close(&lab->group))
		kt_report_note(lab->report, "the cgroup could not be removed: rmdir it");
	kt_stop_close(&lab->stop);
	return err;
}

/* ---- consent and room ---- */

static int64_t needed_bytes(const struct lab *lab)
{
	return lab->experiment->grouped ? (lab->args.limit_mib * 2 + RESERVE_MIB) << 20
					: (int64_t)RESERVE_MIB << 20;
}

/* A machine short of memory is left alone: its user has other worries than an experiment. */
static struct kt_err *check_room(struct lab *lab, const struct kt_stage *now)
{
	int64_t needed = needed_bytes(lab), tenth = now->total_bytes / 10;

	needed = needed < tenth ? tenth : needed;
	kt_report_field(lab->report, NULL, "available_bytes", KT_CELL_BYTES,
		kt_cell_known(now->available_bytes));
	kt_report_field(lab->report, NULL, "needed_bytes", KT_CELL_BYTES, kt_cell_number(needed));
	if (!kt_known(now->available_bytes) || !kt_known(now->total_bytes))
		return kt_err_new(KT_ERR_ABSENT, "the memory that is available is not known");
	if (now->available_bytes < needed)
		return kt_err_new(KT_ERR_REFUSED,
			"the machine is short of memory: %s is available, and the experiment needs "
			"%s; a smaller --limit needs less",
			kt_report_bytes(lab->report, now->available_bytes),
			kt_report_bytes(lab->report, needed));
	return NULL;
}

static void put_plan(struct lab *lab, bool run)
{
	kt_report_field(
		lab->report, NULL, "experiment", KT_CELL_TEXT, kt_cell_text(lab->experiment->name));
	kt_report_field(lab->report, NULL, "run", KT_CELL_BOOL, kt_cell_number(run));
	kt_report_field(lab->report, NULL, "limit_bytes", KT_CELL_BYTES,
		kt_cell_known(lab->experiment->grouped ? lab->args.limit_mib << 20 : KT_UNKNOWN));
	if (run)
		return;
	kt_report_headline(lab->report,
		"Experiment %s: nothing was done. It would take these steps, with --yes:",
		lab->experiment->name);
}

static struct kt_err *conduct(struct lab *lab)
{
	struct kt_stage now;
	struct kt_err *err = kt_stage_measure(&lab->call->machine, &lab->stages.arena, "now", &now);
	struct kt_report *report = lab->report;

	put_plan(lab, lab->args.yes);
	if (!err)
		err = check_room(lab, &now);
	if (err)
		return err;
	put_steps(lab);
	if (!lab->args.yes) {
		kt_report_note(report, "refused if less than %s is available",
			kt_report_bytes(report, needed_bytes(lab)));
		return NULL;
	}
	err = run_lab(lab);
	if (err)
		return err;
	kt_report_headline(report, "Experiment %s: %s.", lab->experiment->name,
		lab->experiment->grouped ? "done, and undone" : "done");
	kt_stages_put(report, &lab->stages);
	return strcmp(lab->experiment->name, "paper") == 0
		       ? kt_paper_put(report, &lab->call->machine, &lab->stages)
		       : NULL;
}

/* ---- the command ---- */

static const struct kt_column field_columns[] = {
	{ .key = "experiment", .flags = KT_COL_SET },
	{ .key = "run", .type = KT_CELL_BOOL, .flags = KT_COL_SET },
	{ .key = "limit_bytes", .type = KT_CELL_BYTES, .help = "null: no load runs." },
	{ .key = "available_bytes", .type = KT_CELL_BYTES },
	{ .key = "needed_bytes", .type = KT_CELL_BYTES, .flags = KT_COL_SET },
};

static const struct kt_part fields_part = { KT_COLUMNS_OF(field_columns) };
static const struct kt_part steps_part = {
	.key = "steps",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(step_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/experiment/1",
	.parts = KT_PARTS(&fields_part, &steps_part, &kt_stages_part, &kt_changes_part,
		&kt_forecasts_part, &kt_paper_part),
};

static struct kt_err *check_call(const struct kt_call *call)
{
	if (kt_words_find(NAMES, call->operands[0]) < 0)
		return kt_err_new(KT_ERR_USAGE,
			"no experiment '%.64s': drop, find, pressure, build or paper",
			call->operands[0]);
	if (call->machine.source)
		return kt_err_new(KT_ERR_USAGE,
			"an experiment is made with the running machine; leave out -s");
	return NULL;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct experiment_args *args = kt_call_own(call);
	struct kt_err *err = check_call(call);
	struct lab *lab;

	kt_report_begin(report, &shape);
	if (err)
		return err;
	lab = calloc(1, sizeof(*lab));
	if (!lab)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*lab = (struct lab){ .call = call,
		.report = report,
		.args = *args,
		.group = { .above = -1, .own = -1 },
		.stop = { .fd = -1 },
		.working = { .child = -1, .pipe = -1, .hold = -1, .timer = -1 } };
	lab->args.limit_mib = args->limit_mib ? args->limit_mib : LIMIT_USUAL;
	lab->args.seconds = args->seconds ? args->seconds : SECONDS;
	lab->args.tree = args->tree ? args->tree : TREE;
	lab->args.folder = args->folder ? args->folder : FOLDER;
	lab->experiment = &experiments[kt_words_find(NAMES, call->operands[0])];
	err = conduct(lab);
	kt_arena_fini(&lab->stages.arena);
	free(lab);
	return err;
}

static const struct kt_operand operands[] = { { "NAME", KT_ARG_CHOICE, .choices = NAMES } };

static const struct kt_option options[] = {
	{ 0, "yes", NULL, "make the experiment; without it, only say what it would do",
		.kind = KT_ARG_FLAG, KT_AT(struct experiment_args, yes) },
	{ 0, "limit", "MIB", "memory for the loads, in MiB (default 256)", .kind = KT_ARG_NUMBER,
		KT_AT(struct experiment_args, limit_mib), .min = 32, .max = 65536,
		.takes = "a number from 32 to 65536" },
	{ 0, "seconds", "N", "time for each load (default 60)", .kind = KT_ARG_NUMBER,
		KT_AT(struct experiment_args, seconds), .min = 1, .max = SECONDS_MAX,
		.takes = "a number from 1 to 600" },
	{ 0, "tree", "DIR", "directory whose files are looked up (default /)", .kind = KT_ARG_TEXT,
		KT_AT(struct experiment_args, tree) },
	{ 0, "folder", "DIR", "directory for the files of a build (default /var/tmp)",
		.kind = KT_ARG_TEXT, KT_AT(struct experiment_args, folder) },
};

static const struct kt_example examples[] = {
	{ "ktally experiment drop", "what dropping dentries and inodes would do, step by step" },
	{ "ktally experiment pressure",
		"what it would do about memory pressure; --yes does it and undoes it" },
	{ "ktally experiment paper",
		"how the tables of the paper of 2006 would be measured here; --yes does it" },
};

const struct kt_cmd kt_cmd_experiment = {
	.name = "experiment",
	.summary = "slab caches before and after a load",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Says what an experiment would do, or with --yes makes it, as root: it counts the "
		"objects and pages of all slab caches before and after a load, in kernel memory if "
		"it can be read, and undoes what it did.\n\n"
		"drop: dentries and inodes are evicted, as by writing 2 to drop_caches. find: "
		"every "
		"file of a tree is looked up. pressure: the same, then memory is taken until the "
		"kernel reclaims. build: many small files and short processes. paper: programs as "
		"a desktop has them, build, find and pressure, and the figures of \"Where is the "
		"memory going?\" (Andi Kleen, "
		"2006) "
		"and the same figures here.\n\n"
		"Loads run in a cgroup of their own with a limit of memory and no swap, one after "
		"the other, each for a limited time. SIGINT and SIGTERM end an experiment, which "
		"is "
		"then undone. What was evicted is read again when it is needed. An experiment is "
		"refused where less than twice its limit and 128 MiB, or less than a tenth of "
		"memory, is available.\n\n"
		"What was freed is held against 'whatif slab-reclaim': PREDICTED FROM is as many "
		"objects evicted in random order, at least; TO is the emptiest slabs first.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct experiment_args),
	.shape = &shape,
	.run = run,
};
