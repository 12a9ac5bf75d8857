// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_CHARGES_H
#define KT_CMD_CHARGES_H

#include "model/snapshot.h"
#include "report/report.h"
#include "report/shape.h"

/** Forms of a report: with the list "charges", or without it. */
enum { KT_CHARGES_OTHER = 1u, KT_CHARGES_FORM = 2u };

/**
 * Slab objects by cache and by cgroup, for commands that begin with the cache, or with the cgroup.
 * The first may be missing in any form.
 */
extern const struct kt_part kt_charges_of_caches_part, kt_charges_of_cgroups_part;

/**
 * Adds the list "charges", and headlines and notes about it. `cache`: only this cache; NULL: all.
 * `cgroups_first`: the cgroup is the first column.
 */
void kt_charges_put(struct kt_report *report, const struct kt_snapshot *snap, const char *cache,
	bool cgroups_first);

#endif
