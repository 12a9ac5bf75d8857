// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGES_LARGE_KMALLOC_H
#define KT_MEMORY_PAGES_LARGE_KMALLOC_H

#include "memory/memmap.h"
#include "model/cache.h"

/**
 * Finds the blocks of kmalloc that are too large for a slab cache, by the type of their first page,
 * and counts them by order. ABSENT: the kernel has no such type, or the memory map cannot be read.
 */
struct kt_err *kt_large_kmalloc_walk(
	struct kt_memmap *memmap, struct kt_large_kmalloc *ret_large) KT_MUST_CHECK;

#endif
