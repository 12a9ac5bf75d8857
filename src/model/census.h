// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_CENSUS_H
#define KT_MODEL_CENSUS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/page_class.h"
#include "model/unknown.h"

#include <stddef.h>

/**
 * Counts every page of memory by its use. The words of /proc/kpageflags are passed in address
 * order; the memory use of a census does not depend on the number of pages.
 */

struct kt_snapshot;

#define KT_CENSUS_GROUPS_MAX 65536u
#define KT_CENSUS_CELLS_MAX  (1u << 20)
#define KT_CENSUS_OTHERS     UINT64_MAX /* inode of the groups beyond the maximum */

struct kt_page_counts {
	int64_t nr[KT_PAGE_CLASSES];
};

/** Page counts of one zone. `node` is KT_NO_NODE and `name` NULL if the zones are unknown. */
struct kt_census_zone {
	int node;
	const char *name;
	int64_t present; /* pages, by the zone's counter; may be KT_UNKNOWN */
	struct kt_page_counts pages;
};

/** Pages charged to one cgroup; tail pages of a compound page belong to the cgroup of its head. */
struct kt_census_group {
	uint64_t inode;	  /* inode of its directory; 0: not charged */
	const char *path; /* below the root of its hierarchy, begins with "/"; NULL: unknown */
	struct kt_page_counts pages;
};

/** Page frames of System RAM, [start, end), all in one zone. */
struct kt_census_range {
	uint64_t start, end;
	size_t zone; /* index into kt_census.zones */
};

/** A scaled-down census: a cell for each 2^shift pages, in address order. */
struct kt_census_map {
	unsigned shift;
	size_t nr_cells;
	uint8_t (*shares)[KT_PAGE_CLASSES]; /* fraction of a cell in each class; 255: all */
};

struct kt_census {
	struct kt_arena *arena;
	struct kt_page_counts pages;
	int64_t nr_pages;   /* all pages, unread pages included */
	int64_t nr_lru;	    /* on LRU lists */
	int64_t nr_outside; /* System RAM in no zone, or offline: not read */
	uint64_t bits;	    /* bits that were set in at least one word */
	uint32_t classes;   /* that the words can have: 1 << enum kt_page_class */
	KT_LIST(struct kt_census_zone) zones;
	KT_LIST(struct kt_census_range) ranges;
	KT_LIST(struct kt_census_group) groups;
	uint32_t *group_index; /* NULL: cgroups were not requested */
	uint32_t group_last;
	struct kt_census_map *map;		    /* NULL: no map was requested */
	uint32_t cell[KT_PAGE_CLASSES], cell_pages; /* the cell being filled */
	struct kt_page_reader reader;
	size_t zone;
};

/** Classes that only struct page distinguishes. */
#define KT_CENSUS_BY_STRUCT                                                          \
	(1u << KT_PAGE_KMALLOC | 1u << KT_PAGE_ZSMALLOC | 1u << KT_PAGE_UNACCEPTED | \
		1u << KT_PAGE_UNREFERENCED | 1u << KT_PAGE_UNINITIALISED)

/**
 * Makes a census in `arena`, with counts per cgroup if `groups`; its words have the
 * classes of /proc/kpageflags. NULL when out of memory.
 */
struct kt_census *kt_census_new(struct kt_arena *arena, bool groups);
/**
 * Plans the ranges to read: System RAM of the snapshot, cut at zone boundaries. Pages in no zone
 * are not present to the kernel and are left out. LIMIT: more than `pages_max` pages; ABSENT: no
 * System RAM is known.
 */
struct kt_err *kt_census_plan(
	struct kt_census *census, const struct kt_snapshot *snap, uint64_t pages_max) KT_MUST_CHECK;
/** Leaves out offline page frames; call after planning. */
void kt_census_leave_out(struct kt_census *census, uint64_t start, uint64_t end);
/** Starts the map. Call once, when the ranges are known and before the first page is counted. */
void kt_census_start_map(struct kt_census *census);

/** Counts consecutive pages of the range; `inodes`: cgroups of the pages, or NULL. */
void kt_census_begin(struct kt_census *census, const struct kt_census_range *range);
void kt_census_add(
	struct kt_census *census, const uint64_t *words, const uint64_t *inodes, size_t count);
/** Counts pages that could not be read. */
void kt_census_add_unread(struct kt_census *census, int64_t count);
void kt_census_end(struct kt_census *census);

int64_t kt_page_counts_sum(const struct kt_page_counts *counts);

#endif
