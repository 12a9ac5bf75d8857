// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_ROUTE_H
#define KT_SERVE_ROUTE_H

#include "serve/arming.h"
#include "serve/budget.h"
#include "serve/desk.h"
#include "serve/microhttpd.h"
#include "serve/past.h"

/** Finds the answer to a request. All refusals are made here, in one place. */

#define KT_SESSION_HEX 64  /* characters; 32 random bytes */
#define KT_ROUTE_KEY   128 /* bytes of a key */

struct kt_site {
	const struct kt_microhttpd *lib;
	struct kt_desk *desk;
	const char *recording; /* recording with the history before this process; NULL: none */
	bool any_host; /* a token or the permissions of a file limit access, not the Host header */
	const char *token;		  /* NULL: none is required */
	char session[KT_SESSION_HEX + 1]; /* value of the cookie, which is not the token itself */
	unsigned nr_connections;	  /* most connections of one address; 0: no limit */
	struct kt_arming *arming;	  /* NULL: requests may not watch allocations */
	struct kt_budget budget;
};

/**
 * Says what to do with a request. The caller owns `answer`, which is NULL for the other kinds, and
 * without memory. `stretch` and `key` belong to KT_ROUTE_PAST. KT_ROUTE_WATCH: a watch has begun.
 */
struct kt_route {
	enum { KT_ROUTE_ANSWER, KT_ROUTE_LIVE, KT_ROUTE_PAST, KT_ROUTE_WATCH } kind;
	struct kt_answer *answer;
	bool lets_in;		   /* sets the cookie and redirects to the page */
	struct kt_stretch stretch; /* span of time in the recording */
	char key[KT_ROUTE_KEY];	   /* equal spans have equal keys; empty: too long */
	bool may_keep; /* the client may cache the answer and ask whether it is still valid */
};

/**
 * Identifies the client: all connections of an address, or of an IPv6 network of 64 bits, are the
 * same.
 */
uint64_t kt_route_who(const struct kt_site *site, struct MHD_Connection *connection);
/** Never fails: a refusal is an answer with its status. Costs as much as the command that it runs.
 */
struct kt_route kt_route_of(struct kt_site *site, struct MHD_Connection *connection,
	const char *method, const char *url);
/** Whether the request has a body; none may have one. */
bool kt_route_has_body(const struct kt_site *site, struct MHD_Connection *connection);

#endif
