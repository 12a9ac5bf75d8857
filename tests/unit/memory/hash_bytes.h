// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_HASH_BYTES_H
#define KT_TEST_HASH_BYTES_H

/** A kernel made by hand with hash tables: lists of each kind, as in 5.10 or as in 6.18. */

#include "kernel_bytes.h"

#include "memory/hash/hash_chains.h"

#include <stdio.h>

#define HASH_BASE  0xffff888000000000ull
#define HASH_BYTES (1u << 16)
/* At most: every word a bucket of every table, with three tries of two reads. */
#define HASH_READS_MAX (HASH_BYTES / 8 * 10 * 6)

#define HASH_DENTRIES 1024u /* two blocks of buckets */
#define HASH_INODES   512u
#define HASH_FUTEXES  16u
#define HASH_SOCKETS  32u

/* Places of members. */
enum {
	INFO_EHASH = 0,
	INFO_EHASH_MASK = 16,
	INFO_BHASH = 24,
	INFO_BHASH2 = 32,
	INFO_BHASH_SIZE = 40,
	INFO_LHASH2_MASK = 44,
	INFO_LHASH2 = 48,
	INFO_BYTES = 64,
	LISTEN_HEAD = 8,
	BIND_HEAD = 8,
	FUTEX_HEAD = 8,
	FUTEX_BYTES = 64,
	UDP_HASH = 0,
	UDP_HASH2 = 8,
	UDP_HASH4 = 16,
	UDP_MASK = 24,
	UDP_BYTES = 32,
	SLOT_BYTES = 16,
	MAIN_BYTES = 32,
	TOKEN_REQUESTS = 8,
	TOKEN_SOCKETS = 16,
	TOKEN_BYTES = 24,
	TIMER_HEAD = 8,
	TIMER_BYTES = 16,
};

/* Tables, by where their buckets are. */
struct hash_table {
	uint64_t at;
	uint32_t bucket_bytes, head, count;
	bool nulls, ring;
};

struct hash_bytes {
	char *memory, *types;
	uint32_t used;
	struct hash_table dentries, inodes, futexes, established, bind, bind2, listen, udp, udp2,
		udp4;
	struct hash_table tokens, requests, timers, users, ucounts, sets; /* by hash_more() */
	uint64_t dentries_at, shift_at, futex_at;			  /* variables */
	struct kt_target_piece piece;
	struct kt_target *target;
};

static inline void hash_set(struct hash_bytes *hash, uint64_t address, uint64_t value, size_t size)
{
	memcpy(hash->memory + (address - HASH_BASE), &value, size);
}

static inline uint64_t hash_get(const struct hash_bytes *hash, uint64_t address)
{
	uint64_t value;

	memcpy(&value, hash->memory + (address - HASH_BASE), sizeof(value));
	return value;
}

static inline uint64_t hash_take(struct hash_bytes *hash, uint32_t bytes)
{
	uint64_t address = HASH_BASE + hash->used;

	hash->used += (bytes + 15) / 16 * 16;
	if (hash->used > HASH_BYTES)
		abort();
	return address;
}

/* ---- types ---- */

static inline void hash_types_of_tcp(
	struct made_types *made, bool old, uint32_t number, uint32_t plain, uint32_t nulls)
{
	uint32_t pointer = made_pointer(made, 0);
	const struct made_member of_ehash[] = { { "chain", nulls, 0, 0 } };
	const struct made_member of_bind[] = { { "lock", number, 0, 0 },
		{ "chain", plain, BIND_HEAD * 8, 0 } };
	const struct made_member of_listen[] = { { "lock", number, 0, 0 },
		{ "nulls_head", nulls, LISTEN_HEAD * 8, 0 },
		{ old ? "head" : "no_head", plain, LISTEN_HEAD * 8, 0 } };
	const struct made_member of_info[] = { { "ehash", pointer, INFO_EHASH * 8, 0 },
		{ "ehash_mask", number, INFO_EHASH_MASK * 8, 0 },
		{ "bhash", pointer, INFO_BHASH * 8, 0 },
		{ old ? "no_bhash2" : "bhash2", pointer, INFO_BHASH2 * 8, 0 },
		{ "bhash_size", number, INFO_BHASH_SIZE * 8, 0 },
		{ "lhash2_mask", number, INFO_LHASH2_MASK * 8, 0 },
		{ "lhash2", pointer, INFO_LHASH2 * 8, 0 } };

