// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_DESK_H
#define KT_SERVE_DESK_H

#include "cli/cmd.h"
#include "serve/answer.h"
#include "serve/query.h"
#include "watch/watch.h"

/**
 * Answers requests: runs commands, shares their results among all clients within one interval, and
 * follows the account and some lists over time. Used by one thread.
 */
struct kt_desk;

struct kt_err *kt_desk_new(
	const struct kt_call *call, int64_t interval_ns, struct kt_desk **ret_desk) KT_MUST_CHECK;
void kt_desk_free(struct kt_desk *desk);

/** Whether it serves the running machine. A capture does not change, so nothing is followed. */
bool kt_desk_is_live(const struct kt_desk *desk);
/** Returns the time between two samples, in milliseconds. */
int64_t kt_desk_interval_ms(const struct kt_desk *desk);
/** Takes a sample of the account, and of lists that a client asked for recently. */
void kt_desk_step(struct kt_desk *desk);
/** Takes a sample if the last one is older than the interval; call before an answer. */
void kt_desk_freshen(struct kt_desk *desk);
/** Returns the number of the last sample; answers with the same number show the same sample. */
uint64_t kt_desk_turn(const struct kt_desk *desk);
/** Returns the account over time; for a capture, one sample. */
const struct kt_watch *kt_desk_account(const struct kt_desk *desk);
/** Returns a list ("slab"), and starts to follow it if needed; NULL: it cannot be followed. */
const struct kt_watch *kt_desk_list(struct kt_desk *desk, const char *command);

/** Runs a command and returns its report as JSON. Any thread may call it. */
struct kt_answer *kt_desk_run(const struct kt_cmd *cmd, const struct kt_call *call);
/**
 * Returns the command of a list whose rows have a history, and the base of its calls; NULL: it is
 * no such list. Both outlive the desk's answers and never change.
 */
const struct kt_cmd *kt_desk_followed(
	const struct kt_desk *desk, const char *command, const struct kt_call **ret_call);

/** False: requests cannot run such a command. */
bool kt_query_begin(const struct kt_desk *desk, const char *command, struct kt_query *ret_query);
/** Answers a question. The caller unrefs the answer. NULL: out of memory. */
struct kt_answer *kt_desk_ask(struct kt_desk *desk, const struct kt_query *query);

/** Returns OpenMetrics, health (200 or 503) and the page. The caller unrefs; NULL: out of memory.
 */
struct kt_answer *kt_desk_metrics(struct kt_desk *desk);
struct kt_answer *kt_desk_health(struct kt_desk *desk);
struct kt_answer *kt_desk_page(struct kt_desk *desk);
/** Returns a server-sent event with the account of the last sample. */
struct kt_answer *kt_desk_live(struct kt_desk *desk);

#endif
