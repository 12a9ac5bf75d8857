// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_ZSTD_H
#define KT_RECORD_ZSTD_H

#include "base/err.h"
#include "record/zstd_calls.h"

/**
 * libzstd, loaded at the first recording: if linked, it would slow down every run of ktally. A
 * static ktally has record/zstd_plain.h instead.
 */
struct kt_err *kt_zstd(const struct kt_zstd **ret_lib) KT_MUST_CHECK;
/** Loads it, for who will read or write a recording after its rights are given up. */
struct kt_err *kt_zstd_prepare(void) KT_MUST_CHECK;

#endif
