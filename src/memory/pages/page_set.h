// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGES_PAGE_SET_H
#define KT_MEMORY_PAGES_PAGE_SET_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * A set of pages by PFN: a bit for each page of memory, and a number for each page in the set, by
 * which its owner keeps more about it in an array. Pages are added first, then looked up.
 */
struct kt_page_set {
	uint64_t *bits;
	uint32_t *before; /* pages of the set before each word of bits */
	uint64_t pfn_end;
	uint32_t count;
};

/** Room for pages below `pfn_end`. */
struct kt_err *kt_page_set_init(struct kt_page_set *set, uint64_t pfn_end) KT_MUST_CHECK;
/** PFNs at or above pfn_end are left out. */
void kt_page_set_add(struct kt_page_set *set, uint64_t pfn);
/** Numbers the pages, in the order of their PFNs. */
void kt_page_set_end(struct kt_page_set *set);
/** Finds the number of a page; false: it is not in the set. */
bool kt_page_set_find(const struct kt_page_set *set, uint64_t pfn, uint32_t *ret_index);
/** Called with each page of the set. */
typedef void (*kt_page_set_fn)(void *arg, uint64_t pfn, uint32_t index);
void kt_page_set_each(const struct kt_page_set *set, kt_page_set_fn fn, void *arg);
void kt_page_set_fini(struct kt_page_set *set);

#endif
