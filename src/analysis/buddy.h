// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_BUDDY_H
#define KT_ANALYSIS_BUDDY_H

#include "model/snapshot.h"

/**
 * What the free lists of the buddy allocator say about an allocation of 2^order pages. The
 * two indices are those of /sys/kernel/debug/extfrag, to the digit: mm/vmstat.c.
 */
struct kt_contig {
	int64_t free_pages, nr_blocks;
	int64_t nr_suitable; /* blocks of 2^order pages that the free blocks would give */
};

struct kt_contig kt_contig_of(const struct kt_free_area *area, int order);
/** Thousandths of the free memory that lie in blocks too small; 1000 where nothing is free. */
int kt_unusable_index(const struct kt_contig *contig, int order);
/**
 * -1000 where a block is large enough; else near 0 where memory is lacking, near 1000 where
 * it is only in pieces. The kernel's arithmetic goes below 0 as well where few blocks are.
 */
int kt_extfrag_index(const struct kt_contig *contig, int order);

int64_t kt_free_pages(const struct kt_free_area *area);
/** Adds blocks and orders of one area to another. */
void kt_free_area_add(struct kt_free_area *to, const struct kt_free_area *area);

const struct kt_zone *kt_zone_of(const struct kt_snapshot *snap, const struct kt_free_area *area);

/**
 * Pages that a zone keeps from kernel allocations that could have come from a higher zone
 * (lowmem_reserve, for GFP_KERNEL); -1 where the kernel does not tell.
 */
int64_t kt_zone_reserve(const struct kt_snapshot *snap, const struct kt_zone *zone);

#define KT_ORDER_NONE (-1)

/**
 * The largest order that an ordinary kernel allocation (GFP_KERNEL) gets from this zone at
 * once, without reclaim: a block is there, and the zone stays above its min watermark and
 * its reserve (__zone_watermark_ok()). Free lists that are only for some allocations
 * (HighAtomic, CMA, Isolate) are left out where mobilities are known. `ret_mark_known`:
 * false where the zone's watermark is not, so that only the blocks were looked at.
 */
int kt_largest_order(
	const struct kt_snapshot *snap, const struct kt_free_area *area, bool *ret_mark_known);

/** What the buddy allocator takes for a request: the next power of two of pages. */
int64_t kt_buddy_bytes(int64_t asked_bytes, int64_t page_bytes);

#endif
