// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_ACCOUNT_H
#define KT_MODEL_ACCOUNT_H

#include "model/row.h"

/**
 * The account: every byte of memory in exactly one leaf line. Children add up to their
 * parent to the byte, because each level's rest row takes the difference, signed.
 */

/** A row with its value. Lines stand in the order of a walk over the tree. */
struct kt_line {
	const char *id, *parent; /* parent: NULL for the root */
	const char *title;
	const struct kt_row *row; /* NULL for a line that exists only at run time */
	struct kt_val val;
	int depth;
	bool leaf;
	size_t parent_index; /* SIZE_MAX for the root */
};

struct kt_account {
	struct kt_arena arena;
	KT_LIST(struct kt_line) lines;
	int64_t installed_bytes; /* the root's value */
	int64_t error_bytes;	 /* bound of the unattributed line */
	const char *error_how;
	bool drift_known;
	int node;
};

/** Not of files that were read once and tell nothing of what CPUs keep to themselves. */
static inline bool kt_account_error_is_known(const struct kt_account *account)
{
	return account->error_bytes || account->drift_known;
}

/** Computes the account of the machine or of a node; fails where no memory total is known. */
struct kt_err *kt_account_compute(
	struct kt_snapshot *snap, int node, struct kt_account *ret_account) KT_MUST_CHECK;
void kt_account_fini(struct kt_account *account);
void kt_account_cleanup(struct kt_account *account);

const struct kt_line *kt_account_line(const struct kt_account *account, const char *id);
/** Share of the root in thousandths of a percent; 0 where either is missing. */
double kt_account_share(const struct kt_account *account, const struct kt_line *line);

#endif
