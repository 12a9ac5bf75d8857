// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/curses.h"

#include <dlfcn.h>

#define SONAME "libncursesw.so.6"

struct kt_err *kt_curses(const struct kt_curses **ret_lib)
{
	static struct kt_curses lib; /* filled once; the same for every caller */
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return kt_err_new(KT_ERR_ABSENT,
			"the terminal view needs ncurses (%s), which is not installed; on Debian: "
			"apt install libncursesw6; without it: ktally top --batch",
			SONAME);
#define X(name)                                     \
	*(void **)&lib.name = dlsym(handle, #name); \
	if (!lib.name)                              \
		return kt_err_new(KT_ERR_ABSENT, SONAME " lacks " #name);
	KT_CURSES_SYMBOLS(X)
#undef X
	*ret_lib = &lib;
	return NULL;
}
