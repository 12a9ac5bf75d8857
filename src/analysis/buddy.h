// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_BUDDY_H
#define KT_ANALYSIS_BUDDY_H

#include "model/snapshot.h"

/**
 * Free lists of the buddy allocator with respect to an allocation of 2^order pages. The two indices
 * equal the numbers in /sys/kernel/debug/extfrag to the digit: mm/vmstat.c.
 */
struct kt_contig {
	int64_t free_pages, nr_blocks;
	int64_t nr_suitable; /* blocks of 2^order pages that the free blocks can provide */
};

struct kt_contig kt_contig_of(const struct kt_free_area *area, int order);
/** Thousandths of the free memory that are in too small blocks; 1000 if nothing is free. */
int kt_unusable_index(const struct kt_contig *contig, int order);
/**
 * Returns -1000 if a block is large enough; otherwise near 0 if memory is short, near 1000 if it is
 * fragmented. The kernel's formula also gives negative numbers if there are few blocks.
 */
int kt_extfrag_index(const struct kt_contig *contig, int order);

int64_t kt_free_pages(const struct kt_free_area *area);
/** Adds the blocks and orders of one area to another. */
void kt_free_area_add(struct kt_free_area *to, const struct kt_free_area *area);

const struct kt_zone *kt_zone_of(const struct kt_snapshot *snap, const struct kt_free_area *area);

/**
 * Whether ordinary kernel allocations (GFP_KERNEL) may use a zone. HighMem and Movable are for
 * processes and the page cache.
 */
bool kt_zone_serves_kernel(const char *zone);
/**
 * Pages that a zone reserves from kernel allocations which could use a higher zone (lowmem_reserve,
 * for GFP_KERNEL); KT_UNKNOWN: unknown.
 */
int64_t kt_zone_reserve(const struct kt_snapshot *snap, const struct kt_zone *zone);

#define KT_ORDER_NONE (-1)

/**
 * Largest order that an ordinary kernel allocation (GFP_KERNEL) gets from this zone immediately,
 * without reclaim: a block is free, and the zone stays above its min watermark and its reserve
 * (__zone_watermark_ok()). If mobilities are known, free lists for special allocations (HighAtomic,
 * CMA, Isolate) are left out. `ret_mark_known`: false if the zone's watermark or reserve is
 * unknown; the result is then an upper bound.
 */
int kt_largest_order(
	const struct kt_snapshot *snap, const struct kt_free_area *area, bool *ret_mark_known);

/** Bytes that the buddy allocator uses for a request: the next power of two of pages. */
int64_t kt_buddy_bytes(int64_t asked_bytes, int64_t page_bytes);

#endif
