// SPDX-License-Identifier: GPL-2.0-or-later
#include "hash_bytes.h"
#include "random.h"
#include "test.h"

#include "analysis/hash.h"

static void check(const struct kt_snapshot *snap, const char *name, int64_t nr_buckets,
	int64_t nr_empty, int64_t nr_objects, int64_t longest)
{
	const struct kt_hash_chains *chains = kt_hash_chains_find(snap, name);

	if (!CHECK(chains != NULL)) {
		fprintf(stderr, "no table %s\n", name);
		return;
	}
	CHECK_INT(chains->nr_buckets, nr_buckets);
	CHECK_INT(chains->nr_empty, nr_empty);
	CHECK_INT(chains->nr_objects, nr_objects);
	CHECK_INT(chains->longest, longest);
	CHECK_INT(chains->nr_torn, 0);
}

static struct kt_snapshot *walk(struct hash_bytes *hash)
{
	struct kt_snapshot *snap = kt_snapshot_new();

	if (!snap)
		abort();
	hash_log(snap, HASH_INODES);
	CHECK(!kt_hash_chains_walk(hash->target, snap));
	return snap;
}

/* Chains of 1, 2 and 3 in a table, the last one in its last bucket. */
static void fill(struct hash_bytes *hash, const struct hash_table *table)
{
	hash_add(hash, table, 0);
	for (unsigned i = 0; i < 2; i++)
		hash_add(hash, table, 7);
	for (unsigned i = 0; i < 3; i++)
		hash_add(hash, table, table->count - 1);
}

TEST(empty_tables_have_no_chain)
{
	struct hash_bytes hash;
	struct kt_snapshot *snap;

	hash_init(&hash, false);
	snap = walk(&hash);
	CHECK_INT(snap->hash_chains.count, 10);
	check(snap, "Dentry cache", HASH_DENTRIES, HASH_DENTRIES, 0, 0);
	check(snap, "Inode-cache", HASH_INODES, HASH_INODES, 0, 0);
	check(snap, "futex", HASH_FUTEXES, HASH_FUTEXES, 0, 0);
	check(snap, "TCP established", HASH_SOCKETS, HASH_SOCKETS, 0, 0);
	check(snap, "tcp_listen_portaddr_hash", HASH_SOCKETS, HASH_SOCKETS, 0, 0);
	check(snap, "UDP, connected", HASH_SOCKETS, HASH_SOCKETS, 0, 0);
	kt_snapshot_free(snap);
	hash_fini(&hash);
}

TEST(each_kind_of_list_is_counted)
{
	for (unsigned old = 0; old < 2; old++) {
		struct hash_bytes hash;
		struct kt_snapshot *snap;

		hash_init(&hash, old);
		fill(&hash, &hash.dentries);
		fill(&hash, &hash.inodes);
		fill(&hash, &hash.futexes);
		fill(&hash, &hash.established);
		fill(&hash, &hash.bind);
		fill(&hash, &hash.bind2);
		fill(&hash, &hash.listen);
		fill(&hash, &hash.udp);
		fill(&hash, &hash.udp2);
		fill(&hash, &hash.udp4);
		snap = walk(&hash);
		check(snap, "Dentry cache", HASH_DENTRIES, HASH_DENTRIES - 3, 6, 3);
		check(snap, "Inode-cache", HASH_INODES, HASH_INODES - 3, 6, 3);
		check(snap, "futex", HASH_FUTEXES, HASH_FUTEXES - 3, 6, 3);
		check(snap, "TCP established", HASH_SOCKETS, HASH_SOCKETS - 3, 6, 3);
		check(snap, "TCP bind", HASH_SOCKETS, HASH_SOCKETS - 3, 6, 3);
		check(snap, "tcp_listen_portaddr_hash", HASH_SOCKETS, HASH_SOCKETS - 3, 6, 3);
		check(snap, "UDP", HASH_SOCKETS, HASH_SOCKETS - 3, 6, 3);
		check(snap, "UDP, by address", HASH_SOCKETS, HASH_SOCKETS - 3, 6, 3);
		if (old) {
			CHECK_INT(snap->hash_chains.count, 8);
			CHECK(!kt_hash_chains_find(snap, "TCP bind, by address"));
			CHECK(!kt_hash_chains_find(snap, "UDP, connected"));
		} else {
			CHECK_INT(snap->hash_chains.count, 10);
			check(snap, "TCP bind, by address", HASH_SOCKETS, HASH_SOCKETS - 3, 6, 3);
			check(snap, "UDP, connected", HASH_SOCKETS, HASH_SOCKETS - 3, 6, 3);
		}
		kt_snapshot_free(snap);
		hash_fini(&hash);
	}
}

