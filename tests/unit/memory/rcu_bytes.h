// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_RCU_BYTES_H
#define KT_TEST_RCU_BYTES_H

/** A kernel made by hand with objects that wait for RCU, in arrays of old and new kernels. */

#include "kernel_bytes.h"

#include "memory/freed/rcu_waiting.h"

#define RCU_BASE  0xffff888000000000ull
#define RCU_BYTES (1u << 16)
#define RCU_CPUS  2u
/* Each word a list head of each CPU, with three tries of at most three reads an entry. */
#define RCU_READS_MAX 400000u

#define RCU_FREE_SHEAF	0xffffffff81000100ull
#define RCU_FREE_NOBARN 0xffffffff81000200ull
#define RCU_OTHER	0xffffffff81000300ull

enum {
	KRC_HEAD = 0,
	KRC_ARRAYS = 8, /* two lists or pointers */
	KRC_WORKS = 64, /* two */
	KRC_SPARE = 192,
	KRC_BYTES = 200,
	WORK_HEAD = 8,
	WORK_ARRAYS = 16,
	WORK_BYTES = 56,
	ARRAY_LIST = 0, /* or a pointer */
	ARRAY_RECORDS = 24,
	ARRAY_BYTES = 64,
	DATA_CALLBACKS = 16,
	DATA_BYPASS = 48,
	DATA_BYTES = 64,
	SHEAF_CACHE = 16,
	SHEAF_SIZE = 24,
	SHEAF_BYTES = 32,
};

struct rcu_bytes {
	bool old;
	char *memory, *types;
	uint32_t used;
	uint64_t krc[RCU_CPUS], data[RCU_CPUS];
	struct kt_target_piece piece;
	struct kt_target *target;
};

static inline void rcu_set(struct rcu_bytes *rcu, uint64_t address, uint64_t value, size_t size)
{
	memcpy(rcu->memory + (address - RCU_BASE), &value, size);
}

static inline uint64_t rcu_get(const struct rcu_bytes *rcu, uint64_t address)
{
	uint64_t value;

	memcpy(&value, rcu->memory + (address - RCU_BASE), sizeof(value));
	return value;
}

static inline uint64_t rcu_take(struct rcu_bytes *rcu, uint32_t bytes)
{
	uint64_t address = RCU_BASE + rcu->used;

	rcu->used += (bytes + 15) / 16 * 16;
	if (rcu->used > RCU_BYTES)
		abort();
	return address;
}

static inline void rcu_types_of_sheaves(
	struct made_types *made, uint32_t pointer, uint32_t number, uint32_t callback)
{
	const struct made_member of_list[] = { { "head", pointer, 0, 0 } };
	uint32_t list = made_struct(made, "rcu_cblist", 24, of_list, 1);
	const struct made_member of_data[] = { { "cblist", list, DATA_CALLBACKS * 8, 0 },
		{ "nocb_bypass", list, DATA_BYPASS * 8, 0 } };
	const struct made_member of_sheaf[] = { { "callback_head", callback, 0, 0 },
		{ "cache", pointer, SHEAF_CACHE * 8, 0 }, { "size", number, SHEAF_SIZE * 8, 0 } };

	made_struct(made, "rcu_data", DATA_BYTES, of_data, 2);
	made_struct(made, "slab_sheaf", SHEAF_BYTES, of_sheaf, KT_LEN(of_sheaf));
}

