// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_BOOT_H
#define KT_ANALYSIS_BOOT_H

#include "model/account.h"

/** Whose memory it was, and so which row of the account it closes with. */
enum kt_boot_from {
	KT_FROM_FIRMWARE,  /* the kernel never saw it */
	KT_FROM_RESERVED,  /* taken before the page allocator existed */
	KT_FROM_ALLOCATOR, /* from the page allocator or vmalloc, still before the first process */
	KT_FROM_COUNT
};

/** One thing that was taken at boot; held = taken - given back. */
struct kt_boot_row {
	const char *id, *name;
	enum kt_boot_from from;
	int64_t taken, back, held;
	int64_t time_us, back_us; /* -1: not known */
	size_t order;		  /* place in time, from 1 */
	bool rest;		  /* what no line names */
};

struct kt_boot {
	KT_LIST(struct kt_boot_row) rows;
	int64_t held[KT_FROM_COUNT]; /* sums of the rows */
};

/**
 * Where neither zones nor meminfo tell how much memory the page allocator has, the log does:
 * what was present, without what was reserved and not given back. False where it does not.
 */
bool kt_boot_settle(struct kt_snapshot *snap);

/**
 * The rows: leaves of the account below "firmware" and "boot", so that they add up to those
 * two; what the log says was given back; and what the log names of the unnamed rest. Late
 * hash tables and their like follow, which are part of other rows of the account.
 */
struct kt_err *kt_boot_compute(struct kt_snapshot *snap, const struct kt_account *account,
	struct kt_arena *arena, struct kt_boot *ret_boot) KT_MUST_CHECK;

#endif
