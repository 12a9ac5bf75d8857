// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/judge/counted.h"

#include "test.h"

#include <string.h>

/* A finding of memory that follows a number, and a machine on which things hold that number. */
struct setting {
	struct kt_report report;
	struct kt_snapshot *snap;
	struct kt_machine machine;
	struct kt_culprits culprits;
	struct kt_finding *finding;
};

static void begin(struct setting *set, const char *subject, const char *follows)
{
	*set = (struct setting){ .snap = kt_snapshot_new() };
	set->machine.snap = set->snap;
	set->culprits.machine = &set->machine;
	kt_report_init(&set->report, "test");
	set->finding =
		kt_report_finding(&set->report, "follows", KT_SEVERITY_INFO, "follows", subject);
	set->finding->follows = follows;
	set->finding->bytes = 64 << 20;
}

static void end(struct setting *set)
{
	kt_report_cleanup(&set->report);
	kt_snapshot_free(set->snap);
}

static void add_task(struct setting *set, const char *name, int64_t pid, int64_t nr_threads)
{
	struct kt_task *task = kt_list_push(&set->snap->arena, &set->snap->tasks);

	*task = (struct kt_task){ .name = name, .pid = pid, .nr_threads = nr_threads };
}

TEST(the_process_with_half_of_all_threads_is_named)
{
	struct setting set;

	begin(&set, "account:kernel_stacks", "thread");
	add_task(&set, "sshd", 10, 40);
	add_task(&set, "pooler", 4711, 360);
	CHECK(kt_counted_name(&set.culprits, &set.report, set.finding));
	CHECK_STR(set.finding->culprit,
		"process pooler (PID 4711), 90 % of all threads (by proc/PID/status)");
	CHECK_STR(set.finding->next, "ktally stacks");
	CHECK_INT(set.finding->severity, KT_SEVERITY_NOTICE);
	end(&set);
}

TEST(no_process_is_named_where_none_has_half)
{
	struct setting set;

	begin(&set, "account:kernel_stacks", "thread");
	for (int i = 0; i < 5; i++)
		add_task(&set, "worker", 100 + i, 10);
	CHECK(!kt_counted_name(&set.culprits, &set.report, set.finding));
	CHECK(!set.finding->culprit);
	end(&set);
}

TEST(cgroups_are_named_by_the_directory_that_has_them)
{
	struct setting set;
	struct kt_cgroup *group;

	begin(&set, "slab:kmalloc-2k", "cgroup");
	for (int i = 0; i < 12; i++) {
		group = kt_list_push(&set.snap->arena, &set.snap->cgroups.groups);
		*group = (struct kt_cgroup){ .path = i == 0   ? "/"
						     : i == 1 ? "/left"
							      : "/left/g",
			.parent = i == 0   ? KT_CGROUP_NO_PARENT
				  : i == 1 ? 0
					   : 1 };
	}
	CHECK(kt_counted_name(&set.culprits, &set.report, set.finding));
	CHECK(strstr(set.finding->culprit,
		"10 cgroups in /left, 91 % of all cgroups (by its directories)"));
	CHECK(strstr(set.finding->remedy, "find /sys/fs/cgroup/left -mindepth 1"));
	end(&set);
}

TEST(huge_pages_that_are_free_are_given_back)
{
	struct setting set;
	struct kt_hugepool *pool;

	begin(&set, "account:hugetlb", NULL);
	pool = kt_list_push(&set.snap->arena, &set.snap->hugepools);
	*pool = kt_hugepool_unknown(KT_NO_NODE, 2 << 20);
	pool->total = 100;
	pool->free = 90;
	pool->reserved = 10;
	CHECK(kt_counted_name(&set.culprits, &set.report, set.finding));
	CHECK(strstr(set.finding->culprit, "80 of 100 free"));
	CHECK(strstr(set.finding->remedy, "echo 20 >/proc/sys/vm/nr_hugepages"));
	end(&set);
}

TEST(growth_that_follows_nothing_is_looked_for_elsewhere)
{
	struct setting set;

	begin(&set, "slab:kmalloc-2k", NULL);
	CHECK(!kt_counted_name(&set.culprits, &set.report, set.finding));
	end(&set);
}
