// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tables that the kernel makes at boot, by their variables.

#include "memory/hash/hash_chains.h"

#include "base/attr.h"
#include "memory/hash/hash_grown.h"
#include "memory/hash/hash_table.h"

#include <string.h>

#define BUCKETS_MAX (1u << 28)

/*
 * How the number of buckets is found: by a variable, or a member next to the pointer. Of an array,
 * only the kernel's source has it, so it must fit up to the next symbol. It is a power of two,
 * except where it is ANY.
 */
enum size { SIZE_IS_SHIFT, SIZE_IS_MASK, SIZE_IS_COUNT, SIZE_IS_ANY, SIZE_IS_FIXED };

struct form {
	const char *name, *variable;
	const char *type, *member; /* of the variable; NULL: it is the pointer to the buckets */
	const char *number;	   /* variable or member; NULL: see find_futexes() */
	enum size size;
	const char *bucket, *head;
	enum kt_hash_list list;
	const char *log;  /* name in the kernel log; NULL: `name` */
	uint64_t fixed;	  /* buckets of an array; the variable is the first of them */
	const char *mark; /* member of `mark_of` that only kernels of this form have; NULL: any */
	const char *mark_of;
};

#define ARRAY(name, variable, count, bucket, head, list)                                         \
	{                                                                                        \
		name, variable, NULL, NULL, NULL, SIZE_IS_FIXED, bucket, head, list, NULL, count \
	}

#define TCP(name, member, number, size, bucket, head, list, log)                                 \
	{                                                                                        \
		name, "tcp_hashinfo", "inet_hashinfo", member, number, size, bucket, head, list, \
			log                                                                      \
	}
#define UDP(name, variable, member, bucket, head, list, log)                                       \
	{                                                                                          \
		name, variable, "udp_table", member, "mask", SIZE_IS_MASK, bucket, head, list, log \
	}

/*
 * The first form of a name whose members exist is the table's. Until 5.18 lists of listening
 * sockets are plain, and until 6.12 buckets of all tables of UDP are of one type.
 */
static const struct form forms[] = {
	{ "Dentry cache", "dentry_hashtable", NULL, NULL, "d_hash_shift", SIZE_IS_SHIFT,
		"hlist_bl_head", "first", KT_HASH_LOCKED, NULL },
	{ "Inode-cache", "inode_hashtable", NULL, NULL, "i_hash_mask", SIZE_IS_MASK, "hlist_head",
		"first", KT_HASH_PLAIN, NULL },
	{ "Mount-cache", "mount_hashtable", NULL, NULL, "m_hash_mask", SIZE_IS_MASK, "hlist_head",
		"first", KT_HASH_PLAIN, NULL },
	{ "Mountpoint-cache", "mountpoint_hashtable", NULL, NULL, "mp_hash_mask", SIZE_IS_MASK,
		"hlist_head", "first", KT_HASH_PLAIN, NULL },
	{ "Dquot-cache", "dquot_hash", NULL, NULL, "dq_hash_mask", SIZE_IS_MASK, "hlist_head",
		"first", KT_HASH_PLAIN, NULL },
	{ "futex", "__futex_data", NULL, NULL, NULL, SIZE_IS_COUNT, "futex_hash_bucket",
		"chain.node_list.next", KT_HASH_RING, NULL },
	TCP("TCP established", "ehash", "ehash_mask", SIZE_IS_MASK, "inet_ehash_bucket",
		"chain.first", KT_HASH_NULLS, NULL),
	TCP("TCP bind", "bhash", "bhash_size", SIZE_IS_COUNT, "inet_bind_hashbucket", "chain.first",
		KT_HASH_PLAIN, NULL),
	TCP("TCP bind, by address", "bhash2", "bhash_size", SIZE_IS_COUNT, "inet_bind_hashbucket",
		"chain.first", KT_HASH_PLAIN, "TCP bind"),
	TCP("tcp_listen_portaddr_hash", "lhash2", "lhash2_mask", SIZE_IS_MASK,
		"inet_listen_hashbucket", "head.first", KT_HASH_PLAIN, NULL),
	TCP("tcp_listen_portaddr_hash", "lhash2", "lhash2_mask", SIZE_IS_MASK,
		"inet_listen_hashbucket", "nulls_head.first", KT_HASH_LISTEN, NULL),
	UDP("UDP", "udp_table", "hash", "udp_hslot", "head.first", KT_HASH_PLAIN, NULL),
	UDP("UDP, by address", "udp_table", "hash2", "udp_hslot_main", "hslot.head.first",
		KT_HASH_PLAIN, "UDP"),
	UDP("UDP, by address", "udp_table", "hash2", "udp_hslot", "head.first", KT_HASH_PLAIN,
		"UDP"),
	UDP("UDP, connected", "udp_table", "hash4", "udp_hslot", "nulls_head.first", KT_HASH_NULLS,
		"UDP"),
	UDP("UDP-Lite", "udplite_table", "hash", "udp_hslot", "head.first", KT_HASH_PLAIN, NULL),
	UDP("UDP-Lite, by address", "udplite_table", "hash2", "udp_hslot_main", "hslot.head.first",
		KT_HASH_PLAIN, "UDP-Lite"),
	UDP("UDP-Lite, by address", "udplite_table", "hash2", "udp_hslot", "head.first",
		KT_HASH_PLAIN, "UDP-Lite"),
	UDP("UDP-Lite, connected", "udplite_table", "hash4", "udp_hslot", "nulls_head.first",
		KT_HASH_NULLS, "UDP-Lite"),
	{ "MPTCP token", "token_hash", NULL, NULL, "token_mask", SIZE_IS_MASK, "token_bucket",
		"msk_chain.first", KT_HASH_NULLS, NULL },
	{ "MPTCP token, requests", "token_hash", NULL, NULL, "token_mask", SIZE_IS_MASK,
		"token_bucket", "req_chain.first", KT_HASH_NULLS, "MPTCP token" },
	/* an array until 1535cb80286e */
	{ "posixtimers", "__timer_data", NULL, NULL, NULL, SIZE_IS_MASK, "timer_hash_bucket",
		"head.first", KT_HASH_PLAIN, NULL },
	ARRAY("posixtimers", "posix_timers_hashtable", 512, "hlist_head", "first", KT_HASH_PLAIN),
	ARRAY("users", "uidhash_table", 128, "hlist_head", "first", KT_HASH_PLAIN),
	/* limits of users in user namespaces */
	{ "ucounts", "ucounts_hashtable", NULL, NULL, NULL, SIZE_IS_FIXED, "hlist_nulls_head",
		"first", KT_HASH_ZERO, NULL, 1024, "count.refcnt", "ucounts" },
	ARRAY("ucounts", "ucounts_hashtable", 1024, "hlist_head", "first", KT_HASH_PLAIN),
	/* connections of the packet filter, each in both directions */
	{ "conntrack", "nf_conntrack_hash", NULL, NULL, "nf_conntrack_htable_size", SIZE_IS_ANY,
		"hlist_nulls_head", "first", KT_HASH_NULLS, NULL },
	ARRAY("css_set", "css_set_table", 128, "hlist_head", "first", KT_HASH_PLAIN),
};

