// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/tasks.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_BYTES 8 /* of a page-table entry, on all 64-bit machines and with PAE */

void kt_add_known(int64_t *sum, int64_t value)
{
	if (value < 0)
		return;
	if (*sum < 0)
		*sum = 0;
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = INT64_MAX;
}

int64_t kt_table_span(int64_t page_bytes)
{
	return page_bytes / ENTRY_BYTES * page_bytes;
}

/* ---- families ---- */

/* True for threads that were already grouped under the name of their family. */
static bool is_family(const struct kt_task *task)
{
	return task->kernel && task->pid < 0;
}

/* ---- groups ---- */

/*
 * Page tables that huge pages would save: anonymous and shared memory in complete spans, where each
 * span could save a page of entries. Huge pages of hugetlbfs and of shared memory save it.
 * Transparent huge pages of anonymous memory do not: they keep one page table in reserve
 * (pgtable_trans_huge_deposit()). If the tables are too small for the mapped memory, huge pages are
 * already in use; the remainder of small pages is then unknown.
 */
int64_t kt_huge_saves(const struct kt_task *task, int64_t page_bytes)
{
	int64_t tables = task->bytes[KT_TASK_TABLES], small = -1, saves;

	/* for several processes the sums are not enough */
	if (task->nr_more || tables < 0 || page_bytes < ENTRY_BYTES ||
		task->bytes[KT_TASK_ANON] < 0 || task->bytes[KT_TASK_SHMEM] < 0)
		return -1;
	kt_add_known(&small, task->bytes[KT_TASK_ANON]);
	kt_add_known(&small, task->bytes[KT_TASK_SHMEM]);
	if (task->bytes[KT_TASK_RSS] / (page_bytes / ENTRY_BYTES) > tables)
		return -1;
	saves = small / kt_table_span(page_bytes) * page_bytes;
	return saves < tables ? saves : tables;
}

/* Number of stacks. The leader of an ended process stays as a zombie, but its stack is freed. */
static int64_t stacks_of(const struct kt_task *task)
{
	if (task->nr_threads < 0)
		return -1;
	if (!task->zombie)
		return task->nr_threads;
	return task->nr_threads > task->nr_more ? task->nr_threads - 1 - task->nr_more : 0;
}

struct item {
	const struct kt_task *task;
	const char *name;
};

static int by_group(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = x->task->kernel - y->task->kernel;

	return order ? order : strcmp(x->name, y->name);
}

static struct kt_task_group *add_group(
	struct kt_arena *arena, kt_task_groups *groups, const struct item *item)
{
	struct kt_task_group *group = kt_list_push(arena, groups);

	if (!group)
		return NULL;
	*group = (struct kt_task_group){ .nr_stacks = -1, .huge_saves_bytes = -1 };
	group->sum = (struct kt_task){ .name = item->name,
		.kernel = item->task->kernel,
		.pid = -1,
		.ppid = -1,
		.uid = -1,
		.nr_threads = -1 };
	for (size_t i = 0; i < KT_TASK_AMOUNTS; i++)
		group->sum.bytes[i] = -1;
	return group;
}

static void add_task(struct kt_task_group *group, const struct kt_task *task, int64_t page_bytes)
{
	for (size_t i = 0; i < KT_TASK_AMOUNTS; i++)
		kt_add_known(&group->sum.bytes[i], task->bytes[i]);
	kt_add_known(&group->sum.nr_threads, task->nr_threads);
	kt_add_known(&group->nr_stacks, stacks_of(task));
	kt_add_known(&group->huge_saves_bytes, kt_huge_saves(task, page_bytes));
	group->nr_processes += 1 + task->nr_more;
	group->nr_spaces += task->bytes[KT_TASK_TABLES] >= 0 ? 1 + task->nr_more : 0;
}

