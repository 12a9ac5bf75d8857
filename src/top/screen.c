// SPDX-License-Identifier: GPL-2.0-or-later
//
// The only code that decides how wide a character is and what a terminal without UTF-8 shows.
// Positions outside are ignored, so drawing needs no checks and a resized terminal cannot cause a
// write outside.

#include "top/screen.h"

#include "base/printable.h"

#include <stdlib.h>
#include <string.h>

#define PLUS_MINUS 0xb1 /* the only character that ASCII replaces with two: "+-" */

/*
 * Allocates only when the size changes, and keeps the old cells if that fails. The maximum bounds
 * the memory: a terminal may claim any size.
 */
struct kt_err *kt_screen_size(struct kt_screen *screen, int width, int height)
{
	struct kt_glyph *cells;
	size_t count;

	width = width < 1 ? 1 : width > KT_SCREEN_WIDTH_MAX ? KT_SCREEN_WIDTH_MAX : width;
	height = height < 1 ? 1 : height > KT_SCREEN_HEIGHT_MAX ? KT_SCREEN_HEIGHT_MAX : height;
	count = (size_t)width * (size_t)height;
	if (!screen->cells || width != screen->width || height != screen->height) {
		cells = calloc(count, sizeof(*cells));
		if (!cells)
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		free(screen->cells);
		screen->cells = cells;
		screen->width = width;
		screen->height = height;
	}
	for (size_t i = 0; i < count; i++)
		screen->cells[i] = (struct kt_glyph){ .code = ' ' };
	return NULL;
}

void kt_screen_cleanup(struct kt_screen *screen)
{
	free(screen->cells);
	*screen = (struct kt_screen){ 0 };
}

/* ---- characters ---- */

