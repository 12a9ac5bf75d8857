// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/unpack.h"

#include "base/attr.h"
#include "base/library.h"

#include <string.h>

/* zlib.h, lzo1x.h, snappy-c.h, zstd.h */
static int (*zlib)(
	unsigned char *to, unsigned long *size, const unsigned char *from, unsigned long bytes);
static int (*lzo)(
	const unsigned char *from, size_t bytes, unsigned char *to, size_t *size, void *none);
static int (*snappy)(const char *from, size_t bytes, char *to, size_t *size);
static size_t (*zstd)(void *to, size_t size, const void *from, size_t bytes);

#define LIBRARY(name, symbol, lib, package)                                                 \
	{                                                                                   \
		.soname = (lib), .needed = "a dump that " name " packed needs its library", \
		.advice = "on Debian: apt install " package,                                \
		.symbols = (const char *const[]){ symbol }, .nr_symbols = 1                 \
	}

static const struct {
	enum kt_packing packing;
	struct kt_library from;
	void *function; /* pointer to it */
	size_t bytes;
} ways[] = {
	{ KT_PACKING_ZLIB, LIBRARY("zlib", "uncompress", "libz.so.1", "zlib1g"), &zlib,
		sizeof(zlib) },
	{ KT_PACKING_LZO, LIBRARY("LZO", "lzo1x_decompress_safe", "liblzo2.so.2", "liblzo2-2"),
		&lzo, sizeof(lzo) },
	{ KT_PACKING_SNAPPY,
		LIBRARY("snappy", "snappy_uncompress", "libsnappy.so.1", "libsnappy1v5"), &snappy,
		sizeof(snappy) },
	{ KT_PACKING_ZSTD, LIBRARY("zstd", "ZSTD_decompress", "libzstd.so.1", "libzstd1"), &zstd,
		sizeof(zstd) },
};

/* Whether the function of a way is there. */
static bool is_open(size_t way)
{
	void *function;

	memcpy(&function, ways[way].function, sizeof(function));
	return function != NULL;
}

struct kt_err *kt_unpack_open(unsigned packings)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; !err && i < KT_LEN(ways); i++) {
		if ((packings & ways[i].packing) && !is_open(i))
			err = kt_library_open(&ways[i].from, ways[i].function, ways[i].bytes);
	}
	return err;
}

void kt_unpack_prepare(void)
{
	for (size_t i = 0; i < KT_LEN(ways); i++)
		kt_err_free(kt_unpack_open(ways[i].packing));
}

bool kt_unpack(unsigned packing, const void *from, size_t bytes, void *to, size_t size)
{
	size_t made = size;
	unsigned long made_long = size;

	switch (packing) {
	case KT_PACKING_ZLIB:
		return zlib && zlib(to, &made_long, from, bytes) == 0 && made_long == size;
	case KT_PACKING_LZO: return lzo && lzo(from, bytes, to, &made, NULL) == 0 && made == size;
	case KT_PACKING_SNAPPY:
		return snappy && snappy(from, bytes, to, &made) == 0 && made == size;
	case KT_PACKING_ZSTD: return zstd && zstd(to, size, from, bytes) == size;
	default: return false;
	}
}
