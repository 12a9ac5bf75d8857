// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_LIBRARY_H
#define KT_BASE_LIBRARY_H

#include "base/err.h"

#include <stddef.h>

/**
 * A shared library that is opened by the first command which needs it: linked, it would cost
 * every run of ktally.
 */
struct kt_library {
	const char *soname;
	const char *needed;	    /* "bundles need libarchive" */
	const char *advice;	    /* "on Debian: apt install libarchive13" */
	const char *const *symbols; /* as the library names them */
	size_t nr_symbols;
};

/**
 * Fills `ret_table`, a struct of as many function pointers, in the order of the symbols.
 * ABSENT where the library is not there or lacks one of them. It stays open.
 */
struct kt_err *kt_library_open(
	const struct kt_library *library, void *ret_table, size_t table_bytes) KT_MUST_CHECK;

#endif
