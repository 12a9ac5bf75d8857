// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGES_DIRECT_PAGES_H
#define KT_MEMORY_PAGES_DIRECT_PAGES_H

#include "kernel/symbol_table.h"
#include "memory/memmap.h"
#include "memory/slub_cache.h"
#include "model/snapshot.h"

/**
 * Finds who has the pages that the kernel uses and that no counter names: by the page table, by
 * marks of the pages themselves, and by pointers to them in all slabs, per-CPU memory, areas of
 * vmalloc, and the kernel's data. An object without a name has the name of the one that
 * points to it.
 *
 * Memory changes meanwhile, and a pointer may be left over from a page that was freed since. So a
 * few pages may have a wrong name; no page is counted twice, and none is left out.
 */
struct kt_direct_pages_sum {
	uint64_t nr_pages;  /* that were looked at */
	uint64_t nr_unread; /* pages and slabs that cannot be read */
	uint64_t nr_torn;   /* slabs and lists that changed meanwhile */
	/* free pages that CPUs keep, by their lists and by their counters */
	uint64_t nr_cpu_free, nr_cpu_counted;
	bool has_free_lists; /* free pages that CPUs keep are apart */
	bool has_page_table; /* areas of vmalloc are apart */
	bool truncated;	     /* there are more holders than are kept */
};

/**
 * Appends to snap->page_owners; uses its hash tables of the boot. Where snap->fragments has an
 * element, fills it (memory/pages/fragments.h).
 */
struct kt_err *kt_direct_pages_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const struct kt_symbol_table *symbols, struct kt_snapshot *snap,
	struct kt_direct_pages_sum *ret_sum) KT_MUST_CHECK;

#endif
