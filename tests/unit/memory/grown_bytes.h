// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_GROWN_BYTES_H
#define KT_TEST_GROWN_BYTES_H

/** A kernel made by hand with neighbours and sockets of netlink, as in 6.12 or as in 6.13. */

#include "kernel_bytes.h"

#include "memory/hash/hash_grown.h"

#include <stdio.h>

#define GROWN_BASE  0xffff888000000000ull
#define GROWN_BYTES (1u << 15)
/* What may be read of all lists, and their heads with three tries. */
#define GROWN_READS_MAX ((1u << 21) + (1u << 19))
#define GROWN_FAMILIES	3u
#define GROWN_PROTOCOLS 32u
#define GROWN_HEADS	16u /* of neighbours */
#define GROWN_BUCKETS	8u  /* of a resizable array */

enum {
	NEIGH_FAMILY = 0,
	NEIGH_ENTRIES = 8,
	NEIGH_NHT = 16,
	NEIGH_BYTES = 24,
	NHT_HEADS = 0,
	NHT_SHIFT = 8,
	NHT_BYTES = 16,
	RHASH_TBL = 0,
	RHASH_NELEMS = 8,
	RHASH_BYTES = 16,
	NETLINK_HASH = 8,
	NETLINK_BYTES = 32,
	ARRAY_SIZE = 0,
	ARRAY_NEST = 4,
	ARRAY_FUTURE = 8,
	ARRAY_BUCKETS = 16,
};

struct grown_bytes {
	char *memory, *types;
	uint32_t used;
	bool old;
	uint64_t families[GROWN_FAMILIES], heads[GROWN_FAMILIES]; /* IPv4, IPv6, DECnet */
	uint64_t protocols, arrays[GROWN_PROTOCOLS];
	struct kt_target_piece piece;
	struct kt_target *target;
};

static inline void grown_set(
	struct grown_bytes *grown, uint64_t address, uint64_t value, size_t size)
{
	memcpy(grown->memory + (address - GROWN_BASE), &value, size);
}

static inline uint64_t grown_get(const struct grown_bytes *grown, uint64_t address)
{
	uint64_t value;

	memcpy(&value, grown->memory + (address - GROWN_BASE), sizeof(value));
	return value;
}

static inline uint64_t grown_take(struct grown_bytes *grown, uint32_t bytes)
{
	uint64_t address = GROWN_BASE + grown->used;

	grown->used += (bytes + 15) / 16 * 16;
	if (grown->used > GROWN_BYTES)
		abort();
	return address;
}