	made_struct(made, "inet_ehash_bucket", 8, of_ehash, 1);
	made_struct(made, "inet_bind_hashbucket", 16, of_bind, KT_LEN(of_bind));
	made_struct(made, "inet_listen_hashbucket", 16, of_listen, KT_LEN(of_listen));
	made_struct(made, "inet_hashinfo", INFO_BYTES, of_info, KT_LEN(of_info));
}

static inline void hash_types_of_udp(
	struct made_types *made, bool old, uint32_t number, uint32_t plain, uint32_t nulls)
{
	uint32_t pointer = made_pointer(made, 0), slot;
	const struct made_member of_heads[] = { { "head", plain, 0, 0 },
		{ "nulls_head", nulls, 0, 0 } };
	uint32_t heads = made_struct(made, "", 8, of_heads, old ? 1 : 2);
	const struct made_member of_slot[] = { { "", heads, 0, 0 }, { "count", number, 64, 0 } };
	const struct made_member of_table[] = { { "hash", pointer, UDP_HASH * 8, 0 },
		{ "hash2", pointer, UDP_HASH2 * 8, 0 },
		{ old ? "no_hash4" : "hash4", pointer, UDP_HASH4 * 8, 0 },
		{ "mask", number, UDP_MASK * 8, 0 } };

	slot = made_struct(made, "udp_hslot", SLOT_BYTES, of_slot, KT_LEN(of_slot));
	if (!old) {
		const struct made_member of_main[] = { { "hslot", slot, 0, 0 } };

		made_struct(made, "udp_hslot_main", MAIN_BYTES, of_main, 1);
	}
	made_struct(made, "udp_table", UDP_BYTES, of_table, KT_LEN(of_table));
}

/* Where the count of struct ucounts is a number, its chains end with NULL. */
static inline void hash_types_of_more(
	struct made_types *made, bool old, uint32_t number, uint32_t plain, uint32_t nulls)
{
	const struct made_member of_token[] = { { "lock", number, 0, 0 },
		{ "req_chain", nulls, TOKEN_REQUESTS * 8, 0 },
		{ "msk_chain", nulls, TOKEN_SOCKETS * 8, 0 } };
	const struct made_member of_timers[] = { { "lock", number, 0, 0 },
		{ "head", plain, TIMER_HEAD * 8, 0 } };
	const struct made_member of_count[] = { { "refcnt", number, 0, 0 } };
	uint32_t count = old ? number : made_struct(made, "rcuref_t", 4, of_count, 1);
	const struct made_member of_ucounts[] = { { "count", count, 0, 0 } };

	made_struct(made, "token_bucket", TOKEN_BYTES, of_token, KT_LEN(of_token));
	made_struct(made, "ucounts", 8, of_ucounts, 1);
	if (!old)
		made_struct(made, "timer_hash_bucket", TIMER_BYTES, of_timers, 2);
}

static inline char *hash_types(bool old, size_t *ret_size)
{
	struct made_types made = { 0 };
	uint32_t number = made_int(&made, "int", 4), pointer = made_pointer(&made, 0);
	const struct made_member of_head[] = { { "first", pointer, 0, 0 } };
	const struct made_member of_node[] = { { "next", pointer, 0, 0 },
		{ "pprev", pointer, 64, 0 } };
	const struct made_member of_list[] = { { "next", pointer, 0, 0 },
		{ "prev", pointer, 64, 0 } };
	uint32_t plain = made_struct(&made, "hlist_head", 8, of_head, 1);
	uint32_t nulls = made_struct(&made, "hlist_nulls_head", 8, of_head, 1);
	uint32_t list = made_struct(&made, "list_head", 16, of_list, 2);
	const struct made_member of_plist[] = { { "node_list", list, 0, 0 } };
	uint32_t plist = made_struct(&made, "plist_head", 16, of_plist, 1);
	const struct made_member of_futex[] = { { "waiters", number, 0, 0 },
		{ "chain", plist, FUTEX_HEAD * 8, 0 } };
	char *file;

	made_struct(&made, "hlist_bl_head", 8, of_head, 1);
	made_struct(&made, "hlist_node", 16, of_node, 2);
	made_struct(&made, "hlist_bl_node", 16, of_node, 2);
	made_struct(&made, "hlist_nulls_node", 16, of_node, 2);
	made_struct(&made, "futex_hash_bucket", FUTEX_BYTES, of_futex, 2);
	hash_types_of_more(&made, old, number, plain, nulls);
	hash_types_of_tcp(&made, old, number, plain, nulls);
	hash_types_of_udp(&made, old, number, plain, nulls);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

/* ---- tables ---- */

static inline uint64_t hash_head(const struct hash_table *table, uint32_t bucket)
{
	return table->at + (uint64_t)bucket * table->bucket_bytes + table->head;
}

static inline struct hash_table hash_table(struct hash_bytes *hash, uint32_t count,
	uint32_t bucket_bytes, uint32_t head, bool nulls, bool ring)
{
	struct hash_table table = { hash_take(hash, count * bucket_bytes), bucket_bytes, head,
		count, nulls, ring };

	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = hash_head(&table, i);

		hash_set(hash, at, nulls ? 1 | i << 1 : ring ? at : 0, 8);
		if (ring)
			hash_set(hash, at + 8, at, 8);
	}
	return table;
}

