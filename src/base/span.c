// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/span.h"

#include <string.h>

#define DIGITS_SURE 18 /* so many always fit in 64 bits */

bool kt_span_ends(struct kt_span span, const char *suffix)
{
	size_t n = strlen(suffix);

	return span.n >= n && memcmp(span.p + span.n - n, suffix, n) == 0;
}

bool kt_span_skip(struct kt_span *rest, const char *prefix)
{
	if (!kt_span_starts(*rest, prefix))
		return false;
	*rest = kt_span_from(*rest, strlen(prefix));
	return true;
}

size_t kt_span_find(struct kt_span span, const char *text)
{
	const char *hit = span.n ? memmem(span.p, span.n, text, strlen(text)) : NULL;

	return hit ? (size_t)(hit - span.p) : span.n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct kt_span kt_span_trim(struct kt_span span)
{
	while (span.n && is_blank(span.p[0]))
		span = kt_span_from(span, 1);
	while (span.n && (is_blank(span.p[span.n - 1]) || span.p[span.n - 1] == '\n'))
		span.n--;
	return span;
}

bool kt_span_until(struct kt_span *rest, char stop, struct kt_span *ret_part)
{
	const char *hit = rest->n ? memchr(rest->p, stop, rest->n) : NULL;
	size_t n;

	if (!hit)
		return false;
	n = (size_t)(hit - rest->p);
	*ret_part = (struct kt_span){ rest->p, n };
	*rest = kt_span_from(*rest, n + 1);
	return true;
}

uint64_t kt_span_hash(uint64_t hash, struct kt_span text)
{
	static const uint64_t prime = 0x100000001b3ull;

	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * prime;
	return hash * prime; /* the end of the text counts as a NUL */
}

bool kt_span_line(struct kt_span *rest, struct kt_span *ret_line)
{
	if (!rest->n)
		return false;
	if (!kt_span_until(rest, '\n', ret_line)) {
		*ret_line = *rest;
		rest->n = 0;
	}
	return true;
}

bool kt_span_word(struct kt_span *rest, struct kt_span *ret_word)
{
	size_t n = rest->n, at = 0, from;

	while (at < n && is_blank(rest->p[at]))
		at++;
	for (from = at; at < n && !is_blank(rest->p[at]);)
		at++;
	if (at > from)
		*ret_word = (struct kt_span){ rest->p + from, at - from };
	*rest = kt_span_from(*rest, at > from ? at : from);
	return at > from;
}

bool kt_span_has_word(struct kt_span words, const char *wanted)
{
	struct kt_span word;

	while (kt_span_word(&words, &word)) {
		if (kt_span_eq(word, wanted))
			return true;
	}
	return false;
}

bool kt_span_take_u64(struct kt_span *rest, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t n = 0;

	for (; n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9'; n++) {
		if (n < DIGITS_SURE) {
			value = value * 10 + (uint64_t)(rest->p[n] - '0');
			continue;
		}
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (uint64_t)(rest->p[n] - '0'), &value))
			return false;
	}
	if (!n)
		return false;
	*ret_value = value;
	*rest = kt_span_from(*rest, n);
	return true;
}

bool kt_span_u64(struct kt_span span, uint64_t *ret_value)
{
	uint64_t value;

	if (!kt_span_take_u64(&span, &value) || span.n)
		return false;
	*ret_value = value;
	return true;
}

bool kt_span_i64(struct kt_span span, int64_t *ret_value)
{
	bool negative = kt_span_skip(&span, "-");
	uint64_t value;

	if (!kt_span_u64(span, &value) || value > INT64_MAX)
		return false;
	*ret_value = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool kt_span_hex(struct kt_span span, uint64_t *ret_value)
{
	uint64_t value = 0;

	kt_span_skip(&span, "0x");
	if (!span.n || span.n > 16)
		return false;
	for (size_t i = 0; i < span.n; i++) {
		int digit = hex_digit(span.p[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	*ret_value = value;
	return true;
}
