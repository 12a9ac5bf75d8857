// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/microhttpd.h"

#include <dlfcn.h>

#define SONAME "libmicrohttpd.so.12"

struct kt_err *kt_microhttpd(const struct kt_microhttpd **ret_lib)
{
	static struct kt_microhttpd lib; /* filled once; the same for every caller */
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return kt_err_new(KT_ERR_ABSENT,
			"the page needs libmicrohttpd (%s), which is not installed; on Debian: apt "
			"install libmicrohttpd12",
			SONAME);
#define X(name)                                            \
	*(void **)&lib.name = dlsym(handle, "MHD_" #name); \
	if (!lib.name)                                     \
		return kt_err_new(KT_ERR_ABSENT, SONAME " lacks MHD_" #name);
	KT_MICROHTTPD_SYMBOLS(X)
#undef X
	*ret_lib = &lib;
	return NULL;
}
