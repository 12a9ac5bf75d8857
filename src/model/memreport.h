// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_MEMREPORT_H
#define KT_MODEL_MEMREPORT_H

#include "base/arena.h"
#include "model/unknown.h"

/**
 * A memory report, which the kernel writes into its log when memory runs out (show_mem() in
 * mm/show_mem.c), with the request that failed and its outcome.
 */

enum kt_memreport_kind {
	KT_MEMREPORT_OTHER,	/* the log does not show the cause */
	KT_MEMREPORT_OOM,	/* the OOM killer */
	KT_MEMREPORT_OOM_GROUP, /* the OOM killer, because a memory cgroup reached its limit */
	KT_MEMREPORT_FAILURE,	/* an allocation failed */
	KT_MEMREPORT_STALL,	/* an allocation took very long */
	KT_MEMREPORT_SYSRQ,	/* requested by SysRq-m */
};

/** Why the request failed, by the watermarks and free lists in the report. */
enum kt_memreport_verdict {
	KT_VERDICT_UNKNOWN,
	KT_VERDICT_SHORT,      /* no zone had more free memory than its reserve */
	KT_VERDICT_FRAGMENTED, /* enough memory was free, but in too small blocks */
	KT_VERDICT_TOO_LARGE,  /* larger than the machine's memory */
};

/** A kind of memory of a report that was cut, as its counters have it; pages may be KT_UNKNOWN. */
struct kt_memreport_counted {
	const char *name;
	int64_t pages;
};

#define KT_MEMREPORT_COUNTED 7 /* kinds at most; each page is in one of them */

#define KT_NO_ORDER (-2) /* differs from -1, the order that SysRq-f requests */

/** Texts are printable, and NULL if unknown; unknown numbers are KT_UNKNOWN. */
struct kt_memreport {
	enum kt_memreport_kind kind;
	enum kt_memreport_verdict verdict;
	bool machine;	     /* about the whole machine; false: about one memory cgroup */
	int64_t line;	     /* line number in the log where it begins */
	const char *time;    /* timestamp as in the log */
	const char *process; /* process that requested memory */
	const char *caller;  /* function that called vmalloc, with its module */
	const char *gfp;     /* GFP flags of the request: names, or a number */
	int order;	     /* of 2^order pages; may be KT_NO_ORDER */
	int64_t asked_bytes; /* size for vmalloc; otherwise computed from order and page size */
	int64_t total_bytes; /* memory of the page allocator */
	int64_t free_bytes;
	/* of them in HighMem, which the report leaves out as out of the request's reach */
	int64_t beyond_bytes;
	/* bytes in zones that the request could use: free, and part of it that only CMA may use */
	int64_t reach_free_bytes, reach_cma_bytes;
	const char *counted; /* of a report that was cut: what its counters prove; else NULL */
	/* the same as numbers; counted_pages: their sum, 0: nothing was counted */
	struct kt_memreport_counted parts[KT_MEMREPORT_COUNTED];
	size_t nr_parts;
	int64_t counted_pages, counted_page_bytes; /* counted_page_bytes: may be KT_UNKNOWN */
	const char *cgroup;			   /* cgroup that reached its limit */
	int64_t usage_bytes, limit_bytes;	   /* of this cgroup */
	const char *killed;			   /* process that was killed */
	int64_t killed_pid, killed_bytes;	   /* pid; anonymous memory */
	const char *largest; /* process with the most memory and swap in the report */
	int64_t largest_pid, largest_rss_bytes, largest_swap_bytes;
	const char *damage; /* why none of its numbers is trustworthy; NULL: they are */
};
typedef KT_LIST(struct kt_memreport) kt_memreports;

/** One line of a memory cgroup's memory.stat in a report. */
struct kt_memreport_stat {
	const char *name;
	int64_t bytes;
};

/* of the cgroup of the report in use */
#define KT_MEMREPORT_LISTS(LIST) LIST(struct kt_memreport_stat, memreport_stats)

#endif
