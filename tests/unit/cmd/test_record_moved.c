// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_moved.h"
#include "test.h"

#include <stdio.h>

#define MIB	  (1ll << 20)
#define MINUTE_MS 60000

static void take(struct kt_record_moved *moved, int64_t stack_kib, int64_t vmalloc_kib)
{
	char text[256];

	kt_record_moved_begin(moved);
	snprintf(text, sizeof(text),
		"MemTotal: 100000 kB\nKernelStack: %lld kB\nPageTables: 4000 kB\n"
		"VmallocUsed: %lld kB\nPercpu: 1000 kB\n",
		(long long)stack_kib, (long long)vmalloc_kib);
	kt_record_moved_take(moved, "proc/meminfo", kt_span_str(text));
}

static void take_groups(struct kt_record_moved *moved, int count)
{
	char text[128];

	snprintf(text, sizeof(text),
		"#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t9999\t1\n"
		"memory\t5\t%d\t1\n",
		count);
	kt_record_moved_take(moved, "proc/cgroups", kt_span_str(text));
}

/* A reading of tasks: `count` threads of one process. */
static void read_tasks(struct kt_record_moved *moved, struct kt_draft *draft, int64_t count,
	int64_t boot_ms, int64_t cost_ms)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_task *task = kt_list_push(&snap->arena, &snap->tasks);

	*task = (struct kt_task){ .name = "storm", .pid = 7, .nr_threads = count };
	snap->stack_bytes = 16384;
	kt_record_moved_tasks(moved, draft, snap, boot_ms, cost_ms);
}

TEST(a_list_is_due_when_its_own_counter_has_moved)
{
	struct kt_record_moved moved = { 0 };
	struct kt_draft draft;

	kt_draft_init(&draft);
	kt_record_moved_init(&moved);
	take(&moved, 16000, 20000);
	CHECK(!kt_record_moved_is_due(&moved, KT_MOVED_TASKS, 1000)); /* nothing to compare with */
	read_tasks(&moved, &draft, 1, 1000, -1);
	take(&moved, 16000 + 4096, 60000);
	CHECK(kt_record_moved_is_due(&moved, KT_MOVED_TASKS, 2000)); /* by more than a tenth */
	take(&moved, 16000 + 2000, 60000);
	CHECK(!kt_record_moved_is_due(&moved, KT_MOVED_TASKS, 2000)); /* by less than 2 MiB */
	take(&moved, 16000 - 2100, 60000);
	CHECK(kt_record_moved_is_due(&moved, KT_MOVED_TASKS, 2000));  /* down as well */
	CHECK(!kt_record_moved_is_due(&moved, KT_MOVED_AREAS, 2000)); /* it was never read */
	kt_record_moved_begin(&moved);
	CHECK(!kt_record_moved_is_due(&moved, KT_MOVED_TASKS, 2000)); /* not known */
	CHECK_INT(draft.block.marks.count, 0);
	kt_record_moved_fini(&moved);
	kt_draft_fini(&draft);
}

TEST(a_mark_names_who_moved_most)
{
	struct kt_record_moved moved = { 0 };
	struct kt_draft draft;

	kt_draft_init(&draft);
	kt_record_moved_init(&moved);
	take(&moved, 2000, 20000);
	read_tasks(&moved, &draft, 3, 1000, -1);
	take(&moved, 2000 + 2000 * 16, 20000);
	read_tasks(&moved, &draft, 2003, 2000, 5);
	CHECK_INT(draft.block.marks.count, 1);
	CHECK_STR(draft.block.marks.items[0].kind, KT_MARK_MOVED);
	CHECK_STR(
		draft.block.marks.items[0].text, "kernel stacks +31.2 MiB: storm (+2000 threads)");
	take(&moved, 2000, 20000);
	read_tasks(&moved, &draft, 3, 3000, 5);
	CHECK_INT(draft.block.marks.count, 2);
	CHECK_STR(
		draft.block.marks.items[1].text, "kernel stacks -31.2 MiB: storm (-2000 threads)");
	/* stacks of another program */
	take(&moved, 2000 + 2000 * 16, 20000);
	read_tasks(&moved, &draft, 4, 4000, 5);
	CHECK_INT(draft.block.marks.count, 3);
	CHECK_STR(draft.block.marks.items[2].text, "kernel stacks +31.2 MiB");
	kt_record_moved_fini(&moved);
	kt_draft_fini(&draft);
}

TEST(over_time_a_list_is_read_once_a_minute_and_less_often_if_that_takes_long)
{
	for (int64_t cost_ms = 5; cost_ms <= 500; cost_ms *= 100) {
		struct kt_record_moved moved = { 0 };
		struct kt_draft draft;
		int64_t count = 0;

		kt_draft_init(&draft);
		kt_record_moved_init(&moved);
		take(&moved, 2000, 20000);
		read_tasks(&moved, &draft, 1, 1000, -1);
		for (int64_t ms = 2000; ms < 60ll * MINUTE_MS; ms += 1000) {
			take(&moved, ms / 1000 % 2 ? 2000 : 40000, 20000);
			moved.then[KT_MOVED_STACKS] = 20000ll * 1024;
			if (!kt_record_moved_is_due(&moved, KT_MOVED_TASKS, ms))
				continue;
			read_tasks(&moved, &draft, 1, ms, cost_ms);
			count++;
			CHECK(count > 3 || ms < 20000);
		}
		/* of an hour, and those in a row at its begin */
		CHECK(count >= (cost_ms == 5 ? 60 : 8));
		CHECK(count <= (cost_ms == 5 ? 62 : 10));
		kt_record_moved_fini(&moved);
		kt_draft_fini(&draft);
	}
}

TEST(cgroups_are_counted_in_either_version)
{
	struct kt_record_moved moved = { 0 };

	kt_record_moved_init(&moved);
	take_groups(&moved, 118);
	CHECK_INT(moved.now[KT_MOVED_NR_GROUPS], 118);
	kt_record_moved_take(&moved, "sys/fs/cgroup/cgroup.stat",
		kt_span_str("nr_descendants 300\nnr_dying_descendants 4\n"));
	CHECK_INT(moved.now[KT_MOVED_NR_GROUPS], 300);
	moved.then[KT_MOVED_NR_GROUPS] = 281;
	CHECK(!kt_record_moved_is_due(&moved, KT_MOVED_GROUPS, 0));
	moved.then[KT_MOVED_NR_GROUPS] = 270;
	CHECK(kt_record_moved_is_due(&moved, KT_MOVED_GROUPS, 0));
	kt_record_moved_fini(&moved);
}
