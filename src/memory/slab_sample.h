// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SLAB_SAMPLE_H
#define KT_MEMORY_SLAB_SAMPLE_H

#include "memory/memmap.h"
#include "memory/slub_cache.h"

/**
 * Reads some slabs of a cache, object by object: of up to KT_DRAWN_SLABS slabs all, of more the
 * fullest, the median and the emptiest by objects in use, and one slab between each two of these;
 * of slabs with as many objects in use only one, at the lowest address. If no CPU allocates from
 * one of them, a slab that a CPU allocates from is added. `names`: as in kt_slab_occupancy(). The
 * texts are in `arena`. ABSENT: no cache has one of the names.
 */
struct kt_err *kt_slab_sample(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const char *const *names, struct kt_arena *arena,
	struct kt_slab_drawing *ret_drawing) KT_MUST_CHECK;

#endif
