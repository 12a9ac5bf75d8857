// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_EXACT_BYTES_H
#define KT_SOURCE_EXACT_BYTES_H

#include "source/memory/open.h"
#include "trace/pool.h"

/**
 * Bytes of a pool in use, by an exact count: of vmalloc by meminfo (VmallocUsed), of per-CPU memory
 * by the maps of allocations in kernel memory, over all CPUs. KT_UNKNOWN: there is no such count,
 * as of direct pages, which have no counter of their own.
 */
int64_t kt_exact_bytes(struct kt_memory *memory, struct kt_memmap *memmap, enum kt_trace_pool pool);

#endif
