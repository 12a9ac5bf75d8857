// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/judge/counted.h"

#include "base/memory.h"
#include "diagnose/holder.h"

#include <stdlib.h>
#include <string.h>

#define HALF 0.5

/* Who has most of a number, and how much there is of it. */
struct most {
	const char *name;
	int64_t pid, count, all;
};

static void add(struct most *most, const char *name, int64_t pid, int64_t count)
{
	if (!kt_known(count) || !name)
		return;
	most->all += count;
	if (count > most->count)
		*most = (struct most){ name, pid, count, most->all };
}

static const struct kt_needs needs_descriptors = { .only = KT_SOURCES(&kt_source_host,
							   &kt_source_descriptors) };
static const struct kt_needs needs_lists = { .only = KT_SOURCES(&kt_source_host, &kt_source_tasks,
						     &kt_source_cgroups) };

/* Read once for all findings: each costs a file or a list for each process or cgroup. */
static const struct kt_snapshot *read_once(
	struct kt_culprits *culprits, const struct kt_needs *needs, struct kt_machine **machine)
{
	struct kt_err *err;

	if (!culprits->machine->snap->host.live)
		return NULL;
	if (!*machine) {
		*machine = calloc(1, sizeof(**machine));
		if (!*machine)
			return NULL;
		err = kt_machine_read(&culprits->call->machine, *machine, 0, needs);
		kt_err_free(err);
	}
	return (*machine)->snap;
}

static const struct kt_snapshot *read_descriptors(struct kt_culprits *culprits)
{
	return read_once(culprits, &needs_descriptors, &culprits->descriptors);
}

/* A diagnosis reads processes and cgroups only where there are many of them. */
static const struct kt_snapshot *read_lists(struct kt_culprits *culprits)
{
	const struct kt_snapshot *snap = culprits->machine->snap;
	const struct kt_snapshot *read = NULL;

	if (!snap->tasks.count || !snap->cgroups.groups.count)
		read = read_once(culprits, &needs_lists, &culprits->lists);
	return read ? read : snap;
}

static bool find_threads(struct kt_culprits *culprits, struct most *most)
{
	const struct kt_snapshot *snap = read_lists(culprits);

	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct kt_task *task = &snap->tasks.items[i];

		add(most, task->name, task->pid, task->nr_threads);
	}
	return true;
}

static bool find_descriptors(struct kt_culprits *culprits, struct most *most, bool sockets)
{
	const struct kt_snapshot *snap = read_descriptors(culprits);

	for (size_t i = 0; snap && i < snap->task_files.count; i++) {
		const struct kt_task_files *files = &snap->task_files.items[i];

		add(most, files->name, files->pid, sockets ? files->nr_sockets : files->nr_files);
	}
	return snap;
}

static bool find_sockets(struct kt_culprits *culprits, struct most *most)
{
	return find_descriptors(culprits, most, true);
}

static bool find_files(struct kt_culprits *culprits, struct most *most)
{
	return find_descriptors(culprits, most, false);
}

/* The directory with most cgroups in it. */
static bool find_cgroups(struct kt_culprits *culprits, struct most *most)
{
	const struct kt_cgroups *cgroups = &read_lists(culprits)->cgroups;
	int64_t *below = calloc(cgroups->groups.count + 1, sizeof(*below));

	for (size_t i = 0; below && i < cgroups->groups.count; i++) {
		const struct kt_cgroup *group = &cgroups->groups.items[i];

		if (group->parent < cgroups->groups.count)
			below[group->parent] += group->nr_folded > 0 ? group->nr_folded : 1;
	}
	for (size_t i = 0; below && i < cgroups->groups.count; i++)
		add(most, cgroups->groups.items[i].path, KT_UNKNOWN, below[i]);
	/* groups that no list has are in no directory that is known */
	if (kt_known(cgroups->nr_live) && cgroups->nr_live - 1 > most->all)
		most->all = cgroups->nr_live - 1;
	free(below);
	return true;
}

/* The deepest directory that has most removed cgroups: a directory counts what is below it too. */
static bool find_dying(struct kt_culprits *culprits, struct most *most)
{
	const struct kt_cgroups *cgroups = &read_lists(culprits)->cgroups;

	most->all = cgroups->nr_dying;
	for (size_t i = 0; i < cgroups->groups.count; i++) {
		const struct kt_cgroup *group = &cgroups->groups.items[i];

		if (!kt_known(group->nr_dying) || !kt_known(most->all) ||
			(double)group->nr_dying < HALF * (double)most->all || !group->nr_dying)
			continue;
		most->name = group->path;
		most->count = group->nr_dying;
	}
	return kt_known(most->all);
}

