// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_SLUB_BYTES_H
#define KT_TEST_SLUB_BYTES_H

/**
 * A kernel made by hand with slab caches: of the years with slabs for each CPU, or of those with
 * sheaves. Every number of free objects is chosen by the test.
 */

#include "kernel_bytes.h"

#define SLUB_BASE  0xffff888000000000ull
#define SLUB_BYTES (1u << 20)
#define SLUB_HEAD  0x800u /* place of the list's head: no cache is before it */
#define SLUB_CPUS  2u
#define SLUB_STEP  0x40000u /* between the per-CPU memory of two CPUs */

struct slub_bytes {
	char *memory, *types;
	uint32_t used;
	bool sheaves, hardened;
	struct kt_target_piece piece;
	struct kt_target *target;
};

/* Places of members, the same in both kinds. */
enum {
	CACHE_CPUS = 0,
	CACHE_SIZE = 8,
	CACHE_OBJECT = 12,
	CACHE_OFFSET = 16,
	CACHE_OO = 20,
	CACHE_LIST = 24,
	CACHE_NAME = 40,
	CACHE_RANDOM = 48,
	CACHE_CAPACITY = 56,
	CACHE_NODES = 64,
	CACHE_FLAGS = 112,
	CACHE_IN_USE = 120,
	CACHE_BYTES = 128,
	SLAB_CACHE = 8,
	SLAB_LIST = 16,
	SLAB_COUNTERS = 40,
	SLAB_BYTES = 64,
	NODE_NR_PARTIAL = 8,
	NODE_PARTIAL = 16,
	NODE_NR_SLABS = 32,
	NODE_TOTAL = 40,
	NODE_BYTES = 48,
};

/* Types that members of other structs have. */
struct slub_ids {
	uint32_t number, word, pointer, pointers, list, oo, pairs;
};

static inline void slub_small_types(struct made_types *made, struct slub_ids *ids)
{
	ids->number = made_int(made, "unsigned int", 4);
	ids->word = made_int(made, "long", 8);
	ids->pointer = made_pointer(made, 0);
	ids->pointers = made_array(made, ids->pointer, 4);
	{
		const struct made_member of_list[] = { { "next", ids->pointer, 0, 0 },
			{ "prev", ids->pointer, 64, 0 } };
		const struct made_member of_oo[] = { { "x", ids->number, 0, 0 } };
		const struct made_member of_pair[] = { { "barn", ids->pointer, 0, 0 },
			{ "node", ids->pointer, 64, 0 } };

		ids->list = made_struct(made, "list_head", 16, of_list, 2);
		ids->oo = made_struct(made, "kmem_cache_order_objects", 4, of_oo, 1);
		ids->pairs = made_array(
			made, made_struct(made, "kmem_cache_per_node_ptrs", 16, of_pair, 2), 4);
	}
}

static inline void slub_cache_type(
	struct made_types *made, const struct slub_ids *ids, bool sheaves, bool hardened)
{
	const struct made_member of_cache[] = {
		{ sheaves ? "cpu_sheaves" : "cpu_slab", ids->pointer, CACHE_CPUS * 8, 0 },
		{ "size", ids->number, CACHE_SIZE * 8, 0 },
		{ "object_size", ids->number, CACHE_OBJECT * 8, 0 },
		{ "offset", ids->number, CACHE_OFFSET * 8, 0 },
		{ "oo", ids->oo, CACHE_OO * 8, 0 },
		{ "list", ids->list, CACHE_LIST * 8, 0 },
		{ "name", ids->pointer, CACHE_NAME * 8, 0 },
		{ hardened ? "random" : "not_random", ids->word, CACHE_RANDOM * 8, 0 },
		{ sheaves ? "sheaf_capacity" : "no_capacity", ids->number, CACHE_CAPACITY * 8, 0 },
		{ sheaves ? "per_node" : "node", sheaves ? ids->pairs : ids->pointers,
			CACHE_NODES * 8, 0 },
		{ "flags", ids->word, CACHE_FLAGS * 8, 0 },
		{ "inuse", ids->number, CACHE_IN_USE * 8, 0 },
	};

	made_struct(made, "kmem_cache", CACHE_BYTES, of_cache, KT_LEN(of_cache));
}

static inline void slub_slab_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_counters[] = { { "inuse", ids->number, 0, 16 },
		{ "objects", ids->number, 16, 15 }, { "frozen", ids->number, 31, 1 } };
	const struct made_member of_chain[] = { { "next", ids->pointer, 0, 0 },
		{ "slabs", ids->number, 64, 0 } };
	uint32_t counters = made_struct(made, "", 8, of_counters, KT_LEN(of_counters));
	uint32_t chain = made_struct(made, "", 16, of_chain, KT_LEN(of_chain));
	const struct made_member of_slab[] = { { "flags", ids->word, 0, 0 },
		{ "slab_cache", ids->pointer, SLAB_CACHE * 8, 0 },
		{ "slab_list", ids->list, SLAB_LIST * 8, 0 }, { "", chain, SLAB_LIST * 8, 0 },
		{ "freelist", ids->pointer, 32 * 8, 0 }, { "", counters, SLAB_COUNTERS * 8, 0 } };
	const struct made_member of_node[] = { { "nr_partial", ids->word, NODE_NR_PARTIAL * 8, 0 },
		{ "partial", ids->list, NODE_PARTIAL * 8, 0 },
		{ "nr_slabs", ids->word, NODE_NR_SLABS * 8, 0 },
		{ "total_objects", ids->word, NODE_TOTAL * 8, 0 } };

	made_struct(made, "slab", SLAB_BYTES, of_slab, KT_LEN(of_slab));
	made_struct(made, "kmem_cache_node", NODE_BYTES, of_node, KT_LEN(of_node));
}

