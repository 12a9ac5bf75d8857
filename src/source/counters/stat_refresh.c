// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/sys/vm/stat_refresh, which folds the counters of each CPU into the totals, so that
// the account is exact. The reading makes every CPU run a work item. Machines with isolated CPUs
// are left alone, because those CPUs must not be interrupted.

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
	.lack = "the error bound also covers counts that each CPU may hold back",
	.gives = "root, and no isolated CPUs",
	.unwanted = "only root may read it, isolated CPUs must not be interrupted, and a capture "
		    "cannot be refreshed",
	.wanted = wanted,
	.read = read_it,
};
