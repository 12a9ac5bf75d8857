// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PERCPU_H
#define KT_MEMORY_PERCPU_H

#include "memory/memmap.h"
#include "model/snapshot.h"

/** Whether a symbol leads to the chunks of per-CPU memory, so that no memory map is needed. */
bool kt_percpu_has_symbols(const struct kt_target *target);

/**
 * Reads the chunks of the per-CPU allocator, and finds the used and free parts of each in its own
 * map of allocations. Appends to snap->percpu_chunks, sorted by address. `memmap`: NULL if a symbol
 * leads to the chunks; else a page that belongs to a chunk is searched there, whose struct page has
 * the chunk's address. ABSENT: no chunk is found.
 */
struct kt_err *kt_percpu_walk(
	struct kt_target *target, struct kt_memmap *memmap, struct kt_snapshot *snap) KT_MUST_CHECK;

#endif
