// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_CACHE_LORE_H
#define KT_ANALYSIS_CACHE_LORE_H

#include <stddef.h>

/** What is known of a slab cache beside its numbers. */
struct kt_lore {
	const char *pattern; /* a cache's name; one `*` in it stands for any run */
	const char *maker;   /* the module or subsystem that makes it; NULL: the core kernel */
	const char *used_for, *grows, *remedy; /* sentences */
};

/** Looked through from the top; the first that matches is the one. */
extern const struct kt_lore kt_lore[];
extern const size_t kt_nr_lore;

/** NULL where nothing is known of the name. */
const struct kt_lore *kt_lore_find(const char *name);

#endif
