// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel stacks: one for each thread, all of one size. KernelStack counts them, without their
// owners or their size.
//
// The total is KernelStack of /proc/meminfo, the threads are from /proc/PID/status. The rows add up
// to the total: threads times the size of one stack, and a last row for what remains. It is signed,
// because threads start and end between the two readings.
//
// The size of a stack is in no file. It is a power of two, so the quotient of counter and threads
// decides it although it is not exact. In a recording the threads may be older than the counter;
// the recorded size is used there.
//
// --used reads the stacks themselves. It finds threads in kernel memory and not in /proc, so its
// columns join the rows by the names of their groups.

#include "cmd/list/stacks_depth.h"
#include "cmd/list/tasks.h"

#include <string.h>

#define NOTED_SHARE 100 /* 1/100 of memory in stacks is worth a note */

/* THREADS and STACKS are summed. SHARE is of all kernel stacks. */
enum {
	COL_NAME,
	COL_PID,
	COL_KIND,
	COL_PROCESSES,
	COL_THREADS,
	COL_BYTES,
	COL_GROWTH,
	COL_RATE,
	COL_SHARE,
	COL_DEEPEST,
	COL_MEDIAN,
	COL_UNUSED,
};

static const struct kt_column columns[] = {
	KT_TASK_COLUMNS(COL_NAME, COL_PID, COL_KIND, COL_PROCESSES),
	[COL_THREADS] = { .key = "threads",
		.title = "THREADS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_SIGNED,
		.metric = KT_FAMILY(THREADS),
		.help = "Signed: the counter was read at another time than the processes." },
	[COL_BYTES] = { .key = "bytes",
		.title = "STACKS",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_TRACK | KT_COL_SIGNED,
		.metric = KT_FAMILY(KERNEL_STACK_BYTES),
		.help = "Signed: the counter was read at another time than the processes." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_SHARE] = { .key = "share",
		.title = "OF ALL",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM | KT_COL_BAR | KT_COL_SIGNED },
	[COL_DEEPEST] = { .key = "deepest_bytes",
		.title = "DEEPEST",
		.type = KT_CELL_BYTES,
		.help = "The deepest use of a stack since its thread began; only with --used." },
	[COL_MEDIAN] = { .key = "median_bytes",
		.title = "MEDIAN",
		.type = KT_CELL_BYTES,
		.help = "Half of the stacks were used deeper; only with --used." },
	[COL_UNUSED] = { .key = "unused_bytes",
		.title = "UNUSED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.help = "Never touched, of all stacks that were read; only with --used." },
};

/* The table, and what of the counter is not yet in a row. */
struct put {
	struct kt_report *report;
	struct kt_table *table;
	const struct kt_stacks *stacks;
	int64_t left_bytes; /* of the counter */
	const kt_stack_depths *depths;
};

/* `nr_stacks` May be negative: threads ended after the counter was read. */
static struct kt_report_row *put_row(
	struct put *put, struct kt_cell name, const char *kind, int64_t nr_stacks)
{
	struct kt_report_row *row = kt_table_row(put->report, put->table);
	int64_t each = put->stacks->each_bytes;

	if (!row)
		return NULL;
	row->cells[COL_NAME] = name;
	row->cells[COL_KIND] = kt_cell_text(kind);
	row->cells[COL_THREADS] = kt_cell_number(nr_stacks);
	if (each > 0) {
		row->cells[COL_BYTES] = kt_cell_number(nr_stacks * each);
		row->cells[COL_SHARE] = kt_tasks_share(nr_stacks * each, put->stacks->total_bytes);
		put->left_bytes -= nr_stacks * each;
	}
	return row;
}

static void put_depth(struct put *put, struct kt_report_row *row, const struct kt_task_group *group)
{
	const struct kt_stack_depth *depth = kt_stack_depths_find(put->depths, group);

	if (!row || !depth)
		return;
	row->cells[COL_DEEPEST] = kt_cell_known(depth->deepest_bytes);
	row->cells[COL_MEDIAN] = kt_cell_known(depth->median_bytes);
	row->cells[COL_UNUSED] = kt_cell_known(depth->unused_bytes);
}

/*
 * Adds the rows that make the list add up to the counter. Its name says why: the size is not known,
 * threads are hidden from this user, or threads came and went.
 */
static void put_rest(struct put *put)
{
	const struct kt_stacks *stacks = put->stacks;
	struct kt_report_row *row;
	int64_t left = put->left_bytes;

	if (stacks->total_bytes < 0 || !left)
		return;
	row = put_row(put,
		kt_cell_text(stacks->each_bytes < 0 ? "(owner not known)"
			     : stacks->nr_hidden    ? "(not shown here)"
						    : "(came or went)"),
		"other", stacks->each_bytes > 0 ? left / stacks->each_bytes : 0);
	if (!row)
		return;
	row->cells[COL_BYTES] = kt_cell_number(left);
	row->cells[COL_SHARE] = kt_tasks_share(left, stacks->total_bytes);
	if (stacks->each_bytes < 0)
		row->cells[COL_THREADS] = kt_cell_missing(KT_ABSENT, NULL);
}

/* The idle threads are in no directory of /proc but in the counter, so they get a row. */
static void put_groups(struct put *put, const kt_task_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct kt_task_group *group = &groups->items[i];
		struct kt_report_row *row;

		if (group->nr_stacks < 0)
			continue;
		row = put_row(put, kt_tasks_name(put->report, &group->sum),
			group->sum.kernel ? "kernel" : "user", group->nr_stacks);
		if (!row)
			return;
		row->cells[COL_PID] = kt_cell_known(group->sum.pid);
		row->cells[COL_PROCESSES] = kt_cell_number(group->nr_processes);
		put_depth(put, row, group);
	}
	if (put->stacks->nr_idle)
		put_depth(put,
			put_row(put, kt_cell_text("[swapper]"), "kernel", put->stacks->nr_idle),
			&(struct kt_task_group){
				.sum = { .name = "swapper", .kernel = true, .pid = KT_UNKNOWN } });
	put_rest(put);
}

