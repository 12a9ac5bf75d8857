// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_STACK_DEPTH_H
#define KT_ANALYSIS_STACK_DEPTH_H

#include "analysis/tasks.h"

/** Use of the kernel stacks of a group of processes or kernel threads. */
struct kt_stack_depth {
	const char *name; /* of the group, see struct kt_task_group */
	bool kernel;
	int64_t pid;			     /* of a single process; -1: a group by name */
	int64_t nr_stacks, nr_unread;	     /* all stacks; unreadable stacks */
	int64_t deepest_bytes, median_bytes; /* of one stack; KT_UNKNOWN: none was read */
	int64_t unused_bytes;		     /* never touched; KT_UNKNOWN: none was read */
};

typedef KT_LIST(struct kt_stack_depth) kt_stack_depths;

/**
 * Groups the stacks of the snapshot as kt_task_groups_make() groups its processes; sorted. False
 * when out of memory.
 */
bool kt_stack_depths_make(struct kt_arena *arena, const struct kt_snapshot *snap,
	enum kt_task_by by, kt_stack_depths *ret_depths);

/** Finds the stacks of a group of processes; NULL: kernel memory had none. */
const struct kt_stack_depth *kt_stack_depths_find(
	const kt_stack_depths *depths, const struct kt_task_group *group);

#endif
