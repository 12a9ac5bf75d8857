// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/stack_depth.h"

#include <stdlib.h>
#include <string.h>

#define CUT_NAME 15u /* characters: a longer name of a kernel thread is cut in kernel memory */

struct item {
	const struct kt_stack_use *use;
	const char *name;
	int64_t pid;
};

static int compare(bool kernel, const char *name, int64_t pid, const struct kt_stack_depth *to)
{
	if (pid != to->pid)
		return pid < to->pid ? -1 : 1;
	return kernel != to->kernel ? kernel - to->kernel : strcmp(name, to->name);
}

static int by_group(const struct item *x, const struct item *y)
{
	const struct kt_stack_depth to = {
		.name = y->name, .kernel = y->use->kernel, .pid = y->pid
	};

	return compare(x->use->kernel, x->name, x->pid, &to);
}

static int by_depth(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = by_group(x, y);

	if (order)
		return order;
	return (x->use->used_bytes > y->use->used_bytes) -
	       (x->use->used_bytes < y->use->used_bytes);
}

/* ---- names ---- */

static int by_pid(const void *a, const void *b)
{
	const struct kt_task *x = *(const struct kt_task *const *)a;
	const struct kt_task *y = *(const struct kt_task *const *)b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Tasks with a PID, sorted by it. */
struct tasks {
	const struct kt_task **items;
	size_t count;
};

static bool sort_tasks(struct kt_arena *arena, const struct kt_snapshot *snap, struct tasks *ret)
{
	ret->count = 0;
	ret->items = kt_arena_alloc(arena, (snap->tasks.count + 1) * sizeof(*ret->items));
	if (!ret->items)
		return false;
	for (size_t i = 0; i < snap->tasks.count; i++) {
		if (kt_known(snap->tasks.items[i].pid))
			ret->items[ret->count++] = &snap->tasks.items[i];
	}
	qsort(ret->items, ret->count, sizeof(*ret->items), by_pid);
	return true;
}

/*
 * The name that /proc has, which may be longer. A container has PIDs of its own, so a process with
 * this PID may be another one.
 */
static const char *full_name(const struct tasks *tasks, const struct kt_stack_use *use)
{
	const struct kt_task key = { .pid = use->pid }, *at = &key;
	const struct kt_task **found = tasks->count ? bsearch(&at, tasks->items, tasks->count,
							      sizeof(*tasks->items), by_pid)
						    : NULL;

	return found && strncmp((*found)->name, use->name, strlen(use->name)) == 0 ? (*found)->name
										   : use->name;
}

static const char *name_of(struct kt_arena *arena, const struct tasks *tasks,
	const struct kt_stack_use *use, enum kt_task_by by)
{
	const char *name = use->name;

	if (!use->kernel)
		return name;
	if (by == KT_BY_PROCESS || strlen(name) == CUT_NAME)
		name = full_name(tasks, use);
	return by == KT_BY_NAME ? kt_thread_family(arena, name) : name;
}

/* ---- groups ---- */

/* Stacks that could not be read are first: their depth is less than any. */
static void sum_up(
	const struct item *items, size_t count, int64_t each_bytes, struct kt_stack_depth *ret)
{
	size_t unread = 0;

	*ret = (struct kt_stack_depth){ .name = items->name,
		.kernel = items->use->kernel,
		.pid = items->pid,
		.nr_stacks = (int64_t)count,
		.deepest_bytes = KT_UNKNOWN,
		.median_bytes = KT_UNKNOWN,
		.unused_bytes = KT_UNKNOWN };
	while (unread < count && !kt_known(items[unread].use->used_bytes))
		unread++;
	ret->nr_unread = (int64_t)unread;
	if (unread == count)
		return;
	ret->deepest_bytes = items[count - 1].use->used_bytes;
	ret->median_bytes = items[unread + (count - unread) / 2].use->used_bytes;
	ret->unused_bytes = 0;
	for (size_t i = unread; i < count; i++)
		ret->unused_bytes += each_bytes - items[i].use->used_bytes;
}

bool kt_stack_depths_make(struct kt_arena *arena, const struct kt_snapshot *snap,
	enum kt_task_by by, kt_stack_depths *ret_depths)
{
	size_t count = snap->stack_uses.count, first = 0;
	struct item *items = kt_arena_alloc(arena, (count + 1) * sizeof(*items));
	struct tasks tasks;

	if (!items || !sort_tasks(arena, snap, &tasks))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct kt_stack_use *use = &snap->stack_uses.items[i];

		items[i] = (struct item){ use, name_of(arena, &tasks, use, by),
			by == KT_BY_PROCESS && use->pid ? use->pid : KT_UNKNOWN };
	}
	qsort(items, count, sizeof(*items), by_depth);
	for (size_t i = 1; i <= count; i++) {
		struct kt_stack_depth *depth;

		if (i < count && by_group(&items[i - 1], &items[i]) == 0)
			continue;
		depth = kt_list_push(arena, ret_depths);
		if (!depth)
			return false;
		sum_up(&items[first], i - first, snap->stack_walk.each_bytes, depth);
		first = i;
	}
	return !arena->failed;
}

const struct kt_stack_depth *kt_stack_depths_find(
	const kt_stack_depths *depths, const struct kt_task_group *group)
{
	size_t low = 0, high = depths->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kt_stack_depth *depth = &depths->items[middle];
		int order = compare(group->sum.kernel, group->sum.name, group->sum.pid, depth);

		if (!order)
			return depth;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
