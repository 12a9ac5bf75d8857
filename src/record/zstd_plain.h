// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_ZSTD_PLAIN_H
#define KT_RECORD_ZSTD_PLAIN_H

#include "record/zstd_calls.h"

/**
 * Stands for libzstd in a static program: writes frames (RFC 8878) whose blocks are not compressed,
 * which every reader of zstd reads, and reads such frames. A frame with a compressed block fails
 * with ZSTD_error_frameParameter_unsupported.
 */
const struct kt_zstd *kt_zstd_plain(void);

#endif
