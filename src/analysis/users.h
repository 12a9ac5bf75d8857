// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_USERS_H
#define KT_ANALYSIS_USERS_H

#include "model/snapshot.h"

/**
 * Users of kernel memory by what a reader recognises: the function that wanted the memory, not the
 * allocator below it. Each file of users is a list of its own with its own total.
 */

/** Memory that several users share the name of. Unknown numbers are KT_UNKNOWN. */
struct kt_users_row {
	const char *name;   /* function; in parentheses: no function */
	const char *where;  /* place in the source, or the callers; NULL: unknown */
	const char *cache;  /* NULL: none, or not named */
	const char *module; /* NULL: the kernel itself, or unknown */
	const char *what;   /* purpose in a few words; NULL: unknown */
	int64_t nr, nr_pages;
	int64_t bytes; /* without sentinel: may be below 0 */
	bool has_bytes;
	bool inexact, rounded;
	int64_t waste_bytes, age_min, age_max, pid_min, pid_max;
	int64_t nr_stacks;	    /* different stacks or places in the row */
	const struct kt_user *user; /* the largest of them */
	int64_t largest_bytes;
};

struct kt_users {
	KT_LIST(struct kt_users_row) rows;
	/*
	 * Memory that holds the objects of other rows: pages of slab caches, per-CPU chunks. It is
	 * in no sum.
	 */
	KT_LIST(struct kt_users_row) pools;
	int64_t bytes;	     /* of all rows with a size */
	int64_t nr_unsized;  /* rows whose size is not known */
	int64_t nr_negative; /* rows below 0 */
	int64_t nr_inexact, nr_rounded;
};

/** Adds up the users of one file. All of `ret_users` is in `arena`; check arena->failed. */
void kt_users_group(struct kt_arena *arena, const struct kt_snapshot *snap, enum kt_user_file file,
	struct kt_users *ret_users);
/** Computes the sums again after rows were dropped. */
void kt_users_sum(struct kt_users *users);
/** Size of an object's slot; KT_UNKNOWN: not known, or two caches of the name differ. */
int64_t kt_users_slot_bytes(const struct kt_snapshot *snap, const char *cache);
/** Bytes of objects in use, by slabinfo; KT_UNKNOWN: a cache lacks a number. */
int64_t kt_users_slab_in_use(const struct kt_snapshot *snap);

/* ---- tables, in users_known.c ---- */

/** Purpose of the memory that a function asks for; NULL: unknown. */
const char *kt_users_what(const char *function);
/** A call site whose memory holds what other call sites allocate. */
struct kt_users_pool {
	const char *function, *file;
	const char *what;
};
/** NULL: the call site is no pool. */
const struct kt_users_pool *kt_users_pool(const char *function, const char *place);
/** Purpose of the pages of a stack with this function in it, if they are a pool's; else NULL. */
const char *kt_users_pool_frame(struct kt_span function);

#endif
