// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_FOLD_H
#define KT_SOURCE_FOLD_H

#include "base/buf.h"
#include "base/map.h"
#include "base/span.h"

/**
 * Shortens texts of a very large machine for commands that keep many of them, with all sums
 * unchanged. Keeps the largest slab caches and one line "(others)" for the rest, and sums of
 * per-CPU lists. Parsing the short text gives what the whole text would, except for names.
 */

#define KT_FOLD_CACHES	   2048u	/* lines of slabinfo that are kept; any more are summed */
#define KT_FOLD_ZONE_BYTES (256u << 10) /* bytes; a longer zoneinfo is shortened */
#define KT_FOLD_OTHERS	   "(others)"

struct kt_fold {
	/* limits; 0: the defaults above */
	uint32_t caches_max;
	size_t zone_bytes_max;
	struct kt_arena arena;
	struct kt_map kept; /* names of the caches that are kept */
	bool chosen;
	uint32_t nr_folded; /* caches that the last text sums */
	uint32_t nr_cpus;   /* CPUs whose lists the last text sums; 0: none */
};

void kt_fold_fini(struct kt_fold *fold);
/** Chooses the caches again at the next text: the largest at that time. */
void kt_fold_restart(struct kt_fold *fold);
/**
 * Appends the shorter text. False, with nothing appended: the text is short enough or cut, or
 * memory is out.
 */
bool kt_fold_slabinfo(struct kt_fold *fold, struct kt_span text, struct kt_buf *ret_text);
bool kt_fold_zoneinfo(struct kt_fold *fold, struct kt_span text, struct kt_buf *ret_text);

#endif
