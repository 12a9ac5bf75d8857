// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_TASKS_H
#define KT_CMD_TASKS_H

#include "analysis/tasks.h"
#include "cmd/cmd.h"
#include "cmd/session.h"

/** What the commands about processes ("stacks", "pagetables") share. */

/** Opens the source, reads `sources`, puts the processes together and describes the host. */
struct kt_err *kt_tasks_collect(struct kt_session *session, const struct kt_options *options,
	unsigned want, const char *sources, struct kt_report *report,
	kt_task_groups *ret_groups) KT_MUST_CHECK;

/**
 * A copy of `columns` for this report: the column of PIDs is shown where each process has a
 * row, the one with their number where not. NULL when out of memory.
 */
struct kt_column *kt_tasks_columns(struct kt_report *report, const struct kt_options *options,
	const struct kt_column *columns, size_t nr_columns, size_t pid, size_t nr_processes);

/** The name, in brackets where it is a kernel thread's, as ps does it. */
struct kt_cell kt_tasks_name(struct kt_report *report, const struct kt_task *task);
struct kt_cell kt_tasks_share(int64_t part, int64_t all);

/** "12.0 MiB of WHAT, 0.02 % of memory" */
const char *kt_tasks_summary(
	struct kt_report *report, const struct kt_snapshot *snap, int64_t bytes, const char *what);

/** Processes that were not read or not shown. */
void kt_tasks_notes(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_stacks *stacks);

#endif
