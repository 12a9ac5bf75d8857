// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_GUARD_H
#define KT_SERVE_GUARD_H

#include "base/span.h"

/** Checks headers of a request before the request is read further. Pure. */

/**
 * Whether no foreign web site can have this Host header. A site that makes its own name point to
 * this machine (DNS rebinding) cannot make a browser send a number or "localhost".
 */
bool kt_guard_host(struct kt_span host);

/** Whether an Origin header names the server that the Host header names. "null" does not. */
bool kt_guard_origin(struct kt_span origin, struct kt_span host);

/** Compares in a time that does not depend on where the texts differ. */
bool kt_guard_same(struct kt_span a, struct kt_span b);

/** Returns the token of "Bearer TOKEN"; empty: another form. */
struct kt_span kt_guard_bearer(struct kt_span authorization);
/** Returns the value of a cookie in a Cookie header; empty: missing. */
struct kt_span kt_guard_cookie(struct kt_span header, const char *name);

#define KT_TOKEN_MIN 16u /* characters */
/** Returns the first line of a token file; empty: not usable as a token. */
struct kt_span kt_guard_token(struct kt_span text);

enum kt_address_kind { KT_ADDRESS_BAD, KT_ADDRESS_TCP, KT_ADDRESS_UNIX };

#define KT_ADDRESS_TEXT 108 /* bytes; sizeof(sun_path) of a UNIX socket */
struct kt_address {
	enum kt_address_kind kind;
	char text[KT_ADDRESS_TEXT]; /* an IP address, or a path */
	bool v6;
	uint16_t port;
};

/** "127.0.0.1", "10.0.0.1:80", "[::1]:80", ":80", "unix:/run/x.sock". */
struct kt_address kt_guard_address(const char *text, uint16_t default_port);
/** Whether only this machine can reach the address. */
bool kt_guard_is_loopback(const struct kt_address *address);

/** Whether a value of a query may become an option: short, without control characters. */
bool kt_guard_value(struct kt_span value);

#endif