TEST(a_locked_bucket_is_counted)
{
	struct hash_bytes hash;
	struct kt_snapshot *snap;

	hash_init(&hash, false);
	fill(&hash, &hash.dentries);
	for (uint32_t i = 0; i < 10; i++) {
		uint64_t head = hash_head(&hash.dentries, i);

		hash_set(&hash, head, hash_get(&hash, head) | 1, 8);
	}
	snap = walk(&hash);
	check(snap, "Dentry cache", HASH_DENTRIES, HASH_DENTRIES - 3, 6, 3);
	kt_snapshot_free(snap);
	hash_fini(&hash);
}

/* Each damage makes the one chain of three in a table one that is not counted. */
static void check_torn(
	struct hash_bytes *hash, const char *name, const struct hash_table *table, int64_t nr_torn)
{
	struct kt_snapshot *snap = walk(hash);
	const struct kt_hash_chains *chains = kt_hash_chains_find(snap, name);

	if (CHECK(chains != NULL)) {
		CHECK_INT(chains->nr_torn, nr_torn);
		CHECK_INT(chains->nr_objects, 3);
		CHECK_INT(chains->longest, 2);
		CHECK_INT(chains->nr_empty, table->count - 2 - nr_torn);
	}
	kt_snapshot_free(snap);
}

/* `choose`: of which damage. */
static void check_damage(unsigned choose)
{
	struct hash_bytes hash;
	struct hash_table *const tables[] = { &hash.dentries, &hash.inodes, &hash.futexes,
		&hash.established };
	static const char *const names[] = { "Dentry cache", "Inode-cache", "futex",
		"TCP established" };

	for (size_t i = 0; i < KT_LEN(tables); i++) {
		uint64_t node, other;

		hash_init(&hash, false);
		hash_add(&hash, tables[i], 0);
		hash_add(&hash, tables[i], 7);
		hash_add(&hash, tables[i], 7);
		other = hash_add(&hash, tables[i], 3);
		node = hash_add(&hash, tables[i], 3);
		hash_add(&hash, tables[i], 3);
		const uint64_t values[][2] = { { other, node }, /* a loop */
			{ node, node },				/* to itself */
			{ node, 0xdead000000000100ull },	/* LIST_POISON1 */
			{ node, 0x1000 },			/* no address of the kernel */
			{ node, other + 4 },			/* not aligned */
			{ node, HASH_BASE + HASH_BYTES - 8 },	/* half is outside */
			{ node, 0xffff999900000000ull },	/* unreadable */
			{ node + 8, 0xdead000000000122ull },	/* removed: LIST_POISON2 */
			{ other, hash_head(tables[i], 0) } };	/* into another bucket */

		if (choose < KT_LEN(values))
			hash_set(&hash, values[choose][0], values[choose][1], 8);
		else if (tables[i]->nulls)
			hash_set(&hash, other, 1 | 4 << 1, 8); /* the end of another bucket */
		else
			hash_set(&hash, other, 1 | 3 << 1, 8); /* the end of another kind */
		check_torn(&hash, names[i], tables[i], 1);
		hash_fini(&hash);
	}
}

TEST(a_chain_that_leads_elsewhere_is_torn)
{
	for (unsigned i = 0; i < 10; i++)
		check_damage(i);
}

/* A list that ends with NULL where lists end with a number, or with the head. */
TEST(an_end_of_another_kind_is_torn)
{
	struct hash_bytes hash;
	struct kt_snapshot *snap;
	const struct kt_hash_chains *chains;

	hash_init(&hash, false);
	hash_set(&hash, hash_head(&hash.established, 5), 0, 8);
	hash_set(&hash, hash_head(&hash.futexes, 5), 0, 8);
	snap = walk(&hash);
	chains = kt_hash_chains_find(snap, "TCP established");
	if (CHECK(chains != NULL))
		CHECK_INT(chains->nr_torn, 1);
	chains = kt_hash_chains_find(snap, "futex");
	if (CHECK(chains != NULL))
		CHECK_INT(chains->nr_torn, 1);
	kt_snapshot_free(snap);
	hash_fini(&hash);
}

/* The bucket is itself a node of the list that it leads to: every pointer back is right. */
TEST(a_circle_through_the_head_is_torn)
{
	struct hash_bytes hash;
	struct kt_snapshot *snap;
	const struct kt_hash_chains *chains;
	uint64_t head, node;

	hash_init(&hash, false);
	head = hash_head(&hash.udp, 5);
	hash_set(&hash, head, head, 8);
	hash_set(&hash, head + 8, head, 8);
	head = hash_head(&hash.udp, 6);
	node = hash_add(&hash, &hash.udp, 6);
	hash_set(&hash, node, head, 8);
	hash_set(&hash, head + 8, node, 8);
	snap = walk(&hash);
	chains = kt_hash_chains_find(snap, "UDP");
	if (CHECK(chains != NULL)) {
		CHECK_INT(chains->nr_torn, 2);
		CHECK_INT(chains->nr_objects, 0);
	}
	CHECK(hash.target->nr_reads < 200);
	kt_snapshot_free(snap);
	hash_fini(&hash);
}