static inline char *grown_types(bool old, size_t *ret_size)
{
	struct made_types made = { 0 };
	uint32_t number = made_int(&made, "int", 4), pointer = made_pointer(&made, 0);
	const struct made_member of_atomic[] = { { "counter", number, 0, 0 } };
	uint32_t atomic = made_struct(&made, "", 4, of_atomic, 1);
	const struct made_member of_node[] = { { "next", pointer, 0, 0 },
		{ "pprev", pointer, 64, 0 } };
	const struct made_member of_next[] = { { "next", pointer, 0, 0 } };
	const struct made_member of_table[] = { { "family", number, NEIGH_FAMILY * 8, 0 },
		{ "entries", atomic, NEIGH_ENTRIES * 8, 0 }, { "nht", pointer, NEIGH_NHT * 8, 0 } };
	const struct made_member of_heads[] = { { old ? "hash_buckets" : "hash_heads", pointer,
							NHT_HEADS * 8, 0 },
		{ "hash_shift", number, NHT_SHIFT * 8, 0 } };
	const struct made_member of_rhash[] = { { "tbl", pointer, RHASH_TBL * 8, 0 },
		{ "nelems", atomic, RHASH_NELEMS * 8, 0 } };
	const struct made_member of_array[] = { { "size", number, ARRAY_SIZE * 8, 0 },
		{ "nest", number, ARRAY_NEST * 8, 0 },
		{ "future_tbl", pointer, ARRAY_FUTURE * 8, 0 },
		{ "buckets", made_array(&made, pointer, 0), ARRAY_BUCKETS * 8, 0 } };
	uint32_t rhash = made_struct(&made, "rhashtable", RHASH_BYTES, of_rhash, 2);
	const struct made_member of_netlink[] = { { "hash", rhash, NETLINK_HASH * 8, 0 } };
	char *file;

	made_struct(&made, "hlist_node", 16, of_node, 2);
	made_struct(&made, "neighbour", 16, of_next, 1);
	made_struct(&made, "rhash_head", 8, of_next, 1);
	made_struct(&made, "neigh_table", NEIGH_BYTES, of_table, 3);
	made_struct(&made, "neigh_hash_table", NHT_BYTES, of_heads, 2);
	made_struct(&made, "netlink_table", NETLINK_BYTES, of_netlink, 1);
	made_struct(&made, "bucket_table", ARRAY_BUCKETS, of_array, 4);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

static inline uint64_t grown_array(struct grown_bytes *grown)
{
	uint64_t at = grown_take(grown, ARRAY_BUCKETS + GROWN_BUCKETS * 8);

	grown_set(grown, at + ARRAY_SIZE, GROWN_BUCKETS, 4);
	return at;
}

static inline void grown_count(struct grown_bytes *grown, uint64_t counter)
{
	grown_set(grown, counter, grown_get(grown, counter) + 1, 4);
}

/* Puts a neighbour at the head of a list; returns its address. */
static inline uint64_t grown_neighbour(struct grown_bytes *grown, uint32_t family, uint32_t bucket)
{
	uint64_t head = grown->heads[family] + 8ull * bucket, first = grown_get(grown, head);
	uint64_t node = grown_take(grown, 16);

	grown_set(grown, node, first, 8);
	if (!grown->old) {
		grown_set(grown, node + 8, head, 8);
		if (first)
			grown_set(grown, first + 8, node, 8);
	}
	grown_set(grown, head, node, 8);
	grown_count(grown, grown->families[family] + NEIGH_ENTRIES);
	return node;
}

/* Puts a socket at the head of a list of an array of `protocol`; returns its address. */
static inline uint64_t grown_socket(
	struct grown_bytes *grown, uint32_t protocol, uint64_t array, uint32_t bucket)
{
	uint64_t head = array + ARRAY_BUCKETS + 8ull * bucket, first = grown_get(grown, head);
	uint64_t node = grown_take(grown, 16);

	grown_set(grown, node, first ? first : head | 1, 8);
	grown_set(grown, head, node, 8);
	grown_count(
		grown, grown->protocols + protocol * NETLINK_BYTES + NETLINK_HASH + RHASH_NELEMS);
	return node;
}

static inline void grown_init(struct grown_bytes *grown, bool old)
{
	static const uint32_t families[GROWN_FAMILIES] = { 2, 10, 12 };
	char lines[128];
	uint64_t tables, at;
	size_t size;

	*grown = (struct grown_bytes){ .memory = calloc(1, GROWN_BYTES), .used = 4096, .old = old };
	grown->types = grown_types(old, &size);
	grown->piece = (struct kt_target_piece){ GROWN_BASE, grown->memory, GROWN_BYTES };
	if (!grown->memory || kt_target_of_bytes(&grown->piece, 1, &grown->target) ||
		kt_types_init(&grown->target->types, (struct kt_span){ grown->types, size }, 8))
		abort();
	tables = grown_take(grown, 8 * GROWN_FAMILIES);
	for (uint32_t i = 0; i < GROWN_FAMILIES; i++) {
		uint64_t hash = grown_take(grown, NHT_BYTES);

		grown->families[i] = grown_take(grown, NEIGH_BYTES);
		grown->heads[i] = grown_take(grown, GROWN_HEADS * 8);
		grown_set(grown, tables + 8ull * i, grown->families[i], 8);
		grown_set(grown, grown->families[i] + NEIGH_FAMILY, families[i], 4);
		grown_set(grown, grown->families[i] + NEIGH_NHT, hash, 8);
		grown_set(grown, hash + NHT_HEADS, grown->heads[i], 8);
		grown_set(grown, hash + NHT_SHIFT, 4, 4);
	}
	grown->protocols = grown_take(grown, GROWN_PROTOCOLS * NETLINK_BYTES);
	for (uint32_t i = 0; i < GROWN_PROTOCOLS; i++) {
		grown->arrays[i] = grown_array(grown);
		grown_set(grown, grown->protocols + i * NETLINK_BYTES + NETLINK_HASH + RHASH_TBL,
			grown->arrays[i], 8);
	}
	at = grown_take(grown, 8);
	grown_set(grown, at, grown->protocols, 8);
	kt_symbols_add(&grown->target->symbols, KT_SPAN("nl_table"), at);
	snprintf(lines, sizeof(lines), "%llx b neigh_tables\n%llx b another\n",
		(unsigned long long)tables, (unsigned long long)tables + 8 * GROWN_FAMILIES);
	kt_symbols_take(&grown->target->symbols, kt_span_str(lines));
}

static inline void grown_fini(struct grown_bytes *grown)
{
	kt_target_close(grown->target);
	free(grown->memory);
	free(grown->types);
}

#endif
