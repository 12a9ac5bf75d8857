// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_HTTP_H
#define KT_SERVE_HTTP_H

#include "serve/route.h"

/**
 * Handles connections: passes requests from libmicrohttpd to route.h and answers back, keeps the
 * clients of the live stream, and ends connections that are too slow.
 */
struct kt_http;

/** Serves on a listening socket and takes it over. `site` must outlive it. */
struct kt_err *kt_http_new(struct kt_site *site, int fd, struct kt_http **ret_http) KT_MUST_CHECK;
/** Ends all connections; waits for the history that is being read. NULL: does nothing. */
void kt_http_free(struct kt_http *http);

/** Serves until one of `fds` is readable, or for a short time; ret_ready[i] says which is. */
struct kt_err *kt_http_wait(
	struct kt_http *http, const int *fds, size_t nr_fds, bool *ret_ready) KT_MUST_CHECK;
/** Call after a new sample, or news of a watch: sends it to the clients of the streams. */
void kt_http_wake(struct kt_http *http);
/** Ends connections whose deadline has passed. */
void kt_http_expire(struct kt_http *http);
/** Returns how many clients follow the live stream: while there are any, samples are needed. */
size_t kt_http_nr_live(const struct kt_http *http);

#endif
