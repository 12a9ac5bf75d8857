// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_LIST_BUDDY_TABLES_H
#define KT_CMD_LIST_BUDDY_TABLES_H

#include "analysis/buddy.h"
#include "report/report.h"
#include "report/shape.h"

struct kt_buddy_zone {
	const struct kt_free_area *area;
	const struct kt_zone *zone; /* NULL: proc/zoneinfo has no such zone */
	int64_t free_pages;
	int largest; /* order, or KT_ORDER_NONE */
};

/** Data for the tables of "ktally buddy". */
struct kt_buddy {
	const struct kt_snapshot *snap;
	int64_t page_bytes; /* KT_UNKNOWN */
	struct kt_buddy_zone *zones;
	size_t nr_zones;
	struct kt_free_area all; /* the blocks of all zones */
	int largest;
	bool marks_known; /* the watermarks of every zone are */
};

/**
 * Computes the zones of `snap`, which must outlive the result. The zones belong to `arena`. Without
 * memory there are no zones.
 */
struct kt_buddy kt_buddy_of(const struct kt_snapshot *snap, struct kt_arena *arena);
/** Returns "DMA32", with its node if there are several. */
const char *kt_buddy_zone_name(
	struct kt_arena *arena, const struct kt_buddy *buddy, const struct kt_free_area *area);
/** Returns "16 KiB (order 2)", or "a block of order 2" if the page size is not known. */
void kt_buddy_size(const struct kt_buddy *buddy, int order, char ret[40]);
/** The shapes of the tables. */
#define KT_BUDDY_NR_TABLES 7
extern const struct kt_part kt_buddy_parts[KT_BUDDY_NR_TABLES];
/** `all`: text shows the long tables too. */
void kt_buddy_put_tables(struct kt_report *report, const struct kt_buddy *buddy, bool all);

#endif
