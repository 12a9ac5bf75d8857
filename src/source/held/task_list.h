// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_HELD_TASK_LIST_H
#define KT_SOURCE_HELD_TASK_LIST_H

#include "base/buf.h"
#include "model/snapshot.h"
#include "root/root.h"

/**
 * Path of the list of the largest processes, which a recording keeps in one file. A file for each
 * process would be a thousand files, and another thousand an hour later.
 */

#define KT_TASK_LIST "ktally/tasks"

/** Writes the list of `tasks`, with the totals of all processes from `snap`. */
void kt_task_list_write(const struct kt_snapshot *snap, const struct kt_task *tasks,
	size_t nr_tasks, struct kt_buf *ret_text);
/** Parses the list into `snap`. */
struct kt_err *kt_task_list_parse(
	struct kt_snapshot *snap, const struct kt_text *text) KT_MUST_CHECK;

#endif
