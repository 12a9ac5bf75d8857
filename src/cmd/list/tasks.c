// SPDX-License-Identifier: GPL-2.0-or-later
//
// Code that the commands about processes share. Both add processes up to a counter, so both need
// the same notes: who is missing in the list, and how much older it is than the counter.

#include "cmd/list/tasks.h"

#include "report/memreport_text.h"

#include <string.h>

/* Seconds; within them, a difference is the time of reading and not worth a note. */
#define OLD_S 2 /* between processes and counters */

/*
 * No process at all is an error with its reason, because a list of one rest row would look like an
 * answer.
 */
struct kt_err *kt_tasks_collect(struct kt_machine *machine, const struct kt_call *call,
	enum kt_task_by by, unsigned want, const struct kt_needs *needs, struct kt_report *report,
	kt_task_groups *ret_groups)
{
	const struct kt_snapshot *snap;
	struct kt_err *err = kt_machine_read(&call->machine, machine, want, needs);
	if (err)
		return err;
	snap = machine->snap;
	if (!snap->tasks.count)
		return kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT,
				kt_memreport_of(snap)
					? "this memory report lists no processes: only "
					  "reports of the OOM killer do"
				: call->machine.cheap
					? "--cheap leaves out the list of processes, "
					  "which this command needs"
					: "no processes: proc/PID/status of each is needed"));
	if (!kt_task_groups_make(&report->arena, snap, by, ret_groups))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_machine_describe(machine, report);
	return NULL;
}

struct kt_column *kt_tasks_columns(struct kt_report *report, enum kt_task_by by,
	const struct kt_column *columns, size_t nr_columns, size_t pid, size_t nr_processes)
{
	struct kt_column *copy = kt_arena_alloc(&report->arena, nr_columns * sizeof(*copy));
	size_t needless = by == KT_BY_PROCESS ? nr_processes : pid;

	if (!copy)
		return NULL;
	memcpy(copy, columns, nr_columns * sizeof(*copy));
	copy[needless].flags |= KT_COL_DATA_ONLY;
	return copy;
}

struct kt_cell kt_tasks_name(struct kt_report *report, const struct kt_task *task)
{
	return kt_cell_text(kt_arena_printf(
		&report->arena, task->kernel ? "[%s]" : "%s", *task->name ? task->name : "?"));
}

struct kt_cell kt_tasks_share(int64_t part, int64_t all)
{
	return all > 0 ? kt_cell_real((double)part / (double)all)
		       : kt_cell_missing(KT_ABSENT, NULL);
}

const char *kt_tasks_summary(
	struct kt_report *report, const struct kt_snapshot *snap, int64_t bytes, const char *what)
{
	int64_t memory = kt_snapshot_memory(snap);
	const char *text =
		kt_arena_printf(&report->arena, "%s of %s", kt_report_bytes(report, bytes), what);

	if (!kt_known(memory))
		return text;
	return kt_arena_printf(&report->arena, "%s, %.2f %% of memory", text,
		100 * (double)bytes / (double)memory);
}

/* A list that was cut explains the rest by itself, so hidden threads are named only without it. */
void kt_tasks_notes(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_stacks *stacks)
{
	if (kt_memreport_of(snap))
		kt_report_note(report,
			"the list of processes in a memory report leaves out process 1 and "
			"processes that the OOM killer may not kill");
	if (kt_known(snap->tasks_taken_s) && snap->host.taken_s - snap->tasks_taken_s >= OLD_S)
		kt_report_note(report,
			"a recording reads processes every ten minutes: these numbers "
			"are %lld s older than the counters",
			(long long)(snap->host.taken_s - snap->tasks_taken_s));
	if (snap->nr_tasks_left_out)
		kt_report_note(report, "%lld processes are not in the list: at most %zu are read",
			(long long)snap->nr_tasks_left_out, snap->tasks.count);
	else if (stacks->nr_hidden)
		kt_report_note(report,
			"%lld threads of this machine are not shown to this user or container, "
			"but the counters have them: run it as root on the host itself",
			(long long)stacks->nr_hidden);
}
