// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_CENSUS_H
#define KT_MODEL_CENSUS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/page_class.h"

#include <stddef.h>

/**
 * A count of every page of memory by what it is used for. Words of /proc/kpageflags are
 * fed in the order of their addresses; memory use does not depend on how many there are.
 */

struct kt_snapshot;

#define KT_CENSUS_GROUPS_MAX 65536u
#define KT_CENSUS_CELLS_MAX  (1u << 20)
#define KT_CENSUS_OTHERS     UINT64_MAX /* inode of the groups beyond the maximum */

struct kt_page_counts {
	int64_t nr[KT_PAGE_CLASSES];
};

/** Pages of one zone. `node` is KT_NO_NODE and `name` NULL where the zones are not known. */
struct kt_census_zone {
	int node;
	const char *name;
	int64_t present; /* by its counter; -1: not known */
	struct kt_page_counts pages;
};

/** Pages charged to one cgroup; tails of compound pages to the one of their head. */
struct kt_census_group {
	uint64_t inode;	  /* of its folder; 0: charged to none */
	const char *path; /* below the root of its hierarchy, "/" first; NULL: not known */
	struct kt_page_counts pages;
};

/** Page frames of System RAM, [start, end), all in one zone. */
struct kt_census_range {
	uint64_t start, end;
	size_t zone; /* index into kt_census.zones */
};

/** The same in little: a cell for each 2^shift pages, in the order of their addresses. */
struct kt_census_map {
	unsigned shift;
	size_t nr_cells;
	uint8_t (*shares)[KT_PAGE_CLASSES]; /* how much of a cell is of a class; 255 is all */
};

struct kt_census {
	struct kt_arena *arena;
	struct kt_page_counts pages;
	int64_t nr_pages;   /* all of them, the unread included */
	int64_t nr_lru;	    /* on LRU lists */
	int64_t nr_outside; /* System RAM in no zone, or offline: not looked at */
	uint64_t bits;	    /* every bit that was set in any word */
	KT_LIST(struct kt_census_zone) zones;
	KT_LIST(struct kt_census_range) ranges;
	KT_LIST(struct kt_census_group) groups;
	uint32_t *group_index; /* NULL where cgroups are not asked for */
	uint32_t group_last;
	struct kt_census_map *map;		    /* NULL where none is asked for */
	uint32_t cell[KT_PAGE_CLASSES], cell_pages; /* the cell that is being filled */
	struct kt_page_reader reader;
	size_t zone;
};

/** What is asked for beyond the counts. Their memory is of `arena`. NULL when out of memory. */
struct kt_census *kt_census_new(struct kt_arena *arena, bool groups);
/**
 * The ranges to look at: System RAM of the snapshot, cut where zones begin and end. Pages
 * in no zone are not present to the kernel and left out. LIMIT where there are more than
 * `pages_max`; ABSENT where no System RAM is known.
 */
struct kt_err *kt_census_plan(
	struct kt_census *census, const struct kt_snapshot *snap, uint64_t pages_max) KT_MUST_CHECK;
/** Leaves out page frames that are offline, after planning. */
void kt_census_leave_out(struct kt_census *census, uint64_t start, uint64_t end);
/** Once, when the ranges are known and before the first page is counted. */
void kt_census_start_map(struct kt_census *census);

/** Pages of the range that follow each other; `inodes` of their cgroups, or NULL. */
void kt_census_begin(struct kt_census *census, const struct kt_census_range *range);
void kt_census_add(
	struct kt_census *census, const uint64_t *words, const uint64_t *inodes, size_t count);
/** Pages that could not be read. */
void kt_census_add_unread(struct kt_census *census, int64_t count);
void kt_census_end(struct kt_census *census);

int64_t kt_page_counts_sum(const struct kt_page_counts *counts);

#endif
