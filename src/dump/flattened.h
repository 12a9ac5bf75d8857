// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_FLATTENED_H
#define KT_DUMP_FLATTENED_H

#include "dump/dump_file.h"

/**
 * The pieces of a flattened dump: a header of 4096 bytes, then for each piece its offset, its size
 * (big endian, 8 bytes each) and its bytes; -1 and -1 at the end. makedumpfile goes back to write
 * its header and bitmaps again, so of two pieces at one offset the later one counts.
 */
#define KT_FLAT_SIGNATURE "makedumpfile"

/** Part of a piece that no later piece repeats. */
struct kt_flat_piece {
	uint64_t first, bytes; /* in the dump */
	uint64_t stored;       /* offset in the file */
};

/** Reads where the pieces are; private to kt_dump_file_open(). */
struct kt_err *kt_flat_open(struct kt_dump_file *file) KT_MUST_CHECK;

enum kt_flat_place {
	KT_FLAT_STORED, /* bytes are in the file at `ret_stored` */
	KT_FLAT_HOLE,	/* no piece has them, so they are 0 */
	KT_FLAT_NONE,	/* after the end, or lost with the rest of a stream that was cut off */
};
/** Finds bytes of the dump; `ret_bytes`: how many from there on are alike. */
enum kt_flat_place kt_flat_find(
	const struct kt_dump_file *file, uint64_t at, uint64_t *ret_stored, uint64_t *ret_bytes);

#endif
