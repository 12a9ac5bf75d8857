// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_BUDDY_TABLES_H
#define KT_CMD_BUDDY_TABLES_H

#include "analysis/buddy.h"
#include "model/report.h"

struct kt_buddy_zone {
	const struct kt_free_area *area;
	const struct kt_zone *zone; /* NULL where proc/zoneinfo has none of that name */
	int64_t free_pages;
	int largest; /* order, or KT_ORDER_NONE */
};

/** What the tables of "ktally buddy" are made of. */
struct kt_buddy {
	const struct kt_snapshot *snap;
	int64_t page_bytes; /* 0: not known */
	struct kt_buddy_zone *zones;
	size_t nr_zones;
	struct kt_free_area all; /* the blocks of all zones */
	int largest;
	bool marks_known; /* the watermarks of every zone are */
};

struct kt_buddy kt_buddy_of(const struct kt_snapshot *snap, struct kt_arena *arena);
/** "DMA32", with its node where there are several. */
const char *kt_buddy_zone_name(
	struct kt_arena *arena, const struct kt_buddy *buddy, const struct kt_free_area *area);
/** "16 KiB (order 2)", or "a block of order 2" where the page size is not known. */
void kt_buddy_size(const struct kt_buddy *buddy, int order, char ret[40]);
/** `all`: text shows the long tables too. */
void kt_buddy_put_tables(struct kt_report *report, const struct kt_buddy *buddy, bool all);

#endif
