// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_FLATTENED_H
#define KT_DUMP_FLATTENED_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct kt_flat {
	struct kt_flat_piece *pieces; /* sorted, without overlaps */
	size_t nr_pieces;
	uint64_t size; /* bytes of the dump */
	bool cut;      /* the stream has no end */
};

/**
 * Reads where the pieces are, in a file of `stored` bytes. PARSE: no contents. LIMIT: more than 2
 * million pieces. The caller calls kt_flat_fini() after an error too.
 */
struct kt_err *kt_flat_open(int fd, uint64_t stored, struct kt_flat *ret_flat) KT_MUST_CHECK;
void kt_flat_fini(struct kt_flat *flat);
static inline bool kt_flat_is_open(const struct kt_flat *flat)
{
	return flat->pieces != NULL;
}

enum kt_flat_place {
	KT_FLAT_STORED, /* bytes are in the file at `ret_stored` */
	KT_FLAT_HOLE,	/* no piece has them, so they are 0 */
	KT_FLAT_NONE,	/* after the end, or lost with the rest of a stream that was cut off */
};
/** Finds bytes of the dump; `ret_bytes`: how many from there on are alike. */
enum kt_flat_place kt_flat_find(
	const struct kt_flat *flat, uint64_t at, uint64_t *ret_stored, uint64_t *ret_bytes);

#endif
