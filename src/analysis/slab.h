// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_SLAB_H
#define KT_ANALYSIS_SLAB_H

#include "model/snapshot.h"

/**
 * Memory of a slab cache, used and wasted by cause. In bytes; -1: unknown. If all are known: in use
 * + cached + free + padding + tail = held. Without object_bytes the padding is unknown and
 * contained in in_use_bytes. Only kernel memory shows what is cached: without it, that is in
 * in_use_bytes.
 */
struct kt_slab_use {
	const struct kt_cache *cache;
	const struct kt_cache_folder *folder; /* NULL: not read, or none has this name */
	const struct kt_cache_memory *memory; /* NULL: kernel memory was not read, or lacks it */
	int64_t object_bytes, slot_bytes, slab_bytes, tail_per_slab;
	int64_t held_bytes;    /* slabs x pages; an upper bound, see uncertain_bytes */
	int64_t in_use_bytes;  /* allocated objects; an upper bound, see ready_bytes */
	int64_t cached_bytes;  /* free objects that CPUs and nodes keep ready, or that wait for RCU
				*/
	int64_t rcu_bytes;     /* part of cached_bytes: objects that wait for RCU */
	int64_t free_bytes;    /* slots without an object */
	int64_t padding_bytes; /* in used slots, around the object */
	int64_t tail_bytes;    /* unused end of a slab, too small for a slot */
	/*
	 * When memory is short, the kernel makes slabs of a lower order, but slabinfo does not show
	 * their size. Held and tail may be smaller by this amount.
	 */
	int64_t uncertain_bytes;
	/*
	 * Free objects cached per CPU count as in use. Up to this amount of in_use_bytes may be
	 * free; only the directory shows it.
	 */
	int64_t ready_bytes;
	/* In use, free and tail may be off by this amount, where a tool rounded the size of a slot.
	 */
	int64_t rounded_bytes;
};

struct kt_slab_uses {
	struct kt_arena arena;
	KT_LIST(struct kt_slab_use) items;
	int64_t page_bytes; /* may be KT_UNKNOWN */
	/* sums of the known values; large kmalloc counts as in use; -1: none is known */
	int64_t held_bytes, in_use_bytes, cached_bytes, free_bytes, padding_bytes, tail_bytes;
	int64_t uncertain_bytes, rounded_bytes;
	/* kernel counters; -1: unknown */
	int64_t slab_bytes, reclaimable_bytes, unreclaimable_bytes, meminfo_bytes;
	int64_t rest_bytes; /* slab_bytes - held_bytes; negative if the caches are counted too large
			     */
	bool has_rest;	    /* false also where the caches were counted before the counters */
	size_t nr_unread;   /* caches without numbers, while others have them */
	size_t nr_unsplit;  /* caches without a number of objects in use, while others have it */
	bool at_least;	    /* the list has no slabs: see kt_slab_is_least() */
	bool rest_is_large; /* the rest is large kmalloc: completely allocated, in no cache */
};

/**
 * Analyses all caches. Fails if no cache is known or when out of memory. `snap` must outlive the
 * uses.
 */
struct kt_err *kt_slab_analyse(
	const struct kt_snapshot *snap, struct kt_slab_uses *ret_uses) KT_MUST_CHECK;
void kt_slab_uses_cleanup(struct kt_slab_uses *uses);

/** Whether only the objects are counted: the cache holds at least this, and the rest of its slabs.
 */
bool kt_slab_is_least(const struct kt_slab_use *use);
/** Whether a directory of /sys/kernel/slab is of a cache: merged caches have several names. */
bool kt_slab_has_name(const struct kt_cache_folder *folder, const char *name);
/** Directory of the cache with this name; NULL: none. */
const struct kt_cache_folder *kt_slab_folder(const struct kt_snapshot *snap, const char *name);
/** Other names of a merged cache, without `but`; "": none. */
const char *kt_slab_aliases(const struct kt_slab_use *use, const char *but, struct kt_arena *arena);

/**
 * Returns a field of the cache's directory, or KT_UNKNOWN. An object that is larger than its slot
 * is unknown.
 */
int64_t kt_slab_field(const struct kt_slab_use *use, enum kt_cache_field_id field);

/** 1: reclaimable, 0: not, -1: unknown. */
int kt_slab_reclaimable(const struct kt_slab_use *use);
int kt_slab_accounted(const struct kt_slab_use *use);

/**
 * Family of a cache: "kmalloc-64" for kmalloc-64, kmalloc-cg-64, kmalloc-rcl-64, dma-kmalloc-64 and
 * kmalloc-rnd-07-64; "size-64" for size-64(DMA). NULL: none.
 */
const char *kt_slab_family(const char *name, struct kt_arena *arena);

/** Returns "ext4" of "init_once+0x0/0x80 [ext4]", as a span of `ctor`; empty: not in a module. */
struct kt_span kt_slab_ctor_module(const char *ctor);

#endif
