// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_HOLDERS_H
#define KT_MEMORY_HOLDERS_H

#include "base/map.h"
#include "memory/areas.h"
#include "memory/place_names.h"
#include "memory/slub_cache.h"
#include "model/records.h"

/**
 * Parts of kernel memory that hold pointers to pages, and their names: a variable, a slab cache
 * that has one purpose, or the first named pointer in an object of a cache with many.
 *
 * An object without a name is a node. An object that points to it gives it a name, over any number
 * of such steps.
 */
enum kt_holder_kind {
	KT_HOLDER_OBJECT, /* an object of a slab cache */
	KT_HOLDER_LARGE,  /* a block of large kmalloc */
	KT_HOLDER_DATA,	  /* the kernel's own data */
	KT_HOLDER_CPU,	  /* per-CPU variables */
	KT_HOLDER_AREA,	  /* an area of vmalloc */
};

struct kt_holder {
	enum kt_holder_kind kind;
	const struct kt_slub_cache *cache;
	const struct kt_kernel_area *area;
	uint64_t address;
	const char *bytes; /* a copy of it */
	size_t size;
	uint32_t owner; /* of an object or block: its number, once it is known; 0 */
};

/** Numbers of owners begin at 1; numbers of nodes have this bit. */
#define KT_HOLDER_NODE (1u << 31)

#define KT_HOLDER_FILTER (1u << 20) /* bits */

struct kt_holder_node {
	uint64_t address, bytes;
	uint32_t owner; /* 0: not known */
};

struct kt_holder_link {
	uint32_t from; /* an owner, or a node and KT_HOLDER_NODE */
	uint32_t to;   /* a node */
};

/** Two nodes that have one owner. */
struct kt_holder_pair {
	uint32_t a, b;
};

/** A slab cache of holders. */
struct kt_holder_cache {
	uint32_t owner;	   /* of all its objects; 0: the cache has many purposes */
	const bool *words; /* of an object: whether it may be a pointer; NULL: each may be one */
	size_t nr_words;
	struct kt_field count; /* of references: an object without one is about to be freed */
};

struct kt_holders {
	struct kt_target *target;
	const struct kt_symbol_table *symbols;
	struct kt_place_names *names;
	struct kt_field refcount; /* of struct kmem_cache: more than 1 if it was merged */
	uint64_t text_end;
	struct kt_arena arena;
	KT_LIST(struct kt_page_owner) owners;
	struct kt_map owner_numbers; /* kind and name -> number */
	struct kt_map cache_numbers; /* address of a cache -> its number, plus 1 */
	KT_LIST(struct kt_holder_cache) caches;
	bool has_data; /* the kernel names its variables */
	KT_LIST(struct kt_holder_node) nodes;
	struct kt_map node_numbers; /* address -> number, plus 1 */
	KT_LIST(struct kt_holder_link) links;
	KT_LIST(struct kt_holder_pair) pairs;
	KT_LIST(uint32_t) by_address; /* nodes that can be looked up */
	/* a bit for what their pages have in common: most addresses are in none of them */
	uint64_t filter[KT_HOLDER_FILTER / 64];
	bool truncated; /* there are more nodes or links than are kept */
};

struct kt_err *kt_holders_init(struct kt_holders *holders, struct kt_target *target,
	const struct kt_symbol_table *symbols, struct kt_place_names *names) KT_MUST_CHECK;
void kt_holders_fini(struct kt_holders *holders);
bool kt_holders_failed(const struct kt_holders *holders);

/** Number of an owner; the name is copied, NULL: none. 0: out of memory. */
uint32_t kt_holders_owner(
	struct kt_holders *holders, enum kt_page_owner_kind kind, const char *name);
/** Number of the owner, or the node, of a pointer at an address in the holder. 0: out of memory. */
uint32_t kt_holders_of(struct kt_holders *holders, struct kt_holder *holder, uint64_t at);
/** Describes a slab cache; valid until the next call. NULL: out of memory. */
const struct kt_holder_cache *kt_holders_cache(
	struct kt_holders *holders, const struct kt_slub_cache *cache);
/** Name of the function that made an area; NULL: unknown. */
const char *kt_holders_caller(struct kt_holders *holders, const struct kt_kernel_area *area);

/** Adds a node that has no name. False: out of memory, or there are too many. */
bool kt_holders_add(struct kt_holders *holders, uint64_t address, uint64_t bytes);
/** Makes the nodes from `first` on, that have no owner, known to kt_holders_node(). */
void kt_holders_sort(struct kt_holders *holders, uint32_t first);
/** Finds the node that has an address. */
bool kt_holders_node(const struct kt_holders *holders, uint64_t address, uint32_t *ret_node);
/** Notes that an owner, or a node, points to a node. */
void kt_holders_link(struct kt_holders *holders, uint32_t from, uint32_t node);
/** Makes two nodes have the same owner: they are in one list. */
void kt_holders_unite(struct kt_holders *holders, uint32_t a, uint32_t b);
/** Gives nodes the owner of what points to them, over any number of steps; holder_names.c. */
void kt_holders_follow(struct kt_holders *holders);
/** Owner of a number that may be a node; 0: none is known. */
uint32_t kt_holders_resolve(const struct kt_holders *holders, uint32_t number);

#endif
