// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_TASKS_H
#define KT_ANALYSIS_TASKS_H

#include "model/snapshot.h"

/**
 * A group of processes and kernel threads: user processes with the same name, kernel threads of one
 * family, or a single process.
 */
struct kt_task_group {
	struct kt_task sum; /* pid: of a single process, otherwise -1 */
	int64_t nr_processes;
	int64_t nr_stacks;	  /* living threads; -1: unknown */
	int64_t nr_spaces;	  /* processes that have memory of their own */
	int64_t huge_saves_bytes; /* page tables that huge pages would save; -1: unknown */
};

typedef KT_LIST(struct kt_task_group) kt_task_groups;
typedef KT_LIST(struct kt_task) kt_tasks;

enum kt_task_by { KT_BY_NAME, KT_BY_PROCESS };

/** Makes the groups in no particular order. False when out of memory. */
bool kt_task_groups_make(struct kt_arena *arena, const struct kt_snapshot *snap, enum kt_task_by by,
	kt_task_groups *ret_groups);

#define KT_TASKS_REST "(smaller ones)"

/**
 * Selects tasks worth keeping: the `most` processes and families of kernel threads with the most
 * page tables, and the `most` with the most threads, sorted by name. The sums of the rest follow,
 * one entry each for processes, zombies and kernel threads. False when out of memory.
 */
bool kt_tasks_largest(
	struct kt_arena *arena, const struct kt_snapshot *snap, size_t most, kt_tasks *ret_tasks);

/** Threads with a stack that were seen, and counts from the kernel. */
struct kt_stacks {
	int64_t total_bytes; /* KernelStack; -1: unknown */
	int64_t each_bytes;  /* size of one stack; -1: it could not be determined */
	int64_t nr_seen;     /* of visible processes and kernel threads */
	int64_t nr_idle;     /* idle threads, which no file shows */
	int64_t nr_zombies;
	int64_t nr_hidden; /* threads hidden from this user or container; 0: none */
};

struct kt_stacks kt_stacks_of(const struct kt_snapshot *snap);

/** Page tables of one process that huge pages would save, in bytes; -1: unknown. */
int64_t kt_huge_saves(const struct kt_task *task, int64_t page_bytes);

/** Memory mapped by one page of entries: 2 MiB with pages of 4 KiB. */
int64_t kt_table_span(int64_t page_bytes);

/** Adds with saturation at the largest number; -1 + -1 is -1. */
void kt_add_known(int64_t *sum, int64_t value);

#endif
