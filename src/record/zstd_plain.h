// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_ZSTD_PLAIN_H
#define KT_RECORD_ZSTD_PLAIN_H

#include "record/zstd.h"

/**
 * What a program without libzstd can do: write frames (RFC 8878) whose blocks are not compressed,
 * which every reader of zstd reads, and read such frames. A frame with a compressed block fails
 * with ZSTD_error_frameParameter_unsupported.
 */
const struct kt_zstd *kt_zstd_plain(void);

#endif
