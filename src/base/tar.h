// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_TAR_H
#define KT_BASE_TAR_H

#include "base/buf.h"

#include <stdint.h>

/**
 * Members of a tar as POSIX.1-2001 (pax) has it, for places without libarchive, such as the initial
 * RAM disk of a crash kernel: libarchive and what it is linked with take 40 MB.
 */

#define KT_TAR_BLOCK 512u

/**
 * Appends the header of a regular file, or of a symbolic link to `link` if that is not NULL. The
 * file's bytes follow, filled up with kt_tar_pad().
 */
void kt_tar_header(
	struct kt_buf *out, const char *path, const char *link, size_t size, int64_t time_s);
/** Appends zeros up to the end of a block after `size` bytes. */
void kt_tar_pad(struct kt_buf *out, size_t size);
/** Appends the end of the archive. */
void kt_tar_end(struct kt_buf *out);

#endif
