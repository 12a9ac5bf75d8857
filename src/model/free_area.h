// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_FREE_AREA_H
#define KT_MODEL_FREE_AREA_H

#include <stdbool.h>
#include <stdint.h>

/** More than any kernel has: 11 as a rule, 14 on arm64 with pages of 64 KiB, 18 on ia64. */
#define KT_ORDERS_MAX 24

/**
 * The free lists of one zone, or of one mobility (migrate type) of a zone: how many free
 * blocks of 2^order pages there are. Parsers see to it that all pages of a file together
 * are at most KT_AMOUNT_MAX / 4096.
 */
struct kt_free_area {
	int node;
	const char *zone;
	const char *mobility; /* NULL: all together */
	int nr_orders;
	int64_t nr_blocks[KT_ORDERS_MAX];
	bool capped;	       /* the kernel stopped counting: there may be more blocks */
	int64_t nr_pageblocks; /* of this mobility; -1: not known */
};

#endif
