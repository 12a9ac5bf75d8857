// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_LIST_TASKS_H
#define KT_CMD_LIST_TASKS_H

#include "analysis/tasks.h"
#include "cli/cmd.h"
#include "machine/machine.h"

extern const struct kt_cmd kt_cmd_stacks, kt_cmd_pagetables;

/** The choices of --by, in this order. */
#define KT_TASK_CHOICES "name family process"
enum { KT_TASK_CHOICE_NAME, KT_TASK_CHOICE_FAMILY, KT_TASK_CHOICE_PROCESS };

static inline enum kt_task_by kt_task_by(int choice)
{
	return choice == KT_TASK_CHOICE_PROCESS ? KT_BY_PROCESS : KT_BY_NAME;
}

/** Code that the commands about processes ("stacks", "pagetables") share. */

/** Opens the machine, reads the needed sources, groups the processes and describes the host. */
struct kt_err *kt_tasks_collect(struct kt_machine *machine, const struct kt_call *call,
	enum kt_task_by by, unsigned want, const struct kt_needs *needs, struct kt_report *report,
	kt_task_groups *ret_groups) KT_MUST_CHECK;

/** Columns that name the processes of a row, by the indexes that a command gives them. */
#define KT_TASK_COLUMNS(col_name, col_pid, col_kind, col_processes)                              \
	[col_name] = { .key = "name", .title = "NAME", .flags = KT_COL_KEY | KT_COL_LABEL },     \
	[col_pid] = { .key = "pid",                                                              \
		.title = "PID",                                                                  \
		.type = KT_CELL_COUNT,                                                           \
		.flags = KT_COL_KEY | KT_COL_LABEL,                                              \
		.help = "Null where a row has many processes." },                                \
	[col_kind] = { .key = "kind",                                                            \
		.title = "KIND",                                                                 \
		.flags = KT_COL_LABEL | KT_COL_DATA_ONLY,                                        \
		.words = "user|kernel|other" },                                                  \
	[col_processes] = {                                                                      \
		.key = "processes", .title = "PROCS", .type = KT_CELL_COUNT, .flags = KT_COL_SUM \
	}

/**
 * A copy of `columns` for this report: it shows the column of PIDs if each process has a row, else
 * the column with their number. NULL when out of memory.
 */
struct kt_column *kt_tasks_columns(struct kt_report *report, enum kt_task_by by,
	const struct kt_column *columns, size_t nr_columns, size_t pid, size_t nr_processes);

/** Returns the name, in brackets for a kernel thread, as ps does. */
struct kt_cell kt_tasks_name(struct kt_report *report, const struct kt_task *task);
/** A fraction of `all`; missing where `all` is not known or 0. */
struct kt_cell kt_tasks_share(int64_t part, int64_t all);

/** "12.0 MiB of WHAT, 0.02 % of memory" */
const char *kt_tasks_summary(
	struct kt_report *report, const struct kt_snapshot *snap, int64_t bytes, const char *what);

/** Adds notes on processes that were not read or not shown. */
void kt_tasks_notes(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_stacks *stacks);

#endif
