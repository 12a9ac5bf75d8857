// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_TASK_H
#define KT_MODEL_TASK_H

#include <stdbool.h>
#include <stdint.h>

/** Amounts of memory that a process has, all in bytes. */
enum kt_task_amount {
	KT_TASK_TABLES,	 /* page tables below the top level (mm->pgtables_bytes) */
	KT_TASK_SIZE,	 /* address space */
	KT_TASK_RSS,	 /* mapped pages, without HugeTLB */
	KT_TASK_ANON,	 /* of which anonymous */
	KT_TASK_FILE,	 /* of which page cache */
	KT_TASK_SHMEM,	 /* of which shared memory and tmpfs */
	KT_TASK_SWAP,	 /* swapped out: an entry stands for each page */
	KT_TASK_HUGETLB, /* mapped huge pages of hugetlbfs */
	KT_TASK_AMOUNTS
};

/** A process (thread group) or a kernel thread. */
struct kt_task {
	const char *name;   /* never NULL; of kernel threads the full one where the kernel tells */
	int64_t pid;	    /* -1: of several, or not known */
	int64_t nr_more;    /* processes beside one that this stands for: usually 0 */
	int64_t ppid, uid;  /* -1: not known */
	int64_t nr_threads; /* a zombie leader included; -1: not known */
	bool kernel;	    /* a kernel thread: has no memory of its own */
	bool zombie;	    /* has ended, and its stack is gone; other threads of it may live */
	int64_t bytes[KT_TASK_AMOUNTS]; /* -1: not known, or it has no memory */
};

#endif