/*
 * "cached_stacks_max_bytes" is two stacks for each possible CPU: the kernel keeps as many of ended
 * threads for the next ones. They are in vmalloc and not in KernelStack.
 */
static void put_fields(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_stacks *stacks, int64_t nr_cpus)
{
	kt_report_field(report, NULL, "kernel_stacks_bytes", KT_CELL_BYTES,
		kt_cell_known(stacks->total_bytes));
	kt_report_field(
		report, NULL, "stack_bytes", KT_CELL_BYTES, kt_cell_known(stacks->each_bytes));
	kt_report_field(report, NULL, "zombies", KT_CELL_COUNT, kt_cell_number(stacks->nr_zombies));
	kt_report_field(
		report, NULL, "hidden_threads", KT_CELL_COUNT, kt_cell_number(stacks->nr_hidden));
	kt_report_field(report, NULL, "cached_stacks_max_bytes", KT_CELL_BYTES,
		nr_cpus > 0 ? kt_cell_known(kt_known_times(2 * nr_cpus, stacks->each_bytes))
			    : kt_cell_missing(KT_ABSENT, NULL));
	if (stacks->total_bytes < 0) {
		kt_report_headline(report, "This kernel does not count kernel stacks.");
		return;
	}
	kt_report_headline(report, "%s: %s",
		kt_tasks_summary(report, snap, stacks->total_bytes, "kernel stacks"),
		stacks->each_bytes > 0
			? kt_arena_printf(&report->arena, "%lld of %s each",
				  (long long)(stacks->total_bytes / stacks->each_bytes),
				  kt_report_bytes(report, stacks->each_bytes))
			: "the size of a stack cannot be computed from the threads shown here");
}

/* Adds a note on the largest group, if stacks are worth one. */
static void note_largest(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_stacks *stacks, const kt_task_groups *groups)
{
	const struct kt_task_group *largest = NULL;
	int64_t memory = kt_snapshot_memory(snap);

	for (size_t i = 0; i < groups->count; i++) {
		if (!largest || groups->items[i].nr_stacks > largest->nr_stacks)
			largest = &groups->items[i];
	}
	if (!largest || !kt_known(memory) || stacks->total_bytes < memory / NOTED_SHARE)
		return;
	if (largest->sum.kernel && strncmp(largest->sum.name, "kworker", 7) == 0)
		kt_report_note(report,
			"%lld kworkers: each waiting work item keeps a worker. 'ktally stacks "
			"--by process --filter kworker' shows their queues. See in "
			"each /proc/PID/stack where it waits",
			(long long)largest->nr_stacks);
	else
		kt_report_note(report,
			"%s has %lld threads; each also holds about 8 KiB of slab, and page tables "
			"for its user stack: a pool without a limit, or threads that never end",
			largest->sum.name, (long long)largest->nr_stacks);
}

static const struct kt_column field_columns[] = {
	{ .key = "kernel_stacks_bytes", .type = KT_CELL_BYTES },
	{ .key = "stack_bytes", .type = KT_CELL_BYTES, .help = "The computed size of one stack." },
	{ .key = "zombies", .type = KT_CELL_COUNT },
	{ .key = "hidden_threads", .type = KT_CELL_COUNT },
	{ .key = "cached_stacks_max_bytes",
		.type = KT_CELL_BYTES,
		.help = "In vmalloc, kept for the next threads." },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};

static const struct kt_part stacks_part = {
	.key = "stacks",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/stacks/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &kt_stacks_depth_part, &stacks_part),
};

#define FILES                                                                         \
	&kt_source_host, &kt_source_meta, &kt_source_stat_refresh, &kt_source_vmstat, \
		&kt_source_zoneinfo, &kt_source_meminfo, &kt_source_tasks

