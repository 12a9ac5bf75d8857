// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parsers for untrusted text, without state, clock or network: each can be fuzzed alone. Spans that
// are returned point into the text that was given.

#include "serve/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX  255u	/* bytes of a Host header */
#define VALUE_MAX 256u	/* bytes of an option's value */
#define TOKEN_MAX 1024u /* characters */

static bool is_same_word(struct kt_span span, const char *word)
{
	return span.n == strlen(word) && strncasecmp(span.p, word, span.n) == 0;
}

/*
 * inet_pton() accepts only the full forms. Forms such as "127.1" or an octal number mean different
 * addresses to different programs.
 */
static bool is_ip(struct kt_span span, int family)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char address[sizeof(struct in6_addr)];

	if (span.n >= sizeof(text) || !span.n)
		return false;
	memcpy(text, span.p, span.n);
	text[span.n] = '\0';
	/* a NUL inside the text would hide what follows it from inet_pton() */
	return strlen(text) == span.n && inet_pton(family, text, address) == 1;
}

/* Accepts ":80", or nothing. */
static bool is_port(struct kt_span rest)
{
	uint64_t port;

	return !rest.n || (kt_span_skip(&rest, ":") && kt_span_u64(rest, &port) && port <= 65535);
}

bool kt_guard_host(struct kt_span host)
{
	struct kt_span name = host;

	if (!host.n || host.n > HOST_MAX)
		return false;
	if (kt_span_skip(&name, "[")) {
		size_t end = kt_span_find(name, "]");

		return end < name.n && is_ip((struct kt_span){ name.p, end }, AF_INET6) &&
		       is_port(kt_span_from(name, end + 1));
	}
	name.n = kt_span_find(host, ":");
	if (!is_port(kt_span_from(host, name.n)))
		return false;
	return is_same_word(name, "localhost") || is_ip(name, AF_INET);
}

/* A proxy may speak another scheme than this server, so the scheme does not count. */
bool kt_guard_origin(struct kt_span origin, struct kt_span host)
{
	if (!kt_span_skip(&origin, "http://") && !kt_span_skip(&origin, "https://"))
		return false;
	return host.n && host.n <= HOST_MAX && origin.n == host.n &&
	       strncasecmp(origin.p, host.p, host.n) == 0;
}

/*
 * Takes as long as `a` is, so the time reveals nothing about the secret `b`, except whether `b` is
 * empty.
 */
bool kt_guard_same(struct kt_span a, struct kt_span b)
{
	unsigned char differs = a.n != b.n;

	if (!b.n)
		return false; /* an empty secret is never accepted */
	for (size_t i = 0; i < a.n; i++)
		differs |= (unsigned char)(a.p[i] ^ b.p[i % b.n]);
	return !differs;
}

struct kt_span kt_guard_bearer(struct kt_span authorization)
{
	struct kt_span rest = authorization, word;

	if (!kt_span_word(&rest, &word) || !is_same_word(word, "bearer"))
		return (struct kt_span){ 0 };
	return kt_span_trim(rest);
}

struct kt_span kt_guard_cookie(struct kt_span header, const char *name)
{
	while (header.n) {
		struct kt_span pair, key;

		if (!kt_span_until(&header, ';', &pair)) {
			pair = header;
			header.n = 0;
		}
		pair = kt_span_trim(pair);
		if (kt_span_until(&pair, '=', &key) && kt_span_eq(key, name))
			return pair;
	}
	return (struct kt_span){ 0 };
}

/*
 * Blanks and control characters cannot be sent in a header unchanged, so a token with them would
 * never match. It is refused at the start, not at the first request.
 */
struct kt_span kt_guard_token(struct kt_span text)
{
	struct kt_span line;

	if (!kt_span_line(&text, &line))
		return (struct kt_span){ 0 };
	line = kt_span_trim(line);
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] <= 0x20 || line.p[i] >= 0x7f)
			return (struct kt_span){ 0 };
	}
	return line.n >= KT_TOKEN_MIN && line.n <= TOKEN_MAX ? line : (struct kt_span){ 0 };
}

static struct kt_address unix_address(struct kt_span path)
{
	struct kt_address address = { .kind = KT_ADDRESS_UNIX };

	if (path.n < 2 || path.p[0] != '/' || path.n >= sizeof(address.text))
		return (struct kt_address){ 0 };
	memcpy(address.text, path.p, path.n);
	return address;
}

/* Names are not resolved, because a resolver could return an address that other machines reach. */
struct kt_address kt_guard_address(const char *text, uint16_t default_port)
{
	struct kt_address address = { .kind = KT_ADDRESS_TCP, .port = default_port };
	struct kt_span rest = kt_span_str(text), name;
	uint64_t port;
	size_t colon;

	if (kt_span_skip(&rest, "unix:"))
		return unix_address(rest);
	if (kt_span_skip(&rest, "[")) {
		address.v6 = true;
		if (!kt_span_until(&rest, ']', &name))
			return (struct kt_address){ 0 };
	} else {
		colon = kt_span_find(rest, ":");
		name = (struct kt_span){ rest.p, colon };
		rest = kt_span_from(rest, colon);
	}
	if (rest.n) {
		if (!kt_span_skip(&rest, ":") || !kt_span_u64(rest, &port) || port > 65535)
			return (struct kt_address){ 0 };
		address.port = (uint16_t)port;
	}
	if (!name.n && !address.v6)
		name = KT_SPAN("127.0.0.1");
	/* names are never resolved; localhost is the only one that is known */
	if (is_same_word(name, "localhost"))
		name = KT_SPAN("127.0.0.1");
	if (!is_ip(name, address.v6 ? AF_INET6 : AF_INET))
		return (struct kt_address){ 0 };
	memcpy(address.text, name.p, name.n);
	return address;
}

/*
 * A UNIX socket counts: its file's permissions decide who connects. "0.0.0.0" does not count,
 * although it includes this machine.
 */
bool kt_guard_is_loopback(const struct kt_address *address)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (address->kind != KT_ADDRESS_TCP)
		return address->kind == KT_ADDRESS_UNIX;
	if (address->v6)
		return inet_pton(AF_INET6, address->text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
	return inet_pton(AF_INET, address->text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool kt_guard_value(struct kt_span value)
{
	for (size_t i = 0; i < value.n; i++) {
		if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
			return false;
	}
	return value.n <= VALUE_MAX;
}
