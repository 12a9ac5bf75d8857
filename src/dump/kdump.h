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
 * they share one copy of their bytes.
 */

#define KT_KDUMP_PARTS 64u /* files of a split dump */

/** Whether the first bytes of a file are such a dump. */
bool kt_kdump_is(struct kt_span head);
/** Opens files, which it takes over, even after an error; see kt_dump_open(). */
struct kt_err *kt_kdump_open(struct kt_dump_file *files, size_t nr_files,
	struct kt_physical **ret_physical) KT_MUST_CHECK;

#endif
