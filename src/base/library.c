// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/library.h"

#include <string.h>

#ifdef KTALLY_STATIC

struct kt_err *kt_library_open(
	const struct kt_library *library, void *ret_table, size_t table_bytes)
{
	(void)ret_table;
	(void)table_bytes;
	return kt_err_new(KT_ERR_ABSENT,
		"%s, which this static ktally cannot open; a ktally that is installed as a package "
		"can",
		library->needed);
}

#else

#include <dlfcn.h>

/* Reason given by the loader: not installed, for another architecture, or out of memory. */
static const char *reason(const struct kt_library *library)
{
	const char *why = dlerror();

	return why ? why : library->soname;
}

struct kt_err *kt_library_open(
	const struct kt_library *library, void *ret_table, size_t table_bytes)
{
	void *handle;

	if (table_bytes != library->nr_symbols * sizeof(void *))
		return kt_err_new(KT_ERR_ABSENT, "%s: the table has another size", library->soname);
	handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return kt_err_new(KT_ERR_ABSENT, "%s: %s; %s", library->needed, reason(library),
			library->advice);
	for (size_t i = 0; i < library->nr_symbols; i++) {
		void *symbol = dlsym(handle, library->symbols[i]);

		if (!symbol)
			return kt_err_new(KT_ERR_ABSENT, "%s: %s; %s", library->needed,
				reason(library), library->advice);
		memcpy((char *)ret_table + i * sizeof(symbol), &symbol, sizeof(symbol));
	}
	return NULL;
}

#endif
