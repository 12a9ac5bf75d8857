// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_ZSTD_H
#define KT_RECORD_ZSTD_H

#include "base/err.h"

#include <zstd.h>

/**
 * libzstd, loaded at the first recording: if linked, it would slow down every run of ktally. A
 * static ktally has record/zstd_plain.h instead.
 */
#define KT_ZSTD_SYMBOLS(X)     \
	X(createCCtx)          \
	X(freeCCtx)            \
	X(CCtx_setParameter)   \
	X(compress2)           \
	X(compressBound)       \
	X(decompress)          \
	X(getFrameContentSize) \
	X(isError)             \
	X(getErrorName)

struct kt_zstd {
#define X(name) __typeof__(ZSTD_##name) *name;
	KT_ZSTD_SYMBOLS(X)
#undef X
};

struct kt_err *kt_zstd(const struct kt_zstd **ret_lib) KT_MUST_CHECK;

#endif
