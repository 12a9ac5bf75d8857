// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_USERS_USERS_H
#define KT_CMD_USERS_USERS_H

#include "analysis/users.h"
#include "cli/cmd.h"
#include "cmd/users/users_watch.h"

extern const struct kt_cmd kt_cmd_users;

struct kt_users_args {
	bool details, stacks; /* the same, under two names */
	struct kt_users_watch_opts watch;
};

/** Tables of 'ktally users', one for each file of users. */

/** A part of the report; the order is the order of the tables. */
enum kt_users_part {
	KT_USERS_PART_SITES,
	KT_USERS_PART_REPORT,
	KT_USERS_PART_PAGES,
	KT_USERS_PART_STACKS,
	KT_USERS_PART_OBJECTS,
	KT_USERS_PART_FREED,
	KT_USERS_PART_LEAKS,
	KT_USERS_PART_VMALLOC,
	KT_USERS_PARTS,
};

#define KT_USERS_ALL ((1u << KT_USERS_PARTS) - 1)

/** The users that are wanted. */
struct kt_users_choice {
	unsigned parts;	   /* bits of the parts */
	const char *cache; /* only objects of this slab cache; NULL: any */
	const char *name;  /* only this function; NULL: any */
	const char *what;  /* only users with this purpose; NULL: any */
	const char *pool;  /* the purpose of these pools; NULL: any */
};

/** Adds the tables that have rows; returns their number of rows. */
size_t kt_users_put(struct kt_report *report, const struct kt_call *call,
	const struct kt_snapshot *snap, const struct kt_users_choice *choice, bool details);

extern const struct kt_part kt_users_part_sites, kt_users_part_report, kt_users_part_pages,
	kt_users_part_page_stacks, kt_users_part_objects, kt_users_part_freed, kt_users_part_leaks,
	kt_users_part_vmalloc, kt_users_part_pools;

#endif
