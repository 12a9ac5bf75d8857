// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_MAPPINGS_H
#define KT_ANALYSIS_MAPPINGS_H

#include "model/snapshot.h"

/**
 * What it costs in page tables that many processes map one file. From address ranges alone:
 * entries exist only for pages that were touched, so every number of bytes is an upper bound.
 */
struct kt_file_tables {
	const struct kt_mapped_file *file;
	int64_t nr_processes;
	int64_t mapped_bytes;	    /* address space, over all processes */
	int64_t entry_bytes;	    /* the entries for it */
	int64_t repeated_bytes;	    /* of which for pages of the file that another entry maps too */
	int64_t shared_saves_bytes; /* whole page tables that could be shared as they lie */
	int64_t aligned_saves_bytes; /* and if every process mapped the file at like addresses */
};

typedef KT_LIST(struct kt_file_tables) kt_file_tables;

/** One element for each mapped file. False when out of memory; `page_bytes` is not 0. */
bool kt_file_tables_make(struct kt_arena *arena, const struct kt_snapshot *snap, int64_t page_bytes,
	kt_file_tables *ret_files);

#endif
