// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_RESPONSE_H
#define KT_SERVE_RESPONSE_H

#include "serve/route.h"

/** Passes answers to libmicrohttpd. No response leaves without the security headers. */

/** Sends a response that libmicrohttpd has made, and gives it up. NULL: closes the connection. */
enum MHD_Result kt_response_send(const struct kt_site *site, struct MHD_Connection *connection,
	struct MHD_Response *response, unsigned status, const char *type, const char *cache);
/** Sends a response without a body, with one more header. `let_in`: with the cookie. */
enum MHD_Result kt_response_empty(const struct kt_site *site, struct MHD_Connection *connection,
	unsigned status, const char *name, const char *value, bool let_in);
/** Sends an answer and takes it over; NULL: out of memory, which closes the connection. */
enum MHD_Result kt_response_answer(const struct kt_site *site, struct MHD_Connection *connection,
	struct kt_answer *answer, bool may_keep);

#endif
