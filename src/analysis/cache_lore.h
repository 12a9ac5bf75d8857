// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_CACHE_LORE_H
#define KT_ANALYSIS_CACHE_LORE_H

#include <stddef.h>

/** Knowledge about a slab cache, in addition to its numbers. */
struct kt_lore {
	const char *pattern; /* name of a cache; one `*` matches any characters */
	const char *maker;   /* module or subsystem that creates it; NULL: the core kernel */
	const char *used_for, *grows, *remedy; /* sentences */
};

/** Searched from the top; the first match is used. */
extern const struct kt_lore kt_lore[];
extern const size_t kt_nr_lore;

/** Finds the entry of a cache; NULL: unknown. */
const struct kt_lore *kt_lore_find(const char *name);

#endif
