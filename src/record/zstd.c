// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/zstd.h"

#include "base/library.h"
#include "base/span.h"
#include "record/zstd_plain.h"

#ifdef KTALLY_STATIC

struct kt_err *kt_zstd(const struct kt_zstd **ret_lib)
{
	*ret_lib = kt_zstd_plain();
	return NULL;
}

#else

struct kt_err *kt_zstd(const struct kt_zstd **ret_lib)
{
	static struct kt_zstd lib; /* filled once; the same for every caller */
#define X(name) "ZSTD_" #name,
	static const char *const symbols[] = { KT_ZSTD_SYMBOLS(X) };
#undef X
	static const struct kt_library library = {
		.soname = "libzstd.so.1",
		.needed = "recordings need libzstd",
		.advice = "on Debian: apt install libzstd1",
		.symbols = symbols,
		.nr_symbols = KT_LEN(symbols),
	};
	struct kt_err *err = kt_library_open(&library, &lib, sizeof(lib));

	if (!err)
		*ret_lib = &lib;
	return err;
}

#endif

struct kt_err *kt_zstd_prepare(void)
{
	const struct kt_zstd *lib;

	return kt_zstd(&lib);
}
