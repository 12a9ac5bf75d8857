// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_FORMATS_H
#define KT_DUMP_FORMATS_H

#include "dump/physical.h"

/** All formats of dumps: finds out which one a file has. */

#define KT_DUMP_FILES 64u /* parts of a split dump */

/** Whether the first bytes of a file are a dump of memory with a header: at least 20 bytes. */
bool kt_dump_is(struct kt_span head);
/** Whether a file is a raw image of memory, which has no header: see kt_raw_is(). */
bool kt_dump_is_raw(int fd);
/**
 * Opens the dump in a file, or the parts of a split dump in several files. The descriptors may be
 * closed afterwards. PARSE: no dump of a machine that ktally knows. ABSENT: a library that unpacks
 * it is missing.
 */
struct kt_err *kt_dump_open(
	const int *files, size_t nr_files, struct kt_physical **ret_physical) KT_MUST_CHECK;
/**
 * Loads the libraries that such a dump may need, as far as they are installed, for a process that
 * cannot load any later. Only the first bytes of the file are looked at.
 */
void kt_dump_prepare(struct kt_span head);

#endif
