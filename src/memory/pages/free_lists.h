// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGES_FREE_LISTS_H
#define KT_MEMORY_PAGES_FREE_LISTS_H

#include "memory/memmap.h"

/**
 * The free pages of the page allocator: the buddy lists of each zone, and the lists that each CPU
 * keeps of each zone (pcp). A page of a CPU's list has no mark of its own: only the list shows that
 * it is free.
 *
 * The lists change while they are read. The lists of a CPU in a zone are one set; a set whose pages
 * add up to its own counter was read whole. Another set is read again, and at last counts as torn:
 * then the reading whose pages are nearest to the counter is used.
 */
struct kt_free_lists_sum {
	uint64_t nr_zones;	 /* zones that have pages */
	uint64_t nr_free;	 /* pages on the buddy lists, as zone.free_area[].nr_free says */
	uint64_t nr_cpu_free;	 /* pages that CPUs keep, by their lists */
	uint64_t nr_cpu_counted; /* pages that CPUs keep, by their counters (pcp.count) */
	/* sets that changed in each reading; sets, zones and counts that do not hold together */
	uint64_t nr_torn;
};

/** Called with the first page and the number of pages of a free block that a CPU keeps. */
typedef void (*kt_cpu_free_fn)(void *arg, uint64_t pfn, uint64_t nr_pages);

/**
 * Calls `fn` with each block that a CPU keeps: in the order of PFNs, and each page once. ABSENT:
 * zones or the lists of CPUs cannot be found; `ret_sum` is undefined and `fn` was not called.
 */
struct kt_err *kt_free_lists_walk(struct kt_memmap *memmap, kt_cpu_free_fn fn, void *arg,
	struct kt_free_lists_sum *ret_sum) KT_MUST_CHECK;

#endif
