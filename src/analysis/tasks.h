// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_TASKS_H
#define KT_ANALYSIS_TASKS_H

#include "model/snapshot.h"

/**
 * Processes and kernel threads, put together: user processes of one name, kernel threads of
 * one family, or each on its own.
 */
struct kt_task_group {
	struct kt_task sum; /* pid: of a process on its own, otherwise -1 */
	int64_t nr_processes;
	int64_t nr_stacks;	  /* threads that live; -1: not known */
	int64_t nr_spaces;	  /* processes that have memory of their own */
	int64_t huge_saves_bytes; /* page tables that huge pages would spare; -1: not known */
};

typedef KT_LIST(struct kt_task_group) kt_task_groups;
typedef KT_LIST(struct kt_task) kt_tasks;

enum kt_task_by { KT_BY_NAME, KT_BY_PROCESS };

/** The groups in no particular order. False when out of memory. */
bool kt_task_groups_make(struct kt_arena *arena, const struct kt_snapshot *snap, enum kt_task_by by,
	kt_task_groups *ret_groups);

#define KT_TASKS_REST "(smaller ones)"

/**
 * What is worth keeping of all: the processes and families of kernel threads with most page
 * tables and those with most threads, `most` of each, ordered by name; and behind them the sums
 * of the rest, one entry each for processes, zombies and kernel threads. False when out of
 * memory.
 */
bool kt_tasks_largest(
	struct kt_arena *arena, const struct kt_snapshot *snap, size_t most, kt_tasks *ret_tasks);

/** "kworker/0:1H-kblockd" is of the family "kworker", "kswapd0" of "kswapd". */
const char *kt_thread_family(struct kt_arena *arena, const char *name);

/** Threads that have a stack, among those that were seen, and what the kernel keeps. */
struct kt_stacks {
	int64_t total_bytes; /* KernelStack; -1: not known */
	int64_t each_bytes;  /* size of one; -1: it could not be worked out */
	int64_t nr_seen;     /* of processes and kernel threads that are shown */
	int64_t nr_idle;     /* idle threads, which no file shows */
	int64_t nr_zombies;
	int64_t nr_hidden; /* threads that this user or container is not shown; 0: none */
};

struct kt_stacks kt_stacks_of(const struct kt_snapshot *snap);

/** What huge pages would spare of one process's page tables; -1: not known. */
int64_t kt_huge_saves(const struct kt_task *task, int64_t page_bytes);

/** What one page of entries maps: 2 MiB where pages have 4 KiB. */
int64_t kt_table_span(int64_t page_bytes);

/** Sums that end at the largest number instead of turning over; -1 + -1 is -1. */
void kt_add_known(int64_t *sum, int64_t value);

#endif
