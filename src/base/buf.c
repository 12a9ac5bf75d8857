// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 64u /* bytes; most buffers hold one line */

char *kt_buf_reserve(struct kt_buf *buf, size_t more)
{
	size_t need, room = buf->room ? buf->room : ROOM_MIN;
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

KT_PRINTF(2, 0) static void add_formatted(struct kt_buf *buf, const char *fmt, va_list args)
{
	va_list again;
	char *end;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	end = n < 0 ? NULL : kt_buf_reserve(buf, (size_t)n + 1);
	if (!end)
		return;
	vsnprintf(end, (size_t)n + 1, fmt, args);
	buf->size += (size_t)n;
}

void kt_buf_printf(struct kt_buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_formatted(buf, fmt, args);
	va_end(args);
}

void kt_buf_join(struct kt_buf *buf, const char *joint, const char *fmt, ...)
{
	va_list args;

	if (buf->size)
		kt_buf_puts(buf, joint);
	va_start(args, fmt);
	add_formatted(buf, fmt, args);
	va_end(args);
}

size_t kt_number_text(int64_t value, char to[KT_NUMBER_MAX])
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[KT_NUMBER_MAX * 2] = { 0 };
	size_t at = KT_NUMBER_MAX;

	for (; rest >= 100; rest /= 100)
		memcpy(&digits[at -= 2], &pairs[rest % 100 * 2], 2);
	if (rest >= 10)
		memcpy(&digits[at -= 2], &pairs[rest * 2], 2);
	else
		digits[--at] = (char)('0' + rest);
	if (value < 0)
		digits[--at] = '-';
	/* a fixed size costs less than the right one */
	memcpy(to, digits + at, KT_NUMBER_MAX);
	return KT_NUMBER_MAX - at;
}

void kt_buf_number(struct kt_buf *buf, int64_t value)
{
	char *to = kt_buf_reserve(buf, KT_NUMBER_MAX);

	if (to)
		buf->size += kt_number_text(value, to);
}

void kt_buf_repeat(struct kt_buf *buf, const char *text, size_t times)
{
	while (times--)
		kt_buf_puts(buf, text);
}

char *kt_buf_take(struct kt_buf *buf)
{
	char *data = buf->failed ? NULL : realloc(buf->data, buf->size ? buf->size : 1);

	if (data)
		buf->data = NULL;
	buf->room = 0;
	return data;
}

void kt_buf_cleanup(struct kt_buf *buf)
{
	free(buf->data);
	*buf = (struct kt_buf){ 0 };
}
