// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cases_needs.h"

#define CHEAP                                                                                      \
	&kt_source_settings, &kt_source_dcache, &kt_source_mounts, &kt_source_sockstat,            \
		&kt_source_buddyinfo, &kt_source_zram, &kt_source_modules, &kt_source_vmallocinfo, \
		&kt_source_slabinfo, &kt_source_sysv, &kt_source_zfs, &kt_source_cgroup_count

#define STACKS_PART  100  /* more than this part of memory in kernel stacks: see whose they are */
#define MANY_CGROUPS 2000 /* more of them: compare them with the processes */

static const struct kt_source *const cheap[] = { CHEAP, NULL };
static const struct kt_source *const with_tasks[] = { &kt_source_tasks, &kt_source_cgroups, CHEAP,
	NULL };
static const struct kt_source *const with_memory[] = { &kt_source_superblocks, &kt_source_tasks,
	&kt_source_cgroups, CHEAP, NULL };
static const struct kt_needs needs = { .also = cheap }, more = { .also = with_memory };
const struct kt_needs kt_cases_needs_tasks = { .also = with_tasks };

/*
 * On a running machine a look at every process and cgroup costs as much as the account, and the
 * walk through all dentries far more. Files of a capture cost nothing.
 */
const struct kt_needs *kt_cases_needs_of(const struct kt_machine_opts *opts)
{
	return opts->source || opts->expensive ? &more : &needs;
}

bool kt_cases_want_tasks(const struct kt_snapshot *snap)
{
	struct kt_val stacks = kt_snapshot_get(snap, KT_KERNEL_STACK, KT_NO_NODE);
	int64_t memory = kt_snapshot_memory(snap);

	if (!snap->host.live || snap->tasks.count)
		return false;
	return snap->cgroups.nr_live > MANY_CGROUPS || snap->cgroups.nr_counted > MANY_CGROUPS ||
	       (kt_ok(stacks) && kt_known(memory) && stacks.value > memory / STACKS_PART);
}
