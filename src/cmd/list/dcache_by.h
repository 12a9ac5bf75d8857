// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_LIST_DCACHE_BY_H
#define KT_CMD_LIST_DCACHE_BY_H

#include "model/snapshot.h"
#include "report/report.h"
#include "report/shape.h"

/**
 * "dcache --by": dentries and inodes of each file system, mount or directory. Each function adds a
 * list, and a headline that compares the sums with the kernel's counters.
 */

extern const struct kt_part kt_dcache_superblocks_part, kt_dcache_mounts_part;
extern const struct kt_part kt_dcache_directories_part;

void kt_dcache_put_superblocks(struct kt_report *report, const struct kt_snapshot *snap);
void kt_dcache_put_mounts(struct kt_report *report, const struct kt_snapshot *snap);
void kt_dcache_put_directories(struct kt_report *report, const struct kt_snapshot *snap);

#endif