bool kt_task_groups_make(struct kt_arena *arena, const struct kt_snapshot *snap, enum kt_task_by by,
	kt_task_groups *ret_groups)
{
	size_t count = snap->tasks.count;
	struct item *items = kt_arena_alloc(arena, (count + 1) * sizeof(*items));
	struct kt_task_group *group = NULL;

	if (!items)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct kt_task *task = &snap->tasks.items[i];

		items[i] = (struct item){ task, task->name };
		if (task->kernel && by == KT_BY_NAME && !is_family(task))
			items[i].name = kt_thread_family(arena, task->name);
	}
	if (by == KT_BY_NAME)
		qsort(items, count, sizeof(*items), by_group);
	for (size_t i = 0; i < count; i++) {
		if (by == KT_BY_PROCESS || !group || by_group(&items[i - 1], &items[i]) != 0)
			group = add_group(arena, ret_groups, &items[i]);
		if (!group)
			return false;
		add_task(group, items[i].task, snap->host.page_bytes);
		if (by == KT_BY_PROCESS) {
			group->sum.pid = items[i].task->pid;
			group->sum.zombie = items[i].task->zombie;
		}
	}
	return !arena->failed;
}

/* ---- stacks ---- */

/*
 * Guesses THREAD_SIZE, a power of two that the kernel does not show: 16 KiB on x86-64 and arm64,
 * other sizes elsewhere, twice as large with KASAN. Threads that start or end between the reads of
 * counter and processes make the quotient inexact, but not by a factor of 1.4.
 */
static int64_t stack_size(int64_t total_bytes, int64_t nr_stacks)
{
	if (total_bytes <= 0 || nr_stacks <= 0)
		return -1;
	for (int64_t size = 4096; size <= 1 << 20; size *= 2) {
		double ratio = (double)total_bytes / ((double)size * (double)nr_stacks);

		if (ratio > 0.8 && ratio < 1.25)
			return size;
	}
	return -1;
}

/*
 * Number of idle threads: each possible CPU has one (idle_threads_init()), which /proc does not
 * show. The stack of the first is part of the kernel image and not counted.
 */
static int64_t idle_of(const struct kt_snapshot *snap)
{
	int64_t nr_cpus = kt_known_of(snap->host.nr_cpus_possible, snap->host.nr_cpus);

	return nr_cpus > 1 ? nr_cpus - 1 : 0;
}

struct kt_stacks kt_stacks_of(const struct kt_snapshot *snap)
{
	struct kt_val total = kt_snapshot_get(snap, KT_KERNEL_STACK, KT_NO_NODE);
	struct kt_val threads = kt_snapshot_get(snap, KT_NR_THREADS, KT_NO_NODE);
	struct kt_stacks stacks = { .total_bytes = kt_ok(total) ? total.value : -1,
		.each_bytes = -1,
		.nr_idle = idle_of(snap) };
	bool any_kernel = false;
	int64_t hidden;

	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct kt_task *task = &snap->tasks.items[i];

		kt_add_known(&stacks.nr_seen, stacks_of(task));
		stacks.nr_zombies += task->zombie ? 1 + task->nr_more : 0;
		any_kernel |= task->kernel;
	}
	/* nr_threads includes zombies, which wait for their parents */
	hidden = kt_ok(threads) ? threads.value - stacks.nr_zombies - stacks.nr_seen : 0;
	/*
	 * a user who sees all threads sees kernel threads too; a small difference means that
	 * threads started or ended
	 */
	if (hidden > 0 && (!any_kernel || snap->nr_tasks_left_out || hidden > stacks.nr_seen / 8))
		stacks.nr_hidden = hidden;
	/* a current counter over a recorded list of threads may give twice the size */
	if (kt_known(snap->tasks_taken_s))
		stacks.each_bytes = snap->stack_bytes;
	else
		stacks.each_bytes = stack_size(
			stacks.total_bytes, stacks.nr_seen + stacks.nr_hidden + stacks.nr_idle);
	return stacks;
}
