// SPDX-License-Identifier: GPL-2.0-or-later
//
// A hash table is an array of buckets, each with the head of a list. Every node of such a list
// points to the next node and back to the pointer that leads to it. The back pointer shows whether
// the list changed while it was read.

#include "memory/hash/hash_chains.h"

#include "base/attr.h"

#include <string.h>

#define BUCKETS_MAX (1u << 28)
#define CHAIN_MAX   (1u << 20)
#define BLOCK	    4096u /* bytes of buckets that are read at once */
#define TRIES	    3u
#define MISSES_MAX  64u /* blocks of a table that cannot be read; then the rest is not tried */
#define NODE_MAX    16u /* bytes of the two pointers of a node */
#define LISTEN_BASE (1ull << 29)

/* How a list ends. */
enum kind {
	PLAIN,	/* with NULL */
	LOCKED, /* with NULL; bit 0 of the pointer to the first node is a lock */
	NULLS,	/* with an odd number, which has the number of the bucket (list_nulls.h) */
	ZERO,	/* the same, with 0 as the number of every bucket */
	LISTEN, /* the same, and LISTENING_NULLS_BASE is added to it (inet_hashtables.h) */
	RING,	/* with the head */
	KINDS
};

/*
 * How the number of buckets is found: by a variable, or a member next to the pointer. Of an array,
 * only the kernel's source has it, so it must fit up to the next symbol.
 */
enum size { SIZE_IS_SHIFT, SIZE_IS_MASK, SIZE_IS_COUNT, SIZE_IS_FIXED };

struct form {
	const char *name, *variable;
	const char *type, *member; /* of the variable; NULL: it is the pointer to the buckets */
	const char *number;	   /* variable or member; NULL: see find_futexes() */
	enum size size;
	const char *bucket, *head;
	enum kind kind;
	const char *log;  /* name in the kernel log; NULL: `name` */
	uint64_t fixed;	  /* buckets of an array; the variable is the first of them */
	const char *mark; /* member of `mark_of` that only kernels of this form have; NULL: any */
	const char *mark_of;
};

#define ARRAY(name, variable, count, bucket, head, kind)                                         \
	{                                                                                        \
		name, variable, NULL, NULL, NULL, SIZE_IS_FIXED, bucket, head, kind, NULL, count \
	}

#define TCP(name, member, number, size, bucket, head, kind, log)                                 \
	{                                                                                        \
		name, "tcp_hashinfo", "inet_hashinfo", member, number, size, bucket, head, kind, \
			log                                                                      \
	}
#define UDP(name, variable, member, bucket, head, kind, log)                                       \
	{                                                                                          \
		name, variable, "udp_table", member, "mask", SIZE_IS_MASK, bucket, head, kind, log \
	}

/*
 * The first form of a name whose members exist is the table's. Until 5.18 lists of listening
 * sockets are plain, and until 6.12 buckets of all tables of UDP are of one type.
 */