static inline void slub_cpu_types(struct made_types *made, const struct slub_ids *ids, bool sheaves)
{
	const struct made_member of_cpu[] = { { "freelist", ids->pointer, 0, 0 },
		{ "tid", ids->word, 64, 0 }, { "slab", ids->pointer, 128, 0 },
		{ "partial", ids->pointer, 192, 0 } };
	const struct made_member of_sheaves[] = { { "main", ids->pointer, 0, 0 },
		{ "spare", ids->pointer, 64, 0 }, { "rcu_free", ids->pointer, 128, 0 } };
	const struct made_member of_sheaf[] = { { "barn_list", ids->list, 0, 0 },
		{ "cache", ids->pointer, 128, 0 }, { "size", ids->number, 192, 0 },
		{ "objects", ids->pointers, 256, 0 } };
	const struct made_member of_barn[] = { { "sheaves_full", ids->list, 64, 0 },
		{ "nr_full", ids->number, 192, 0 } };

	if (!sheaves) {
		made_struct(made, "kmem_cache_cpu", 32, of_cpu, KT_LEN(of_cpu));
		return;
	}
	made_struct(made, "slub_percpu_sheaves", 24, of_sheaves, KT_LEN(of_sheaves));
	made_struct(made, "slab_sheaf", 32, of_sheaf, KT_LEN(of_sheaf));
	made_struct(made, "node_barn", 32, of_barn, KT_LEN(of_barn));
}

/** Adds further types to those of slab caches. */
typedef void (*slub_more_types)(struct made_types *made, const struct slub_ids *ids);

