// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cases_needs.h"

static const struct kt_source *const sources[] = {
	&kt_source_settings,
	&kt_source_dcache,
	&kt_source_mounts,
	&kt_source_sockstat,
	&kt_source_tasks,
	&kt_source_buddyinfo,
	&kt_source_zram,
	&kt_source_modules,
	&kt_source_vmallocinfo,
	&kt_source_slabinfo,
	&kt_source_sysv,
	&kt_source_zfs,
	&kt_source_cgroup_count,
	&kt_source_cgroups,
	NULL,
};
static const struct kt_source *const with_memory[] = {
	&kt_source_superblocks,
	&kt_source_settings,
	&kt_source_dcache,
	&kt_source_mounts,
	&kt_source_sockstat,
	&kt_source_tasks,
	&kt_source_buddyinfo,
	&kt_source_zram,
	&kt_source_modules,
	&kt_source_vmallocinfo,
	&kt_source_slabinfo,
	&kt_source_sysv,
	&kt_source_zfs,
	&kt_source_cgroup_count,
	&kt_source_cgroups,
	NULL,
};
static const struct kt_needs needs = { .also = sources }, more = { .also = with_memory };

/* On a running machine the walk through all dentries costs far more than everything else. */
const struct kt_needs *kt_cases_needs_of(const struct kt_machine_opts *opts)
{
	return opts->source || opts->expensive ? &more : &needs;
}
