// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SITES_SLAB_TRACKS_H
#define KT_MEMORY_SITES_SLAB_TRACKS_H

#include "base/buf.h"
#include "memory/kernel/code_names.h"
#include "memory/slab_objects.h"

/**
 * Who allocated the objects of slab caches, and who freed them before: the tracks that a cache with
 * the debug option U keeps after each object (SLAB_STORE_USER).
 */
struct kt_slab_tracks;

/**
 * Reads the tracks of all allocated objects, in one walk over memory. ABSENT: no cache keeps any.
 * The caller frees them, after an error too; NULL is allowed.
 */
struct kt_err *kt_slab_tracks_new(struct kt_target *target, struct kt_memmap *memmap,
	const struct kt_slub_opts *opts, struct kt_slab_tracks **ret_tracks) KT_MUST_CHECK;
void kt_slab_tracks_free(struct kt_slab_tracks *tracks);

/** Called with the name of each cache that keeps tracks, without reading them. */
typedef void (*kt_tracked_cache)(void *arg, const char *name);
struct kt_err *kt_tracked_caches(struct kt_target *target, const struct kt_slub_opts *opts,
	kt_tracked_cache fn, void *arg) KT_MUST_CHECK;

/**
 * Writes the tracks of a cache in the form of its file alloc_traces; `freed`: of free_traces. Ages
 * are left out where the kernel does not name its clock. ABSENT: the cache keeps none.
 */
struct kt_err *kt_file_slab_traces(struct kt_slab_tracks *tracks, const struct kt_code_names *names,
	const char *cache, bool freed, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
