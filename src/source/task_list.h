// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_TASK_LIST_H
#define KT_SOURCE_TASK_LIST_H

#include "base/buf.h"
#include "model/snapshot.h"
#include "root/root.h"

/**
 * ktally/tasks: the processes that matter, in one file, as a recording keeps them. A file of
 * each process would be a thousand files, and another thousand an hour later.
 */

#define KT_TASK_LIST "ktally/tasks"

/** Writes the list: of `tasks` only, with what `snap` knows of all. */
void kt_task_list_write(const struct kt_snapshot *snap, const struct kt_task *tasks,
	size_t nr_tasks, struct kt_buf *ret_text);
/** Reads it into `snap`. */
struct kt_err *kt_task_list_parse(
	struct kt_snapshot *snap, const struct kt_text *text) KT_MUST_CHECK;

#endif
