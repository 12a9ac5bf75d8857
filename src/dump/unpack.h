// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_UNPACK_H
#define KT_DUMP_UNPACK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * The ways in which makedumpfile packs a page, as they are numbered in its format, and their
 * libraries, of which the first dump that needs one loads it. Their functions have been the same
 * for long, so that building ktally needs none of them.
 */
enum kt_packing {
	KT_PACKING_ZLIB = 0x1,
	KT_PACKING_LZO = 0x2,
	KT_PACKING_SNAPPY = 0x4,
	KT_PACKING_ZSTD = 0x20,
	KT_PACKING_ALL = 0x27,
};

/** Loads the libraries of all ways, as far as they are installed. */
void kt_unpack_prepare(void);
/** Loads the libraries of the ways in `packings`; ABSENT: names the one that is missing. */
struct kt_err *kt_unpack_open(unsigned packings) KT_MUST_CHECK;
/**
 * Unpacks bytes that make exactly `size` bytes; false: they are damaged, or the library of this
 * single way is not loaded.
 */
bool kt_unpack(unsigned packing, const void *from, size_t bytes, void *to, size_t size);

#endif
