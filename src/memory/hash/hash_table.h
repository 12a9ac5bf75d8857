// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_HASH_TABLE_H
#define KT_MEMORY_HASH_TABLE_H

#include "kernel/target.h"
#include "model/snapshot.h"

/**
 * A hash table: an array of buckets, each with the head of a list. Nodes of most lists point to the
 * next node and back to the pointer that leads to them. The back pointer shows whether the list
 * changed while it was read.
 */

/** How a list ends. */
enum kt_hash_list {
	KT_HASH_PLAIN,	/* with NULL */
	KT_HASH_LOCKED, /* with NULL; bit 0 of the pointer to the first node is a lock */
	KT_HASH_NULLS,	/* with an odd number, which has the number of the bucket (list_nulls.h) */
	KT_HASH_ZERO,	/* the same, with 0 as the number of every bucket */
	KT_HASH_LISTEN, /* the same, and LISTENING_NULLS_BASE is added to it (inet_hashtables.h) */
	KT_HASH_RING,	/* with the head */
	KT_HASH_RHASH,	/* with the address of the head, plus 1; an empty one is 0; bit 0 is a lock.
			   Nothing points back (rhashtable.h) */
	KT_HASH_NEXT,	/* with NULL; nothing points back (neighbours until 6.12) */
	KT_NR_HASH_LISTS
};

struct kt_hash_table {
	enum kt_hash_list list;
	uint64_t at, nr_buckets;
	uint32_t bucket_bytes, head; /* of a bucket; place of the head in it */
	struct kt_field next, back;  /* of a node; `back` is missing where nothing points back */
	uint64_t nr_nodes_max;	     /* to read, where nothing points back; else unused */
};

/** Finds the members of nodes and checks the buckets' form. False: this kernel has other ones. */
bool kt_hash_table_init(const struct kt_target *target, enum kt_hash_list list,
	uint32_t bucket_bytes, uint32_t head, struct kt_hash_table *ret_table);
/** Takes place and number of buckets; false: it can be none. */
bool kt_hash_table_place(const struct kt_target *target, uint64_t at, uint64_t nr_buckets,
	struct kt_hash_table *table);
/** Counts the objects in each bucket and adds to `sum`. What cannot be read is torn. */
void kt_hash_table_count(
	struct kt_target *target, const struct kt_hash_table *table, struct kt_hash_chains *sum);

#endif