/* The table ends outside of memory: its last block cannot be read. */
TEST(buckets_that_cannot_be_read_are_torn)
{
	struct hash_bytes hash;
	struct kt_snapshot *snap;
	const struct kt_hash_chains *chains;

	hash_init(&hash, false);
	hash_set(&hash, hash.dentries_at, HASH_BASE + HASH_BYTES - 4096, 8);
	snap = walk(&hash);
	chains = kt_hash_chains_find(snap, "Dentry cache");
	if (CHECK(chains != NULL)) {
		CHECK_INT(chains->nr_buckets, HASH_DENTRIES);
		CHECK_INT(chains->nr_torn, HASH_DENTRIES - 512);
		CHECK_INT(chains->nr_empty, 512);
	}
	kt_snapshot_free(snap);
	hash_fini(&hash);
}

/* A table that is not there is given up after some blocks, and none of it is counted as empty. */
TEST(a_table_that_cannot_be_read_costs_little)
{
	struct hash_bytes hash;
	struct kt_snapshot *snap;
	const struct kt_hash_chains *chains;

	hash_init(&hash, false);
	hash_set(&hash, hash.dentries_at, 0xffff999900000000ull, 8);
	hash_set(&hash, hash.shift_at, 4, 4);
	snap = walk(&hash);
	chains = kt_hash_chains_find(snap, "Dentry cache");
	if (CHECK(chains != NULL)) {
		CHECK_INT(chains->nr_torn, 1 << 28);
		CHECK_INT(chains->nr_empty + chains->nr_objects + chains->longest, 0);
	}
	CHECK(hash.target->nr_reads < 200);
	kt_snapshot_free(snap);
	hash_fini(&hash);
}

/* A table without a believable number of buckets is left out. */
TEST(a_table_whose_length_is_not_known_is_left_out)
{
	static const uint64_t shifts[] = { 0, 33, 3, UINT32_MAX };

	for (size_t i = 0; i < KT_LEN(shifts); i++) {
		struct hash_bytes hash;
		struct kt_snapshot *snap = kt_snapshot_new();

		hash_init(&hash, false);
		hash_set(&hash, hash.shift_at, shifts[i], 4);
		hash_log(snap, i ? (int64_t)i * 100 : -1); /* no power of two */
		CHECK(!kt_hash_chains_walk(hash.target, snap));
		CHECK(!kt_hash_chains_find(snap, "Dentry cache"));
		CHECK(!kt_hash_chains_find(snap, "Inode-cache"));
		CHECK_INT(snap->hash_chains.count, 8);
		kt_snapshot_free(snap);
		hash_fini(&hash);
	}
}

/* The tables of two nodes are not one table; a mask and its bits agree. */
TEST(futexes_of_several_nodes_are_left_out)
{
	for (unsigned i = 0; i < 2; i++) {
		struct hash_bytes hash;
		struct kt_snapshot *snap;

		hash_init(&hash, false);
		if (i)
			hash_set(&hash, hash.futex_at + 8, 5, 4);
		else
			hash_set(&hash, hash.futex_at + 24, hash.futexes.at, 8);
		snap = walk(&hash);
		CHECK_INT(snap->hash_chains.count, 9);
		CHECK(!kt_hash_chains_find(snap, "futex"));
		kt_snapshot_free(snap);
		hash_fini(&hash);
	}
}

/* Its variables are of a module, and the number of its buckets is no power of two. */
TEST(connections_of_the_packet_filter_are_counted)
{
	struct hash_bytes hash;
	struct kt_snapshot *snap;
	struct hash_table table;
	uint64_t variables;
	char lines[160];

	hash_init(&hash, false);
	table = hash_table(&hash, 48, 8, 0, true, false);
	variables = hash_take(&hash, 16);
	hash_set(&hash, variables, table.at, 8);
	hash_set(&hash, variables + 8, 48, 4);
	snprintf(lines, sizeof(lines),
		"%llx b nf_conntrack_hash\t[nf_conntrack]\n"
		"%llx b nf_conntrack_htable_size\t[nf_conntrack]\n",
		(unsigned long long)variables, (unsigned long long)variables + 8);
	kt_symbols_take(&hash.target->symbols, kt_span_str(lines));
	fill(&hash, &table);
	snap = walk(&hash);
	check(snap, "conntrack", 48, 45, 6, 3);
	kt_snapshot_free(snap);
	hash_fini(&hash);
}

