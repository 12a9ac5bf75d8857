// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_COUNTERS_HUGE_POOLS_H
#define KT_MEMORY_COUNTERS_HUGE_POOLS_H

#include "kernel/target.h"

/** Huge pages of one size; counts are huge pages. */
struct kt_huge_pool {
	uint64_t page_bytes, nr_total, nr_free, nr_reserved, nr_surplus;
	bool is_default; /* /proc/meminfo shows its counts */
};

typedef void (*kt_huge_pool_fn)(void *arg, const struct kt_huge_pool *pool);
/**
 * Calls `fn` with the pool of each size of huge pages (mm/hugetlb.c, hstates[]). ABSENT: the kernel
 * has no such pools, or does not name them. PARSE: one cannot be read; those before were passed on.
 */
struct kt_err *kt_huge_pools_each(
	struct kt_target *target, kt_huge_pool_fn fn, void *arg) KT_MUST_CHECK;

#endif
