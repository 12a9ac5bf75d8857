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

static bool find_threads(struct kt_culprits *culprits, struct most *most)
{
	const struct kt_snapshot *snap = culprits->machine->snap;

	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct kt_task *task = &snap->tasks.items[i];

		add(most, task->name, task->pid, task->nr_threads);
	}
	return true;
}

static const struct kt_needs needs = { .only = KT_SOURCES(
					       &kt_source_host, &kt_source_descriptors) };

/* Descriptors are counted once for all findings: they cost a list for each process. */
static const struct kt_snapshot *read_descriptors(struct kt_culprits *culprits)
{
	struct kt_err *err;

	if (!culprits->machine->snap->host.live)
		return NULL;
	if (!culprits->descriptors) {
		culprits->descriptors = calloc(1, sizeof(*culprits->descriptors));
		if (!culprits->descriptors)
			return NULL;
		err = kt_machine_read(&culprits->call->machine, culprits->descriptors, 0, &needs);
		kt_err_free(err);
	}
	return culprits->descriptors->snap;
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
	const struct kt_cgroups *cgroups = &culprits->machine->snap->cgroups;
	int64_t *below = calloc(cgroups->groups.count + 1, sizeof(*below));

	for (size_t i = 0; below && i < cgroups->groups.count; i++) {
		const struct kt_cgroup *group = &cgroups->groups.items[i];

		if (group->parent < cgroups->groups.count)
			below[group->parent] += group->nr_folded > 0 ? group->nr_folded : 1;
	}
	for (size_t i = 0; below && i < cgroups->groups.count; i++)
		add(most, cgroups->groups.items[i].path, KT_UNKNOWN, below[i]);
	free(below);
	return true;
}

/* The deepest directory that has most removed cgroups: a directory counts what is below it too. */
static bool find_dying(struct kt_culprits *culprits, struct most *most)
{
	const struct kt_cgroups *cgroups = &culprits->machine->snap->cgroups;

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
	const char *source;
} ways[] = {
	{ "task", KT_HOLDER_PROCESS, find_threads, "of all threads, proc/PID/status" },
	{ "socket", KT_HOLDER_PROCESS, find_sockets, "of all sockets, proc/PID/fd" },
	{ "open file", KT_HOLDER_PROCESS, find_files, "of all open files, proc/PID/fd" },
	{ "cgroup", KT_HOLDER_CGROUPS, find_cgroups, "of all cgroups, /sys/fs/cgroup" },
	{ "dying cgroup", KT_HOLDER_DYING, find_dying, "of all removed ones, cgroup.stat" },
};

static void put(struct kt_report *report, struct kt_finding *finding, const struct way *way,
	const struct most *most)
{
	struct kt_holder holder =
		kt_holder_of(way->kind, kt_arena_printf(&report->arena, "%s", most->name));

	if (!holder.name)
		return;
	holder.pid = most->pid;
	holder.count = most->count;
	holder.share = (double)most->count / (double)most->all;
	holder.source = way->source;
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
			put(report, finding, &ways[i], &most);
		return finding->culprit;
	}
	return false;
}

void kt_culprits_fini(struct kt_culprits *culprits)
{
	if (culprits->descriptors)
		kt_machine_cleanup(culprits->descriptors);
	free(culprits->descriptors);
	culprits->descriptors = NULL;
}
