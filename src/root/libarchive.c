// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/libarchive.h"

#include <dlfcn.h>

#define SONAME "libarchive.so.13"

struct kt_err *kt_libarchive(const struct kt_libarchive **ret_lib)
{
	static struct kt_libarchive lib; /* filled once; the same for every caller */
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return kt_err_new(KT_ERR_ABSENT,
			"bundles need libarchive (%s), which is not installed; on Debian: apt "
			"install libarchive13",
			SONAME);
#define X(name)                                                \
	*(void **)&lib.name = dlsym(handle, "archive_" #name); \
	if (!lib.name)                                         \
		return kt_err_new(KT_ERR_ABSENT, SONAME " lacks archive_" #name);
	KT_LIBARCHIVE_SYMBOLS(X)
#undef X
	*ret_lib = &lib;
	return NULL;
}
