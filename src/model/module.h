// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_MODULE_H
#define KT_MODEL_MODULE_H

#include <stdint.h>

/** One loaded module, as /proc/modules has it. */
struct kt_module {
	const char *name;
	int64_t image_bytes; /* code and data; init code too, until it has run */
	int64_t nr_refs;     /* -1: this kernel cannot unload modules */
	const char *users;   /* names of modules, with commas between; NULL: none */
	const char *state;   /* "Live", "Loading", "Unloading"; NULL: not told (before 2.6) */
	const char *taints;  /* letters, "POE"; NULL: none */
};

/** What code of a module has allocated and not freed, by /proc/allocinfo. May repeat. */
struct kt_module_alloc {
	const char *module;
	int64_t bytes, nr_allocs;
};

#endif
