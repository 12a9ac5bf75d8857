// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TRACE_SAMPLE_H
#define KT_TRACE_SAMPLE_H

#include <stdint.h>

/**
 * Sampling by bytes: each byte that is allocated is drawn with the same probability, 1/interval, so
 * an allocation of Z bytes is kept with 1 - exp(-Z / interval) and stands for the inverse of it.
 * The programs count down an exponential gap; only an allocation that ends it costs more.
 */

#define KT_TRACE_COMM 16u

/** An allocation that was drawn, as the programs write it. */
struct kt_trace_sample {
	uint64_t address;		 /* of the object; of pages: of their struct page */
	uint64_t taken_ns, freed_ns;	 /* of the boot clock; freed 0: not seen */
	uint64_t interval_bytes;	 /* that it was drawn with */
	uint64_t bytes, requested_bytes; /* requested 0: not known */
	uint64_t site;			 /* address of the call; 0: not known */
	uint64_t cgroup;		 /* id */
	uint64_t pid_tgid;		 /* of the task that ran */
	uint32_t hook, freed_by;	 /* numbers of the hooks */
	int32_t stack;			 /* number; below 0: it could not be kept */
	uint32_t unused;
	char comm[KT_TRACE_COMM]; /* of the task that ran */
};

/** Counts of a program, of one CPU. The programs write it, a process reads it as it changes. */
struct kt_trace_counts {
	int64_t left;		 /* bytes until the next sample */
	uint64_t interval_bytes; /* that this gap was drawn with */
	uint64_t next_bytes;	 /* interval of the gap after it */
	uint64_t burst;		 /* samples since the process last looked */
	uint64_t runs;		 /* all events */
	uint64_t objects, bytes; /* of the watched memory */
	uint64_t samples;
	uint64_t full;	   /* samples that the table had no room for */
	uint64_t again;	   /* addresses that were still in the table */
	uint64_t no_stack; /* samples without a stack */
	uint64_t ended;	   /* samples that were freed */
	uint64_t not_told; /* of them: the buffer was full */
	uint64_t unused[3];
};
#define KT_TRACE_COUNTS_SHIFT 7 /* of their size, 128 bytes */

/** An allocation or a free, as the programs write it while each event is kept. */
struct kt_trace_event {
	uint64_t address; /* of the object */
	uint64_t time_ns; /* of the boot clock */
	uint64_t cache;	  /* address of the struct kmem_cache of its page; 0: not in a page */
	uint64_t requested_bytes; /* 0: not known */
	uint32_t cpu, hook;
};

/**
 * While each event is kept, the counts begin with so many places instead: objects that one of the
 * two programs of a hook has taken, by address.
 */
#define KT_TRACE_CLAIMS 4

/** Draws of an exponential gap: quantiles of a mean of 2^20, for an index of 12 random bits. */
#define KT_TRACE_GAPS 4096u
#define KT_TRACE_UNIT 20

#endif