struct range {
	uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

/* Width table of the program: wcwidth() knows no wide characters in a locale without UTF-8. */
int kt_char_columns(uint32_t code)
{
	static const struct range none[] = { { 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd },
		{ 0x610, 0x61a }, { 0x64b, 0x65f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
		{ 0x20d0, 0x20ff }, { 0xfe20, 0xfe2f } };
	static const struct range two[] = { { 0x1100, 0x115f }, { 0x2e80, 0x303e },
		{ 0x3041, 0x33ff }, { 0x3400, 0x4dbf }, { 0x4e00, 0x9fff }, { 0xa000, 0xa4cf },
		{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff },
		{ 0x20000, 0x3fffd } };

	if (!kt_printable(code) || is_in(none, KT_LEN(none), code))
		return 0;
	return is_in(two, KT_LEN(two), code) ? 2 : 1;
}

/*
 * At most 4 bytes are looked at, so the cost does not depend on the length of the text. Control
 * characters become '?': a name could otherwise move the cursor or change the terminal.
 */
uint32_t kt_char_take(const char **text)
{
	struct kt_span rest = { *text, strnlen(*text, 4) };
	uint32_t code = kt_utf8_take(&rest);

	*text = rest.p;
	return code == KT_CODE_BAD ? 0xfffd : kt_printable(code) ? code : '?';
}

int kt_text_columns(const char *text)
{
	int n = 0;

	while (*text)
		n += kt_char_columns(kt_char_take(&text));
	return n;
}

/* Bytes at the front of `text` that take at most `room` columns. */
static size_t front(const char *text, int room)
{
	const char *p = text, *fits = text;
	int n = 0;

	while (*p) {
		n += kt_char_columns(kt_char_take(&p));
		if (n > room)
			break;
		fits = p;
	}
	return (size_t)(fits - text);
}

/* End of the text that fits in `room` columns. */
static const char *back(const char *text, int room)
{
	while (*text && kt_text_columns(text) > room)
		kt_char_take(&text);
	return text;
}

/*
 * A buffer that is too small gets a prefix. A quarter of its size in columns fits, because a
 * character takes at most 4 bytes. This relies on names being ASCII (see kt_arena_name()): marks
 * that take no column would not be counted.
 */
void kt_text_shorten(const char *text, int room, bool unicode, char *ret, size_t size)
{
	const char *sign = unicode ? "…" : "~";
	size_t n = strlen(text), head;
	const char *tail = "";

	if (!size)
		return;
	if (kt_text_columns(text) > room && room > 0) {
		head = front(text, room - 1 - (room - 1) / 2);
		tail = back(text + head, (room - 1) / 2);
	} else {
		head = room > 0 ? n : 0;
		sign = "";
	}
	if (head + strlen(sign) + strlen(tail) >= size) {
		head = front(text, size > 1 ? (int)size / 4 : 0);
		sign = tail = "";
	}
	memcpy(ret, text, head);
	ret[head] = '\0';
	strncat(ret, sign, size - 1 - head);
	strncat(ret, tail, size - 1 - strlen(ret));
}

/* ---- cells ---- */

/* Returns the ASCII replacement of ktally's own characters. */
static uint32_t to_ascii(uint32_t code)
{
	static const struct {
		uint32_t from;
		char to;
	} signs[] = { { PLUS_MINUS, '-' }, { 0xb5, 'u' }, { 0xb7, '.' }, { 0xd7, 'x' },
		{ 0x2026, '~' }, { 0x2502, '|' }, { 0x251c, '+' }, { 0x2514, '`' }, { 0x2500, '-' },
		{ 0x2524, '+' }, { 0x2588, '#' }, { 0x2592, '=' }, { 0x2593, ':' }, { 0x2591, '.' },
		{ 0x25bc, 'v' }, { 0x25b2, '^' } };

	for (size_t i = 0; i < KT_LEN(signs); i++) {
		if (signs[i].from == code)
			return (uint32_t)signs[i].to;
	}
	return '?';
}

/*
 * A wide character takes two cells, the second with code 0. At the right edge it is left out, since
 * terminals would wrap it to the next row.
 */
void kt_screen_put_char(struct kt_screen *screen, int y, int x, enum kt_style style, uint32_t code)
{
	int columns = kt_char_columns(code);
	struct kt_glyph *cell;

	if (y < 0 || y >= screen->height || x < 0 || columns < 1 || x + columns > screen->width)
		return;
	cell = &screen->cells[(size_t)y * (size_t)screen->width + (size_t)x];
	if (code >= 0x80 && !screen->unicode) {
		code = to_ascii(code);
		if (columns == 2)
			cell[1] = (struct kt_glyph){ ' ', style };
	} else if (columns == 2)
		cell[1] = (struct kt_glyph){ 0, style };
	*cell = (struct kt_glyph){ code, style };
}

int kt_screen_put(
	struct kt_screen *screen, int y, int x, int room, enum kt_style style, const char *text)
{
	int at = 0;

	while (*text) {
		uint32_t code = kt_char_take(&text);
		int columns = kt_char_columns(code);

		if (at + columns > room)
			break;
		if (code == PLUS_MINUS && !screen->unicode && at + 2 <= room)
			kt_screen_put_char(screen, y, x + at++, style, '+');
		kt_screen_put_char(screen, y, x + at, style, code);
		at += columns;
	}
	return at;
}

/* Bytes of the text that go into a row: up to the last blank that fits, or as much as fits. */
static size_t row_of(const char *text, int room)
{
	size_t fits = front(text, room), n = fits;

	if (!text[fits] || text[fits] == ' ')
		return fits;
	while (n && text[n] != ' ')
		n--;
	return n ? n : fits;
}

void kt_screen_put_wrapped(
	struct kt_screen *screen, int y, int end, enum kt_style style, const char *text)
{
	char row[512];

	for (; y < end && *text; y++) {
		size_t n = row_of(text, screen->width < 500 ? screen->width : 500);

		if (!n || n >= sizeof(row))
			return;
		memcpy(row, text, n);
		row[n] = '\0';
		kt_screen_put(screen, y, 0, screen->width, style, row);
		text += n + strspn(text + n, " ");
	}
}

void kt_screen_put_right(
	struct kt_screen *screen, int y, int x, int room, enum kt_style style, const char *text)
{
	int columns = kt_text_columns(text);
	char shorter[256];

	if (columns > room) {
		kt_text_shorten(text, room, screen->unicode, shorter, sizeof(shorter));
		text = shorter;
		columns = kt_text_columns(text);
	}
	kt_screen_put(screen, y, x + room - columns, columns, style, text);
}

void kt_screen_paint(struct kt_screen *screen, int y, int x, int n, enum kt_style style)
{
	for (int i = x < 0 ? 0 : x; y >= 0 && y < screen->height && i < screen->width && i < x + n;
		i++)
		screen->cells[(size_t)y * (size_t)screen->width + (size_t)i].style = style;
}

/*
 * A share above 0 always shows at least one eighth: it must not look like nothing. Without Unicode
 * the bar is rounded to whole columns.
 */
void kt_screen_bar(
	struct kt_screen *screen, int y, int x, int room, enum kt_style style, double share)
{
	static const uint32_t parts[] = { 0, 0x258f, 0x258e, 0x258d, 0x258c, 0x258b, 0x258a,
		0x2589 };
	int eighths = share > 1 ? room * 8 : (int)(share * room * 8 + 0.5), i;

	if (share <= 0 || room <= 0)
		return;
	eighths = eighths < 1 ? 1 : eighths;
	if (!screen->unicode)
		eighths = (eighths + 4) / 8 * 8;
	for (i = 0; i < eighths / 8; i++)
		kt_screen_put_char(screen, y, x + i, style, 0x2588);
	if (eighths % 8)
		kt_screen_put_char(screen, y, x + i, style, parts[eighths % 8]);
}

/* ---- as text ---- */

static void put_utf8(struct kt_buf *buf, uint32_t code)
{
	char bytes[4];
	size_t n = 0;

	if (code < 0x80)
		bytes[n++] = (char)code;
	else if (code < 0x800) {
		bytes[n++] = (char)(0xc0 | code >> 6);
		bytes[n++] = (char)(0x80 | (code & 0x3f));
	} else {
		if (code >= 0x10000)
			bytes[n++] = (char)(0xf0 | code >> 18);
		bytes[n] = (char)(code < 0x10000 ? 0xe0 | code >> 12 : 0x80 | (code >> 12 & 0x3f));
		n++;
		bytes[n++] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[n++] = (char)(0x80 | (code & 0x3f));
	}
	kt_buf_add(buf, bytes, n);
}

void kt_screen_text(const struct kt_screen *screen, struct kt_buf *ret_text)
{
	for (int y = 0; y < screen->height; y++) {
		const struct kt_glyph *row = &screen->cells[(size_t)y * (size_t)screen->width];
		int end = screen->width;

		while (end > 0 && row[end - 1].code == ' ')
			end--;
		for (int x = 0; x < end; x++) {
			if (row[x].code)
				put_utf8(ret_text, row[x].code);
		}
		kt_buf_puts(ret_text, "\n");
	}
}
