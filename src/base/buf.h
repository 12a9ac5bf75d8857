// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_BUF_H
#define KT_BASE_BUF_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A growing text. Outputs write into a buffer and main() writes it to the terminal, so that no code
 * below a command prints. `failed` sticks when memory runs out.
 */
struct kt_buf {
	char *data;
	size_t size, room;
	bool failed;
};

/** Makes room for `more` bytes after the text; returns NULL when out of memory. */
char *kt_buf_reserve(struct kt_buf *buf, size_t more);
void kt_buf_add(struct kt_buf *buf, const char *data, size_t size);
void kt_buf_puts(struct kt_buf *buf, const char *text);
void kt_buf_printf(struct kt_buf *buf, const char *fmt, ...) KT_PRINTF(2, 3);
/**
 * Appends `joint`, unless the buffer is empty, then the formatted text: a list in a sentence.
 */
void kt_buf_join(struct kt_buf *buf, const char *joint, const char *fmt, ...) KT_PRINTF(3, 4);
/** Appends the same text as "%lld", but faster. */
void kt_buf_number(struct kt_buf *buf, int64_t value);
#define KT_NUMBER_MAX 20 /* characters of the longest number: -9223372036854775808 */
/** Writes a number without a NUL into `to`; returns its length. */
size_t kt_number_text(int64_t value, char to[KT_NUMBER_MAX]);
void kt_buf_repeat(struct kt_buf *buf, const char *text, size_t times);
/**
 * Hands over the text in memory of exactly its size; the buffer keeps only `size`. NULL: failed.
 */
char *kt_buf_take(struct kt_buf *buf);
void kt_buf_cleanup(struct kt_buf *buf);

#endif
