// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_BOOT_H
#define KT_ANALYSIS_BOOT_H

#include "account/account.h"

/** Origin of the memory, and so the row of the account that contains it. */
enum kt_boot_from {
	KT_FROM_FIRMWARE,  /* never seen by the kernel */
	KT_FROM_RESERVED,  /* reserved before the page allocator existed */
	KT_FROM_ALLOCATOR, /* from the page allocator or vmalloc, before the first process */
	KT_FROM_COUNT
};

/** One allocation at boot, in bytes; held = taken - given back. */
struct kt_boot_row {
	enum kt_row_id row; /* of the account; KT_ROW_NONE: a run-time row, or none any more */
	const char *id, *name;
	enum kt_boot_from from;
	int64_t taken, back, held;
	int64_t time_us, back_us; /* microseconds since the kernel started; -1: unknown */
	size_t order;		  /* position in time, from 1 */
	bool rest;		  /* remainder that no log line names */
	bool hash;		  /* hash table */
};

struct kt_boot {
	KT_LIST(struct kt_boot_row) rows;
	int64_t held[KT_FROM_COUNT]; /* sums of the rows */
};

/**
 * Derives the memory of the page allocator from the kernel log if neither zones nor meminfo have
 * it: memory present, without memory reserved and not given back. False if the log does not have it
 * either.
 */
bool kt_boot_settle(struct kt_snapshot *snap);

/**
 * Computes the rows. First the leaves of the account below "firmware" and "boot", which add up to
 * these two; then memory given back and the parts of the unnamed remainder, from the log. Large
 * hash tables allocated later and similar memory follow, which other rows of the account contain.
 */
struct kt_err *kt_boot_compute(struct kt_snapshot *snap, const struct kt_account *account,
	struct kt_arena *arena, struct kt_boot *ret_boot) KT_MUST_CHECK;

#endif
