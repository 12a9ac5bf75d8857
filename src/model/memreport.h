// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_MEMREPORT_H
#define KT_MODEL_MEMREPORT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * A memory report: what the kernel writes into its log when memory runs out (show_mem() in
 * mm/show_mem.c), with who asked for what, and what came of it.
 */

enum kt_memreport_kind {
	KT_MEMREPORT_OTHER,	/* the log does not say what made the kernel write it */
	KT_MEMREPORT_OOM,	/* the OOM killer */
	KT_MEMREPORT_OOM_GROUP, /* the OOM killer, because a memory cgroup is at its limit */
	KT_MEMREPORT_FAILURE,	/* an allocation failed */
	KT_MEMREPORT_STALL,	/* an allocation took very long */
	KT_MEMREPORT_SYSRQ,	/* a person asked: SysRq-m */
};

/** What the request failed of, by the watermarks and free lists that the report shows. */
enum kt_memreport_verdict {
	KT_VERDICT_UNKNOWN,
	KT_VERDICT_SHORT,      /* no zone had more free than it keeps back */
	KT_VERDICT_FRAGMENTED, /* enough was free, in pieces that are too small */
	KT_VERDICT_TOO_LARGE,  /* more than the machine has */
};

#define KT_NO_ORDER (-2) /* -1 is what SysRq-f asks for */

/** Texts are safe to print, NULL where unknown; numbers are -1 where unknown. */
struct kt_memreport {
	enum kt_memreport_kind kind;
	enum kt_memreport_verdict verdict;
	bool machine;	     /* it tells of the whole machine, not of a memory cgroup only */
	int64_t line;	     /* of the log, where it begins */
	const char *time;    /* as the log has it */
	const char *process; /* that asked for memory */
	const char *gfp;     /* what it asked for: names of flags, or a number */
	int order;	     /* 2^order pages, or KT_NO_ORDER */
	int64_t asked_bytes; /* of vmalloc; otherwise by order and page size */
	int64_t total_bytes; /* of the page allocator */
	int64_t free_bytes;
	const char *cgroup;		  /* whose limit was met */
	int64_t usage_bytes, limit_bytes; /* of that cgroup */
	const char *killed;		  /* process that was killed */
	int64_t killed_pid, killed_bytes; /* its anonymous memory */
	const char *largest; /* process with the most memory and swap in the report's list */
	int64_t largest_pid, largest_rss_bytes, largest_swap_bytes;
	const char *damage; /* why no number of it can be believed, or NULL */
};
typedef KT_LIST(struct kt_memreport) kt_memreports;

/** One line of a memory cgroup's memory.stat, as the report has it. */
struct kt_memreport_stat {
	const char *name;
	int64_t bytes;
};

#endif
