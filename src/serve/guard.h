// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_GUARD_H
#define KT_SERVE_GUARD_H

#include "base/span.h"

/**
 * What a request has to be before anybody looks at what it asks for. Pure: headers in,
 * yes or no out.
 */

/**
 * Is this Host header one that no foreign web site can have? A site that lets its own name
 * point to this machine (DNS rebinding) cannot make a browser send a number or "localhost".
 */
bool kt_guard_host(struct kt_span host);

/** Compares in a time that does not depend on where the two differ. */
bool kt_guard_same(struct kt_span a, struct kt_span b);

/** "Bearer TOKEN" gives the token; empty where it is something else. */
struct kt_span kt_guard_bearer(struct kt_span authorization);
/** The value of a cookie in a Cookie header; empty where it is not there. */
struct kt_span kt_guard_cookie(struct kt_span header, const char *name);

#define KT_TOKEN_MIN 16u /* characters */
/** The first line of a token file, or an empty span where it is no good token. */
struct kt_span kt_guard_token(struct kt_span text);

enum kt_address_kind { KT_ADDRESS_BAD, KT_ADDRESS_TCP, KT_ADDRESS_UNIX };

#define KT_ADDRESS_TEXT 108
struct kt_address {
	enum kt_address_kind kind;
	char text[KT_ADDRESS_TEXT]; /* an IP address, or a path */
	bool v6;
	uint16_t port;
};

/** "127.0.0.1", "10.0.0.1:80", "[::1]:80", ":80", "unix:/run/x.sock". */
struct kt_address kt_guard_address(const char *text, uint16_t default_port);
/** Is it an address that only this machine reaches? */
bool kt_guard_is_loopback(const struct kt_address *address);

/** A value of a query that may become an option: short, and no control characters. */
bool kt_guard_value(struct kt_span value);

#endif