static const struct form forms[] = {
	{ "Dentry cache", "dentry_hashtable", NULL, NULL, "d_hash_shift", SIZE_IS_SHIFT,
		"hlist_bl_head", "first", LOCKED, NULL },
	{ "Inode-cache", "inode_hashtable", NULL, NULL, "i_hash_mask", SIZE_IS_MASK, "hlist_head",
		"first", PLAIN, NULL },
	{ "Mount-cache", "mount_hashtable", NULL, NULL, "m_hash_mask", SIZE_IS_MASK, "hlist_head",
		"first", PLAIN, NULL },
	{ "Mountpoint-cache", "mountpoint_hashtable", NULL, NULL, "mp_hash_mask", SIZE_IS_MASK,
		"hlist_head", "first", PLAIN, NULL },
	{ "Dquot-cache", "dquot_hash", NULL, NULL, "dq_hash_mask", SIZE_IS_MASK, "hlist_head",
		"first", PLAIN, NULL },
	{ "futex", "__futex_data", NULL, NULL, NULL, SIZE_IS_COUNT, "futex_hash_bucket",
		"chain.node_list.next", RING, NULL },
	TCP("TCP established", "ehash", "ehash_mask", SIZE_IS_MASK, "inet_ehash_bucket",
		"chain.first", NULLS, NULL),
	TCP("TCP bind", "bhash", "bhash_size", SIZE_IS_COUNT, "inet_bind_hashbucket", "chain.first",
		PLAIN, NULL),
	TCP("TCP bind, by address", "bhash2", "bhash_size", SIZE_IS_COUNT, "inet_bind_hashbucket",
		"chain.first", PLAIN, "TCP bind"),
	TCP("tcp_listen_portaddr_hash", "lhash2", "lhash2_mask", SIZE_IS_MASK,
		"inet_listen_hashbucket", "head.first", PLAIN, NULL),
	TCP("tcp_listen_portaddr_hash", "lhash2", "lhash2_mask", SIZE_IS_MASK,
		"inet_listen_hashbucket", "nulls_head.first", LISTEN, NULL),
	UDP("UDP", "udp_table", "hash", "udp_hslot", "head.first", PLAIN, NULL),
	UDP("UDP, by address", "udp_table", "hash2", "udp_hslot_main", "hslot.head.first", PLAIN,
		"UDP"),
	UDP("UDP, by address", "udp_table", "hash2", "udp_hslot", "head.first", PLAIN, "UDP"),
	UDP("UDP, connected", "udp_table", "hash4", "udp_hslot", "nulls_head.first", NULLS, "UDP"),
	UDP("UDP-Lite", "udplite_table", "hash", "udp_hslot", "head.first", PLAIN, NULL),
	UDP("UDP-Lite, by address", "udplite_table", "hash2", "udp_hslot_main", "hslot.head.first",
		PLAIN, "UDP-Lite"),
	UDP("UDP-Lite, by address", "udplite_table", "hash2", "udp_hslot", "head.first", PLAIN,
		"UDP-Lite"),
	UDP("UDP-Lite, connected", "udplite_table", "hash4", "udp_hslot", "nulls_head.first", NULLS,
		"UDP-Lite"),
	{ "MPTCP token", "token_hash", NULL, NULL, "token_mask", SIZE_IS_MASK, "token_bucket",
		"msk_chain.first", NULLS, NULL },
	{ "MPTCP token, requests", "token_hash", NULL, NULL, "token_mask", SIZE_IS_MASK,
		"token_bucket", "req_chain.first", NULLS, "MPTCP token" },
	/* an array until 1535cb80286e */
	{ "posixtimers", "__timer_data", NULL, NULL, NULL, SIZE_IS_MASK, "timer_hash_bucket",
		"head.first", PLAIN, NULL },
	ARRAY("posixtimers", "posix_timers_hashtable", 512, "hlist_head", "first", PLAIN),
	ARRAY("users", "uidhash_table", 128, "hlist_head", "first", PLAIN),
	/* limits of users in user namespaces */
	{ "ucounts", "ucounts_hashtable", NULL, NULL, NULL, SIZE_IS_FIXED, "hlist_nulls_head",
		"first", ZERO, NULL, 1024, "count.refcnt", "ucounts" },
	ARRAY("ucounts", "ucounts_hashtable", 1024, "hlist_head", "first", PLAIN),
	ARRAY("css_set", "css_set_table", 128, "hlist_head", "first", PLAIN),
};

/* Node of a list of each kind, and its pointer back. */
static const struct {
	const char *type, *back;
} nodes[KINDS] = {
	[PLAIN] = { "hlist_node", "pprev" },
	[LOCKED] = { "hlist_bl_node", "pprev" },
	[NULLS] = { "hlist_nulls_node", "pprev" },
	[ZERO] = { "hlist_nulls_node", "pprev" },
	[LISTEN] = { "hlist_nulls_node", "pprev" },
	[RING] = { "list_head", "prev" },
};

