// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/hash/hash_grown.h"

#include "base/attr.h"
#include "memory/hash/hash_table.h"

#define FAMILIES_MAX   4u
#define PROTOCOLS      32u	    /* MAX_LINKS of linux/netlink.h, which programs know too */
#define RESIZES_MAX    4u	    /* tables that a table is being moved to */
#define NODES_MAX      (1ull << 21) /* to read of all these tables */
#define NODES_LEAST    1024u
#define HASH_SHIFT_MAX 28u

static struct kt_err *push(
	struct kt_snapshot *snap, const char *name, const struct kt_hash_chains *sum)
{
	struct kt_hash_chains *slot;

	if (!sum->nr_buckets)
		return NULL;
	slot = kt_list_push(&snap->arena, &snap->hash_chains);
	if (!slot)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*slot = *sum;
	slot->name = name;
	return NULL;
}

/*
 * A circle ends after twice as many nodes as the kernel has counted, which changes meanwhile.
 * `nr_left`: for all tables that follow.
 */
static uint64_t take_nodes(uint64_t nr_counted, uint64_t *nr_left)
{
	uint64_t nr = 2 * nr_counted + NODES_LEAST;

	if (nr > *nr_left)
		nr = *nr_left;
	*nr_left -= nr;
	return nr;
}

/* A counter of 4 bytes, by the path to its number. */
static bool read_counter(struct kt_target *target, uint64_t at, const char *type,
	const char *member, uint64_t *ret_number)
{
	struct kt_field field;

	return kt_types_field(&target->types, type, member, &field) && field.size == 4 &&
	       kt_target_number(target, at + field.offset, 4, ret_number);
}

static bool read_pointer(struct kt_target *target, uint64_t at, const char *type,
	const char *member, uint64_t *ret_pointer)
{
	struct kt_field field;

	return kt_types_field(&target->types, type, member, &field) &&
	       kt_target_pointer(target, at + field.offset, ret_pointer);
}

/* ---- neighbours ---- */

/* Since 6.13 (commit 41b3caa7c076) they are in lists with a pointer back. */
static void count_neighbours(
	struct kt_target *target, uint64_t at, uint64_t *nr_left, struct kt_hash_chains *sum)
{
	uint32_t bytes = target->types.pointer_bytes;
	struct kt_hash_table table;
	uint64_t hash, heads, shift, entries;
	bool plain;

	if (!read_counter(target, at, "neigh_table", "entries.counter", &entries) ||
		!read_pointer(target, at, "neigh_table", "nht", &hash) ||
		!kt_target_is_pointer(target, hash) ||
		!read_counter(target, hash, "neigh_hash_table", "hash_shift", &shift) ||
		shift > HASH_SHIFT_MAX)
		return;
	plain = read_pointer(target, hash, "neigh_hash_table", "hash_heads", &heads);
	if ((!plain && !read_pointer(target, hash, "neigh_hash_table", "hash_buckets", &heads)) ||
		!kt_hash_table_init(
			target, plain ? KT_HASH_PLAIN : KT_HASH_NEXT, bytes, 0, &table) ||
		!kt_hash_table_place(target, heads, 1ull << shift, &table))
		return;
	table.nr_nodes_max = take_nodes(entries, nr_left);
	kt_hash_table_count(target, &table, sum);
}

static struct kt_err *walk_neighbours(
	struct kt_target *target, struct kt_snapshot *snap, uint64_t *nr_left)
{
	static const struct {
		uint64_t family;
		const char *name;
	} known[] = { { 2, "neighbours, IPv4" }, { 10, "neighbours, IPv6" } };
	uint64_t tables, room, at, family;
	struct kt_err *err = NULL;

	if (!kt_symbols_find(&target->symbols, "neigh_tables", &tables) ||
		!kt_symbols_room(&target->symbols, "neigh_tables", &room))
		return NULL;
	room /= target->types.pointer_bytes;
	for (uint64_t i = 0; !err && i < room && i < FAMILIES_MAX; i++) {
		if (!kt_target_pointer(target, tables + i * target->types.pointer_bytes, &at) ||
			!kt_target_is_pointer(target, at) ||
			!read_counter(target, at, "neigh_table", "family", &family))
			continue;
		for (size_t k = 0; !err && k < KT_LEN(known); k++) {
			struct kt_hash_chains sum = { 0 };

			if (known[k].family != family)
				continue;
			count_neighbours(target, at, nr_left, &sum);
			err = push(snap, known[k].name, &sum);
		}
	}
	return err;
}

/* ---- resizable tables ---- */

/* One of rhashtable's arrays. Of one in pieces (`nest`) no bucket is read. */
static void count_array(struct kt_target *target, uint64_t at, uint64_t nr_counted,
	uint64_t *nr_left, struct kt_hash_chains *sum)
{
	struct kt_hash_table table;
	struct kt_field buckets;
	uint64_t size, nest;

	if (!read_counter(target, at, "bucket_table", "size", &size) ||
		!read_counter(target, at, "bucket_table", "nest", &nest) ||
		!kt_types_field(&target->types, "bucket_table", "buckets", &buckets) ||
		!kt_hash_table_init(
			target, KT_HASH_RHASH, target->types.pointer_bytes, 0, &table) ||
		!kt_hash_table_place(target, at + buckets.offset, size, &table))
		return;
	if (nest) {
		sum->nr_buckets += (int64_t)size;
		sum->nr_torn += (int64_t)size;
		return;
	}
	table.nr_nodes_max = take_nodes(nr_counted, nr_left);
	kt_hash_table_count(target, &table, sum);
}

/* While a table grows, its objects are in two arrays. */
static void count_rhashtable(
	struct kt_target *target, uint64_t at, uint64_t *nr_left, struct kt_hash_chains *sum)
{
	uint64_t array, nr_counted;

	if (!read_counter(target, at, "rhashtable", "nelems.counter", &nr_counted) ||
		!read_pointer(target, at, "rhashtable", "tbl", &array))
		return;
	for (unsigned i = 0; i < RESIZES_MAX && kt_target_is_pointer(target, array); i++) {
		count_array(target, array, nr_counted, nr_left, sum);
		if (!read_pointer(target, array, "bucket_table", "future_tbl", &array))
			return;
	}
}

static struct kt_err *walk_netlink(
	struct kt_target *target, struct kt_snapshot *snap, uint64_t *nr_left)
{
	uint32_t bytes = kt_types_size(&target->types, "netlink_table");
	struct kt_hash_chains sum = { 0 };
	struct kt_field hash;
	uint64_t at;

	if (!kt_symbols_find(&target->symbols, "nl_table", &at) ||
		!kt_target_pointer(target, at, &at) || !kt_target_is_pointer(target, at) ||
		!kt_types_field(&target->types, "netlink_table", "hash", &hash))
		return NULL;
	for (uint64_t i = 0; i < PROTOCOLS; i++)
		count_rhashtable(target, at + i * bytes + hash.offset, nr_left, &sum);
	return push(snap, "netlink sockets", &sum);
}

/* ---- all ---- */

struct kt_err *kt_hash_grown_walk(struct kt_target *target, struct kt_snapshot *snap)
{
	uint64_t nr_left = NODES_MAX;
	struct kt_err *err = walk_neighbours(target, snap, &nr_left);

	return err ? err : walk_netlink(target, snap, &nr_left);
}
