// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMREPORT_DETAIL_H
#define KT_SOURCE_MEMREPORT_DETAIL_H

#include "model/snapshot.h"
#include "source/memreport/line.h"

/** One memory report of a kernel log, and the conclusions from its lines. */

#define KT_MEMREPORT_SITES 64u /* sites kept; the kernel prints ten */

struct kt_memreport_zone {
	int node;
	const char *name;
	bool shown;		     /* the report has its line of counters */
	int64_t kb[KT_MEMLINE_KEYS]; /* kB; -1: missing */
	/*
	 * pages kept for requests that cannot use other zones, by the zone that a request prefers
	 */
	int64_t reserve_pages[KT_ZONES_MAX];
	unsigned nr_reserves;
	/* pages, from the lines of CPUs, before Linux 4.1 (commit d1bfcdb8ce0e); -1: unknown */
	int64_t pcp_pages;
	/* free lists of the zone */
	unsigned nr_orders;
	int64_t blocks[KT_ORDERS_MAX];
	bool typed, usable[KT_ORDERS_MAX];
	int64_t page_kb, list_kb; /* kB: of order 0; of all orders */
	bool listed;		  /* the list is complete */
};

struct kt_memreport_node {
	int node;
	int64_t kb[KT_MEMLINE_KEYS];
};

struct kt_memreport_task {
	const char *name;
	int64_t pid, values[KT_TCOL_COUNT]; /* -1: missing */
};

/** A call site of allocation profiling; its size is rounded. */
struct kt_memreport_site {
	const char *size; /* as printed */
	struct kt_user user;
};

/** Everything that one report contains. */
#define KT_MEMREPORT_CUT (-2)

struct kt_memreport_detail {
	struct kt_memreport about;
	const char *release, *hardware; /* release of the kernel; name of the machine */
	/* pages; -1: missing; KT_MEMREPORT_CUT: digits may be missing */
	int64_t head[KT_MEMLINE_HEADS], sums[KT_SUM_COUNT];
	KT_LIST(struct kt_memreport_node) nodes;
	KT_LIST(struct kt_memreport_zone) zones;
	KT_LIST(struct kt_memline_pool) pools;
	KT_LIST(struct kt_memreport_task) tasks;
	KT_LIST(struct kt_cache) caches;
	KT_LIST(struct kt_memreport_stat) stats;
	KT_LIST(struct kt_memline_pair) unknown; /* counters that only a newer kernel has */
	KT_LIST(struct kt_memreport_site) sites; /* call sites with the most memory */
	bool tasks_listed, tasks_cut;
	bool cut;	 /* lines of nodes or zones were cut off */
	int64_t kmem_kb; /* kB; kernel memory of the cgroup; -1: unknown */
};

/** Concludes after the last line: whether the report is complete, and what follows from it. */
void kt_memreport_conclude(struct kt_memreport_detail *detail, struct kt_arena *arena);
/** Bytes; 0: no line shows it; -1: lines contradict each other. */
int64_t kt_memreport_page_bytes(const struct kt_memreport_detail *detail);
/** Pages of the page allocator, and pages present; -1: unknown. */
struct kt_memreport_total {
	int64_t managed, present;
	bool exact;	/* the pages were counted, not found by their flags */
	bool all_zones; /* no zone was left out */
};
struct kt_memreport_total kt_memreport_total(const struct kt_memreport_detail *detail);
/** kB that a zone keeps back for high-order atomic requests; -1: unknown. */
int64_t kt_memreport_high_atomic_kb(const struct kt_memreport_zone *zone);
/** A counter of the zones added up, in kB; -1 where one of them lacks it. */
int64_t kt_memreport_sum_zones(const struct kt_memreport_detail *detail, int key);

/** Adds the call sites of a report to the users of memory. */
void kt_memreport_put_sites(
	const struct kt_memreport_detail *detail, const char *path, struct kt_snapshot *snap);

#endif
