// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SLUB_CACHE_H
#define KT_MEMORY_SLUB_CACHE_H

#include "base/arena.h"
#include "memory/slub_layout.h"
#include "model/cache.h"

/** Slab caches one by one, and their free objects. */

#define KT_SLUB_COPY_MAX 4096u /* bytes; a struct is read up to here */
#define KT_SLUB_TRIES	 4u    /* readings of a structure that changes meanwhile */

/** Start of a walk over the allocator. */
struct kt_slub_opts {
	uint64_t any_cache;   /* address of any cache; 0: the symbol slab_caches is needed */
	uint32_t nr_node_ids; /* nodes that can exist */
};

struct kt_slub_sum;

/** The allocator while it is read. */
struct kt_slub {
	struct kt_target *target;
	struct kt_slub_layout layout;
	const struct kt_slub_opts *opts;
	uint64_t *cpu_offsets;	 /* of each possible CPU */
	uint32_t nr_cpus;	 /* 0: the offsets are not known */
	struct kt_slub_sum *sum; /* of memory/slub.c */
	char copy[KT_SLUB_COPY_MAX];
};

/** One cache; its numbers are not counted yet. */
struct kt_slub_cache {
	uint64_t address, cpu_slab, cpu_sheaves, random, next, prev;
	int64_t size, objs_per_slab;
	uint32_t offset;       /* of the pointer to the next free object, in a free object */
	uint32_t red_left_pad; /* bytes before each object, while it is debugged */
	bool has_sheaves;
	bool nodes_unread, cpus_unread; /* a part cannot be read at all: a dump lacks it */
	struct kt_cache_memory memory;
};

/** The caller frees it with kt_slub_free(). `opts` must outlive it. */
struct kt_err *kt_slub_new(struct kt_target *target, const struct kt_slub_opts *opts,
	struct kt_slub **ret_slub) KT_MUST_CHECK;
void kt_slub_free(struct kt_slub *slub);
void kt_slub_cleanup(struct kt_slub **slub);

/** Reads a struct into the copy; false: it cannot be read. */
bool kt_slub_copy(struct kt_slub *slub, uint64_t address, uint32_t bytes);
/** A number of the struct in the copy. */
uint64_t kt_slub_get(const struct kt_slub *slub, const struct kt_field *field);

/** Reads a cache; false: there is none at this address, such as at the head of their list. */
bool kt_slub_read_cache(struct kt_slub *slub, uint64_t address, struct kt_arena *arena,
	struct kt_slub_cache *ret_cache);
/** Nodes that can exist. */
uint32_t kt_slub_nr_nodes(const struct kt_slub *slub);
/** Finds what a node has of a cache; 0: nothing. Kernels differ in where a node's sheaves are. */
void kt_slub_node(struct kt_slub *slub, const struct kt_slub_cache *cache, uint32_t node,
	uint64_t *ret_node, uint64_t *ret_barn);

/**
 * Reads how many objects a sheaf of the cache has, and what follows it in its node's list; without
 * a sheaf 0 and 0. False: it is no sheaf of this cache.
 */
bool kt_slub_sheaf(struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t sheaf,
	int64_t *ret_objs, uint64_t *ret_next);

/** Called with the address of an object. */
typedef void (*kt_slub_object_fn)(void *arg, uint64_t object);
/** Calls `fn` for each object of a sheaf. Returns the next sheaf of its node's list; 0: none. */
uint64_t kt_slub_sheaf_objects(struct kt_slub *slub, const struct kt_slub_cache *cache,
	uint64_t sheaf, kt_slub_object_fn fn, void *arg);

/** Called with each cache. */
typedef void (*kt_slub_cache_fn)(void *arg, struct kt_slub_cache *cache);
/**
 * Calls `fn` for each cache, from any element of their list on. False: the list changed, or does
 * not hold together. `ret_after_head`: number of the cache that is the first of the list.
 */
bool kt_slub_each(struct kt_slub *slub, struct kt_arena *arena, kt_slub_cache_fn fn, void *arg,
	size_t *ret_after_head);

/** Finds the cache that has one of these names; NULL ends them. False: none has. */
bool kt_slub_find(struct kt_slub *slub, struct kt_arena *arena, const char *const *names,
	struct kt_slub_cache *ret_cache);

/**
 * Decodes what is stored at `at`, a free object's pointer to the next one; 0: it is the last.
 * False: it leads out of any slab that has this object.
 */
bool kt_slub_decode(const struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t at,
	uint64_t stored, uint64_t *ret_next);
/** Reads the pointer to the next free object in kernel memory. */
bool kt_slub_next_free(struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t object,
	uint64_t *ret_next);

#endif