static const struct way {
	const char *follows; /* kt_driver_name() */
	enum kt_holder_kind kind;
	bool (*find)(struct kt_culprits *culprits, struct most *most);
	const char *share_of, *source;
	const char *next; /* a command that shows them; %lld: the process, which must be known */
} ways[] = {
	{ "thread", KT_HOLDER_PROCESS, find_threads, "all threads", "by proc/PID/status",
		"ktally stacks" },
	{ "socket", KT_HOLDER_PROCESS, find_sockets, "all sockets of processes", "by proc/PID/fd",
		"ls -l /proc/%lld/fd" },
	{ "open file", KT_HOLDER_PROCESS, find_files, "all open files of processes",
		"by proc/PID/fd", "ls -l /proc/%lld/fd" },
	{ "cgroup", KT_HOLDER_CGROUPS, find_cgroups, "all cgroups", "by its directories",
		"ktally cgroups" },
	{ "dying cgroup", KT_HOLDER_DYING, find_dying, "all removed cgroups", "by cgroup.stat",
		"ktally cgroups" },
};

static const char *next_of(struct kt_report *report, const struct way *way, const struct most *most)
{
	const char *number = strstr(way->next, "%lld");

	if (!number)
		return way->next;
	return kt_known(most->pid)
		       ? kt_arena_printf(&report->arena, "%.*s%lld%s", (int)(number - way->next),
				 way->next, (long long)most->pid, number + strlen("%lld"))
		       : NULL;
}

static void put(struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding,
	const struct way *way, const struct most *most)
{
	struct kt_holder holder =
		kt_holder_of(way->kind, kt_arena_printf(&report->arena, "%s", most->name));

	if (!holder.name)
		return;
	holder.pid = most->pid;
	holder.count = most->count;
	if (culprits->machine->snap->cgroups.v1)
		holder.hierarchy = "/memory";
	holder.share = (double)most->count / (double)most->all;
	holder.share_of = way->share_of;
	holder.source = way->source;
	holder.next = next_of(report, way, most);
	kt_holder_put(report, finding, &holder);
}

/* A pool of huge pages is a setting: pages in use have users, free ones are waste. */
static bool put_huge_pages(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding)
{
	const struct kt_snapshot *snap = culprits->machine->snap;
	struct kt_holder holder;
	int64_t total = 0, free_pages = 0;

	for (size_t i = 0; i < snap->hugepools.count; i++) {
		const struct kt_hugepool *pool = &snap->hugepools.items[i];

		if (pool->node != KT_NO_NODE || !kt_known(pool->total) || !kt_known(pool->free))
			continue;
		total += pool->total;
		free_pages += pool->free - (kt_known(pool->reserved) ? pool->reserved : 0);
	}
	if (!total)
		return false;
	holder = kt_holder_of(KT_HOLDER_HUGE_PAGES,
		kt_arena_printf(&report->arena, "the pool of huge pages, %lld of %lld free",
			(long long)free_pages, (long long)total));
	if (!holder.name)
		return false;
	holder.count = free_pages > 0 ? free_pages : 0;
	holder.kept = total - holder.count;
	holder.source = "vm.nr_hugepages";
	kt_holder_put(report, finding, &holder);
	return true;
}

bool kt_counted_name(
	struct kt_culprits *culprits, struct kt_report *report, struct kt_finding *finding)
{
	if (strcmp(finding->subject, "account:hugetlb") == 0)
		return put_huge_pages(culprits, report, finding);
	for (size_t i = 0; finding->follows && i < KT_LEN(ways); i++) {
		struct most most = { .pid = KT_UNKNOWN };

		if (strcmp(finding->follows, ways[i].follows) != 0)
			continue;
		if (ways[i].find(culprits, &most) && most.name && most.all > 0 &&
			(double)most.count >= HALF * (double)most.all)
			put(culprits, report, finding, &ways[i], &most);
		return finding->culprit;
	}
	return false;
}

static void give_back(struct kt_machine **machine)
{
	if (*machine)
		kt_machine_cleanup(*machine);
	free(*machine);
	*machine = NULL;
}

void kt_culprits_fini(struct kt_culprits *culprits)
{
	give_back(&culprits->descriptors);
	give_back(&culprits->lists);
}
