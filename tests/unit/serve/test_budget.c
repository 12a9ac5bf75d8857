// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/budget.h"

#include "test.h"

#define SECOND 1000000000ll

static struct kt_budget budget;

TEST(a_client_pays_by_cost_and_not_by_count)
{
	kt_budget_init(&budget, 0);
	for (int i = 0; i < 10000; i++) {
		CHECK(kt_budget_may(&budget, 1, false, 0));
		kt_budget_charge(&budget, 1, 10000, 0);
	}
	kt_budget_init(&budget, 0);
	kt_budget_charge(&budget, 1, KT_BUDGET_ONE_NS, 0);
	CHECK(!kt_budget_may(&budget, 1, false, 0));
}

TEST(what_one_client_has_used_up_is_not_missing_to_another)
{
	kt_budget_init(&budget, 0);
	kt_budget_charge(&budget, 1, KT_BUDGET_ONE_NS - SECOND / 10, 0);
	CHECK(kt_budget_may(&budget, 1, false, 0));
	kt_budget_charge(&budget, 1, SECOND / 10, 0);
	CHECK(!kt_budget_may(&budget, 1, false, 0));
	CHECK(kt_budget_may(&budget, 1, true, 0));
	kt_budget_init(&budget, 0);
	kt_budget_charge(&budget, 1, KT_BUDGET_ONE_NS - 1, 0);
	CHECK(kt_budget_may(&budget, 2, true, 0));
}

TEST(time_fills_a_budget_up_to_its_most)
{
	kt_budget_init(&budget, 0);
	kt_budget_charge(&budget, 1, KT_BUDGET_ONE_NS, 0);
	CHECK(!kt_budget_may(&budget, 1, false, 0));
	CHECK(kt_budget_may(&budget, 1, false, 3 * SECOND));
	kt_budget_may(&budget, 1, false, 1000 * SECOND);
	CHECK_INT(budget.left_ns, KT_BUDGET_ALL_NS);
	CHECK_INT(budget.clients[0].left_ns, KT_BUDGET_ONE_NS);
	/* a clock that stands still or jumps back gives nothing */
	kt_budget_charge(&budget, 1, KT_BUDGET_ONE_NS, 1000 * SECOND);
	CHECK(!kt_budget_may(&budget, 1, false, 999 * SECOND));
}

TEST(many_clients_share_one_budget)
{
	kt_budget_init(&budget, 0);
	for (uint64_t who = 0; who < 10000; who++)
		kt_budget_charge(&budget, who, SECOND, 0);
	CHECK(!kt_budget_may(&budget, 10001, false, 0));
	CHECK(!kt_budget_may(&budget, 10001, true, 0));
	CHECK_INT(budget.nr_clients, KT_BUDGET_CLIENTS);
}

TEST(wrong_tokens_slow_their_sender_down_and_nobody_else)
{
	int64_t now = 0;

	kt_budget_init(&budget, 0);
	for (unsigned i = 1; i < KT_BUDGET_GUESSES; i++) {
		kt_budget_token(&budget, 1, false, now);
		CHECK_INT(kt_budget_wait_s(&budget, 1, now), 0);
	}
	for (int i = 0; i < 12; i++) {
		int wanted = i < 5 ? 1 << i : KT_BUDGET_WAIT_MAX;

		kt_budget_token(&budget, 1, false, now);
		CHECK_INT(kt_budget_wait_s(&budget, 1, now), wanted);
		CHECK_INT(kt_budget_wait_s(&budget, 2, now), 0);
		now += wanted * SECOND;
		CHECK_INT(kt_budget_wait_s(&budget, 1, now), 0);
	}
	kt_budget_token(&budget, 1, true, now);
	kt_budget_token(&budget, 1, false, now);
	CHECK_INT(kt_budget_wait_s(&budget, 1, now), 0);
}
