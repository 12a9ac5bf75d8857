// SPDX-License-Identifier: GPL-2.0-or-later
#include "grown_bytes.h"
#include "random.h"
#include "test.h"

#include "analysis/hash.h"

static struct kt_snapshot *walk(struct grown_bytes *grown)
{
	struct kt_snapshot *snap = kt_snapshot_new();

	if (!snap)
		abort();
	grown->target->nr_reads = 0;
	CHECK(!kt_hash_grown_walk(grown->target, snap));
	return snap;
}

static void check(struct grown_bytes *grown, const char *name, struct kt_hash_chains wanted)
{
	struct kt_snapshot *snap = walk(grown);
	const struct kt_hash_chains *chains = kt_hash_chains_find(snap, name);

	if (CHECK(chains != NULL)) {
		CHECK_INT(chains->nr_buckets, wanted.nr_buckets);
		CHECK_INT(chains->nr_empty, wanted.nr_empty);
		CHECK_INT(chains->nr_objects, wanted.nr_objects);
		CHECK_INT(chains->longest, wanted.longest);
		CHECK_INT(chains->nr_torn, wanted.nr_torn);
	}
	kt_snapshot_free(snap);
}

#define SOCKETS (GROWN_PROTOCOLS * GROWN_BUCKETS)

TEST(neighbours_of_both_families_and_sockets_of_all_protocols_are_counted)
{
	for (unsigned old = 0; old < 2; old++) {
		struct grown_bytes grown;
		struct kt_snapshot *snap;

		grown_init(&grown, old);
		for (uint32_t i = 0; i < 3; i++)
			grown_neighbour(&grown, 0, 7);
		grown_neighbour(&grown, 0, GROWN_HEADS - 1);
		grown_neighbour(&grown, 1, 0);
		grown_neighbour(&grown, 2, 0);
		for (uint32_t i = 0; i < 2; i++)
			grown_socket(&grown, 0, grown.arrays[0], 3);
		grown_socket(&grown, 31, grown.arrays[31], 0);
		check(&grown, "neighbours, IPv4",
			(struct kt_hash_chains){ NULL, GROWN_HEADS, GROWN_HEADS - 2, 4, 3, 0 });
		check(&grown, "neighbours, IPv6",
			(struct kt_hash_chains){ NULL, GROWN_HEADS, GROWN_HEADS - 1, 1, 1, 0 });
		check(&grown, "netlink sockets",
			(struct kt_hash_chains){ NULL, SOCKETS, SOCKETS - 2, 3, 2, 0 });
		snap = walk(&grown);
		CHECK_INT(snap->hash_chains.count, 3);
		kt_snapshot_free(snap);
		grown_fini(&grown);
	}
}

/* A bucket with the lock taken, and one that was emptied under it. */
TEST(a_lock_is_no_part_of_the_pointer)
{
	struct grown_bytes grown;
	uint64_t buckets;

	grown_init(&grown, false);
	buckets = grown.arrays[4] + ARRAY_BUCKETS;
	grown_socket(&grown, 4, grown.arrays[4], 1);
	grown_set(&grown, buckets + 8, grown_get(&grown, buckets + 8) | 1, 8);
	grown_set(&grown, buckets + 16, 1, 8);
	check(&grown, "netlink sockets",
		(struct kt_hash_chains){ NULL, SOCKETS, SOCKETS - 1, 1, 1, 0 });
	grown_fini(&grown);
}

TEST(a_table_that_grows_is_in_two_arrays)
{
	struct grown_bytes grown;
	uint64_t larger;

	grown_init(&grown, false);
	larger = grown_array(&grown);
	grown_set(&grown, grown.arrays[0] + ARRAY_FUTURE, larger, 8);
	grown_socket(&grown, 0, grown.arrays[0], 1);
	grown_socket(&grown, 0, larger, 2);
	check(&grown, "netlink sockets",
		(struct kt_hash_chains){
			NULL, SOCKETS + GROWN_BUCKETS, SOCKETS + GROWN_BUCKETS - 2, 2, 1, 0 });
	/* to itself */
	grown_set(&grown, larger + ARRAY_FUTURE, larger, 8);
	kt_snapshot_free(walk(&grown));
	CHECK(grown.target->nr_reads < 1000);
	grown_fini(&grown);
}

TEST(an_array_in_pieces_is_not_counted_as_empty)
{
	struct grown_bytes grown;

	grown_init(&grown, false);
	grown_set(&grown, grown.arrays[0] + ARRAY_NEST, 3, 4);
	check(&grown, "netlink sockets",
		(struct kt_hash_chains){
			NULL, SOCKETS, SOCKETS - GROWN_BUCKETS, 0, 0, GROWN_BUCKETS });
	grown_fini(&grown);
}

/* Nothing points back: what ends a circle is the number of objects that the kernel has counted. */
TEST(a_circle_ends_and_a_chain_into_another_bucket_is_torn)
{
	struct grown_bytes grown;
	uint64_t node, other;

	grown_init(&grown, true);
	node = grown_neighbour(&grown, 0, 5);
	grown_set(&grown, node, node, 8);
	node = grown_socket(&grown, 1, grown.arrays[1], 2);
	other = grown_socket(&grown, 1, grown.arrays[1], 3);
	grown_set(&grown, node, other, 8);
	check(&grown, "neighbours, IPv4",
		(struct kt_hash_chains){ NULL, GROWN_HEADS, GROWN_HEADS - 1, 0, 0, 1 });
	check(&grown, "netlink sockets",
		(struct kt_hash_chains){ NULL, SOCKETS, SOCKETS - 2, 1, 1, 1 });
	CHECK(grown.target->nr_reads < 4000);
	grown_fini(&grown);
}

TEST(damaged_tables_end_and_add_up)
{
	for (unsigned old = 0; old < 2; old++) {
		struct grown_bytes grown;
		char *whole = malloc(GROWN_BYTES);

		grown_init(&grown, old);
		for (uint32_t i = 0; i < 40; i++) {
			grown_neighbour(&grown, i % 2, i % GROWN_HEADS);
			grown_socket(&grown, i % 8, grown.arrays[i % 8], i % GROWN_BUCKETS);
		}
		memcpy(whole, grown.memory, GROWN_BYTES);
		for (unsigned round = 0; round < 5000; round++) {
			struct kt_snapshot *snap;

			for (unsigned k = 0; k < 8; k++) {
				uint64_t at = dice(grown.used / 8) * 8;

				grown_set(&grown, GROWN_BASE + at,
					dice(2) ? GROWN_BASE + dice(grown.used / 8) * 8
						: dice(UINT64_MAX),
					dice(2) ? 8 : 4);
			}
			snap = walk(&grown);
			CHECK(grown.target->nr_reads < GROWN_READS_MAX);
			for (size_t i = 0; i < snap->hash_chains.count; i++) {
				const struct kt_hash_chains *chains = &snap->hash_chains.items[i];

				CHECK(chains->nr_empty + chains->nr_torn <= chains->nr_buckets);
				CHECK(chains->longest <= chains->nr_objects);
			}
			kt_snapshot_free(snap);
			memcpy(grown.memory, whole, GROWN_BYTES);
		}
		free(whole);
		grown_fini(&grown);
	}
}
