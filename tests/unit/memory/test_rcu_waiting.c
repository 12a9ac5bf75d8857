// SPDX-License-Identifier: GPL-2.0-or-later
#include "random.h"
#include "rcu_bytes.h"
#include "test.h"

static struct kt_rcu_waiting walk(struct rcu_bytes *rcu)
{
	struct kt_rcu_waiting waiting;

	CHECK(!kt_rcu_waiting_walk(rcu->target, &waiting));
	return waiting;
}

/* 3 batches of 111 in arrays and 2 in a chain, on 2 CPUs. */
TEST(objects_of_each_list_are_counted)
{
	for (unsigned old = 0; old < 2; old++) {
		struct kt_rcu_waiting waiting;
		struct rcu_bytes rcu;

		rcu_init(&rcu, old);
		waiting = walk(&rcu);
		CHECK_INT(waiting.nr_batch_objs, 0);
		CHECK_INT(waiting.nr_torn, 0);
		rcu_fill(&rcu);
		waiting = walk(&rcu);
		CHECK_INT(waiting.nr_batch_objs, 2 * 3 * (111 + 2));
		CHECK_INT(waiting.nr_batch_pages, 2 * 3 * 3);
		CHECK_INT(waiting.nr_spare_pages, 2 * 5);
		CHECK_INT(waiting.nr_sheaves, old ? KT_UNKNOWN : 2 * 3);
		CHECK_INT(waiting.nr_sheaf_objs, old ? KT_UNKNOWN : 2 * 100);
		CHECK_INT(waiting.nr_torn, 0);
		rcu_fini(&rcu);
	}
}

TEST(a_kernel_without_names_is_an_error)
{
	struct kt_rcu_waiting waiting;
	struct rcu_bytes rcu;
	struct kt_err *err;

	rcu_init(&rcu, false);
	kt_symbols_fini(&rcu.target->symbols);
	err = kt_rcu_waiting_walk(rcu.target, &waiting);
	CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
	kt_err_free(err);
	rcu_fini(&rcu);
}

/* A list that leads elsewhere is not counted at all. */
TEST(damaged_lists_are_torn)
{
	for (unsigned old = 0; old < 2; old++) {
		for (unsigned i = 0; i < 4; i++) {
			struct kt_rcu_waiting waiting;
			struct rcu_bytes rcu;
			uint64_t first, second;

			rcu_init(&rcu, old);
			first = rcu_add_array(&rcu, rcu_arrays(&rcu, 0, 0, 0), 3);
			second = rcu_add_array(&rcu, rcu_arrays(&rcu, 0, 0, 0), 4);
			const uint64_t values[][2] = { { first, second }, /* a loop */
				{ first, 0xdead000000000100ull },
				{ second + ARRAY_RECORDS, 513 }, /* more than a page has */
				{ second, 0xffff999900000000ull } };

			rcu_set(&rcu, values[i][0], values[i][1], 8);
			waiting = walk(&rcu);
			CHECK_INT(waiting.nr_torn, 1);
			CHECK_INT(waiting.nr_batch_objs, 0);
			CHECK_INT(waiting.nr_batch_pages, 0);
			rcu_fini(&rcu);
		}
	}
}

TEST(damaged_chains_and_callbacks_are_torn)
{
	struct kt_rcu_waiting waiting;
	struct rcu_bytes rcu;
	uint64_t object, sheaf;

	rcu_init(&rcu, false);
	object = rcu_add(&rcu, rcu_chain(&rcu, 1, 1), 0);
	rcu_set(&rcu, object, object, 8);
	sheaf = rcu_add_sheaf(&rcu, rcu.data[0] + DATA_CALLBACKS, RCU_FREE_SHEAF, 60);
	rcu_set(&rcu, sheaf + SHEAF_SIZE, 5000, 4);
	sheaf = rcu_add_sheaf(&rcu, rcu.data[1] + DATA_CALLBACKS, RCU_FREE_SHEAF, 60);
	rcu_set(&rcu, sheaf + SHEAF_CACHE, 0x1000, 8);
	waiting = walk(&rcu);
	CHECK_INT(waiting.nr_torn, 3);
	CHECK_INT(waiting.nr_batch_objs, 0);
	CHECK_INT(waiting.nr_sheaf_objs, 0);
	CHECK_INT(waiting.nr_sheaves, 0);
	rcu_fini(&rcu);
}

TEST(damaged_memory_is_read_in_bounded_time)
{
	for (unsigned old = 0; old < 2; old++) {
		struct rcu_bytes rcu;

		rcu_init(&rcu, old);
		rcu_fill(&rcu);
		dice_state = 0x9e3779b97f4a7c15u;
		for (unsigned i = 0; i < 10000; i++) {
			uint64_t at = RCU_BASE + 4096 + (dice(rcu.used - 4096 - 8) & ~7ull);
			uint64_t before = rcu_get(&rcu, at), reads = rcu.target->nr_reads;
			struct kt_rcu_waiting waiting;
			struct kt_err *err;

			rcu_set(&rcu, at, dice(2) ? RCU_BASE + dice(rcu.used) : dice(1ull << 40),
				8);
			err = kt_rcu_waiting_walk(rcu.target, &waiting);
			CHECK(rcu.target->nr_reads - reads < RCU_READS_MAX);
			CHECK(err || waiting.nr_torn >= 0);
			kt_err_free(err);
			if (i % 32) /* some damage stays */
				rcu_set(&rcu, at, before, 8);
		}
		rcu_fini(&rcu);
	}
}