static const struct kt_needs needs = { .only = KT_SOURCES(FILES) };
static const struct kt_needs needs_of_depth = { .only = KT_SOURCES(FILES, &kt_source_stack_depth) };

struct stacks_args {
	int by;
	bool used;
};

/* The columns of this report; NULL when out of memory. */
static struct kt_column *choose_columns(struct kt_report *report, const struct stacks_args *args)
{
	struct kt_column *shown = kt_tasks_columns(
		report, kt_task_by(args->by), columns, KT_LEN(columns), COL_PID, COL_PROCESSES);

	for (size_t i = COL_DEEPEST; shown && !args->used && i <= COL_UNUSED; i++)
		shown[i].flags |= KT_COL_DATA_ONLY;
	return shown;
}

/* Without kernel memory, no file says how much of a stack was used. */
static struct kt_err *make_depths(struct kt_report *report, const struct kt_machine *machine,
	const struct stacks_args *args, kt_stack_depths *ret_depths)
{
	if (args->used && !machine->snap->stack_uses.count)
		return kt_machine_blame(
			&machine->opts, kt_err_new(KT_ERR_ABSENT, "--used: %s",
						kt_machine_why(machine, &kt_source_stack_depth)));
	return kt_stack_depths_make(&report->arena, machine->snap, kt_task_by(args->by), ret_depths)
		       ? NULL
		       : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct stacks_args *args = kt_call_own(call);
	enum kt_task_by by = kt_task_by(args->by);
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	kt_task_groups groups = { 0 };
	kt_stack_depths depths = { 0 };
	const struct kt_snapshot *snap;
	struct kt_column *shown;
	struct kt_stacks stacks;
	struct put put;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_tasks_collect(
		&machine, call, by, 0, args->used ? &needs_of_depth : &needs, report, &groups);
	if (!err)
		err = make_depths(report, &machine, args, &depths);
	if (err)
		return err;
	snap = machine.snap;
	stacks = kt_stacks_of(snap);
	shown = choose_columns(report, args);
	if (!shown)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	put_fields(report, snap, &stacks,
		kt_known_of(snap->host.nr_cpus_possible, snap->host.nr_cpus));
	put = (struct put){ report, kt_report_list(report, "stacks", NULL, shown, KT_LEN(columns)),
		&stacks, stacks.total_bytes, &depths };
	if (put.table)
		put_groups(&put, &groups);
	note_largest(report, snap, &stacks, &groups);
	kt_stacks_put_depth(report, snap, &stacks, &depths);
	kt_tasks_notes(report, snap, &stacks);
	if (stacks.nr_zombies)
		kt_report_note(report,
			"%lld zombie%s: ended, without a stack, and not waited for by %s",
			(long long)stacks.nr_zombies, stacks.nr_zombies == 1 ? "" : "s",
			stacks.nr_zombies == 1 ? "its parent" : "their parents");
	return NULL;
}

static const struct kt_option options[] = {
	{ 0, "by", "GROUP", "group by", .kind = KT_ARG_CHOICE, KT_AT(struct stacks_args, by),
		.choices = KT_TASK_CHOICES, .web = true },
	{ 0, "used", NULL, "also read how deep the stacks were used", .kind = KT_ARG_FLAG,
		KT_AT(struct stacks_args, used) },
};

static const struct kt_example examples[] = {
	{ "ktally stacks -i 10", "which programs get more threads, every 10 seconds" },
	{ "ktally stacks --by process --top 5", "the five processes with most stacks" },
	{ "ktally stacks --used", "how much of the stacks was ever used" },
};

const struct kt_cmd kt_cmd_stacks = {
	.name = "stacks",
	.summary = "kernel stacks by program",
	.help = "Lists the owners of kernel stacks: user processes by name, and kernel "
		"threads, in brackets, by family: kworker/0:1 and its like are [kworker]. "
		"--by process gives each process a row. Each thread has one stack, and all "
		"stacks have one size, which is computed from the counter and the number of "
		"threads. The rows add up to the account's row 'kernel stacks'.\n\n"
		"[swapper] is the idle threads of all CPUs but the first, [kworker/R] the "
		"rescuers of workqueues, one for each queue. '(came or went)' is what changed "
		"while processes were read. '(not shown here)' belongs to processes that this "
		"user or container may not see. Stacks of ended threads, of which each CPU "
		"caches at most two, are in vmalloc and in no row.\n\n"
		"A program with thousands of threads has a pool without a limit, or threads "
		"that never end. Many kworkers are work items that wait. -i 10 shows what "
		"grows.\n\n"
		"--used reads the stacks in kernel memory, through /proc/kcore or a BPF program "
		"that only reads. A stack is full of zeros when a thread gets it, so its deepest "
		"word that is not zero is the deepest use: DEEPEST of all stacks of a row, and "
		"their MEDIAN. UNUSED was never touched.\n\n"
		"Reading costs about 12 µs a process.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.web = KT_WEB_LISTS,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct stacks_args),
	.shape = &shape,
	.run = run,
};
