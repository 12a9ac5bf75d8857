// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel stacks: one a thread, all of one size. KernelStack counts them, and says neither
// who has them nor how large one is.

#include "cmd/tasks.h"

#include <string.h>

#define NOTED_SHARE 100 /* 1/100 of memory in stacks is worth a word */

enum {
	COL_NAME,
	COL_PID,
	COL_KIND,
	COL_PROCESSES,
	COL_THREADS,
	COL_BYTES,
	COL_GROWTH,
	COL_RATE,
	COL_SHARE
};

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name", .title = "NAME", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_PID] = { .key = "pid",
		.title = "PID",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_KIND] = { .key = "kind", .title = "KIND", .flags = KT_COL_LABEL | KT_COL_DATA_ONLY },
	[COL_PROCESSES] = { .key = "processes",
		.title = "PROCS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[COL_THREADS] = { .key = "threads",
		.title = "THREADS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_RANK,
		.metric = "ktally_threads",
		.help = "Threads that have a kernel stack." },
	[COL_BYTES] = { .key = "bytes",
		.title = "STACKS",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_TRACK,
		.metric = "ktally_kernel_stack_bytes",
		.help = "Kernel stacks." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_SHARE] = { .key = "share",
		.title = "OF ALL",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM | KT_COL_BAR },
};

struct put {
	struct kt_report *report;
	struct kt_table *table;
	const struct kt_stacks *stacks;
	int64_t left_bytes; /* of the counter */
};

/* `nr_stacks` may be negative: threads that ended since the counter was read. */
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

/* What makes the rows add up to the counter. */
static void put_rest(struct put *put)
{
	const struct kt_stacks *stacks = put->stacks;
	struct kt_report_row *row;
	int64_t left = put->left_bytes;

	if (stacks->total_bytes < 0 || !left)
		return;
	row = put_row(put,
		kt_cell_text(stacks->each_bytes < 0 ? "(whose is not known)"
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
	}
	if (put->stacks->nr_idle)
		put_row(put, kt_cell_text("[swapper]"), "kernel", put->stacks->nr_idle);
	put_rest(put);
}

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
		stacks->each_bytes > 0 && nr_cpus > 0
			? kt_cell_number(2 * nr_cpus * stacks->each_bytes)
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
			: "how large one is cannot be told from the threads shown here");
}

/* The largest group, where stacks are worth a word at all. */
static void note_largest(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_stacks *stacks, const kt_task_groups *groups)
{
	const struct kt_task_group *largest = NULL;

	for (size_t i = 0; i < groups->count; i++) {
		if (!largest || groups->items[i].nr_stacks > largest->nr_stacks)
			largest = &groups->items[i];
	}
	if (!largest || stacks->total_bytes < kt_snapshot_memory(snap) / NOTED_SHARE)
		return;
	if (largest->sum.kernel && strncmp(largest->sum.name, "kworker", 7) == 0)
		kt_report_note(report,
			"%lld kworkers: work items that wait keep a worker each. 'ktally stacks "
			"--by process --filter kworker' shows their queues, /proc/PID/stack where "
			"they wait",
			(long long)largest->nr_stacks);
	else
		kt_report_note(report,
			"%s has %lld threads; each also holds about 8 KiB of slab, and page tables "
			"for its user stack: a pool without a limit, or threads that never end",
			largest->sum.name, (long long)largest->nr_stacks);
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	kt_task_groups groups = { 0 };
	const struct kt_snapshot *snap;
	struct kt_column *shown;
	struct kt_stacks stacks;
	struct put put;
	struct kt_err *err;

	kt_report_init(report, "ktally/stacks/1");
	err = kt_tasks_collect(&session, options, 0,
		"host meta stat_refresh vmstat zoneinfo meminfo tasks", report, &groups);
	if (err)
		return err;
	snap = session.snap;
	stacks = kt_stacks_of(snap);
	shown = kt_tasks_columns(report, options, columns, KT_LEN(columns), COL_PID, COL_PROCESSES);
	if (!shown)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	put_fields(report, snap, &stacks,
		snap->host.nr_cpus_possible ? snap->host.nr_cpus_possible : snap->host.nr_cpus);
	put = (struct put){ report, kt_report_list(report, "stacks", NULL, shown, KT_LEN(columns)),
		&stacks, stacks.total_bytes };
	if (put.table)
		put_groups(&put, &groups);
	note_largest(report, snap, &stacks, &groups);
	kt_tasks_notes(report, snap, &stacks);
	if (stacks.nr_zombies)
		kt_report_note(report,
			"%lld zombies: they have ended and hold no stack; their parents have not "
			"waited for them",
			(long long)stacks.nr_zombies);
	return NULL;
}

const struct kt_cmd kt_cmd_stacks = {
	.name = "stacks",
	.summary = "kernel stacks: which programs have how many threads",
	.help = "Lists who has the kernel stacks: user processes by name, and kernel threads, "
		"in brackets, by family: kworker/0:1 and all its like are [kworker]. --by "
		"process gives each process a row. Each thread has one stack, all are of one "
		"size, and the rows add up to the account's row 'kernel stacks'. The size is "
		"worked out from counter and threads, not assumed.\n\n"
		"[swapper] are the idle threads of all CPUs but the first, [kworker/R] the "
		"rescuers of workqueues, one for each queue. '(came or went)' is what changed "
		"while processes were read, '(not shown here)' belongs to processes that this "
		"user or container may not see. Stacks of threads that have ended, of which "
		"each CPU keeps at most two for the next ones, are in vmalloc and in no "
		"row.\n\n"
		"A program with thousands of threads has a pool without a limit, or threads "
		"that never end; many kworkers are work items that wait. -i 10 shows what "
		"grows.\n\n"
		"Reading costs about 12 µs a process.",
	.repeats = true,
	.groups = "name family process",
	.run = run,
};
