// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/libarchive.h"

#include "base/library.h"
#include "base/span.h"

struct kt_err *kt_libarchive(const struct kt_libarchive **ret_lib)
{
	static struct kt_libarchive lib; /* filled once; the same for every caller */
#define X(name) "archive_" #name,
	static const char *const symbols[] = { KT_LIBARCHIVE_SYMBOLS(X) };
#undef X
	static const struct kt_library library = {
		.soname = "libarchive.so.13",
		.needed = "bundles need libarchive",
		.advice = "on Debian: apt install libarchive13",
		.symbols = symbols,
		.nr_symbols = KT_LEN(symbols),
	};
	struct kt_err *err = kt_library_open(&library, &lib, sizeof(lib));

	if (!err)
		*ret_lib = &lib;
	return err;
}
