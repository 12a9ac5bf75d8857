// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/printable.h"

#include "base/attr.h"

#include <string.h>

static const struct {
	uint32_t first, last;
} unprintable[] = {
	{ 0x00, 0x1f }, /* C0 */
	{ 0x7f, 0x9f }, /* DEL, C1: U+009B begins a control sequence like ESC [ */
	{ 0xad, 0xad }, /* soft hyphen: no width */
	{ 0x34f, 0x34f }, { 0x61c, 0x61c }, /* bidi mark */
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
	{ 0x200b, 0x200f }, /* zero width, bidi marks */
	{ 0x2028, 0x202e }, /* separators of lines and paragraphs, bidi embedding */
	{ 0x2060, 0x206f }, /* zero width, bidi isolates */
	{ 0x3164, 0x3164 }, /* a blank that counts as a letter */
	{ 0xd800, 0xdfff }, /* halves of UTF-16 */
	{ 0xfe00, 0xfe0f }, /* variation selectors: no width */
	{ 0xfeff, 0xfeff }, /* byte order mark: no width */
	{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0000, UINT32_MAX }, /* tags, private planes, KT_CODE_BAD */
};

bool kt_printable(uint32_t code)
{
	if (code >= 0x20 && code < 0x7f)
		return true;
	for (size_t i = 0; i < KT_LEN(unprintable); i++) {
		if (code <= unprintable[i].last)
			return code < unprintable[i].first;
	}
	return true;
}

uint32_t kt_utf8_take(struct kt_span *rest)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)rest->p;
	size_t more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
	uint32_t code = *p & (0x3fu >> more);

	if (*p < 0x80) {
		*rest = kt_span_from(*rest, 1);
		return *p;
	}
	if (*p < 0xc2 || *p > 0xf4 || rest->n <= more)
		goto bad;
	for (size_t i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			goto bad;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		goto bad;
	*rest = kt_span_from(*rest, more + 1);
	return code;
bad:
	*rest = kt_span_from(*rest, 1);
	return KT_CODE_BAD;
}

/* Bytes of a sequence like "ESC [ 1 ; 2 m" at the front; 0: none. */
static size_t color_front(struct kt_span text)
{
	size_t n = 2;

	if (text.n < 3 || text.p[0] != '\033' || text.p[1] != '[')
		return 0;
	while (n < text.n && n < 24 && ((text.p[n] >= '0' && text.p[n] <= '9') || text.p[n] == ';'))
		n++;
	return n < text.n && text.p[n] == 'm' ? n + 1 : 0;
}

/* Bytes of the first character if it may pass; 0: it may not. */
static size_t first_front(struct kt_span text, unsigned flags)
{
	struct kt_span rest = text;
	uint32_t code;

	if (flags & KT_PRINTABLE_LINES &&
		(*text.p == '\n' || *text.p == '\t' ||
			(*text.p == '\r' && text.n > 1 && text.p[1] == '\n')))
		return 1;
	if (flags & KT_PRINTABLE_COLORS && *text.p == '\033')
		return color_front(text);
	code = kt_utf8_take(&rest);
	if (!kt_printable(code) || (flags & KT_PRINTABLE_ASCII && code >= 0x80))
		return 0;
	return text.n - rest.n;
}

/* Are all eight bytes from 0x20 to 0x7e? A borrow or carry comes from a byte that is not. */
static bool are_plain(const char *text)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t bytes;

	memcpy(&bytes, text, sizeof(bytes));
	return !((bytes | (bytes + ones) | (bytes - ones * 0x20)) & ones * 0x80);
}

size_t kt_printable_front(struct kt_span text, unsigned flags)
{
	size_t at = 0;

	while (at < text.n) {
		size_t n;

		if (text.n - at >= 8 && are_plain(text.p + at)) {
			at += 8;
			continue;
		}
		if (text.p[at] >= 0x20 && text.p[at] < 0x7f) {
			at++;
			continue;
		}
		n = first_front(kt_span_from(text, at), flags);
		if (!n)
			break;
		at += n;
	}
	return at;
}

void kt_buf_printable(struct kt_buf *buf, struct kt_span text, unsigned flags)
{
	while (text.n) {
		size_t n = kt_printable_front(text, flags);

		kt_buf_add(buf, text.p, n);
		text = kt_span_from(text, n);
		if (!text.n)
			return;
		kt_utf8_take(&text);
		kt_buf_puts(buf, "?");
	}
}

static void put_escape(struct kt_buf *buf, uint32_t code)
{
	if (code == KT_CODE_BAD)
		code = 0xfffd;
	if (code >= 0x10000)
		kt_buf_printf(buf, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (code >> 10)),
			(unsigned)(0xdc00 + (code & 0x3ff)));
	else
		kt_buf_printf(buf, "\\u%04x", (unsigned)code);
}

static bool is_plain(char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

void kt_buf_json(struct kt_buf *buf, const char *text)
{
	struct kt_span rest = kt_span_str(text);

	kt_buf_puts(buf, "\"");
	while (rest.n) {
		struct kt_span before = rest;
		uint32_t code;

		while (rest.n && is_plain(*rest.p))
			rest = kt_span_from(rest, 1);
		kt_buf_add(buf, before.p, before.n - rest.n);
		if (!rest.n)
			break;
		before = rest;
		code = kt_utf8_take(&rest);
		if (code == '"' || code == '\\')
			kt_buf_puts(buf, "\\");
		if (kt_printable(code))
			kt_buf_add(buf, before.p, before.n - rest.n);
		else
			put_escape(buf, code);
	}
	kt_buf_puts(buf, "\"");
}