/* Puts a node at the head of a bucket's list; returns its address. */
static inline uint64_t hash_add(
	struct hash_bytes *hash, const struct hash_table *table, uint32_t bucket)
{
	uint64_t head = hash_head(table, bucket), first = hash_get(hash, head);
	uint64_t node = hash_take(hash, 16);

	hash_set(hash, node, first, 8);
	hash_set(hash, node + 8, head, 8);
	if (table->ring || (first && !(first & 1)))
		hash_set(hash, first + 8, node, 8);
	hash_set(hash, head, node, 8);
	return node;
}

static inline uint64_t hash_variable(
	struct hash_bytes *hash, const char *name, uint64_t value, uint32_t bytes)
{
	uint64_t at = hash_take(hash, bytes < 8 ? 8 : bytes);

	hash_set(hash, at, value, 8);
	kt_symbols_add(&hash->target->symbols, kt_span_str(name), at);
	return at;
}

static inline void hash_sockets(struct hash_bytes *hash, bool old)
{
	uint64_t info = hash_variable(hash, "tcp_hashinfo", 0, INFO_BYTES);
	uint64_t udp = hash_variable(hash, "udp_table", 0, UDP_BYTES);

	hash->established = hash_table(hash, HASH_SOCKETS, 8, 0, true, false);
	hash->bind = hash_table(hash, HASH_SOCKETS, 16, BIND_HEAD, false, false);
	hash->bind2 = hash_table(hash, HASH_SOCKETS, 16, BIND_HEAD, false, false);
	hash->listen = hash_table(hash, HASH_SOCKETS, 16, LISTEN_HEAD, !old, false);
	for (uint32_t i = 0; i < HASH_SOCKETS && !old; i++)
		hash_set(hash, hash_head(&hash->listen, i), 1 | (i + (1u << 29)) << 1, 8);
	hash->udp = hash_table(hash, HASH_SOCKETS, SLOT_BYTES, 0, false, false);
	hash->udp2 = hash_table(hash, HASH_SOCKETS, old ? SLOT_BYTES : MAIN_BYTES, 0, false, false);
	hash->udp4 = hash_table(hash, HASH_SOCKETS, SLOT_BYTES, 0, true, false);
	hash_set(hash, info + INFO_EHASH, hash->established.at, 8);
	hash_set(hash, info + INFO_EHASH_MASK, HASH_SOCKETS - 1, 4);
	hash_set(hash, info + INFO_BHASH, hash->bind.at, 8);
	hash_set(hash, info + INFO_BHASH2, hash->bind2.at, 8);
	hash_set(hash, info + INFO_BHASH_SIZE, HASH_SOCKETS, 4);
	hash_set(hash, info + INFO_LHASH2_MASK, HASH_SOCKETS - 1, 4);
	hash_set(hash, info + INFO_LHASH2, hash->listen.at, 8);
	hash_set(hash, udp + UDP_HASH, hash->udp.at, 8);
	hash_set(hash, udp + UDP_HASH2, hash->udp2.at, 8);
	hash_set(hash, udp + UDP_HASH4, hash->udp4.at, 8);
	hash_set(hash, udp + UDP_MASK, HASH_SOCKETS - 1, 4);
}

