// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_RECORD_USERS_H
#define KT_CMD_PAST_RECORD_USERS_H

#include "analysis/users/row_growth.h"
#include "cli/cmd.h"
#include "record/sampler.h"

#include <sys/types.h>

/**
 * Who allocates what grows, in a recording. A slab cache, vmalloc, per-CPU memory or direct pages
 * that grow over recent samples are watched for a minute, by a process of its own, whose end
 * detaches everything. The CPU time that a watch took is waited for a thousand times over, so all
 * of them take 0.1 % of a CPU at most. Samples have the last watch of each of the last rows.
 */

#define KT_RECORD_USERS_ROWS 8u

struct kt_record_users {
	bool wanted;
	bool told;	 /* why nothing can be watched */
	bool checked;	 /* whether this machine lets memory be watched */
	char why[512];	 /* why it does not; empty: it does, or that is not known yet */
	int64_t next_ms; /* milliseconds since the boot; when the next watch may begin */
	int64_t cpu_ms;	 /* of all watches so far */
	struct kt_row_growth *growth;
	uint64_t page_bytes;
	/* texts of the last watches, the oldest first; `begun_ms` since the boot */
	struct kt_record_users_row {
		char name[128];
		int64_t begun_ms;
		struct kt_buf text;
	} rows[KT_RECORD_USERS_ROWS];
	uint32_t nr_rows;
	/* the watch that is under way */
	pid_t child; /* 0: none is */
	int fd;	     /* its result */
	struct kt_record_users_row now;
};

/** Takes a file of the sample: the rows in it. */
void kt_record_users_take(struct kt_record_users *users, const char *path, struct kt_span text);
/**
 * Ends a sample: takes the result of a watch that has ended, begins one if a row grows, and adds
 * the last watches. Says once why nothing can be watched. The error is NOMEM.
 */
struct kt_err *kt_record_users_sample(struct kt_record_users *users, const struct kt_call *call,
	struct kt_root *root, struct kt_sampler *sampler, struct kt_draft *draft, int64_t real_ms,
	int64_t boot_ms) KT_MUST_CHECK;
/** Ends a watch that is under way, too. */
void kt_record_users_fini(struct kt_record_users *users);

#endif
