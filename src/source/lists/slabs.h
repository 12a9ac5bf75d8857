// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_LISTS_SLABS_H
#define KT_SOURCE_LISTS_SLABS_H

#include "source/source.h"

/**
 * Two sources read /sys/kernel/slab: one for lists of caches, one for the picture of a single
 * cache. Every attribute costs an open, and thousands of directories have one each.
 */

#define KT_SLABS_PATH "sys/kernel/slab"
/** Directory of a cache whose name is not known: a text without a title. */
#define KT_CACHE_UNNAMED "(unnamed)"

/** Reads the fields of one kind: of every directory, or of the cache that the user named. */
struct kt_err *kt_slabs_read(
	struct kt_root *root, struct kt_snapshot *snap, enum kt_cache_read read) KT_MUST_CHECK;

#define KT_CACHE_NAMES_MAX 256u
/**
 * Names of a cache and of the caches merged with it, by the directories that were read; NULL ends
 * them. The kernel keeps one name for caches that it merged, and not always the one asked for.
 */
void kt_slabs_names(const struct kt_snapshot *snap, const char *cache,
	const char *ret_names[KT_CACHE_NAMES_MAX + 1]);

/** Whether a slab cache of this name has a directory. */
bool kt_slabs_has(struct kt_root *root, const char *cache);

#endif