struct table {
	const struct form *form;
	uint64_t at, nr_buckets;
	uint32_t bucket_bytes, head; /* of a bucket; place of the head in it */
	struct kt_field next, back;  /* of a node */
};

/* ---- where a table is ---- */

static bool is_kernel(const struct kt_target *target, uint64_t address)
{
	uint32_t bytes = target->types.pointer_bytes;

	return address >> (bytes * 8 - 1) == 1 && address % bytes == 0;
}

static bool find_members(const struct kt_target *target, struct table *table)
{
	const struct form *form = table->form;
	const struct kt_types *types = &target->types;
	uint32_t bytes = types->pointer_bytes;
	struct kt_field head, mark;

	if ((form->mark && !kt_types_field(types, form->mark_of, form->mark, &mark)) ||
		!kt_types_field(types, form->bucket, form->head, &head) ||
		!kt_types_field(types, nodes[form->kind].type, "next", &table->next) ||
		!kt_types_field(
			types, nodes[form->kind].type, nodes[form->kind].back, &table->back))
		return false;
	table->head = head.offset;
	table->bucket_bytes = kt_types_size(types, form->bucket);
	return head.size == bytes && table->next.size == bytes && table->back.size == bytes &&
	       !table->next.offset && table->back.offset + bytes <= NODE_MAX &&
	       table->bucket_bytes <= BLOCK && table->head + bytes <= table->bucket_bytes;
}

/* The struct has no name, so its members have no place: a pointer, and the mask of its buckets. */
static bool find_timers(
	struct kt_target *target, const struct form *form, uint64_t *ret_at, uint64_t *ret_nr)
{
	uint64_t place, mask;
	uint32_t bytes = target->types.pointer_bytes;

	if (!kt_symbols_find(&target->symbols, form->variable, &place) ||
		!kt_target_pointer(target, place, ret_at) ||
		!kt_target_pointer(target, place + bytes, &mask))
		return false;
	*ret_nr = mask + 1;
	return mask < BUCKETS_MAX;
}

/*
 * The array ends before the next symbol, and the space up to there is no second one of its length:
 * else its length is not the one that is known.
 */
static bool find_array(struct kt_target *target, const struct form *form, uint32_t bucket_bytes,
	uint64_t *ret_at, uint64_t *ret_nr)
{
	uint64_t room, bytes = form->fixed * bucket_bytes;

	*ret_nr = form->fixed;
	return kt_symbols_find(&target->symbols, form->variable, ret_at) &&
	       kt_symbols_room(&target->symbols, form->variable, &room) && room >= bytes &&
	       room < 2 * bytes;
}

/*
 * The struct has no name, so its members have no place in the type data. Until 6.14 it is a pointer
 * and a number of buckets; from 6.17 on it is a mask, its bits, and a pointer for each node. Where
 * there are several nodes the tables are left out.
 */
static bool find_futexes(
	struct kt_target *target, const struct form *form, uint64_t *ret_at, uint64_t *ret_nr)
{
	uint64_t place, words[4];
	uint32_t bytes = target->types.pointer_bytes;

	if (!kt_symbols_find(&target->symbols, form->variable, &place))
		return false;
	for (unsigned i = 0; i < KT_LEN(words); i++) {
		if (!kt_target_pointer(target, place + (uint64_t)i * bytes, &words[i]))
			return false;
	}
	if (is_kernel(target, words[0])) {
		*ret_at = words[0];
		*ret_nr = words[1];
		return true;
	}
	*ret_at = words[2];
	*ret_nr = words[0] + 1;
	return words[0] < BUCKETS_MAX && 1ull << (words[1] & 31) == *ret_nr &&
	       !is_kernel(target, words[3]);
}

