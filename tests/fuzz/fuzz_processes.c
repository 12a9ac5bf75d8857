// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is concluded from processes and mappings, whatever they are. The data up to its first
// zero is the state of one process, the rest the mappings of three.

#include "fuzz.h"

#include "analysis/mappings.h"
#include "analysis/tasks.h"
#include "source/held/task_list.h"

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_groups(struct kt_snapshot *snap, enum kt_task_by by)
{
	kt_task_groups groups = { 0 };
	int64_t nr_processes = 0, all = 0;

	if (!kt_task_groups_make(&snap->arena, snap, by, &groups))
		fail("out of memory");
	for (size_t i = 0; i < snap->tasks.count; i++)
		all += 1 + snap->tasks.items[i].nr_more;
	for (size_t i = 0; i < groups.count; i++) {
		nr_processes += groups.items[i].nr_processes;
		if (groups.items[i].huge_saves_bytes > groups.items[i].sum.bytes[KT_TASK_TABLES])
			fail("huge pages spare more than there is");
	}
	if (nr_processes != all)
		fail("a process is in no group, or in two");
}

/* Nothing is lost between all and the largest with the rest. */
static void check_largest(struct kt_snapshot *snap)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *kept = fuzz_machine(true);
	struct kt_stacks all = kt_stacks_of(snap), after;
	kt_tasks tasks = { 0 };

	if (!kt_tasks_largest(&snap->arena, snap, 1, &tasks))
		fail("out of memory");
	for (size_t i = 0; i < tasks.count; i++) {
		struct kt_task *slot = kt_list_push(&kept->arena, &kept->tasks);

		if (slot)
			*slot = tasks.items[i];
	}
	after = kt_stacks_of(kept);
	if (after.nr_seen != all.nr_seen || after.nr_zombies > all.nr_zombies)
		fail("the largest and the rest are not all");
}

static void check_files(struct kt_snapshot *snap)
{
	kt_file_tables files = { 0 };

	if (!kt_file_tables_make(&snap->arena, snap, 4096, &files))
		fail("out of memory");
	for (size_t i = 0; i < files.count; i++) {
		const struct kt_file_tables *file = &files.items[i];

		if (file->mapped_bytes < 0 || file->repeated_bytes < 0 ||
			file->shared_saves_bytes < 0 || file->aligned_saves_bytes < 0)
			fail("less than nothing");
		if (file->repeated_bytes > file->entry_bytes)
			fail("more is repeated than there is");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const status[] = { "proc/1/status", "proc/2/status", "proc/3/status" };
	static const char *const maps[] = { "proc/1/maps", "proc/2/maps", "proc/3/maps" };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = fuzz_machine(true);
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t first = zero ? (size_t)(zero - data) : size;

	for (size_t i = 0; i < KT_LEN(status); i++) {
		fuzz_parse(snap, &kt_source_tasks, status[i], data, first);
		if (zero)
			fuzz_parse(snap, &kt_source_mappings, maps[i], zero + 1, size - first - 1);
	}
	fuzz_parse(snap, &kt_source_tasks, KT_TASK_LIST, data, first);
	check_groups(snap, KT_BY_NAME);
	check_groups(snap, KT_BY_PROCESS);
	check_largest(snap);
	kt_stacks_of(snap);
	check_files(snap);
	return 0;
}
