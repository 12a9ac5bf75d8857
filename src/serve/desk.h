// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_DESK_H
#define KT_SERVE_DESK_H

#include "cmd/cmd.h"
#include "serve/answer.h"
#include "watch/watch.h"

/**
 * Where questions are answered: runs commands, shares what they found among all who ask
 * within one interval, and follows the account and some lists over time. One thread.
 */
struct kt_desk;

struct kt_err *kt_desk_new(const struct kt_options *options, int64_t interval_ns,
	struct kt_desk **ret_desk) KT_MUST_CHECK;
void kt_desk_free(struct kt_desk *desk);

/** Is it the running machine? Otherwise nothing changes, and nothing is followed. */
bool kt_desk_is_live(const struct kt_desk *desk);
/** Milliseconds between two samples. */
int64_t kt_desk_interval_ms(const struct kt_desk *desk);
/** Takes a sample of the account, and of lists that somebody has asked for of late. */
void kt_desk_step(struct kt_desk *desk);
/** The same where the last one is older than the interval: before something is answered. */
void kt_desk_freshen(struct kt_desk *desk);
/** Number of the last sample; answers of the same number tell of the same moment. */
uint64_t kt_desk_turn(const struct kt_desk *desk);
/** Why the last sample failed, or NULL. */
const char *kt_desk_problem(const struct kt_desk *desk);
/** The account over time; of what does not change, one moment. */
const struct kt_watch *kt_desk_account(const struct kt_desk *desk);
/** A list that is followed ("slab"), from now on where it was not; NULL: it is not to be. */
const struct kt_watch *kt_desk_list(struct kt_desk *desk, const char *command);

/** A question about a command: options of a request, checked. */
#define KT_QUERY_KEY	1024
#define KT_QUERY_VALUES 1024
struct kt_query {
	const struct kt_api *api;
	struct kt_options options;
	char key[KT_QUERY_KEY]; /* the same question has the same key */
	char values[KT_QUERY_VALUES];
	size_t key_size, values_size;
	bool plain; /* no option was given */
};

/** False where there is no such command for requests. */
bool kt_query_begin(const struct kt_desk *desk, const char *command, struct kt_query *ret_query);
/** USAGE where the command does not take it. The value is copied. */
struct kt_err *kt_query_add(
	struct kt_query *query, const char *name, const char *value) KT_MUST_CHECK;
/** The caller unrefs it. NULL when out of memory. */
struct kt_answer *kt_desk_ask(struct kt_desk *desk, const struct kt_query *query);

struct kt_answer *kt_desk_metrics(struct kt_desk *desk);
struct kt_answer *kt_desk_health(struct kt_desk *desk);
struct kt_answer *kt_desk_page(struct kt_desk *desk);
/** One server-sent event with the account of the last sample. */
struct kt_answer *kt_desk_live(struct kt_desk *desk);

#endif
