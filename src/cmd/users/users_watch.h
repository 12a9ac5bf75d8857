// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_USERS_USERS_WATCH_H
#define KT_CMD_USERS_USERS_WATCH_H

#include "cli/cmd.h"
#include "machine/machine.h"
#include "source/watch/alloc_watch.h"

/** 'ktally users WHAT --watch TIME': who allocates now, and what is not freed. */

/** How far a watch is. */
struct kt_users_progress {
	enum { KT_USERS_ALLOCATIONS, KT_USERS_FREES, KT_USERS_ENDS } stage;
	int64_t elapsed_ms;
	int64_t nr_samples; /* so far, freed or not */
	int64_t cpu_ns;	    /* that the programs took */
};

struct kt_users_watch_opts {
	double seconds;	     /* 0: nothing is watched */
	int64_t cpu_percent; /* of one CPU, which it may take; 0: 1 */
	/** Called once a second, and when the time is over; NULL: progress is not shown. */
	void (*tell)(const struct kt_users_progress *progress);
};

extern const struct kt_part kt_users_part_watch, kt_users_part_watched;

/** Watches, and puts the result into the report, which has been begun. `stacks`: in full too. */
struct kt_err *kt_users_watch(const struct kt_call *call, const struct kt_users_watch_opts *opts,
	bool stacks, struct kt_machine *machine, struct kt_report *report) KT_MUST_CHECK;

/** Files that are read before a watch. */
extern const struct kt_needs kt_users_watch_needs;
/**
 * Finds the memory that a word names. `root`: where slab caches are looked up; NULL: nowhere.
 * USAGE: it cannot be watched.
 */
struct kt_err *kt_users_watch_find(
	const char *word, struct kt_root *root, struct kt_alloc_watch_opts *ret_opts) KT_MUST_CHECK;
/** Puts a watch of the snapshot into the report. `stacks`: in full too. */
void kt_users_watch_put(
	struct kt_report *report, const struct kt_snapshot *snap, uint32_t number, bool stacks);
/** The result in some words: "3.1 MiB held by foo [module], for work bar". */
const char *kt_users_watch_says(
	struct kt_arena *arena, const struct kt_snapshot *snap, uint32_t number);

/**
 * Watches of a recording: the last one of WHAT, else a list of all. Returns the number of rows.
 */
size_t kt_users_put_watched(
	struct kt_report *report, const struct kt_snapshot *snap, const char *what, bool stacks);
extern const struct kt_part kt_users_part_watches;

#endif
