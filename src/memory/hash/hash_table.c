// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/hash/hash_table.h"

#include "base/attr.h"

#define BUCKETS_MAX (1u << 28)
#define CHAIN_MAX   (1u << 20)
#define BLOCK	    4096u /* bytes of buckets that are read at once */
#define TRIES	    3u
#define MISSES_MAX  64u /* blocks of a table that cannot be read; then the rest is not tried */
#define NODE_MAX    16u /* bytes of the two pointers of a node */
#define LISTEN_BASE (1ull << 29)

/* Node of a list of each kind, and its pointer back. */
static const struct {
	const char *type, *next, *back;
} nodes[KT_NR_HASH_LISTS] = {
	[KT_HASH_PLAIN] = { "hlist_node", "next", "pprev" },
	[KT_HASH_LOCKED] = { "hlist_bl_node", "next", "pprev" },
	[KT_HASH_NULLS] = { "hlist_nulls_node", "next", "pprev" },
	[KT_HASH_ZERO] = { "hlist_nulls_node", "next", "pprev" },
	[KT_HASH_LISTEN] = { "hlist_nulls_node", "next", "pprev" },
	[KT_HASH_RING] = { "list_head", "next", "prev" },
	[KT_HASH_RHASH] = { "rhash_head", "next", NULL },
	[KT_HASH_NEXT] = { "neighbour", "next", NULL },
};

/* ---- its form ---- */

bool kt_hash_table_init(const struct kt_target *target, enum kt_hash_list list,
	uint32_t bucket_bytes, uint32_t head, struct kt_hash_table *ret_table)
{
	const struct kt_types *types = &target->types;
	uint32_t bytes = types->pointer_bytes;
	struct kt_field *next = &ret_table->next, *back = &ret_table->back;

	*ret_table =
		(struct kt_hash_table){ .list = list, .bucket_bytes = bucket_bytes, .head = head };
	if (!kt_types_field(types, nodes[list].type, nodes[list].next, next) || next->offset ||
		next->size != bytes || bucket_bytes > BLOCK || head + bytes > bucket_bytes)
		return false;
	return !nodes[list].back ||
	       (kt_types_field(types, nodes[list].type, nodes[list].back, back) &&
		       back->size == bytes && back->offset + bytes <= NODE_MAX);
}

bool kt_hash_table_place(const struct kt_target *target, uint64_t at, uint64_t nr_buckets,
	struct kt_hash_table *table)
{
	table->at = at;
	table->nr_buckets = nr_buckets;
	return kt_target_is_pointer(target, at) && nr_buckets && nr_buckets <= BUCKETS_MAX &&
	       at <= UINT64_MAX - nr_buckets * table->bucket_bytes;
}

/* ---- its chains ---- */

struct count {
	struct kt_target *target;
	const struct kt_hash_table *table;
	struct kt_hash_chains *sum;
	uint64_t nr_left; /* nodes to read, where nothing points back */
};

static bool is_end(const struct kt_hash_table *table, uint64_t index, uint64_t head, uint64_t next)
{
	switch (table->list) {
	case KT_HASH_NULLS: return next == (index << 1 | 1);
	case KT_HASH_ZERO: return next == 1;
	case KT_HASH_LISTEN: return next == ((index + LISTEN_BASE) << 1 | 1);
	case KT_HASH_RING: return next == head;
	case KT_HASH_RHASH: return next == (head | 1);
	default: return !next;
	}
}

/* The pointer to the first node, out of that in a bucket. */
static uint64_t first_node(const struct kt_hash_table *table, uint64_t head, uint64_t next)
{
	if (table->list == KT_HASH_LOCKED)
		return next & ~1ull;
	if (table->list == KT_HASH_RHASH)
		return next & ~1ull ? next & ~1ull : head | 1;
	return next;
}

/* False: it cannot be read, or is not the one that `before` leads to. */
static bool read_node(struct count *count, uint64_t node, uint64_t before, uint64_t *ret_next)
{
	const struct kt_hash_table *table = count->table;
	uint32_t bytes =
		table->back.exists ? table->back.offset + table->back.size : table->next.size;
	char copy[NODE_MAX];

	if (!table->back.exists && !count->nr_left--) {
		count->nr_left = 0;
		return false;
	}
	if (!kt_target_read(count->target, node, copy, bytes))
		return false;
	*ret_next = kt_field_get(&table->next, copy, bytes);
	return !table->back.exists || kt_field_get(&table->back, copy, bytes) == before;
}

/*
 * Follows the chain of a bucket; false: it cannot be read, or changed meanwhile. A node with a
 * pointer back has one only, so a chain of them could lead in a circle only through its head.
 */
static bool follow(struct count *count, uint64_t index, uint64_t next, int64_t *ret_length)
{
	const struct kt_hash_table *table = count->table;
	uint64_t head = table->at + index * table->bucket_bytes + table->head, before = head;

	*ret_length = 0;
	next = first_node(table, head, next);
	while (!is_end(table, index, head, next)) {
		uint64_t node = next;

		if (*ret_length >= CHAIN_MAX || node == head ||
			!kt_target_is_pointer(count->target, node) ||
			!read_node(count, node, before, &next))
			return false;
		++*ret_length;
		before = node;
	}
	return true;
}

/* `next`: the pointer to the first node, as it was in the block. */
static bool count_chain(struct count *count, uint64_t index, uint64_t next, int64_t *ret_length)
{
	const struct kt_hash_table *table = count->table;
	uint64_t head = table->at + index * table->bucket_bytes + table->head;

	for (unsigned tries = 1; !follow(count, index, next, ret_length); tries++) {
		if (tries == TRIES || !kt_target_pointer(count->target, head, &next))
			return false;
	}
	return true;
}

/* Counts `nr` buckets, at most a block; false: they cannot be read. */
static bool count_block(struct count *count, uint64_t first, uint64_t nr)
{
	const struct kt_hash_table *table = count->table;
	struct kt_hash_chains *sum = count->sum;
	struct kt_field next = { .exists = true,
		.offset = table->head,
		.size = count->target->types.pointer_bytes,
		.count = 1 };
	char block[BLOCK];

	if (!kt_target_read(count->target, table->at + first * table->bucket_bytes, block,
		    nr * table->bucket_bytes))
		return false;
	for (uint64_t i = 0; i < nr; i++) {
		const char *bucket = block + i * table->bucket_bytes;
		int64_t length;

		if (!count_chain(count, first + i, kt_field_get(&next, bucket, table->bucket_bytes),
			    &length)) {
			sum->nr_torn++;
			continue;
		}
		sum->nr_objects += length;
		sum->nr_empty += !length;
		if (length > sum->longest)
			sum->longest = length;
	}
	return true;
}

void kt_hash_table_count(
	struct kt_target *target, const struct kt_hash_table *table, struct kt_hash_chains *sum)
{
	struct count count = { target, table, sum, table->nr_nodes_max };
	uint64_t step = BLOCK / table->bucket_bytes, nr;
	unsigned misses = 0;

	sum->nr_buckets += (int64_t)table->nr_buckets;
	for (uint64_t at = 0; at < table->nr_buckets; at += nr) {
		nr = table->nr_buckets - at;
		if (nr > step && misses < MISSES_MAX)
			nr = step;
		if (misses == MISSES_MAX || !count_block(&count, at, nr)) {
			sum->nr_torn += (int64_t)nr;
			misses += misses < MISSES_MAX;
		}
	}
}
