// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_BUDDY_H
#define KT_SIMULATE_BUDDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A model of the page allocator of Linux, below a model that asks it for blocks of pages: buddies,
 * and lists of free blocks for each CPU. It has one zone that nothing else uses, which grows by
 * its largest block when no block is left. All pages are of one mobility type, unmovable.
 */
struct kt_sim_buddy;

#define KT_SIM_ORDERS	  11u /* blocks of 2^0 to 2^10 pages */
#define KT_SIM_HUGE_ORDER 9u

/** NULL when out of memory. */
struct kt_sim_buddy *kt_sim_buddy_new(uint32_t page_bytes, uint32_t nr_cpus);
/** NULL is allowed. */
void kt_sim_buddy_free(struct kt_sim_buddy *buddy);
/** The CPU that asks from now on. */
void kt_sim_buddy_set_cpu(struct kt_sim_buddy *buddy, uint32_t cpu);

#define KT_SIM_BLOCK_NONE   UINT32_MAX
#define KT_SIM_BLOCK_BEYOND (UINT32_MAX - 1)

/**
 * Takes a block with room for `pages`: a power of two. Returns its first page; BLOCK_BEYOND: no
 * block is so large, and the pages are not counted; BLOCK_NONE: out of memory.
 */
uint32_t kt_sim_buddy_take(struct kt_sim_buddy *buddy, uint64_t pages);
/** Gives back a block. The first page of no block is ignored. */
void kt_sim_buddy_give(struct kt_sim_buddy *buddy, uint32_t block);

struct kt_sim_blocks {
	bool known;
	uint64_t asked_pages, given_pages; /* in use: given has the rounding to powers of two */
	uint64_t cached_pages;		   /* on the lists of CPUs */
	uint64_t zone_pages;		   /* all, free ones too */
	uint64_t beyond;		   /* requests so far that no block is large enough for */
	uint64_t nr_free[KT_SIM_ORDERS];   /* blocks by order */
};

void kt_sim_buddy_measure(const struct kt_sim_buddy *buddy, struct kt_sim_blocks *ret);
/** Blocks of 2^9 pages that are not free as a whole. */
uint64_t kt_sim_blocks_huge(const struct kt_sim_blocks *blocks);
/** The least number of them that have room for the pages in use. */
uint64_t kt_sim_blocks_huge_least(const struct kt_sim_blocks *blocks);

#endif
