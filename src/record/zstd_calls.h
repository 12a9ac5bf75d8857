// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_ZSTD_CALLS_H
#define KT_RECORD_ZSTD_CALLS_H

#include <zstd.h>

/** Functions of libzstd that ktally calls, by their names without the prefix. */
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

#endif
