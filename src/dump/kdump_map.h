// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_KDUMP_MAP_H
#define KT_DUMP_KDUMP_MAP_H

#include "dump/physical.h"

/** The bitmaps of a dump: which page frames are memory, which are in the file, and where. */

/** A file of such a dump. */
struct kt_kdump_part {
	struct kt_dump_file file;
	uint64_t first, end;	     /* page frames that it is about */
	uint64_t memory_at, here_at; /* bitmaps in the file; `memory_at` may be `here_at` */
	uint64_t descriptors_at;
	uint64_t *ranks;  /* pages that are here before each KT_KDUMP_RANK page frames */
	uint64_t nr_here; /* pages */
};
#define KT_KDUMP_RANK 4096u /* page frames */

/** Counts over all page frames, of all parts. */
struct kt_kdump_counts {
	uint64_t memory; /* page frames that are memory */
	uint64_t here;	 /* of them in the dump, in whichever part of it */
};

/**
 * Reads the bitmap of memory into the ranges of `physical`, and counts. PARSE: it is cut off.
 * LIMIT: it has too many ranges.
 */
struct kt_err *kt_kdump_ranges(struct kt_kdump_part *part, uint64_t nr_frames, uint32_t block_bytes,
	struct kt_physical *physical, struct kt_kdump_counts *ret_counts) KT_MUST_CHECK;
/** Counts the pages of a part, for kt_kdump_place(). PARSE: its bitmap is cut off. */
struct kt_err *kt_kdump_rank(struct kt_kdump_part *part) KT_MUST_CHECK;

enum kt_kdump_where { KT_KDUMP_HERE, KT_KDUMP_LEFT_OUT, KT_KDUMP_NO_MEMORY, KT_KDUMP_CUT };
/** Finds a page frame; `ret_index`: of its descriptor in the part, if it is of its range. */
enum kt_kdump_where kt_kdump_place(struct kt_kdump_part *part, uint64_t frame, uint64_t *ret_index);

#endif
