// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGE_TABLE_H
#define KT_MEMORY_PAGE_TABLE_H

#include "kernel/page_form.h"
#include "memory/memmap.h"

/**
 * The kernel's page table, walked in memory: which page is at an address of vmalloc, of a stack, of
 * a module. x86-64 with 4 or 5 levels, arm64 with pages of 4, 16 and 64 KiB.
 *
 * How many levels there are is in no type data. Each form is tried on addresses whose page is
 * known, in the kernel's map of all memory, and must give these pages.
 */
struct kt_page_table {
	const struct kt_memmap *memmap;
	const struct kt_page_form *form;
	uint64_t root; /* address of the table of the highest level */
};

/** ABSENT: it is not found, or its form is not known. The map must have its direct map. */
struct kt_err *kt_page_table_find(
	const struct kt_memmap *memmap, struct kt_page_table *ret_table) KT_MUST_CHECK;
/**
 * Finds the page at a kernel address; false: none is there. `ret_pages`: how many pages this entry
 * of the table maps.
 */
bool kt_page_table_look(const struct kt_page_table *table, uint64_t address, uint64_t *ret_pfn,
	uint64_t *ret_pages);

/**
 * Reads an entry that leads to a table of the next level; false: it maps a page, or nothing, or is
 * no entry.
 */
bool kt_page_table_below(const struct kt_page_table *table, uint64_t entry, uint64_t *ret_pfn);

/** Called by a walk over the whole page table. */
struct kt_page_table_visit {
	/** Pages that are mapped at an address: `nr_pages` from `pfn` on. */
	void (*mapped)(void *arg, uint64_t address, uint64_t pfn, uint64_t nr_pages);
	/** A page that the table itself is made of. */
	void (*table)(void *arg, uint64_t pfn);
	void *arg;
};

/**
 * Walks the kernel's part of the table, by address. LIMIT: it has more tables than fit into memory;
 * it changed into a circle meanwhile.
 */
struct kt_err *kt_page_table_each(
	const struct kt_page_table *table, const struct kt_page_table_visit *visit) KT_MUST_CHECK;

#endif
