// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_USER_H
#define KT_MODEL_USER_H

#include "model/unknown.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Users of kernel memory: call sites and stacks that allocated it, by the files in which the kernel
 * itself keeps them. The same memory may be in several files, so amounts of different files are
 * never added up.
 */

/** Files, or parts of one, that list users. */
enum kt_user_file {
	KT_USERS_SITES,	      /* /proc/allocinfo: every call site */
	KT_USERS_REPORT,      /* the largest call sites in a memory report */
	KT_USERS_PAGES,	      /* page_owner: a record for each allocation of pages */
	KT_USERS_PAGE_STACKS, /* page_owner_stacks: pages of each stack */
	KT_USERS_HANDLES,     /* page_owner_stacks: stacks of handles, without amounts */
	KT_USERS_OBJECTS,     /* alloc_traces, alloc_calls: objects in use, by cache */
	KT_USERS_FREED,	      /* free_traces, free_calls: where objects were last freed */
	KT_USERS_LEAKS,	      /* kmemleak: objects to which no pointer was found */
	KT_USER_FILES,
};

#define KT_USER_FRAMES 16u /* frames of a stack that the kernel saves, and that are kept */

/** One call site or stack of one file. Texts are printable; unknown numbers are KT_UNKNOWN. */
struct kt_user {
	enum kt_user_file file;
	const char *cache;    /* slab cache of the objects; NULL: none, or not named */
	const char *function; /* of a call site; NULL: the user is a stack */
	const char *place;    /* of a call site, "mm/slub.c:2305" */
	const char *module;   /* of a call site; NULL: the kernel itself */
	/* "foo+0x1/0x20 [module]", innermost first; NULL: no stack */
	const char *const *frames;
	uint32_t nr_frames;
	int64_t handle; /* number that stands for a stack */
	int64_t nr;	/* allocations or objects */
	/* without sentinel: below 0 where frees were counted and their allocations were not */
	int64_t bytes;
	bool has_bytes;
	int64_t nr_pages;	  /* base pages, in files that count pages */
	int64_t waste_bytes;	  /* objects that are larger than requested */
	int64_t age_min, age_max; /* jiffies of the kernel, not of user space */
	int64_t pid_min, pid_max;
	bool inexact; /* the file says that the numbers are too small */
	bool rounded; /* the file has a rounded size */
};

/** One file of users that was read. */
struct kt_user_list {
	enum kt_user_file file;
	const char *path;
	int64_t nr_records; /* lines or records with a user */
	int64_t nr_unread;  /* lines that should have had one */
	/* beyond the limit of stacks: they are in one user without a name */
	int64_t nr_folded;
	bool headless; /* a call site list without its first line: it may be a part */
};

static inline struct kt_user kt_user_unknown(enum kt_user_file file)
{
	return (struct kt_user){ .file = file,
		.handle = KT_UNKNOWN,
		.nr = KT_UNKNOWN,
		.nr_pages = KT_UNKNOWN,
		.waste_bytes = KT_UNKNOWN,
		.age_min = KT_UNKNOWN,
		.age_max = KT_UNKNOWN,
		.pid_min = KT_UNKNOWN,
		.pid_max = KT_UNKNOWN };
}

#define KT_USER_LISTS(LIST)         \
	LIST(struct kt_user, users) \
	LIST(struct kt_user_list, user_lists)

#endif
