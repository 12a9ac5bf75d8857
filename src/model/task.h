// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_TASK_H
#define KT_MODEL_TASK_H

#include "model/unknown.h"

#include <stdbool.h>
#include <stdint.h>

struct kt_arena;

/** Amounts of a process's memory, all in bytes. */
enum kt_task_amount {
	KT_TASK_TABLES,	 /* page tables below the top level (mm->pgtables_bytes) */
	KT_TASK_SIZE,	 /* address space */
	KT_TASK_RSS,	 /* mapped pages, without HugeTLB */
	KT_TASK_ANON,	 /* anonymous part of RSS */
	KT_TASK_FILE,	 /* page cache part of RSS */
	KT_TASK_SHMEM,	 /* shared memory and tmpfs part of RSS */
	KT_TASK_SWAP,	 /* swapped out pages */
	KT_TASK_HUGETLB, /* mapped huge pages of hugetlbfs */
	KT_TASK_AMOUNTS
};

/** A process (thread group) or a kernel thread. Each number except `nr_more` may be KT_UNKNOWN. */
struct kt_task {
	const char *name; /* never NULL; full name of a kernel thread if the kernel gives it */
	int64_t pid;	  /* KT_UNKNOWN: an entry for several processes */
	int64_t nr_more;  /* further processes that this entry represents: usually 0 */
	int64_t ppid, uid;
	int64_t nr_threads; /* a zombie leader included */
	bool kernel;	    /* a kernel thread: has no user memory */
	bool zombie;	    /* has ended and its stack is freed; its other threads may live */
	int64_t bytes[KT_TASK_AMOUNTS]; /* KT_UNKNOWN: it has no user memory */
};

/** The deepest use of one thread's kernel stack, by kernel memory. */
struct kt_stack_use {
	const char *name;   /* of the process, or of the kernel thread; at most 15 characters */
	int64_t pid;	    /* of the process; 0: an idle thread */
	bool kernel;	    /* a kernel thread */
	int64_t used_bytes; /* from the top to the deepest word ever written; KT_UNKNOWN: unread */
};

/** Descriptors of a process. */
struct kt_task_files {
	const char *name; /* of the process; NULL: out of memory */
	int64_t pid;
	int64_t nr_files;
	int64_t nr_sockets; /* contained in nr_files; KT_UNKNOWN: too many to look at each */
};

/** How the stacks were read. */
struct kt_stack_walk {
	int64_t each_bytes; /* size of one stack; KT_UNKNOWN: stacks were not read */
	int64_t nr_ended;   /* threads that have ended and hold no stack */
	int64_t nr_torn;    /* lists of threads that changed each time they were read */
};

static inline struct kt_stack_walk kt_stack_walk_unknown(void)
{
	return (struct kt_stack_walk){ .each_bytes = KT_UNKNOWN };
}

#define KT_TASK_LISTS(LIST)                   \
	LIST(struct kt_task, tasks)           \
	LIST(struct kt_stack_use, stack_uses) \
	LIST(struct kt_task_files, task_files)
#define KT_TASK_RECORDS(RECORD) RECORD(kt_stack_walk, stack_walk)

/** Family of a kernel thread: "kworker" for "kworker/0:1H-kblockd", "kswapd" for "kswapd0". */
const char *kt_thread_family(struct kt_arena *arena, const char *name);

#endif
