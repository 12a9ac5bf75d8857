// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/response.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		"img-src 'self' data:; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()" },
};

static void free_answer(void *cls)
{
	kt_answer_unref(cls);
}

/*
 * Every response passes here, so no answer can lack the security headers. Without memory for the
 * response the connection is closed, which a client can handle better than a response without them.
 */
enum MHD_Result kt_response_send(const struct kt_site *site, struct MHD_Connection *connection,
	struct MHD_Response *response, unsigned status, const char *type, const char *cache)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < KT_LEN(headers); i++)
		site->lib->add_response_header(response, headers[i].name, headers[i].value);
	site->lib->add_response_header(response, "Content-Type", type);
	site->lib->add_response_header(response, "Cache-Control", cache);
	if (status == 405)
		site->lib->add_response_header(response, "Allow", "GET, HEAD");
	if (status == 401)
		site->lib->add_response_header(response, "WWW-Authenticate", "Bearer");
	if (status == 429 || status == 503)
		site->lib->add_response_header(response, "Retry-After", "1");
	result = site->lib->queue_response(connection, status, response);
	site->lib->destroy_response(response);
	return result;
}

static char nothing[1];

/*
 * The cookie has the attributes HttpOnly and SameSite=Strict: scripts cannot read it, and a browser
 * does not send it with requests that other sites cause. It cannot be Secure, because plain HTTP on
 * this machine is the usual case.
 */
enum MHD_Result kt_response_empty(const struct kt_site *site, struct MHD_Connection *connection,
	unsigned status, const char *name, const char *value, bool let_in)
{
	struct MHD_Response *response =
		site->lib->create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
	char cookie[KT_SESSION_HEX + 64];

	if (response)
		site->lib->add_response_header(response, name, value);
	if (response && let_in) {
		snprintf(cookie, sizeof(cookie), "ktally=%s; Path=/; HttpOnly; SameSite=Strict",
			site->session);
		site->lib->add_response_header(response, "Set-Cookie", cookie);
	}
	return kt_response_send(
		site, connection, response, status, KT_TYPE_TEXT, let_in ? "no-store" : "no-cache");
}

/*
 * Sends an answer and takes it over. "no-cache" still lets a browser keep the answer, but only
 * after asking with If-None-Match; "no-store" is for amounts, which are worthless later and may
 * contain names of processes.
 */
enum MHD_Result kt_response_answer(const struct kt_site *site, struct MHD_Connection *connection,
	struct kt_answer *answer, bool may_keep)
{
	const char *known =
		site->lib->lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!answer)
		return MHD_NO; /* out of memory: the connection ends */
	if (may_keep && known && strcmp(known, answer->etag) == 0) {
		result = kt_response_empty(site, connection, 304, "ETag", answer->etag, false);
		kt_answer_unref(answer);
		return result;
	}
	response = site->lib->create_response_from_buffer_with_free_callback_cls(
		answer->status == 204 ? 0 : answer->size, answer->data, free_answer, answer);
	if (!response) {
		kt_answer_unref(answer);
		return MHD_NO;
	}
	if (may_keep)
		site->lib->add_response_header(response, "ETag", answer->etag);
	return kt_response_send(site, connection, response, answer->status, answer->type,
		may_keep ? "no-cache" : "no-store");
}