/* The number of inodes' buckets has no variable. */
static inline void hash_init(struct hash_bytes *hash, bool old)
{
	size_t size;

	*hash = (struct hash_bytes){ .memory = calloc(1, HASH_BYTES), .used = 4096 };
	hash->types = hash_types(old, &size);
	hash->piece = (struct kt_target_piece){ HASH_BASE, hash->memory, HASH_BYTES };
	if (!hash->memory || kt_target_of_bytes(&hash->piece, 1, &hash->target) ||
		kt_types_init(&hash->target->types, (struct kt_span){ hash->types, size }, 8))
		abort();
	hash->dentries = hash_table(hash, HASH_DENTRIES, 8, 0, false, false);
	hash->inodes = hash_table(hash, HASH_INODES, 8, 0, false, false);
	hash->futexes = hash_table(hash, HASH_FUTEXES, FUTEX_BYTES, FUTEX_HEAD, false, true);
	hash->dentries_at = hash_variable(hash, "dentry_hashtable", hash->dentries.at, 8);
	hash->shift_at = hash_variable(hash, "d_hash_shift", 22, 4);
	hash_variable(hash, "inode_hashtable", hash->inodes.at, 8);
	hash->futex_at = hash_variable(hash, "__futex_data", hash->futexes.at, 32);
	hash_set(hash, hash->futex_at + 8, HASH_FUTEXES, 8);
	if (!old) {
		hash_set(hash, hash->futex_at, HASH_FUTEXES - 1, 8);
		hash_set(hash, hash->futex_at + 8, 4, 4);
		hash_set(hash, hash->futex_at + 16, hash->futexes.at, 8);
	}
	hash_sockets(hash, old);
}

/* Names an array by its line of /proc/kallsyms; the next symbol begins `room` bytes after it. */
static inline void hash_name_array(
	struct hash_bytes *hash, const char *name, uint64_t at, uint64_t room)
{
	char lines[160];
	int size = snprintf(lines, sizeof(lines), "%llx b %s\n%llx b another\n",
		(unsigned long long)at, name, (unsigned long long)(at + room));

	kt_symbols_take(&hash->target->symbols, (struct kt_span){ lines, (size_t)size });
}

/* Adds tables that are no sockets or files; arrays have `room` bytes more than they need. */
static inline void hash_more(struct hash_bytes *hash, bool old, uint64_t room)
{
	uint64_t at;

	hash->tokens = hash_table(hash, HASH_SOCKETS, TOKEN_BYTES, TOKEN_SOCKETS, true, false);
	hash->requests = hash->tokens;
	hash->requests.head = TOKEN_REQUESTS;
	for (uint32_t i = 0; i < HASH_SOCKETS; i++)
		hash_set(hash, hash_head(&hash->requests, i), 1 | i << 1, 8);
	hash_variable(hash, "token_hash", hash->tokens.at, 8);
	hash_variable(hash, "token_mask", HASH_SOCKETS - 1, 4);
	if (old) {
		hash->timers = hash_table(hash, 512, 8, 0, false, false);
		hash_name_array(hash, "posix_timers_hashtable", hash->timers.at, 4096 + room);
	} else {
		hash->timers =
			hash_table(hash, HASH_SOCKETS, TIMER_BYTES, TIMER_HEAD, false, false);
		at = hash_variable(hash, "__timer_data", hash->timers.at, 24);
		hash_set(hash, at + 8, HASH_SOCKETS - 1, 8);
	}
	hash->users = hash_table(hash, 128, 8, 0, false, false);
	hash_name_array(hash, "uidhash_table", hash->users.at, 1024 + room);
	hash->ucounts = hash_table(hash, 1024, 8, 0, false, false);
	for (uint32_t i = 0; i < 1024 && !old; i++)
		hash_set(hash, hash_head(&hash->ucounts, i), 1, 8);
	hash_name_array(hash, "ucounts_hashtable", hash->ucounts.at, 8192 + room);
	hash->sets = hash_table(hash, 128, 8, 0, false, false);
	hash_name_array(hash, "css_set_table", hash->sets.at, 1024 + room);
}

/* Says what the kernel log would say of inodes. */
static inline void hash_log(struct kt_snapshot *snap, int64_t entries)
{
	struct kt_hash *slot = kt_list_push(&snap->arena, &snap->hashes);

	if (!slot)
		abort();
	*slot = (struct kt_hash){ .name = "Inode-cache", .entries = entries };
}

static inline void hash_fini(struct hash_bytes *hash)
{
	kt_target_close(hash->target);
	free(hash->memory);
	free(hash->types);
}

#endif
