// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_ZONE_H
#define KT_MODEL_ZONE_H

#include "model/unknown.h"

#define KT_ZONES_MAX 8 /* zones of one node; a kernel has at most 6 */

/** A zone of a node. Each number except `nr_reserve` may be KT_UNKNOWN. */
struct kt_zone {
	int node;
	const char *name;
	int64_t present, managed, free, pcp, cma_free, unaccepted; /* pages */
	int64_t threshold; /* pages by which a CPU's counters may lag */
	int64_t nr_lists;  /* per-CPU lists summed in `pcp`: one for each CPU */
	int64_t nr_cpus;
	int64_t start_pfn, spanned; /* page frames */
	/* watermarks in pages; min, low and high include the boost */
	int64_t min, low, high, promo, boost;
	int64_t high_atomic; /* pages that only high-order atomic requests may use */
	/*
	 * pages reserved from allocations that could use a higher zone, indexed by the highest zone
	 * that they may use
	 */
	int64_t reserve[KT_ZONES_MAX];
	int nr_reserve; /* 0: unknown; every kernel has at least one */
};

static inline struct kt_zone kt_zone_unknown(int node, const char *name)
{
	return (struct kt_zone){ .node = node,
		.name = name,
		.present = KT_UNKNOWN,
		.managed = KT_UNKNOWN,
		.free = KT_UNKNOWN,
		.pcp = KT_UNKNOWN,
		.cma_free = KT_UNKNOWN,
		.unaccepted = KT_UNKNOWN,
		.threshold = KT_UNKNOWN,
		.nr_cpus = KT_UNKNOWN,
		.start_pfn = KT_UNKNOWN,
		.spanned = KT_UNKNOWN,
		.min = KT_UNKNOWN,
		.low = KT_UNKNOWN,
		.high = KT_UNKNOWN,
		.promo = KT_UNKNOWN,
		.boost = KT_UNKNOWN,
		.high_atomic = KT_UNKNOWN };
}

struct kt_hugepool {
	int node;
	int64_t page_bytes;
	int64_t total, free, reserved, surplus; /* pages, or KT_UNKNOWN */
};

static inline struct kt_hugepool kt_hugepool_unknown(int node, int64_t page_bytes)
{
	return (struct kt_hugepool){ .node = node,
		.page_bytes = page_bytes,
		.total = KT_UNKNOWN,
		.free = KT_UNKNOWN,
		.reserved = KT_UNKNOWN,
		.surplus = KT_UNKNOWN };
}

/** More than any kernel has: usually 11, 14 on arm64 with pages of 64 KiB, 18 on ia64. */
#define KT_ORDERS_MAX 24

/**
 * Free lists of one zone, or of one mobility (migrate type) of a zone: the number of free blocks of
 * each size of 2^order pages. Parsers ensure that all pages of a file add up to at most
 * KT_AMOUNT_MAX / 4096.
 */
struct kt_free_area {
	int node;
	const char *zone;
	const char *mobility; /* NULL: all mobilities together */
	int nr_orders;
	int64_t nr_blocks[KT_ORDERS_MAX];
	uint32_t closed;       /* bit of each order whose blocks are all set aside for some */
	bool capped;	       /* the kernel stopped counting: more blocks may exist */
	int64_t nr_pageblocks; /* pageblocks of this mobility; may be KT_UNKNOWN */
};

#define KT_ZONE_LISTS(LIST)                                                  \
	LIST(struct kt_zone, zones)                                          \
	LIST(struct kt_hugepool, hugepools)                                  \
	LIST(struct kt_free_area, free_areas) /* free blocks of each zone */ \
	LIST(struct kt_free_area, mobilities) /* the same by mobility */

#endif
