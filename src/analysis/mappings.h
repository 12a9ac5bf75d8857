// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_MAPPINGS_H
#define KT_ANALYSIS_MAPPINGS_H

#include "model/snapshot.h"

/**
 * Page-table cost of a file that many processes map. It is computed only from address ranges, and
 * entries exist only for touched pages, so every number of bytes is an upper bound.
 */
struct kt_file_tables {
	const struct kt_mapped_file *file;
	int64_t nr_processes;
	int64_t mapped_bytes;	     /* bytes of address space over all processes */
	int64_t entry_bytes;	     /* bytes of entries for it */
	int64_t repeated_bytes;	     /* bytes of entries for pages that another entry maps too */
	int64_t shared_saves_bytes;  /* bytes of page tables sharable at today's addresses */
	int64_t aligned_saves_bytes; /* bytes, if all processes used aligned addresses */
};

typedef KT_LIST(struct kt_file_tables) kt_file_tables;

/** Makes one element for each mapped file; `page_bytes` must not be 0. False when out of memory. */
bool kt_file_tables_make(struct kt_arena *arena, const struct kt_snapshot *snap, int64_t page_bytes,
	kt_file_tables *ret_files);

#endif
