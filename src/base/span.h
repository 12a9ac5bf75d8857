// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_SPAN_H
#define KT_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A piece of foreign text: no terminating NUL needed, no locale, no copy. Every
 * parser of ktally works on spans, so that none can run past its text. The
 * functions that take `struct kt_span *rest` consume from its front.
 */
struct kt_span {
	const char *p;
	size_t n;
};

#define KT_SPAN(literal) ((struct kt_span){ (literal), sizeof(literal) - 1 })

struct kt_span kt_span_str(const char *text);
bool kt_span_eq(struct kt_span span, const char *text);
bool kt_span_starts(struct kt_span span, const char *prefix);
bool kt_span_ends(struct kt_span span, const char *suffix);
/** Removes `prefix` from the front; false, and nothing removed, where it is not there. */
bool kt_span_skip(struct kt_span *rest, const char *prefix);
/** Position of `text` in `span`, or `span.n` where it does not occur. */
size_t kt_span_find(struct kt_span span, const char *text);
struct kt_span kt_span_from(struct kt_span span, size_t offset);
struct kt_span kt_span_trim(struct kt_span span);

/** FNV-1a of the text and an end, so that two texts one after the other are two. */
#define KT_HASH_START 0xcbf29ce484222325ull
uint64_t kt_span_hash(uint64_t hash, struct kt_span text);

/** Next line without its newline; false at the end of the text. */
bool kt_span_line(struct kt_span *rest, struct kt_span *ret_line);
/** Next run of characters that are neither space nor tab; false where none is left. */
bool kt_span_word(struct kt_span *rest, struct kt_span *ret_word);
/** Is `wanted` one of the words of a text? */
bool kt_span_has_word(struct kt_span words, const char *wanted);
/** Everything before the first `stop`, which is consumed too; false where there is none. */
bool kt_span_until(struct kt_span *rest, char stop, struct kt_span *ret_part);

/** The whole span is a decimal number that fits; no sign, no space. */
bool kt_span_u64(struct kt_span span, uint64_t *ret_value);
/** The same with an optional minus sign. */
bool kt_span_i64(struct kt_span span, int64_t *ret_value);
/** The whole span is a hexadecimal number, with or without 0x. */
bool kt_span_hex(struct kt_span span, uint64_t *ret_value);
/** Takes the decimal digits at the front; false where there are none or too many. */
bool kt_span_take_u64(struct kt_span *rest, uint64_t *ret_value);

#endif
