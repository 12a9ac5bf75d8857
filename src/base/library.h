// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_LIBRARY_H
#define KT_BASE_LIBRARY_H

#include "base/err.h"

#include <stddef.h>

/**
 * A shared library that the first command which needs it opens: linking it would slow down every
 * run of ktally.
 */
struct kt_library {
	const char *soname;
	const char *needed;	    /* "bundles need libarchive" */
	const char *advice;	    /* "on Debian: apt install libarchive13" */
	const char *const *symbols; /* names as the library exports them */
	size_t nr_symbols;
};

/**
 * Fills `ret_table`, a struct of as many function pointers, in the order of the symbols. Fails with
 * ABSENT and the loader's reason when the library cannot be opened or a symbol is missing. The
 * library stays open.
 */
struct kt_err *kt_library_open(
	const struct kt_library *library, void *ret_table, size_t table_bytes) KT_MUST_CHECK;

#endif
