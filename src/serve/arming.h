// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_ARMING_H
#define KT_SERVE_ARMING_H

#include "base/err.h"
#include "base/span.h"
#include "serve/answer.h"

/**
 * Watches of allocations that clients may start, if the server was started with --allow-watch: one
 * at a time, for a bounded time, and only as long as the client that started it is there.
 */
struct kt_arming;

#define KT_ARMING_TOKEN 32 /* characters; 16 random bytes */

/** Makes the process that watches: call it before threads exist and before the confinement. */
struct kt_err *kt_arming_new(struct kt_arming **ret_arming) KT_MUST_CHECK;
/** Ends a watch that runs. NULL is allowed. */
void kt_arming_free(struct kt_arming *arming);

/** Readable when there is news; call kt_arming_step() then, and now and then. */
int kt_arming_fd(const struct kt_arming *arming);
/** Takes news. True: clients of the stream have something to read. */
bool kt_arming_step(struct kt_arming *arming);

/** Whether a request has the token that only this server's own answers have. */
bool kt_arming_is_token(const struct kt_arming *arming, struct kt_span text);

/** Says whether requests may start a watch, and what became of the last one. NULL: they may not. */
struct kt_answer *kt_arming_state(const struct kt_arming *arming);
/** Starts a watch; NULL: it has begun. `time`: "30s"; NULL: what is in memory is looked up. */
struct kt_answer *kt_arming_start(struct kt_arming *arming, const char *what, const char *time);
/** Ends the watch that runs, with its result so far. */
struct kt_answer *kt_arming_stop(struct kt_arming *arming);
/** Returns the result of the last watch: "json", "flame", "folded", "pprof", "speedscope". */
struct kt_answer *kt_arming_result(struct kt_arming *arming, const char *form);

/** Number of the last change of the state. */
uint64_t kt_arming_turn(const struct kt_arming *arming);
/** The watch as a line of JSON. `ret_runs`: more lines will come. */
struct kt_answer *kt_arming_line(const struct kt_arming *arming, bool *ret_runs);
/** Number of the last watch. */
uint32_t kt_arming_number(const struct kt_arming *arming);
/** Call when the client that started this watch is gone: the watch ends. */
void kt_arming_left(struct kt_arming *arming, uint32_t number);

#endif
