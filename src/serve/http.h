// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_HTTP_H
#define KT_SERVE_HTTP_H

#include "serve/route.h"

/**
 * Connections: takes requests from libmicrohttpd to route.h and answers back, keeps the
 * clients of the live stream, and throws out who is too slow.
 */
struct kt_http;

/** Serves on a listening socket, which is taken over. `site` must outlive it. */
struct kt_err *kt_http_new(struct kt_site *site, int fd, struct kt_http **ret_http) KT_MUST_CHECK;
void kt_http_free(struct kt_http *http);

/**
 * Serves until one of `fds` is readable, or for a moment; ret_ready[i] says which.
 */
struct kt_err *kt_http_wait(
	struct kt_http *http, const int *fds, size_t nr_fds, bool *ret_ready) KT_MUST_CHECK;
/** A new sample is there: tells the clients of the live stream. */
void kt_http_wake(struct kt_http *http);
/** Ends connections whose time is over. */
void kt_http_expire(struct kt_http *http);
size_t kt_http_nr_live(const struct kt_http *http);

#endif
