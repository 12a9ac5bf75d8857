// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hash tables in damaged memory. The first byte chooses the structs of an old or a new kernel, and
// tables made at boot or those that grow, then the input is a list of changes to memory that was
// made by hand: a place and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/grown_bytes.h"
#include "memory/hash_bytes.h"

static void fill(struct hash_bytes *hash)
{
	const struct hash_table *const tables[] = { &hash->dentries, &hash->inodes, &hash->futexes,
		&hash->established, &hash->bind, &hash->listen, &hash->udp, &hash->udp2,
		&hash->tokens, &hash->timers, &hash->users, &hash->ucounts, &hash->sets };

	for (size_t i = 0; i < KT_LEN(tables); i++) {
		for (uint32_t k = 0; k < 6; k++)
			hash_add(hash, tables[i], k / 2);
	}
}

static void check(const struct kt_hash_chains *chains)
{
	int64_t nr_used = chains->nr_buckets - chains->nr_empty - chains->nr_torn;

	if (nr_used < 0 || chains->nr_objects < nr_used ||
		chains->nr_objects > nr_used * chains->longest)
		abort();
}

static void walk_grown(bool old, const uint8_t *data, size_t size)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct grown_bytes grown;

	if (!snap)
		abort();
	grown_init(&grown, old);
	for (uint32_t i = 0; i < 40; i++) {
		grown_neighbour(&grown, i % 2, i % GROWN_HEADS);
		grown_socket(&grown, i % 8, grown.arrays[i % 8], i % GROWN_BUCKETS);
	}
	fuzz_damage(grown.memory, grown.used, GROWN_BASE, data, size);
	kt_err_free(kt_hash_grown_walk(grown.target, snap));
	for (size_t i = 0; i < snap->hash_chains.count; i++)
		check(&snap->hash_chains.items[i]);
	if (grown.target->nr_reads > GROWN_READS_MAX)
		abort();
	grown_fini(&grown);
	kt_snapshot_free(snap);
}

static void walk_made_at_boot(bool old, const uint8_t *data, size_t size)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct hash_bytes hash;

	if (!snap)
		abort();
	hash_init(&hash, old);
	hash_more(&hash, old, 0);
	fill(&hash);
	hash_log(snap, HASH_INODES);
	fuzz_damage(hash.memory, hash.used, HASH_BASE, data, size);
	kt_err_free(kt_hash_chains_walk(hash.target, snap));
	for (size_t i = 0; i < snap->hash_chains.count; i++)
		check(&snap->hash_chains.items[i]);
	if (hash.target->nr_reads > HASH_READS_MAX)
		abort();
	hash_fini(&hash);
	kt_snapshot_free(snap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	(data[0] & 2 ? walk_grown : walk_made_at_boot)(data[0] & 1, data + 1, size - 1);
	return 0;
}