/* Place and length of the pointer to the buckets and of their number; false: not known. */
static bool find_places(const struct kt_target *target, const struct form *form,
	uint64_t *ret_pointer, uint64_t *ret_number, uint32_t *ret_number_bytes)
{
	const struct kt_symbols *symbols = &target->symbols;
	struct kt_field pointer = { 0 }, number = { 0 };

	*ret_number = 0;
	*ret_number_bytes = 4;
	if (!kt_symbols_find(symbols, form->variable, ret_pointer))
		return false;
	if (!form->type) {
		if (!kt_symbols_find(symbols, form->number, ret_number))
			*ret_number = 0;
		return true;
	}
	if (!kt_types_field(&target->types, form->type, form->member, &pointer) ||
		!kt_types_field(&target->types, form->type, form->number, &number))
		return false;
	*ret_number = *ret_pointer + number.offset;
	*ret_number_bytes = number.size;
	*ret_pointer += pointer.offset;
	return true;
}

static uint64_t nr_by_log(const struct kt_snapshot *snap, const struct form *form)
{
	const char *name = form->log ? form->log : form->name;

	for (size_t i = 0; i < snap->hashes.count; i++) {
		if (strcmp(snap->hashes.items[i].name, name) == 0 &&
			snap->hashes.items[i].entries > 0)
			return (uint64_t)snap->hashes.items[i].entries;
	}
	return 0;
}

static uint64_t nr_by_number(enum size size, uint64_t number)
{
	switch (size) {
	case SIZE_IS_SHIFT: return number && number <= 32 ? 1ull << (32 - number) : 0;
	case SIZE_IS_MASK: return number < BUCKETS_MAX ? number + 1 : 0;
	case SIZE_IS_COUNT: return number;
	case SIZE_IS_FIXED: break;
	}
	return 0;
}

/* Reads the pointer to the buckets and their number. */
static bool find_buckets(struct kt_target *target, const struct kt_snapshot *snap,
	const struct form *form, uint32_t bucket_bytes, uint64_t *ret_at, uint64_t *ret_nr)
{
	uint64_t pointer, place, number = 0;
	uint32_t bytes;

	if (form->size == SIZE_IS_FIXED)
		return find_array(target, form, bucket_bytes, ret_at, ret_nr);
	if (!form->number)
		return form->size == SIZE_IS_MASK ? find_timers(target, form, ret_at, ret_nr)
						  : find_futexes(target, form, ret_at, ret_nr);
	if (!find_places(target, form, &pointer, &place, &bytes) ||
		!kt_target_pointer(target, pointer, ret_at) ||
		(place && !kt_target_number(target, place, bytes, &number)))
		return false;
	*ret_nr = place ? nr_by_number(form->size, number) : nr_by_log(snap, form);
	return true;
}

static bool find_table(
	struct kt_target *target, const struct kt_snapshot *snap, struct table *table)
{
	uint64_t nr;

	if (!find_members(target, table) ||
		!find_buckets(target, snap, table->form, table->bucket_bytes, &table->at, &nr))
		return false;
	table->nr_buckets = nr;
	return is_kernel(target, table->at) && nr && nr <= BUCKETS_MAX && !(nr & (nr - 1)) &&
	       table->at <= UINT64_MAX - nr * table->bucket_bytes;
}

/* ---- its chains ---- */

static bool is_end(const struct table *table, uint64_t index, uint64_t head, uint64_t next)
{
	switch (table->form->kind) {
	case NULLS: return next == (index << 1 | 1);
	case ZERO: return next == 1;
	case LISTEN: return next == ((index + LISTEN_BASE) << 1 | 1);
	case RING: return next == head;
	default: return !next;
	}
}

/*
 * Follows the chain of a bucket; false: it cannot be read, or changed meanwhile. Each node has one
 * pointer back, so a chain could lead in a circle only through its head.
 */
