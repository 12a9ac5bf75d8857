// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_BUF_H
#define KT_BASE_BUF_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * A growing text. Outputs write into one and main() hands it to the terminal, so
 * that nothing below a command prints. `failed` sticks when memory runs out.
 */
struct kt_buf {
	char *data;
	size_t size, room;
	bool failed;
};

/** Makes room for `more` bytes behind the text; NULL when out of memory. */
char *kt_buf_reserve(struct kt_buf *buf, size_t more);
void kt_buf_add(struct kt_buf *buf, const char *data, size_t size);
void kt_buf_puts(struct kt_buf *buf, const char *text);
void kt_buf_printf(struct kt_buf *buf, const char *fmt, ...) KT_PRINTF(2, 3);
void kt_buf_repeat(struct kt_buf *buf, const char *text, size_t times);
void kt_buf_cleanup(struct kt_buf *buf);

#endif
