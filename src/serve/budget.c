// SPDX-License-Identifier: GPL-2.0-or-later
//
// Token buckets of processor time. Time counts, not the number of requests: a cached answer costs
// next to nothing, a list that is read anew costs far more.
//
// Nothing is allocated: the table has KT_BUDGET_CLIENTS slots, searched one by one.

#include "serve/budget.h"

#define SECOND_NS 1000000000ll
#define PART	  4 /* 1/PART of the common budget is kept for shared answers */

/*
 * Adds 1/rate of the elapsed time, up to `most`. Without the limit, a client that was idle for a
 * day could use the processor for hours.
 */
static void fill(int64_t *left_ns, int64_t *seen_ns, int64_t now_ns, int64_t rate, int64_t most)
{
	/* a clock that went back adds nothing */
	*left_ns += now_ns > *seen_ns ? (now_ns - *seen_ns) / rate : 0;
	*left_ns = *left_ns < most ? *left_ns : most;
	*seen_ns = now_ns;
}

void kt_budget_init(struct kt_budget *budget, int64_t now_ns)
{
	budget->seen_ns = now_ns;
	budget->left_ns = KT_BUDGET_ALL_NS;
	budget->nr_clients = 0;
}

/*
 * Finds a client's slot. A new client takes the slot of the client that was seen least recently.
 * Forgetting a client gives it a full budget again, so a client with many addresses can escape its
 * own budget. The common budget still limits it.
 */
static struct kt_budget_client *client_of(struct kt_budget *budget, uint64_t who, int64_t now_ns)
{
	struct kt_budget_client *oldest = budget->clients;

	for (size_t i = 0; i < budget->nr_clients; i++) {
		struct kt_budget_client *client = &budget->clients[i];

		if (client->who == who) {
			fill(&client->left_ns, &client->seen_ns, now_ns, KT_BUDGET_ONE_RATE,
				KT_BUDGET_ONE_NS);
			return client;
		}
		oldest = client->seen_ns < oldest->seen_ns ? client : oldest;
	}
	if (budget->nr_clients < KT_BUDGET_CLIENTS)
		oldest = &budget->clients[budget->nr_clients++];
	*oldest = (struct kt_budget_client){
		.who = who, .seen_ns = now_ns, .left_ns = KT_BUDGET_ONE_NS
	};
	return oldest;
}

/*
 * A part of the common budget is kept for shared answers. So a client with expensive questions
 * cannot stop the page and the metrics of all clients.
 */
bool kt_budget_may(struct kt_budget *budget, uint64_t who, bool shared, int64_t now_ns)
{
	const struct kt_budget_client *client = client_of(budget, who, now_ns);

	fill(&budget->left_ns, &budget->seen_ns, now_ns, KT_BUDGET_ALL_RATE, KT_BUDGET_ALL_NS);
	/* the cost of a request is known only afterwards, so any rest of a budget is enough */
	if (shared)
		return budget->left_ns > 0;
	return budget->left_ns > KT_BUDGET_ALL_NS / PART && client->left_ns > 0;
}

void kt_budget_charge(struct kt_budget *budget, uint64_t who, int64_t cost_ns, int64_t now_ns)
{
	if (cost_ns <= 0)
		return;
	/* may go below zero: an expensive request delays the next ones */
	client_of(budget, who, now_ns)->left_ns -= cost_ns;
	budget->left_ns -= cost_ns;
}

int kt_budget_wait_s(struct kt_budget *budget, uint64_t who, int64_t now_ns)
{
	const struct kt_budget_client *client = client_of(budget, who, now_ns);

	if (client->locked_ns <= now_ns)
		return 0;
	return (int)((client->locked_ns - now_ns + SECOND_NS - 1) / SECOND_NS);
}

/*
 * The first guesses are free, because a person mistypes. After that the wait doubles, which makes
 * guessing a token of at least 16 characters hopeless and still lets a person in after seconds.
 */
void kt_budget_token(struct kt_budget *budget, uint64_t who, bool right, int64_t now_ns)
{
	struct kt_budget_client *client = client_of(budget, who, now_ns);
	int64_t wait_s;
	unsigned over;

	if (right) {
		client->nr_wrong = 0;
		client->locked_ns = 0;
		return;
	}
	client->nr_wrong++;
	if (client->nr_wrong < KT_BUDGET_GUESSES)
		return;
	/* waits 1, 2, 4, 8, 16 seconds, then the longest wait each time */
	over = client->nr_wrong - KT_BUDGET_GUESSES;
	wait_s = over < 5 ? 1ll << over : KT_BUDGET_WAIT_MAX;
	client->locked_ns = now_ns + wait_s * SECOND_NS;
}