static bool follow(struct kt_target *target, const struct table *table, uint64_t index,
	uint64_t next, int64_t *ret_length)
{
	uint64_t head = table->at + index * table->bucket_bytes + table->head, before = head;
	uint32_t bytes = table->back.offset + table->back.size;
	char node[NODE_MAX];

	*ret_length = 0;
	if (table->form->kind == LOCKED)
		next &= ~1ull;
	while (!is_end(table, index, head, next)) {
		if (*ret_length >= CHAIN_MAX || next == head || !is_kernel(target, next) ||
			!kt_target_read(target, next, node, bytes) ||
			kt_field_get(&table->back, node, bytes) != before)
			return false;
		++*ret_length;
		before = next;
		next = kt_field_get(&table->next, node, bytes);
	}
	return true;
}

/* `next`: the pointer to the first node, as it was in the block. */
static bool count_chain(struct kt_target *target, const struct table *table, uint64_t index,
	uint64_t next, int64_t *ret_length)
{
	uint64_t head = table->at + index * table->bucket_bytes + table->head;

	for (unsigned tries = 1; !follow(target, table, index, next, ret_length); tries++) {
		if (tries == TRIES || !kt_target_pointer(target, head, &next))
			return false;
	}
	return true;
}

/* Counts `nr` buckets, at most a block; false: they cannot be read. */
static bool count_block(struct kt_target *target, const struct table *table, uint64_t first,
	uint64_t nr, struct kt_hash_chains *sum)
{
	struct kt_field next = { .exists = true,
		.offset = table->head,
		.size = target->types.pointer_bytes,
		.count = 1 };
	char block[BLOCK];

	if (!kt_target_read(target, table->at + first * table->bucket_bytes, block,
		    nr * table->bucket_bytes))
		return false;
	for (uint64_t i = 0; i < nr; i++) {
		const char *bucket = block + i * table->bucket_bytes;
		int64_t length;

		if (!count_chain(target, table, first + i,
			    kt_field_get(&next, bucket, table->bucket_bytes), &length)) {
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

static void count_table(
	struct kt_target *target, const struct table *table, struct kt_hash_chains *sum)
{
	uint64_t step = BLOCK / table->bucket_bytes, nr;
	unsigned misses = 0;

	*sum = (struct kt_hash_chains){ .name = table->form->name,
		.nr_buckets = (int64_t)table->nr_buckets };
	for (uint64_t at = 0; at < table->nr_buckets; at += nr) {
		nr = table->nr_buckets - at;
		if (nr > step && misses < MISSES_MAX)
			nr = step;
		if (misses == MISSES_MAX || !count_block(target, table, at, nr, sum)) {
			sum->nr_torn += (int64_t)nr;
			misses += misses < MISSES_MAX;
		}
	}
}

/* ---- all ---- */

struct kt_err *kt_hash_chains_walk(struct kt_target *target, struct kt_snapshot *snap)
{
	size_t mark = snap->hash_chains.count;
	bool named = false;
	uint64_t at;

	for (size_t i = 0; i < KT_LEN(forms); i++) {
		struct table table = { .form = &forms[i] };
		struct kt_hash_chains *slot;

		named |= kt_symbols_find(&target->symbols, forms[i].variable, &at);
		/* forms of one table follow each other */
		if ((snap->hash_chains.count > mark &&
			    strcmp(snap->hash_chains.items[snap->hash_chains.count - 1].name,
				    forms[i].name) == 0) ||
			!find_table(target, snap, &table))
			continue;
		slot = kt_list_push(&snap->arena, &snap->hash_chains);
		if (!slot)
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		count_table(target, &table, slot);
	}
	if (!named)
		return kt_err_new(KT_ERR_ABSENT,
			"this kernel does not name the variables of its hash tables "
			"(CONFIG_KALLSYMS_ALL)");
	return snap->hash_chains.count > mark
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT,
				 "no hash table is found in kernel memory by its variable");
}
