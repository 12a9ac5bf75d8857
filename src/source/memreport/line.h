// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMREPORT_LINE_H
#define KT_SOURCE_MEMREPORT_LINE_H

#include "model/memreport.h"
#include "model/metric.h"

#include "base/span.h"

/**
 * Parses the lines of a memory report, one at a time; keeps no state. Source: mm/show_mem.c,
 * mm/oom_kill.c, mm/memcontrol.c and their predecessors since 2.6.32.
 */

/** "name:123kB", "name: 0kB", "name:12" */
struct kt_memline_pair {
	struct kt_span name;
	int64_t value; /* -1: not a number, or an impossible number */
	bool kb;       /* it has a unit, kB */
};

/** Takes the next pair of a line; skips other words. */
bool kt_memline_pair(struct kt_span *rest, struct kt_memline_pair *ret_pair);

/** Name and metric of a counter; KT_METRIC_NONE: known and not needed. */
struct kt_memline_key {
	const char *name;
	enum kt_metric metric;
};

#define KT_MEMLINE_HEADS 32 /* counters in pages: lines without a unit below "Mem-Info:" */
#define KT_MEMLINE_KEYS	 48 /* counters in kB, from the lines of nodes and zones */

/** Indices of the first keys, which code refers to by name. */
enum {
	KT_ZKEY_FREE,
	KT_ZKEY_MIN,
	KT_ZKEY_LOW,
	KT_ZKEY_HIGH,
	KT_ZKEY_BOOST,
	KT_ZKEY_PRESENT,
	KT_ZKEY_MANAGED,
	KT_ZKEY_RESERVED_ATOMIC,
	KT_ZKEY_FREE_ATOMIC,
	KT_ZKEY_PCP,
	KT_ZKEY_CMA, /* the last key that is kept without a metric */
};

extern const struct kt_memline_key kt_memline_heads[KT_MEMLINE_HEADS];
extern const struct kt_memline_key kt_memline_keys[KT_MEMLINE_KEYS];

/** Returns the index in one of the two tables, or -1. */
int kt_memline_head(struct kt_span name);
int kt_memline_key(struct kt_span name);

/** Takes "Node 3 " at the beginning. Kernels without NUMA leave it out; the node is 0 then. */
bool kt_memline_node(struct kt_span *rest, int *ret_node);
/** Takes a zone's name at the beginning; NULL: there is none. */
const char *kt_memline_zone(struct kt_span *rest);

/** Parts of a line of free lists: "12*4kB", "(UME)", "= 48kB". */
enum kt_memline_token { KT_TOKEN_NONE, KT_TOKEN_BLOCKS, KT_TOKEN_TYPES, KT_TOKEN_TOTAL };
struct kt_memline_list {
	int64_t blocks, kb; /* kB: of BLOCKS, and of TOTAL, which has no blocks */
	bool usable;	    /* of TYPES: an ordinary request may use one of them */
};
enum kt_memline_token kt_memline_list(struct kt_span *rest, struct kt_memline_list *ret_list);

/**
 * Counters of "Node 0 hugepages_total=1 hugepages_free=1 hugepages_surp=0 hugepages_size=2048kB".
 */
struct kt_memline_pool {
	int node;
	int64_t total, free, surplus, size_kb;
};
bool kt_memline_pool(struct kt_span line, struct kt_memline_pool *ret_pool);

/** Numbered lines below the zones, in pages. */
enum kt_memline_sum {
	KT_SUM_CACHE,	 /* "N total pagecache pages" */
	KT_SUM_SWAP,	 /* "N pages in swap cache" */
	KT_SUM_RAM,	 /* "N pages RAM" */
	KT_SUM_MOVABLE,	 /* "N pages HighMem/MovableOnly" */
	KT_SUM_RESERVED, /* "N pages reserved" */
	KT_SUM_CMA,	 /* "N pages cma reserved" */
	KT_SUM_POISON,	 /* "N pages hwpoisoned" */
	KT_SUM_COUNT,
};
const char *kt_memline_sum_name(enum kt_memline_sum sum);
/** Parses a sum; KT_SUM_COUNT: the line has none. `ret_pages` is -1 for an impossible number. */
enum kt_memline_sum kt_memline_sum(struct kt_span line, int64_t *ret_pages);

/** Columns of the list of tasks, as in its heading. */
enum kt_memline_column {
	KT_TCOL_UID,
	KT_TCOL_SIZE, /* address space, in pages like the next five columns */
	KT_TCOL_RSS,
	KT_TCOL_ANON, /* its parts: from 6.9 on */
	KT_TCOL_FILE,
	KT_TCOL_SHMEM,
	KT_TCOL_SWAP,
	KT_TCOL_TABLES, /* page tables in bytes: from Linux 4.15 (commit af5b0f6a09e4) on */
	KT_TCOL_PTES,	/* the same before, in pages */
	KT_TCOL_PMDS,	/* Linux 4.0 (commit dc6c9a35b66b) to 4.14: not in PTES */
	KT_TCOL_COUNT,
};
struct kt_memline_columns {
	int count;	       /* columns between the process number and the name */
	int at[KT_TCOL_COUNT]; /* -1: there is no such column */
};
struct kt_memline_task {
	uint64_t pid;
	int64_t values[KT_TCOL_COUNT]; /* -1: missing */
	struct kt_span name;
};
bool kt_memline_columns(struct kt_span line, struct kt_memline_columns *ret_columns);
bool kt_memline_task(struct kt_span line, const struct kt_memline_columns *columns,
	struct kt_memline_task *ret_task);

/** "kmalloc-2k   5120KB   5376KB" */
struct kt_memline_cache {
	struct kt_span name;
	int64_t used_kb, total_kb;
};
bool kt_memline_cache(struct kt_span line, struct kt_memline_cache *ret_cache);

/** The request that a report begins with, and the process that made it. */
struct kt_memline_request {
	enum kt_memreport_kind kind;
	struct kt_span process, gfp;
	int order;
	int64_t asked_bytes;
};
bool kt_memline_request(struct kt_span line, struct kt_memline_request *ret_request);

/** "Out of memory: Killed process 12 (name) total-vm:1kB, anon-rss:2kB, …" */
struct kt_memline_killed {
	bool group; /* killed because of a memory cgroup's limit */
	uint64_t pid;
	struct kt_span name;
	int64_t anon_kb; /* kB; -1: missing */
};
bool kt_memline_killed(struct kt_span line, struct kt_memline_killed *ret_killed);

/** "memory: usage 1kB, limit 2kB, failcnt 3"; `what` is "memory", "kmem", "swap" … */
bool kt_memline_usage(
	struct kt_span line, const char *what, int64_t *ret_usage_kb, int64_t *ret_limit_kb);
/** Returns the text after `key` up to a comma. */
bool kt_memline_value(struct kt_span line, const char *key, struct kt_span *ret_value);

#endif
