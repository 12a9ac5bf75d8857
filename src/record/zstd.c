// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/zstd.h"

#include <dlfcn.h>

#define SONAME "libzstd.so.1"

struct kt_err *kt_zstd(const struct kt_zstd **ret_lib)
{
	static struct kt_zstd lib; /* filled once; the same for every caller */
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return kt_err_new(KT_ERR_ABSENT,
			"recordings need libzstd (%s), which is not installed; on Debian: apt "
			"install libzstd1",
			SONAME);
#define X(name)                                             \
	*(void **)&lib.name = dlsym(handle, "ZSTD_" #name); \
	if (!lib.name)                                      \
		return kt_err_new(KT_ERR_ABSENT, SONAME " lacks ZSTD_" #name);
	KT_ZSTD_SYMBOLS(X)
#undef X
	*ret_lib = &lib;
	return NULL;
}
