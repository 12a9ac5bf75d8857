// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_KDUMP_H
#define KT_DUMP_KDUMP_H

#include "dump/physical.h"

/**
 * A dump in the format kdump-compressed (makedumpfile's IMPLEMENTATION; also qemu's
 * dump-guest-memory -z, -l and -s):
 *
 *	header | sub header | bitmap of memory | bitmap of pages that are here | a descriptor for
 *	each of these pages | pages, packed one by one
 *
 * Headers and bitmaps begin at multiples of the block size, which is the size of a page. Each part
 * of a split dump has all bitmaps, and the descriptors and pages of a range of page frames.
 *
 * A page that is memory and is not here was left out. Pages of zeros are here at any dump level:
 *they share one copy of their bytes.
 */

/** Whether the first bytes of a file are such a dump. */
bool kt_kdump_is(struct kt_span head);
/** Opens files, which it takes over, even after an error; see kt_physical_open(). */
struct kt_err *kt_kdump_open(struct kt_dump_file *files, size_t nr_files,
	struct kt_physical **ret_physical) KT_MUST_CHECK;

/** A file of such a dump; private to src/dump. */
struct kt_kdump_part {
	struct kt_dump_file file;
	uint64_t first, end;	     /* page frames that it is about */
	uint64_t memory_at, here_at; /* bitmaps in the file; `memory_at` may be `here_at` */
	uint64_t descriptors_at;
	uint64_t *ranks;  /* pages that are here before each KT_KDUMP_RANK page frames */
	uint64_t nr_here; /* pages */
};
#define KT_KDUMP_RANK 4096u /* page frames */

enum kt_kdump_status { KT_KDUMP_INCOMPLETE = 0x8, KT_KDUMP_NO_MEMORY_MAP = 0x10 };

/** Headers, as far as they are used. */
struct kt_kdump_header {
	uint32_t version, status, block_bytes;
	uint64_t sub_blocks, bitmap_blocks, nr_frames;
	uint32_t level;
	bool split;
	uint64_t first, end;				     /* of a split dump */
	uint64_t info_at, info_bytes, notes_at, notes_bytes; /* 0: none */
	uint16_t machine;				     /* EM_X86_64, EM_AARCH64 */
};
struct kt_err *kt_kdump_header(
	struct kt_dump_file *file, struct kt_kdump_header *ret_header) KT_MUST_CHECK;

#endif
