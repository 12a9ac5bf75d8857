// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_EXPERIMENT_GROUP_H
#define KT_EXPERIMENT_GROUP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * A cgroup of its own for an experiment: what runs in it gets no more memory than its limit, and
 * what it leaves in caches is reclaimed and removed with it.
 */
struct kt_load_group {
	int above, own; /* directories; -1: not open */
	bool v2;
	bool enabled; /* the memory controller was enabled for this group */
	char name[40];
};

/** Writes a number or a word to a file of the kernel, which exists. */
struct kt_err *kt_load_group_write(int directory, const char *file, const char *text) KT_MUST_CHECK;
/**
 * Makes a cgroup with a limit of memory and without swap. DENIED, ABSENT: says what is missing.
 * `number` makes its name unique.
 */
struct kt_err *kt_load_group_open(
	int64_t limit_bytes, int64_t number, struct kt_load_group *ret_group) KT_MUST_CHECK;
/** Reclaims what the group holds. Kernels without that reclaim it when the group is removed. */
void kt_load_group_reclaim(const struct kt_load_group *group);
/** Reclaims and removes the group, which has no process; false: the kernel kept it. */
bool kt_load_group_close(struct kt_load_group *group);

#endif
