// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_ROUTE_H
#define KT_SERVE_ROUTE_H

#include "serve/desk.h"
#include "serve/microhttpd.h"
#include "serve/past.h"

/** From a request to what answers it; all that is refused is refused here, in one place. */

#define KT_SESSION_HEX 64

struct kt_site {
	const struct kt_microhttpd *lib;
	struct kt_desk *desk;
	const char *recording; /* where the past before this process is; NULL: nowhere */
	bool any_host;	       /* a token or a file's permissions guard it, not the Host header */
	const char *token;     /* NULL: none is asked for */
	char session[KT_SESSION_HEX + 1]; /* the cookie's value: not the token itself */
};

struct kt_route {
	enum { KT_ROUTE_ANSWER, KT_ROUTE_LIVE, KT_ROUTE_PAST } kind;
	struct kt_answer *answer;
	bool lets_in;		   /* sets the cookie and leads to the page */
	struct kt_stretch stretch; /* of the recording */
	bool may_keep;		   /* the client may keep it, and ask whether it is still so */
};

struct kt_route kt_route_of(struct kt_site *site, struct MHD_Connection *connection,
	const char *method, const char *url);
/** Has the request a body, which none may have? */
bool kt_route_has_body(const struct kt_site *site, struct MHD_Connection *connection);

#endif
