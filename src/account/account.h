// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ACCOUNT_ACCOUNT_H
#define KT_ACCOUNT_ACCOUNT_H

#include "account/row.h"

/**
 * The account: every byte of memory in exactly one leaf line. Children add up to their
 * parent to the byte, because each level's rest row takes the difference, signed.
 */

/** A row with its value. Lines are in the order of a walk over the tree, parents first. */
struct kt_line {
	const char *id, *title;
	enum kt_row_id row;    /* KT_ROW_NONE: a line that exists only at run time */
	enum kt_row_id parent; /* KT_ROW_NONE: the root */
	struct kt_val val;
	/*
	 * rows that may hold the bytes of a missing row; 0: the row is known, or no row holds its
	 * bytes
	 */
	const enum kt_row_id *holders;
	size_t nr_holders;
	int depth;
	bool leaf;
	size_t parent_index; /* SIZE_MAX: the root */
};

struct kt_account {
	struct kt_arena arena;
	KT_LIST(struct kt_line) lines;
	size_t line_of[KT_ROW_COUNT]; /* index of each row's line */
	int64_t installed_bytes;      /* the root's value */
	/*
	 * Bytes; how far the unattributed line may be off because of overlaps and of how the files
	 * were read. Memory that the kernel leaves uncounted is no error: the line itself shows it.
	 */
	int64_t error_bytes;
	const char *error_how;	   /* description of the bound, or the reason why there is none */
	const char *error_unknown; /* why there is no bound; NULL: there is one */
	bool drift_known;
	/*
	 * The row unattributed is what no counter of the kernel names; false: what the files here
	 * do not count may be in it.
	 */
	bool rest_has_meaning;
	enum kt_row_id largest; /* the row with most bytes; no sum, no rest of a level */
	bool totals_exact;	/* the totals of present and managed memory are known exactly */
	int node;
};

/** False where the files were read once and contain no threshold for counts that CPUs hold back. */
static inline bool kt_account_error_is_known(const struct kt_account *account)
{
	return !account->error_unknown && (account->error_bytes || account->drift_known);
}

/** Computes the account of the machine or of a node; fails where no memory total is known. */
struct kt_err *kt_account_compute(
	struct kt_snapshot *snap, int node, struct kt_account *ret_account) KT_MUST_CHECK;
void kt_account_fini(struct kt_account *account);
void kt_account_cleanup(struct kt_account *account);

/** Returns the line of a row; never NULL once the account is computed. */
const struct kt_line *kt_account_line(const struct kt_account *account, enum kt_row_id row);
/**
 * Finds the line with a name that a user or a file gives, run-time lines too; NULL: no such line.
 */
const struct kt_line *kt_account_find(const struct kt_account *account, const char *id);
/** Lists the rows that hold a missing row's bytes, with ", " between; NULL: none. */
const char *kt_line_contained_in(const struct kt_line *line, struct kt_arena *arena);
/**
 * Share of the root, as a ratio: 0 to 1 as a rule, below 0 for a negative row. 0 where the row or
 * the root is missing.
 */
double kt_account_share(const struct kt_account *account, const struct kt_line *line);

#endif
