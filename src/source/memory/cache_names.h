// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_CACHE_NAMES_H
#define KT_SOURCE_CACHE_NAMES_H

#include "model/snapshot.h"

#define KT_CACHE_NAMES_MAX 256u

/**
 * Names of a slab cache and of those merged with it, by /sys/kernel/slab; NULL ends them. The
 * kernel keeps one name for caches that it merged, and not always the one that was asked for.
 */
void kt_cache_names(const struct kt_snapshot *snap, const char *cache,
	const char *ret_names[KT_CACHE_NAMES_MAX + 1]);

#endif
