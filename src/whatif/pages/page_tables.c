// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables that huge pages would save: a page of entries for each 2 MiB of anonymous and shared
// memory. A huge page for a range that is not full would take more memory than its table, so only
// full ranges count, and there are at most as many as the memory would fill.

#include "analysis/tasks.h"
#include "whatif/whatif.h"

/*
 * kt_huge_saves() does not know how much of a process is in huge pages already. A bound does not
 * need it: a process saves no more than its tables. An entry may stand for several processes, as
 * in recordings: their sum fills at least as many ranges as they do.
 */
static int64_t bound_of(const struct kt_task *task, int64_t page_bytes)
{
	int64_t tables = task->bytes[KT_TASK_TABLES], small = KT_UNKNOWN, saves;

	kt_add_known(&small, task->bytes[KT_TASK_ANON]);
	kt_add_known(&small, task->bytes[KT_TASK_SHMEM]);
	if (!kt_known(tables) || !kt_known(small) || task->bytes[KT_TASK_ANON] < 0 ||
		task->bytes[KT_TASK_SHMEM] < 0)
		return KT_UNKNOWN;
	saves = small / kt_table_span(page_bytes) * page_bytes;
	return saves < tables ? saves : tables;
}

static const char *name_of(struct kt_arena *arena, const struct kt_task *task)
{
	if (!kt_known(task->pid))
		return task->name;
	return kt_arena_printf(arena, "%s (%lld)", task->name, (long long)task->pid);
}

/* Keeps the largest parts. */
static void cut_parts(struct kt_whatif_result *ret)
{
	kt_whatif_sort(ret);
	if (ret->parts.count > KT_WHATIF_PARTS)
		ret->parts.count = KT_WHATIF_PARTS;
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct kt_stacks stacks = kt_stacks_of(snap);
	int64_t page_bytes = snap->host.page_bytes, sum = 0, now = 0;
	size_t nr_known = 0;

	if (snap->nr_tasks_left_out || stacks.nr_hidden) {
		kt_whatif_unknown(ret, "not all processes are visible");
		return;
	}
	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct kt_task *task = &snap->tasks.items[i];
		int64_t saves = bound_of(task, page_bytes), tables = task->bytes[KT_TASK_TABLES];

		if (!kt_known(tables) || task->kernel)
			continue;
		if (!kt_known(saves)) {
			kt_whatif_unknown(ret,
				"this kernel does not count the anonymous and shared "
				"memory of a process");
			return;
		}
		nr_known += 1 + (size_t)task->nr_more;
		kt_add_known(&sum, saves);
		kt_add_known(&now, tables);
		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){ .name = name_of(arena, task),
				.count = KT_UNKNOWN,
				.now_bytes = tables,
				.then_bytes = tables - saves,
				.saves_bytes = saves });
	}
	if (!nr_known) {
		kt_whatif_lacks(ret, &kt_source_tasks);
		return;
	}
	ret->now_bytes = now;
	kt_whatif_input_count(arena, ret, "processes", (int64_t)nr_known, "status of each process");
	kt_whatif_input_bytes(arena, ret, "their page tables", now, "status of each process");
	kt_whatif_saves(ret, sum, KT_UPPER_BOUND, page_bytes);
	if (nr_known > KT_WHATIF_PARTS)
		kt_whatif_note(
			arena, ret, "the table has %u of %zu processes", KT_WHATIF_PARTS, nr_known);
	cut_parts(ret);
}

const struct kt_whatif kt_whatif_page_tables = {
	.name = "page-tables",
	.title = "huge pages for anonymous and shared memory",
	.needs = KT_WHATIF_SETTING,
	.how = "hugetlbfs; for shared memory also huge= of tmpfs",
	.algorithm =
		"For each process: anonymous and shared memory, divided by the memory that one "
		"page of entries maps, rounded down, times the size of a page, and at most its "
		"page tables. A huge page for a range that is not full would take more memory "
		"than it saves. It is an upper bound, because ranges are rarely full and "
		"aligned. Transparent huge pages of anonymous memory keep a table in reserve "
		"and save none.",
	.sources = KT_SOURCES(&kt_source_vmstat, &kt_source_meminfo, &kt_source_tasks),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