/* ---- where a table is ---- */

static bool find_members(
	const struct kt_target *target, const struct form *form, struct kt_hash_table *ret_table)
{
	const struct kt_types *types = &target->types;
	struct kt_field head, mark;

	return (!form->mark || kt_types_field(types, form->mark_of, form->mark, &mark)) &&
	       kt_types_field(types, form->bucket, form->head, &head) &&
	       head.size == types->pointer_bytes &&
	       kt_hash_table_init(target, form->list, kt_types_size(types, form->bucket),
		       head.offset, ret_table);
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
	if (kt_target_is_pointer(target, words[0])) {
		*ret_at = words[0];
		*ret_nr = words[1];
		return true;
	}
	*ret_at = words[2];
	*ret_nr = words[0] + 1;
	return words[0] < BUCKETS_MAX && 1ull << (words[1] & 31) == *ret_nr &&
	       !kt_target_is_pointer(target, words[3]);
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
	case SIZE_IS_COUNT:
	case SIZE_IS_ANY: return number;
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

static bool find_table(struct kt_target *target, const struct kt_snapshot *snap,
	const struct form *form, struct kt_hash_table *ret_table)
{
	uint64_t at, nr;

	return find_members(target, form, ret_table) &&
	       find_buckets(target, snap, form, ret_table->bucket_bytes, &at, &nr) &&
	       (form->size == SIZE_IS_ANY || !(nr & (nr - 1))) &&
	       kt_hash_table_place(target, at, nr, ret_table);
}

/* ---- all ---- */

struct kt_err *kt_hash_chains_walk(struct kt_target *target, struct kt_snapshot *snap)
{
	size_t mark = snap->hash_chains.count;
	struct kt_err *err;
	bool named = false;
	uint64_t at;

	for (size_t i = 0; i < KT_LEN(forms); i++) {
		struct kt_hash_table table;
		struct kt_hash_chains *slot;

		named |= kt_symbols_find(&target->symbols, forms[i].variable, &at);
		/* forms of one table follow each other */
		if ((snap->hash_chains.count > mark &&
			    strcmp(snap->hash_chains.items[snap->hash_chains.count - 1].name,
				    forms[i].name) == 0) ||
			!find_table(target, snap, &forms[i], &table))
			continue;
		slot = kt_list_push(&snap->arena, &snap->hash_chains);
		if (!slot)
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		*slot = (struct kt_hash_chains){ .name = forms[i].name };
		kt_hash_table_count(target, &table, slot);
	}
	err = kt_hash_grown_walk(target, snap);
	if (err)
		return err;
	if (!named)
		return kt_err_new(KT_ERR_ABSENT,
			"this kernel does not name the variables of its hash tables "
			"(CONFIG_KALLSYMS_ALL)");
	return snap->hash_chains.count > mark
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT,
				 "no hash table is found in kernel memory by its variable");
}
