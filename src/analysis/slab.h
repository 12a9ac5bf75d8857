// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_SLAB_H
#define KT_ANALYSIS_SLAB_H

#include "model/snapshot.h"

/**
 * What slab caches hold and what is wasted, by cause. In bytes; -1 is not known. Where all
 * are known: in use + free + padding + tail = held. Without object_bytes the padding is
 * not told from what is in use, and not known.
 */
struct kt_slab_use {
	const struct kt_cache *cache;
	const struct kt_cache_folder *folder; /* NULL: not read, or none has this name */
	int64_t object_bytes, slot_bytes, slab_bytes, tail_per_slab;
	int64_t held_bytes;    /* slabs x pages; an upper bound, see uncertain_bytes */
	int64_t in_use_bytes;  /* objects handed out; an upper bound, see ready_bytes */
	int64_t free_bytes;    /* slots that no object is in */
	int64_t padding_bytes; /* in slots that are in use, around the object */
	int64_t tail_bytes;    /* what a slab has left over: no slot fits in it */
	/*
	 * Short of memory, the kernel makes slabs of a lower order; slabinfo does not tell
	 * how many pages those have. So much less may be held, and be tail.
	 */
	int64_t uncertain_bytes;
	/*
	 * Free objects that CPUs keep ready count as in use. So much of what is in use may be
	 * free; only the folder tells.
	 */
	int64_t ready_bytes;
};

struct kt_slab_uses {
	struct kt_arena arena;
	KT_LIST(struct kt_slab_use) items;
	int64_t page_bytes; /* 0: not known */
	/* Sums over what is known, large kmalloc being in use; -1 where nothing is */
	int64_t held_bytes, in_use_bytes, free_bytes, padding_bytes, tail_bytes, uncertain_bytes;
	/* Of the kernel's counters; -1: not known */
	int64_t slab_bytes, reclaimable_bytes, unreclaimable_bytes, meminfo_bytes;
	int64_t rest_bytes; /* slab_bytes - held_bytes; negative where caches are counted too large
			     */
	bool has_rest;
	bool rest_is_large; /* it is large kmalloc: handed out whole, in no cache */
};

/** Fails where no cache is known or memory runs out. `snap` must outlive the uses. */
struct kt_err *kt_slab_analyse(
	const struct kt_snapshot *snap, struct kt_slab_uses *ret_uses) KT_MUST_CHECK;
void kt_slab_uses_cleanup(struct kt_slab_uses *uses);

/** The folder whose cache goes by this name; NULL: none. */
const struct kt_cache_folder *kt_slab_folder(const struct kt_snapshot *snap, const char *name);
/** Where the cache is merged: the names it stands for but `but`; "" where there are none. */
const char *kt_slab_aliases(const struct kt_slab_use *use, const char *but, struct kt_arena *arena);

/** 1, 0, or -1: not known. */
int kt_slab_reclaimable(const struct kt_slab_use *use);
int kt_slab_accounted(const struct kt_slab_use *use);

/**
 * "kmalloc-64" for kmalloc-64, kmalloc-cg-64, kmalloc-rcl-64, dma-kmalloc-64 and
 * kmalloc-rnd-07-64; "size-64" for size-64(DMA). NULL: not of a family.
 */
const char *kt_slab_family(const char *name, struct kt_arena *arena);

/** "ext4" of "init_once+0x0/0x80 [ext4]", as a span of `ctor`; empty: not in a module. */
struct kt_span kt_slab_ctor_module(const char *ctor);

#endif