static inline char *rcu_types(bool old, size_t *ret_size)
{
	struct made_types made = { 0 };
	uint32_t word = made_int(&made, "long", 8), number = made_int(&made, "int", 4);
	uint32_t pointer = made_pointer(&made, word);
	const struct made_member of_callback[] = { { "next", pointer, 0, 0 },
		{ "func", pointer, 64, 0 } };
	const struct made_member of_list[] = { { "next", pointer, 0, 0 },
		{ "prev", pointer, 64, 0 } };
	uint32_t callback = made_struct(&made, "callback_head", 16, of_callback, 2);
	uint32_t list = made_struct(&made, "list_head", 16, of_list, 2);
	uint32_t arrays = made_array(&made, old ? pointer : list, 2);
	const struct made_member of_array[] = { { old ? "next" : "list", old ? pointer : list,
							ARRAY_LIST * 8, 0 },
		{ "nr_records", word, ARRAY_RECORDS * 8, 0 } };
	const struct made_member of_work[] = { { "head_free", pointer, WORK_HEAD * 8, 0 },
		{ old ? "bkvhead_free" : "bulk_head_free", arrays, WORK_ARRAYS * 8, 0 } };
	uint32_t work = made_struct(&made, "kfree_rcu_cpu_work", WORK_BYTES, of_work, 2);
	uint32_t works = made_array(&made, work, 2);
	const struct made_member of_cpu[] = { { "head", pointer, KRC_HEAD * 8, 0 },
		{ old ? "bkvhead" : "bulk_head", arrays, KRC_ARRAYS * 8, 0 },
		{ "krw_arr", works, KRC_WORKS * 8, 0 },
		{ "nr_bkv_objs", number, KRC_SPARE * 8, 0 } };
	char *file;

	made_struct(&made, "kvfree_rcu_bulk_data", ARRAY_BYTES, of_array, 2);
	made_struct(&made, "kfree_rcu_cpu", KRC_BYTES, of_cpu, KT_LEN(of_cpu));
	if (!old)
		rcu_types_of_sheaves(&made, pointer, number, callback);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

/* Per-CPU variables are at an offset from the address of their symbol. */
static inline void rcu_variables(struct rcu_bytes *rcu)
{
	struct kt_symbols *symbols = &rcu->target->symbols;
	uint64_t first = rcu_take(rcu, 512), second = rcu_take(rcu, 512);
	uint64_t offsets = rcu_take(rcu, RCU_CPUS * 8);

	rcu_set(rcu, offsets, first - 4096, 8);
	rcu_set(rcu, offsets + 8, second - 4096, 8);
	kt_symbols_add(symbols, KT_SPAN("__per_cpu_offset"), offsets);
	kt_symbols_add(symbols, KT_SPAN("krc"), 4096);
	kt_symbols_add(symbols, KT_SPAN("rcu_data"), 4096 + 256);
	for (uint32_t i = 0; i < RCU_CPUS; i++) {
		rcu->krc[i] = i ? second : first;
		rcu->data[i] = rcu->krc[i] + 256;
	}
	if (rcu->old)
		return;
	kt_symbols_add(symbols, KT_SPAN("rcu_free_sheaf"), RCU_FREE_SHEAF);
	kt_symbols_add(symbols, KT_SPAN("rcu_free_sheaf_nobarn"), RCU_FREE_NOBARN);
}

static inline void rcu_init(struct rcu_bytes *rcu, bool old)
{
	size_t size;

	*rcu = (struct rcu_bytes){ .old = old, .memory = calloc(1, RCU_BYTES), .used = 4096 };
	rcu->types = rcu_types(old, &size);
	rcu->piece = (struct kt_target_piece){ RCU_BASE, rcu->memory, RCU_BYTES };
	if (!rcu->memory || kt_target_of_bytes(&rcu->piece, 1, &rcu->target) ||
		kt_types_init(&rcu->target->types, (struct kt_span){ rcu->types, size }, 8))
		abort();
	rcu->target->page_bytes = 4096;
	rcu->target->nr_cpus = RCU_CPUS;
	rcu_variables(rcu);
}

/* Head of the arrays for objects of slab (0) or vmalloc (1): being filled, or of a batch. */
static inline uint64_t rcu_arrays(const struct rcu_bytes *rcu, uint32_t cpu, int batch, uint32_t of)
{
	uint64_t step = rcu->old ? 8 : 16;

	return rcu->krc[cpu] + of * step +
	       (batch < 0 ? KRC_ARRAYS : (uint64_t)(KRC_WORKS + batch * WORK_BYTES + WORK_ARRAYS));
}

static inline uint64_t rcu_chain(const struct rcu_bytes *rcu, uint32_t cpu, int batch)
{
	return rcu->krc[cpu] +
	       (batch < 0 ? KRC_HEAD : (uint64_t)(KRC_WORKS + batch * WORK_BYTES + WORK_HEAD));
}

static inline uint64_t rcu_add_array(struct rcu_bytes *rcu, uint64_t head, uint64_t nr_records)
{
	uint64_t array = rcu_take(rcu, ARRAY_BYTES), next = rcu_get(rcu, head);

	rcu_set(rcu, array + ARRAY_RECORDS, nr_records, 8);
	rcu_set(rcu, head, array, 8);
	if (rcu->old) {
		rcu_set(rcu, array, next, 8);
		return array;
	}
	if (!next) {
		next = head;
		rcu_set(rcu, head + 8, array, 8);
	}
	rcu_set(rcu, array, next, 8);
	rcu_set(rcu, array + 8, head, 8);
	rcu_set(rcu, next + 8, array, 8);
	return array;
}

/* Adds an object to a chain, or a callback. */
static inline uint64_t rcu_add(struct rcu_bytes *rcu, uint64_t head, uint64_t func)
{
	uint64_t object = rcu_take(rcu, SHEAF_BYTES);

	rcu_set(rcu, object, rcu_get(rcu, head), 8);
	rcu_set(rcu, object + 8, func, 8);
	rcu_set(rcu, head, object, 8);
	return object;
}

static inline uint64_t rcu_add_sheaf(
	struct rcu_bytes *rcu, uint64_t head, uint64_t func, uint64_t nr_objs)
{
	uint64_t sheaf = rcu_add(rcu, head, func);

	rcu_set(rcu, sheaf + SHEAF_CACHE, RCU_BASE + 64, 8);
	rcu_set(rcu, sheaf + SHEAF_SIZE, nr_objs, 4);
	return sheaf;
}

/* Something in each list. */
static inline void rcu_fill(struct rcu_bytes *rcu)
{
	for (uint32_t cpu = 0; cpu < RCU_CPUS; cpu++) {
		for (int batch = -1; batch < 2; batch++) {
			rcu_add_array(rcu, rcu_arrays(rcu, cpu, batch, 0), 100);
			rcu_add_array(rcu, rcu_arrays(rcu, cpu, batch, 0), 10);
			rcu_add_array(rcu, rcu_arrays(rcu, cpu, batch, 1), 1);
			rcu_add(rcu, rcu_chain(rcu, cpu, batch), 0);
			rcu_add(rcu, rcu_chain(rcu, cpu, batch), 0);
		}
		rcu_set(rcu, rcu->krc[cpu] + KRC_SPARE, 5, 4);
		if (rcu->old)
			continue;
		rcu_add(rcu, rcu->data[cpu] + DATA_CALLBACKS, RCU_OTHER);
		rcu_add_sheaf(rcu, rcu->data[cpu] + DATA_CALLBACKS, RCU_FREE_SHEAF, 60);
		rcu_add_sheaf(rcu, rcu->data[cpu] + DATA_CALLBACKS, RCU_FREE_NOBARN, 12);
		rcu_add(rcu, rcu->data[cpu] + DATA_CALLBACKS, RCU_OTHER);
		rcu_add_sheaf(rcu, rcu->data[cpu] + DATA_BYPASS, RCU_FREE_SHEAF, 28);
	}
}

static inline void rcu_fini(struct rcu_bytes *rcu)
{
	kt_target_close(rcu->target);
	free(rcu->memory);
	free(rcu->types);
}

#endif
