// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/tasks.h"

#include <stdlib.h>
#include <string.h>

struct item {
	struct kt_task task;
	bool kept;
};

static int by_tables(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int64_t tables = x->task.bytes[KT_TASK_TABLES], others = y->task.bytes[KT_TASK_TABLES];

	return (tables < others) - (tables > others);
}

static int by_threads(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int64_t threads = x->task.nr_threads, others = y->task.nr_threads;

	return (threads < others) - (threads > others);
}

static int by_name(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = x->task.kernel - y->task.kernel;

	order = order ? order : strcmp(x->task.name, y->task.name);
	return order ? order : (x->task.pid > y->task.pid) - (x->task.pid < y->task.pid);
}

/* Adds single user processes, but kernel threads by family: they are many, with one stack each. */
static size_t put_items(
	struct item *items, const struct kt_snapshot *snap, const kt_task_groups *groups)
{
	size_t count = 0;

	for (size_t i = 0; i < snap->tasks.count; i++) {
		if (!snap->tasks.items[i].kernel)
			items[count++] = (struct item){ snap->tasks.items[i], false };
	}
	for (size_t i = 0; i < groups->count; i++) {
		const struct kt_task_group *group = &groups->items[i];

		if (!group->sum.kernel)
			continue;
		items[count] = (struct item){ group->sum, false };
		items[count].task.nr_threads = group->nr_stacks;
		items[count++].task.nr_more = group->nr_processes - 1;
	}
	return count;
}

static void keep(struct item *items, size_t count, size_t most)
{
	for (size_t i = 0; i < count && i < most; i++)
		items[i].kept = true;
}

/* Adds a task to the entry of the rest, which has the sums and no process's name. */
static void add_rest(struct kt_task *rest, const struct kt_task *task)
{
	if (!rest->name) {
		*rest = *task;
		rest->name = KT_TASKS_REST;
		rest->pid = rest->ppid = rest->uid = -1;
		return;
	}
	rest->nr_more += 1 + task->nr_more;
	kt_add_known(&rest->nr_threads, task->nr_threads);
	for (size_t i = 0; i < KT_TASK_AMOUNTS; i++)
		kt_add_known(&rest->bytes[i], task->bytes[i]);
}

static void push(struct kt_arena *arena, kt_tasks *tasks, const struct kt_task *task)
{
	struct kt_task *slot = kt_list_push(arena, tasks);

	if (slot)
		*slot = *task;
}

bool kt_tasks_largest(
	struct kt_arena *arena, const struct kt_snapshot *snap, size_t most, kt_tasks *ret_tasks)
{
	struct item *items = calloc(snap->tasks.count + 1, sizeof(*items));
	struct kt_task rest[3] = { 0 }; /* processes; zombies; kernel threads */
	kt_task_groups groups = { 0 };
	size_t count;

	if (!items || !kt_task_groups_make(arena, snap, KT_BY_NAME, &groups)) {
		free(items);
		return false;
	}
	count = put_items(items, snap, &groups);
	qsort(items, count, sizeof(*items), by_tables);
	keep(items, count, most);
	qsort(items, count, sizeof(*items), by_threads);
	keep(items, count, most);
	qsort(items, count, sizeof(*items), by_name);
	for (size_t i = 0; i < count; i++) {
		const struct kt_task *task = &items[i].task;

		if (items[i].kept)
			push(arena, ret_tasks, task);
		else
			add_rest(&rest[task->kernel ? 2 : task->zombie], task);
	}
	for (size_t i = 0; i < KT_LEN(rest); i++) {
		if (rest[i].name)
			push(arena, ret_tasks, &rest[i]);
	}
	free(items);
	return !arena->failed;
}
