// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "analysis/tasks.h"

static void check_family(const char *name, const char *family)
{
	struct kt_arena arena = { 0 };

	CHECK_STR(kt_thread_family(&arena, name), family);
	kt_arena_fini(&arena);
}

TEST(kernel_threads_of_one_kind_are_one_family)
{
	check_family("kworker/0:1H-kblockd", "kworker");
	check_family("kworker/u8:3-iou_exit", "kworker");
	check_family("kworker/R-xfsalloc", "kworker/R");
	check_family("ksoftirqd/127", "ksoftirqd");
	check_family("migration/0", "migration");
	check_family("jbd2/dm-0-8", "jbd2");
	check_family("xfs-aild/sda1", "xfs-aild");
	check_family("irq/24-pciehp", "irq");
	check_family("kdmflush/253:0", "kdmflush");
	check_family("kswapd0", "kswapd");
	check_family("scsi_eh_12", "scsi_eh");
	check_family("vhost-4711", "vhost");
	check_family("kdamond.0", "kdamond");
	check_family("nfsd", "nfsd");
	check_family("rcu_exp_par_gp_kthread_worker/0", "rcu_exp_par_gp_kthread_worker");
}

TEST(a_family_is_never_without_a_name)
{
	check_family("", "");
	check_family("/", "/");
	check_family("7", "7");
	check_family("123456", "123456");
	check_family("a1", "a1");
	check_family("-1", "-1");
	check_family(":1", ":1");
	check_family("__2", "__2");
}

static struct kt_task *add(struct kt_snapshot *snap, const char *name, bool kernel, int64_t threads)
{
	struct kt_task *task = kt_list_push(&snap->arena, &snap->tasks);

	*task = (struct kt_task){ .name = name,
		.pid = (int64_t)snap->tasks.count,
		.ppid = 1,
		.uid = 0,
		.nr_threads = threads,
		.kernel = kernel };
	for (size_t i = 0; i < KT_TASK_AMOUNTS; i++)
		task->bytes[i] = -1;
	return task;
}

static const struct kt_task_group *group_of(
	const kt_task_groups *groups, const char *name, bool kernel)
{
	static const struct kt_task_group none;

	for (size_t i = 0; i < groups->count; i++) {
		if (strcmp(groups->items[i].sum.name, name) == 0 &&
			groups->items[i].sum.kernel == kernel)
			return &groups->items[i];
	}
	CHECK(!"no such group");
	return &none;
}

TEST(processes_of_one_name_are_added_up_and_kernel_threads_never_with_them)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	kt_task_groups groups = { 0 };
	const struct kt_task_group *group;

	add(snap, "kworker", false, 3)->bytes[KT_TASK_TABLES] = 100;
	add(snap, "kworker/0:1", true, 1);
	add(snap, "kworker", false, 4)->bytes[KT_TASK_TABLES] = 50;
	add(snap, "kworker/1:0H", true, 1);
	add(snap, "other", false, -1);
	CHECK(kt_task_groups_make(&snap->arena, snap, KT_BY_NAME, &groups));
	CHECK_INT(groups.count, 3);
	group = group_of(&groups, "kworker", false);
	CHECK_INT(group->nr_processes, 2);
	CHECK_INT(group->nr_stacks, 7);
	CHECK_INT(group->nr_spaces, 2);
	CHECK_INT(group->sum.bytes[KT_TASK_TABLES], 150);
	CHECK_INT(group->sum.bytes[KT_TASK_RSS], -1);
	CHECK_INT(group->sum.pid, -1);
	group = group_of(&groups, "kworker", true);
	CHECK_INT(group->nr_stacks, 2);
	CHECK_INT(group->nr_spaces, 0);
	CHECK_INT(group_of(&groups, "other", false)->nr_stacks, -1);
}

TEST(each_process_can_have_a_group)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	kt_task_groups groups = { 0 };

	add(snap, "a", false, 1);
	add(snap, "a", false, 2);
	add(snap, "kworker/0:1", true, 1);
	CHECK(kt_task_groups_make(&snap->arena, snap, KT_BY_PROCESS, &groups));
	if (!CHECK_INT(groups.count, 3))
		return;
	CHECK_INT(groups.items[1].sum.pid, 2);
	CHECK_STR(groups.items[2].sum.name, "kworker/0:1");
}

TEST(sums_end_at_the_largest_number)
{
	int64_t sum = -1;

	kt_add_known(&sum, -1);
	CHECK_INT(sum, -1);
	kt_add_known(&sum, INT64_MAX - 1);
	kt_add_known(&sum, 5);
	CHECK_INT(sum, INT64_MAX);
}

/* ---- stacks ---- */

static struct kt_snapshot *stacks_machine(int64_t stack_kib, int64_t nr_cpus)
{
	struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_KERNEL_STACK, stack_kib);
	snap->host.nr_cpus_possible = nr_cpus;
	return snap;
}