TEST(tables_without_a_line_in_the_log_are_counted)
{
	for (unsigned old = 0; old < 2; old++) {
		struct hash_bytes hash;
		struct kt_snapshot *snap;

		hash_init(&hash, old);
		hash_more(&hash, old, 64);
		fill(&hash, &hash.tokens);
		fill(&hash, &hash.timers);
		fill(&hash, &hash.users);
		fill(&hash, &hash.ucounts);
		fill(&hash, &hash.sets);
		hash_add(&hash, &hash.requests, 5);
		snap = walk(&hash);
		check(snap, "MPTCP token", HASH_SOCKETS, HASH_SOCKETS - 3, 6, 3);
		check(snap, "MPTCP token, requests", HASH_SOCKETS, HASH_SOCKETS - 1, 1, 1);
		check(snap, "posixtimers", hash.timers.count, hash.timers.count - 3, 6, 3);
		check(snap, "users", 128, 128 - 3, 6, 3);
		check(snap, "ucounts", 1024, 1024 - 3, 6, 3);
		check(snap, "css_set", 128, 128 - 3, 6, 3);
		kt_snapshot_free(snap);
		hash_fini(&hash);
	}
}

/* An array is believed only if its known length fits before the next symbol, and no second one. */
TEST(an_array_of_another_length_is_left_out)
{
	static const uint64_t rooms[] = { 0u - 8u, 0u - 512u, 8192, 1 << 20 };

	for (size_t i = 0; i < KT_LEN(rooms); i++) {
		struct hash_bytes hash;
		struct kt_snapshot *snap;

		hash_init(&hash, true);
		hash_more(&hash, true, i < 2 ? (uint64_t)(int32_t)rooms[i] : rooms[i]);
		snap = walk(&hash);
		CHECK(!kt_hash_chains_find(snap, "posixtimers"));
		CHECK(!kt_hash_chains_find(snap, "users"));
		CHECK(!kt_hash_chains_find(snap, "ucounts"));
		CHECK(!kt_hash_chains_find(snap, "css_set"));
		CHECK(kt_hash_chains_find(snap, "MPTCP token"));
		kt_snapshot_free(snap);
		hash_fini(&hash);
	}
}

TEST(a_kernel_without_names_is_an_error)
{
	struct hash_bytes hash;
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_err *err;

	hash_init(&hash, false);
	kt_symbols_fini(&hash.target->symbols);
	err = kt_hash_chains_walk(hash.target, snap);
	CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
	kt_err_free(err);
	CHECK_INT(snap->hash_chains.count, 0);
	kt_snapshot_free(snap);
	hash_fini(&hash);
}

static void check_sums(const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->hash_chains.count; i++) {
		const struct kt_hash_chains *chains = &snap->hash_chains.items[i];
		int64_t nr_used = chains->nr_buckets - chains->nr_empty - chains->nr_torn;

		CHECK(nr_used >= 0 && chains->nr_objects >= nr_used);
		CHECK(chains->nr_objects <= nr_used * chains->longest);
		/* no node is in two chains */
		CHECK(chains->nr_objects <= HASH_BYTES / 16);
	}
}

TEST(damaged_tables_are_read_in_bounded_time)
{
	struct hash_bytes hash;
	uint64_t first;

	hash_init(&hash, false);
	hash_more(&hash, false, 0);
	fill(&hash, &hash.dentries);
	fill(&hash, &hash.tokens);
	fill(&hash, &hash.timers);
	fill(&hash, &hash.ucounts);
	fill(&hash, &hash.futexes);
	fill(&hash, &hash.established);
	fill(&hash, &hash.bind);
	fill(&hash, &hash.listen);
	fill(&hash, &hash.udp2);
	first = hash.dentries.at;
	dice_state = 0x9e3779b97f4a7c15u;
	for (unsigned i = 0; i < 10000; i++) {
		struct kt_snapshot *snap = kt_snapshot_new();
		uint64_t at[4], old[4], before = hash.target->nr_reads;

		/* places anywhere but in most of the two large tables, values that lead there */
		for (unsigned k = 0; k < 4; k++) {
			uint64_t start = dice(4) ? hash.futexes.at : first;

			at[k] = start + dice(HASH_BASE + hash.used - 8 - start) / 8 * 8;
			old[k] = hash_get(&hash, at[k]);
			hash_set(&hash, at[k],
				dice(4) ? first + dice(HASH_BASE + hash.used - first) / 8 * 8
					: dice(1u << 12),
				8);
		}
		hash_log(snap, HASH_INODES);
		kt_err_free(kt_hash_chains_walk(hash.target, snap));
		check_sums(snap);
		CHECK(hash.target->nr_reads - before < HASH_READS_MAX);
		for (unsigned k = 4; k-- > 0;)
			hash_set(&hash, at[k], old[k], 8);
		kt_snapshot_free(snap);
	}
	hash_fini(&hash);
}