static inline char *slub_types(bool sheaves, bool hardened, slub_more_types more, size_t *ret_size)
{
	struct made_types made = { 0 };
	struct slub_ids ids;
	char *file;

	slub_small_types(&made, &ids);
	slub_cache_type(&made, &ids, sheaves, hardened);
	slub_slab_types(&made, &ids);
	slub_cpu_types(&made, &ids, sheaves);
	if (more)
		more(&made, &ids);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

static inline void slub_set(struct slub_bytes *slub, uint64_t address, uint64_t value, size_t size)
{
	memcpy(slub->memory + (address - SLUB_BASE), &value, size);
}

static inline void slub_set64(struct slub_bytes *slub, uint64_t address, uint64_t value)
{
	slub_set(slub, address, value, 8);
}

static inline uint64_t slub_get64(const struct slub_bytes *slub, uint64_t address)
{
	uint64_t value;

	memcpy(&value, slub->memory + (address - SLUB_BASE), 8);
	return value;
}

static inline uint64_t slub_take(struct slub_bytes *slub, uint32_t bytes)
{
	uint64_t address = SLUB_BASE + slub->used;

	slub->used += (bytes + 63) / 64 * 64;
	if (slub->used > SLUB_STEP)
		abort();
	return address;
}

/* Puts an element at the end of a list. */
static inline void slub_link(struct slub_bytes *slub, uint64_t head, uint64_t element)
{
	uint64_t last = slub_get64(slub, head + 8);

	slub_set64(slub, element, head);
	slub_set64(slub, element + 8, last);
	slub_set64(slub, last, element);
	slub_set64(slub, head + 8, element);
}

static inline void slub_list(struct slub_bytes *slub, uint64_t head)
{
	slub_set64(slub, head, head);
	slub_set64(slub, head + 8, head);
}

/* Gives the target its types and symbols. */
static inline void slub_open(struct slub_bytes *slub, size_t types_bytes)
{
	static const uint64_t offsets[SLUB_CPUS] = { SLUB_STEP, 2 * SLUB_STEP };

	if (kt_types_init(&slub->target->types, (struct kt_span){ slub->types, types_bytes }, 8))
		abort();
	slub->target->nr_cpus = SLUB_CPUS;
	slub_list(slub, SLUB_BASE + SLUB_HEAD);
	kt_symbols_add(&slub->target->symbols, KT_SPAN("slab_caches"), SLUB_BASE + SLUB_HEAD);
	kt_symbols_add(&slub->target->symbols, KT_SPAN("__per_cpu_offset"), SLUB_BASE);
	for (unsigned i = 0; i < SLUB_CPUS; i++)
		slub_set64(slub, SLUB_BASE + 8 * i, offsets[i]);
}

static inline void slub_init_with(struct slub_bytes *slub, bool sheaves, bool hardened,
	slub_more_types more, size_t *ret_types_bytes)
{
	*slub = (struct slub_bytes){ .memory = calloc(1, SLUB_BYTES),
		.used = 2 * SLUB_HEAD,
		.sheaves = sheaves,
		.hardened = hardened };
	slub->types = slub_types(sheaves, hardened, more, ret_types_bytes);
	slub->piece = (struct kt_target_piece){ SLUB_BASE, slub->memory, SLUB_BYTES };
	if (!slub->memory || kt_target_of_bytes(&slub->piece, 1, &slub->target))
		abort();
}

static inline void slub_init(struct slub_bytes *slub, bool sheaves, bool hardened)
{
	size_t types_bytes;

	slub_init_with(slub, sheaves, hardened, NULL, &types_bytes);
	slub_open(slub, types_bytes);
}

static inline void slub_fini(struct slub_bytes *slub)
{
	kt_target_close(slub->target);
	free(slub->memory);
	free(slub->types);
}

/* A cache with one node; returns the address. */
static inline uint64_t slub_cache(
	struct slub_bytes *slub, const char *name, uint32_t size, uint32_t object, uint32_t objects)
{
	uint64_t cache = slub_take(slub, CACHE_BYTES), node = slub_take(slub, NODE_BYTES);
	uint64_t text = slub_take(slub, 64), cpus = slub_take(slub, 64);

	memcpy(slub->memory + (text - SLUB_BASE), name, strlen(name) + 1);
	slub_set64(slub, cache + CACHE_CPUS, cpus);
	slub_set(slub, cache + CACHE_SIZE, size, 4);
	slub_set(slub, cache + CACHE_OBJECT, object, 4);
	slub_set(slub, cache + CACHE_OO, 1u << 16 | objects, 4);
	slub_set64(slub, cache + CACHE_NAME, text);
	slub_set64(slub, cache + CACHE_RANDOM, 0x5a5a123456789abcull);
	slub_link(slub, SLUB_BASE + SLUB_HEAD, cache + CACHE_LIST);
	slub_list(slub, node + NODE_PARTIAL);
	if (slub->sheaves) {
		uint64_t barn = slub_take(slub, 32);

		slub_set(slub, cache + CACHE_CAPACITY, 32, 4);
		slub_set64(slub, cache + CACHE_NODES, barn);
		slub_set64(slub, cache + CACHE_NODES + 8, node);
		slub_list(slub, barn + 8);
	} else
		slub_set64(slub, cache + CACHE_NODES, node);
	return cache;
}

static inline uint64_t slub_node(const struct slub_bytes *slub, uint64_t cache)
{
	return slub_get64(slub, cache + CACHE_NODES + (slub->sheaves ? 8 : 0));
}

static inline uint64_t slub_slab(
	struct slub_bytes *slub, uint64_t cache, uint32_t objects, uint32_t inuse)
{
	uint64_t slab = slub_take(slub, SLAB_BYTES);

	slub_set64(slub, slab + SLAB_CACHE, cache);
	slub_set(slub, slab + SLAB_COUNTERS, inuse | objects << 16, 4);
	return slab;
}

static inline void slub_partial(
	struct slub_bytes *slub, uint64_t cache, uint32_t objects, uint32_t inuse)
{
	uint64_t node = slub_node(slub, cache);

	slub_link(slub, node + NODE_PARTIAL, slub_slab(slub, cache, objects, inuse) + SLAB_LIST);
	slub_set64(slub, node + NODE_NR_PARTIAL, slub_get64(slub, node + NODE_NR_PARTIAL) + 1);
}

static inline void slub_total(
	struct slub_bytes *slub, uint64_t cache, uint64_t nr_slabs, uint64_t objects)
{
	slub_set64(slub, slub_node(slub, cache) + NODE_NR_SLABS, nr_slabs);
	slub_set64(slub, slub_node(slub, cache) + NODE_TOTAL, objects);
}

/* The memory that a CPU has of the cache. */
static inline uint64_t slub_cpu(const struct slub_bytes *slub, uint64_t cache, unsigned cpu)
{
	return slub_get64(slub, cache + CACHE_CPUS) + slub_get64(slub, SLUB_BASE + 8 * cpu);
}

/* A list of free objects, every second slot of a slab from its end; returns the first one. */
static inline uint64_t slub_freelist(struct slub_bytes *slub, uint64_t cache, unsigned count)
{
	uint32_t size = 0;
	uint64_t objects, before = 0, random = slub_get64(slub, cache + CACHE_RANDOM);

	memcpy(&size, slub->memory + (cache - SLUB_BASE) + CACHE_SIZE, 4);
	objects = slub_take(slub, size * 2 * (count + 1));
	for (unsigned i = 0; i < count; i++) {
		uint64_t at = objects + (uint64_t)size * 2 * i;

		slub_set64(slub, at,
			slub->hardened ? before ^ random ^ __builtin_bswap64(at) : before);
		before = at;
	}
	return before;
}

static inline uint64_t slub_sheaf(struct slub_bytes *slub, uint64_t cache, uint32_t objects)
{
	uint64_t sheaf = slub_take(slub, 32);

	slub_set64(slub, sheaf + 16, cache);
	slub_set(slub, sheaf + 24, objects, 4);
	return sheaf;
}

#endif
