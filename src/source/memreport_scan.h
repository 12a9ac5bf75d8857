// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMREPORT_SCAN_H
#define KT_SOURCE_MEMREPORT_SCAN_H

#include "base/err.h"
#include "model/snapshot.h"
#include "source/memreport_line.h"

/**
 * Puts the lines of a log together to memory reports. Lines of several CPUs may be mixed:
 * where the log says who printed a line, reports are told apart by that; where it does not,
 * a report into which another one is mixed is found out (a line twice, with other numbers)
 * and not believed.
 */

#define KT_MEMREPORT_SITES 3 /* of ten that the kernel prints */

struct kt_memreport_zone {
	int node;
	const char *name;
	bool shown;		     /* its line of counters was there */
	int64_t kb[KT_MEMLINE_KEYS]; /* -1: not there */
	/* kept back for requests that could do without, by the zone they could use */
	int64_t reserve_pages[KT_ZONES_MAX];
	unsigned nr_reserves;
	int64_t pcp_pages; /* by the lines of CPUs, before 4.2; -1 */
	/* its free lists */
	unsigned nr_orders;
	int64_t blocks[KT_ORDERS_MAX];
	bool typed, usable[KT_ORDERS_MAX];
	int64_t page_kb, list_kb; /* of order 0; of all */
	bool listed;		  /* the list is whole */
};

struct kt_memreport_node {
	int node;
	int64_t kb[KT_MEMLINE_KEYS];
};

struct kt_memreport_task {
	const char *name;
	int64_t pid, values[KT_TCOL_COUNT]; /* -1: not there */
};

/** All that one report says. */
struct kt_memreport_detail {
	struct kt_memreport about;
	const char *release, *hardware;			    /* of the kernel, of the machine */
	int64_t head[KT_MEMLINE_HEADS], sums[KT_SUM_COUNT]; /* pages, -1: not there */
	KT_LIST(struct kt_memreport_node) nodes;
	KT_LIST(struct kt_memreport_zone) zones;
	KT_LIST(struct kt_memline_pool) pools;
	KT_LIST(struct kt_memreport_task) tasks;
	KT_LIST(struct kt_cache) caches;
	KT_LIST(struct kt_memreport_stat) stats;
	KT_LIST(struct kt_memline_pair) unknown; /* counters of a newer kernel */
	const char *sites[KT_MEMREPORT_SITES]; /* allocation sites with the most memory, or NULL */
	bool tasks_listed, tasks_cut;
	bool cut;	 /* lines of nodes or zones have lost their end */
	int64_t kmem_kb; /* kernel memory of the cgroup; -1 */
};

/**
 * Lists the reports of a log. Where `detail` is not 0, the report of that number (from 1)
 * is kept in `ret_detail`, whole. Everything lives in `arena`. LIMIT where there are too many.
 */
struct kt_err *kt_memreport_scan(struct kt_span log, struct kt_arena *arena, size_t detail,
	kt_memreports *ret_reports, struct kt_memreport_detail *ret_detail) KT_MUST_CHECK;

/** Checks a report when its last line was read: is it whole, and what does it say? */
void kt_memreport_conclude(struct kt_memreport_detail *detail, struct kt_arena *arena);
/** Bytes; 0 where nothing tells, -1 where lines contradict each other. */
int64_t kt_memreport_page_bytes(const struct kt_memreport_detail *detail);
/** Pages handed to the page allocator, and pages present; -1 where not known. */
struct kt_memreport_total {
	int64_t managed, present;
	bool exact;	/* counted, and not by the flags of pages */
	bool all_zones; /* no zone was left out */
};
struct kt_memreport_total kt_memreport_total(const struct kt_memreport_detail *detail);
/** A counter of the zones added up, in kB; -1 where one of them lacks it. */
int64_t kt_memreport_sum_zones(const struct kt_memreport_detail *detail, int key);

#endif
