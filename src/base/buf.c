// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *kt_buf_reserve(struct kt_buf *buf, size_t more)
{
	size_t need, room = buf->room ? buf->room : 4096;
	char *grown;

	if (buf->failed || __builtin_add_overflow(buf->size, more, &need))
		return NULL;
	if (buf->data && need <= buf->room)
		return buf->data + buf->size;
	while (room < need && room <= (size_t)-1 / 2)
		room *= 2;
	grown = realloc(buf->data, room);
	if (!grown) {
		buf->failed = true;
		return NULL;
	}
	buf->data = grown;
	buf->room = room;
	return buf->data + buf->size;
}

void kt_buf_add(struct kt_buf *buf, const char *data, size_t size)
{
	char *end = kt_buf_reserve(buf, size);

	if (end && size) {
		memcpy(end, data, size);
		buf->size += size;
	}
}

void kt_buf_puts(struct kt_buf *buf, const char *text)
{
	kt_buf_add(buf, text, strlen(text));
}

void kt_buf_printf(struct kt_buf *buf, const char *fmt, ...)
{
	va_list args;
	char *end;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	end = n < 0 ? NULL : kt_buf_reserve(buf, (size_t)n + 1);
	if (!end)
		return;
	va_start(args, fmt);
	vsnprintf(end, (size_t)n + 1, fmt, args);
	va_end(args);
	buf->size += (size_t)n;
}

void kt_buf_repeat(struct kt_buf *buf, const char *text, size_t times)
{
	while (times--)
		kt_buf_puts(buf, text);
}

void kt_buf_cleanup(struct kt_buf *buf)
{
	free(buf->data);
	*buf = (struct kt_buf){ 0 };
}
