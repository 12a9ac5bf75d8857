// SPDX-License-Identifier: GPL-2.0-or-later
//
// Loads libmicrohttpd at run time, so that ktally starts on machines without it and only `serve`
// needs the package. The soname fixes the ABI: functions are called through types of the header it
// was built with.

#include "serve/microhttpd.h"

#include "base/library.h"
#include "base/span.h"

struct kt_err *kt_microhttpd(const struct kt_microhttpd **ret_lib)
{
	static struct kt_microhttpd lib; /* filled once; the same for every caller */
#define X(name) "MHD_" #name,
	static const char *const symbols[] = { KT_MICROHTTPD_SYMBOLS(X) };
#undef X
	static const struct kt_library library = {
		.soname = "libmicrohttpd.so.12",
		.needed = "the page needs libmicrohttpd",
		.advice = "on Debian: apt install libmicrohttpd12",
		.symbols = symbols,
		.nr_symbols = KT_LEN(symbols),
	};
	struct kt_err *err = kt_library_open(&library, &lib, sizeof(lib));

	if (!err)
		*ret_lib = &lib;
	return err;
}
