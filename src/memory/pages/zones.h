// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGES_ZONES_H
#define KT_MEMORY_PAGES_ZONES_H

#include "base/arena.h"
#include "memory/memmap.h"

/** A zone with pages: its struct and the PFNs that it spans. */
struct kt_zone_place {
	uint64_t address; /* of struct zone */
	uint64_t first, end;
	uint64_t cpu_lists; /* per-CPU address of the lists of CPUs */
};

/** Members of struct zone and of its parts that describe free pages. */
struct kt_zone_layout {
	struct kt_field name, first, spanned, present, node;
	struct kt_field areas;		/* zone.free_area[], by order */
	struct kt_field lists, nr_free; /* of struct free_area */
	struct kt_field cpu_lists;	/* zone.per_cpu_pageset, or zone.pageset */
	bool has_pagesets; /* up to 5.13 (28f836b6777b): it is a struct per_cpu_pageset */
	struct kt_field zones, neighbours; /* of struct pglist_data */
	struct kt_field link, order; /* of a free page: its list, and the order of its block */
};

/** The zones of the machine. */
struct kt_zones {
	struct kt_zone_layout layout;
	struct kt_arena arena;
	KT_LIST(struct kt_zone_place) places;
	uint64_t nr_torn; /* zones of a known node that do not hold together */
};

/**
 * Finds the zones: by symbols of the nodes where the kernel names variables, else from a free
 * block, whose list has its head in the zone. ABSENT: there is no way to them. The caller cleans
 * up in each case.
 */
struct kt_err *kt_zones_find(struct kt_memmap *memmap, struct kt_zones *ret_zones) KT_MUST_CHECK;
void kt_zones_cleanup(struct kt_zones *zones);

#endif
