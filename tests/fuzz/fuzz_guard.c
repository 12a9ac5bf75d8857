// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a request's headers and the command line's address say.

#include "fuzz_record.h"

#include "serve/guard.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_span text = { (const char *)data, size }, found;
	struct kt_address address;
	char copy[256];

	/* no letters but those of localhost and of hexadecimal numbers are let in */
	if (kt_guard_host(text)) {
		for (size_t i = 0; i < size; i++)
			fuzz_must(strchr("localhostLOCALHOST0123456789abcdefABCDEF.:[]", data[i]) !=
					  NULL,
				"a name was let in");
	}
	found = kt_guard_bearer(text);
	fuzz_must(found.n <= size, "a token longer than its header");
	found = kt_guard_cookie(text, "ktally");
	fuzz_must(found.n <= size, "a cookie longer than its header");
	fuzz_must(!kt_guard_same(found, (struct kt_span){ 0 }), "nothing is as good as a token");
	found = kt_guard_token(text);
	fuzz_must(!found.n || found.n >= KT_TOKEN_MIN, "a short token");
	kt_guard_value(text);
	fuzz_must(!kt_guard_origin(text, text), "a host has no scheme");
	if (size >= sizeof(copy))
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	address = kt_guard_address(copy, 1);
	fuzz_must(memchr(address.text, '\0', sizeof(address.text)) != NULL, "no end");
	kt_guard_is_loopback(&address);
	return 0;
}
