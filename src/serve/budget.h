// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_BUDGET_H
#define KT_SERVE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Limits the processor time of requests, not their number, because one request may cost a thousand
 * times another. There is one budget for all clients and one for each client; budgets fill up over
 * time. Wrong tokens delay only the client that sends them. Pure: the clock is an argument.
 */

#define KT_BUDGET_CLIENTS  256u		/* clients with a budget of their own */
#define KT_BUDGET_GUESSES  5u		/* wrong tokens before a client has to wait */
#define KT_BUDGET_WAIT_MAX 30		/* seconds; longest wait after a wrong token */
#define KT_BUDGET_ALL_NS   2000000000ll /* ns; most that a budget saves up */
#define KT_BUDGET_ONE_NS   1500000000ll
#define KT_BUDGET_ALL_RATE 2 /* seconds in which a budget gains one second of processor time */
#define KT_BUDGET_ONE_RATE 3 /* the same for one client */

struct kt_budget_client {
	uint64_t who;
	int64_t seen_ns, left_ns,
		locked_ns; /* locked_ns: no token is accepted before; 0: not locked */
	unsigned nr_wrong;
};

struct kt_budget {
	int64_t seen_ns, left_ns; /* the budget of all clients */
	struct kt_budget_client clients[KT_BUDGET_CLIENTS];
	size_t nr_clients;
};

/** Starts with a full common budget, so that the first page is served at once. */
void kt_budget_init(struct kt_budget *budget, int64_t now_ns);
/**
 * Whether a request of this client may be processed. `shared`: its answer serves all clients in
 * this interval, so only the common budget counts. Other requests leave a part of it untouched.
 */
bool kt_budget_may(struct kt_budget *budget, uint64_t who, bool shared, int64_t now_ns);
/** Charges processor time, in ns, once it is known. A budget may go below zero. */
void kt_budget_charge(struct kt_budget *budget, uint64_t who, int64_t cost_ns, int64_t now_ns);

/** Returns the seconds until a token of this client is checked again; 0: now. */
int kt_budget_wait_s(struct kt_budget *budget, uint64_t who, int64_t now_ns);
/** Notes whether a token was right. A right one ends the client's wait. */
void kt_budget_token(struct kt_budget *budget, uint64_t who, bool right, int64_t now_ns);

#endif