TEST(the_size_of_a_stack_is_the_counter_over_the_threads)
{
	static const int64_t kib[] = { 4, 8, 16, 32, 64 };

	for (size_t i = 0; i < KT_LEN(kib); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = stacks_machine(kib[i] * 103, 4);

		add(snap, "a", false, 60);
		add(snap, "k", true, 40);
		CHECK_INT(kt_stacks_of(snap).each_bytes, kib[i] * KIB);
		CHECK_INT(kt_stacks_of(snap).nr_idle, 3);
		CHECK_INT(kt_stacks_of(snap).nr_seen, 100);
	}
}

TEST(threads_that_came_or_went_do_not_change_the_size_of_a_stack)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *more = stacks_machine(16ll * 115, 1);
	KT_CLEANUP(snapshot) struct kt_snapshot *less = stacks_machine(16ll * 85, 1);
	KT_CLEANUP(snapshot) struct kt_snapshot *other = stacks_machine(16ll * 140, 1);

	add(more, "k", true, 100);
	add(less, "k", true, 100);
	add(other, "k", true, 100);
	CHECK_INT(kt_stacks_of(more).each_bytes, 16 * KIB);
	CHECK_INT(kt_stacks_of(less).each_bytes, 16 * KIB);
	CHECK_INT(kt_stacks_of(other).each_bytes, -1);
}

TEST(a_zombie_leader_has_no_stack_and_its_threads_have)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = stacks_machine(16ll * 10, 1);

	add(snap, "half dead", false, 10)->zombie = true;
	add(snap, "dead", false, 1)->zombie = true;
	add(snap, "going", false, 0)->zombie = true;
	add(snap, "k", true, 1);
	CHECK_INT(kt_stacks_of(snap).nr_seen, 10);
	CHECK_INT(kt_stacks_of(snap).nr_zombies, 3);
	CHECK_INT(kt_stacks_of(snap).each_bytes, 16 * KIB);
}

static void threads_in_all(struct kt_snapshot *snap, int64_t threads)
{
	put_entry(snap, KT_NR_THREADS, KT_COUNT, KT_RANK_FIRST, "proc/loadavg", threads);
}

TEST(in_a_container_the_size_comes_from_the_threads_of_the_whole_machine)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *inside = stacks_machine(16ll * 1000, 1);
	KT_CLEANUP(snapshot) struct kt_snapshot *outside = stacks_machine(16ll * 1000, 1);

	add(inside, "sh", false, 3);
	threads_in_all(inside, 1000);
	CHECK_INT(kt_stacks_of(inside).nr_hidden, 997);
	CHECK_INT(kt_stacks_of(inside).each_bytes, 16 * KIB);
	/* who sees kernel threads sees everything */
	add(outside, "k", true, 990);
	threads_in_all(outside, 1000);
	CHECK_INT(kt_stacks_of(outside).nr_hidden, 0);
	CHECK_INT(kt_stacks_of(outside).each_bytes, 16 * KIB);
}

TEST(without_a_counter_or_threads_no_size_is_made_up)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *empty = stacks_machine(160, 1);

	add(snap, "k", true, 10);
	CHECK_INT(kt_stacks_of(snap).total_bytes, -1);
	CHECK_INT(kt_stacks_of(snap).each_bytes, -1);
	CHECK_INT(kt_stacks_of(empty).each_bytes, -1);
}

/* ---- page tables ---- */

TEST(huge_pages_spare_a_table_for_each_whole_span)
{
	struct kt_task task = { .bytes = { [KT_TASK_TABLES] = 400 * KIB,
					[KT_TASK_RSS] = 70 * MIB,
					[KT_TASK_ANON] = 5 * MIB,
					[KT_TASK_SHMEM] = 64 * MIB } };

	CHECK_INT(kt_table_span(4096), 2 * MIB);
	CHECK_INT(kt_table_span(65536), 512 * MIB);
	CHECK_INT(kt_huge_saves(&task, 4096), 34ll * 4096);
	CHECK_INT(kt_huge_saves(&task, 65536), 0);
	task.bytes[KT_TASK_SHMEM] = -1;
	CHECK_INT(kt_huge_saves(&task, 4096), -1);
	task.bytes[KT_TASK_SHMEM] = 0;
	CHECK_INT(kt_huge_saves(&task, 0), -1);
}

TEST(where_huge_pages_are_in_use_what_more_would_spare_is_not_known)
{
	struct kt_task task = { .bytes = { [KT_TASK_TABLES] = 48 * KIB,
					[KT_TASK_RSS] = 66 * MIB,
					[KT_TASK_SHMEM] = 64 * MIB } };

	CHECK_INT(kt_huge_saves(&task, 4096), -1);
}

TEST(huge_pages_spare_no_more_than_there_is)
{
	struct kt_task task = { .bytes = { [KT_TASK_TABLES] = 40 * KIB,
					[KT_TASK_RSS] = 10 * MIB,
					[KT_TASK_ANON] = 40 * MIB } };

	CHECK_INT(kt_huge_saves(&task, 4096), 40 * KIB);
}

