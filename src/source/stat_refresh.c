// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/sys/vm/stat_refresh: reading it folds the counters that each CPU keeps for
// itself into the totals, so that the account is exact. It makes every CPU run a work
// item; on machines with isolated CPUs, whose owners want no visitors, it is left alone.

#include "source/source.h"

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	return snap->host.live && snap->host.privileged && !snap->host.isolated_cpus &&
	       !(want & KT_WANT_CHEAP);
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_at(root, kt_source_stat_refresh.paths[0], 0, 4096, &text);

	snap->folded = !err;
	return err;
}

const struct kt_source kt_source_stat_refresh = {
	.name = "stat_refresh",
	.summary = "folds the per-CPU counters before they are read",
	.paths = { "proc/sys/vm/stat_refresh" },
	.cost = KT_COST_STOPS,
	.lack = "the error bound is wider by what each CPU may keep to itself",
	.gives = "root, and no isolated CPUs",
	.unwanted = "only root may, machines with isolated CPUs are left alone, and captures are "
		    "past it",
	.wanted = wanted,
	.read = read_it,
};
