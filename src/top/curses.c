// SPDX-License-Identifier: GPL-2.0-or-later
//
// Loads ncursesw at run time: only `top` on a terminal needs it, and all other commands must start
// on machines without it. The soname with the wide characters is required, because cells hold
// wchar_t.

#include "top/curses.h"

#include "base/library.h"
#include "base/span.h"

struct kt_err *kt_curses(const struct kt_curses **ret_lib)
{
	static struct kt_curses lib; /* filled once; the same for all callers */
#define X(name) #name,
	static const char *const symbols[] = { KT_CURSES_SYMBOLS(X) };
#undef X
	static const struct kt_library library = {
		.soname = "libncursesw.so.6",
		.needed = "the terminal view needs ncurses",
		.advice = "on Debian: apt install libncursesw6; without it: ktally top --batch",
		.symbols = symbols,
		.nr_symbols = KT_LEN(symbols),
	};
	struct kt_err *err = kt_library_open(&library, &lib, sizeof(lib));

	if (!err)
		*ret_lib = &lib;
	return err;
}