TEST(many_threads_that_are_missing_did_not_all_come_while_reading)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = stacks_machine(16ll * 1000, 1);

	add(snap, "k", true, 500);
	threads_in_all(snap, 1000);
	CHECK_INT(kt_stacks_of(snap).nr_hidden, 500);
	CHECK_INT(kt_stacks_of(snap).each_bytes, 16 * KIB);
}

/* ---- the largest ---- */

static struct kt_task *add_user(
	struct kt_snapshot *snap, const char *name, int64_t threads, int64_t tables_kib)
{
	struct kt_task *task = add(snap, name, false, threads);

	task->bytes[KT_TASK_TABLES] = tables_kib * KIB;
	return task;
}

static const struct kt_task *task_of(const kt_tasks *tasks, const char *name, bool kernel)
{
	static const struct kt_task none = { .name = "(none)" };

	for (size_t i = 0; i < tasks->count; i++) {
		if (strcmp(tasks->items[i].name, name) == 0 && tasks->items[i].kernel == kernel &&
			!tasks->items[i].zombie)
			return &tasks->items[i];
	}
	return &none;
}

TEST(of_many_processes_the_largest_are_kept_and_the_sums_of_the_rest)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	kt_tasks tasks = { 0 };
	const struct kt_task *task;

	add_user(snap, "wide", 2, 900);
	add_user(snap, "many", 70, 40);
	add_user(snap, "a", 1, 10);
	add_user(snap, "b", 3, 20);
	add(snap, "kworker/0:1", true, 1);
	add(snap, "kworker/1:1", true, 1);
	add(snap, "ksoftirqd/0", true, 1);
	add(snap, "gone", false, 1)->zombie = true;
	add(snap, "gone", false, 4)->zombie = true;
	CHECK(kt_tasks_largest(&snap->arena, snap, 1, &tasks));
	CHECK_INT(tasks.count, 5);
	task = task_of(&tasks, "wide", false);
	CHECK_INT(task->pid, 1);
	CHECK_INT(task->nr_more, 0);
	CHECK_INT(task_of(&tasks, "many", false)->nr_threads, 70);
	task = task_of(&tasks, KT_TASKS_REST, false);
	CHECK_INT(task->pid, -1);
	CHECK_INT(task->nr_more, 1);
	CHECK_INT(task->nr_threads, 4);
	CHECK_INT(task->bytes[KT_TASK_TABLES], 30 * KIB);
	CHECK_INT(task->bytes[KT_TASK_RSS], -1);
	task = task_of(&tasks, KT_TASKS_REST, true);
	CHECK_INT(task->nr_more, 2);
	CHECK_INT(task->nr_threads, 3);
}

TEST(stacks_and_zombies_are_the_same_in_the_list_of_the_largest)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = stacks_machine(16 * 12, 1);
	KT_CLEANUP(snapshot) struct kt_snapshot *kept = stacks_machine(16 * 12, 1);
	kt_task_groups groups = { 0 };
	kt_tasks tasks = { 0 };

	add_user(snap, "a", 2, 900);
	add_user(snap, "b", 1, 20);
	add(snap, "kworker/0:1", true, 1);
	add(snap, "jbd2/dm-0-8", true, 1);
	add(snap, "jbd2/dm-1-8", true, 1);
	add(snap, "gone", false, 1)->zombie = true;
	add(snap, "gone", false, 4)->zombie = true;
	CHECK(kt_tasks_largest(&snap->arena, snap, 3, &tasks));
	for (size_t i = 0; i < tasks.count; i++)
		*(struct kt_task *)kt_list_push(&kept->arena, &kept->tasks) = tasks.items[i];
	CHECK_INT(kt_stacks_of(snap).nr_seen, 9);
	CHECK_INT(kt_stacks_of(kept).nr_seen, 9);
	CHECK_INT(kt_stacks_of(kept).nr_zombies, 2);
	CHECK(kt_task_groups_make(&kept->arena, kept, KT_BY_NAME, &groups));
	/* the family's name is not taken for that of a thread, and cut again */
	CHECK_INT(group_of(&groups, "jbd2", true)->nr_processes, 2);
	CHECK_INT(group_of(&groups, "jbd2", true)->nr_stacks, 2);
}

TEST(what_huge_pages_spare_of_several_is_not_worked_out_of_their_sums)
{
	struct kt_task task = { .name = "a", .nr_more = 1 };

	task.bytes[KT_TASK_TABLES] = 8 * KIB;
	task.bytes[KT_TASK_RSS] = task.bytes[KT_TASK_ANON] = 2 * MIB;
	task.bytes[KT_TASK_SHMEM] = 0;
	CHECK_INT(kt_huge_saves(&task, 4096), -1);
	task.nr_more = 0;
	CHECK_INT(kt_huge_saves(&task, 4096), 4096);
}

TEST(threads_of_minutes_ago_do_not_tell_the_size_of_a_stack)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = stacks_machine(16 * 200, 1);

	add(snap, "a", false, 100);
	snap->tasks_taken_s = 1790000000;
	CHECK_INT(kt_stacks_of(snap).each_bytes, -1);
	snap->stack_bytes = 16 * KIB;
	CHECK_INT(kt_stacks_of(snap).each_bytes, 16 * KIB);
}
