// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_SPAN_H
#define KT_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * A piece of foreign text: no terminating NUL, no locale, no copy. All parsers of ktally work on
 * spans, so that none can read past its text. Functions that take `struct kt_span *rest` consume
 * from its front.
 */
struct kt_span {
	const char *p;
	size_t n;
};

#define KT_SPAN(literal) ((struct kt_span){ (literal), sizeof(literal) - 1 })

static inline struct kt_span kt_span_str(const char *text)
{
	return (struct kt_span){ text, strlen(text) };
}

/* Most texts differ in their first character: parsers look for one of many. */
static inline bool kt_span_starts(struct kt_span span, const char *prefix)
{
	size_t n;

	if (span.n && *prefix && span.p[0] != *prefix)
		return false;
	n = strlen(prefix);
	return span.n >= n && memcmp(span.p, prefix, n) == 0;
}

static inline bool kt_span_eq(struct kt_span span, const char *text)
{
	if (span.n && span.p[0] != *text)
		return false;
	return span.n == strlen(text) && memcmp(span.p, text, span.n) == 0;
}

static inline bool kt_span_same(struct kt_span a, struct kt_span b)
{
	return a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0);
}

/** Without its first `offset` bytes. */
static inline struct kt_span kt_span_from(struct kt_span span, size_t offset)
{
	if (offset > span.n)
		offset = span.n;
	if (offset == 0)
		return span;
	return (struct kt_span){ span.p + offset, span.n - offset };
}

bool kt_span_ends(struct kt_span span, const char *suffix);
/** Removes `prefix` from the front; false, with nothing removed, if it is missing. */
bool kt_span_skip(struct kt_span *rest, const char *prefix);
/** Position of `text` in `span`; `span.n`: not found. */
size_t kt_span_find(struct kt_span span, const char *text);
struct kt_span kt_span_trim(struct kt_span span);

/** FNV-1a of the text and an end mark, so that "ab","c" and "a","bc" differ. */
#define KT_HASH_START 0xcbf29ce484222325ull
uint64_t kt_span_hash(uint64_t hash, struct kt_span text);

/** Takes the next line without its newline; false at the end of the text. */
bool kt_span_line(struct kt_span *rest, struct kt_span *ret_line);
/** Takes the next run of characters other than space and tab; false when none is left. */
bool kt_span_word(struct kt_span *rest, struct kt_span *ret_word);
/** True if `wanted` is one of the words of a text. */
bool kt_span_has_word(struct kt_span words, const char *wanted);
/** Takes everything before the first `stop` and consumes `stop`; false if there is none. */
bool kt_span_until(struct kt_span *rest, char stop, struct kt_span *ret_part);

/** Parses the complete span as a decimal number that fits; no sign, no space. */
bool kt_span_u64(struct kt_span span, uint64_t *ret_value);
/** Parses like kt_span_u64(), with an optional minus sign. */
bool kt_span_i64(struct kt_span span, int64_t *ret_value);
/** Parses the complete span as a hexadecimal number, with or without 0x. */
bool kt_span_hex(struct kt_span span, uint64_t *ret_value);
/** Takes the decimal digits at the front; false if there are none or too many. */
bool kt_span_take_u64(struct kt_span *rest, uint64_t *ret_value);

#endif
