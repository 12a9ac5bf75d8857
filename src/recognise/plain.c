// SPDX-License-Identifier: GPL-2.0-or-later
#include "recognise/plain.h"

#include "base/attr.h"

#include <string.h>

#define QUOTES_MAX 32	/* levels of quotes that are removed */
#define TAG_MAX	   256u /* bytes of a tag of HTML */

/* ---- UTF-16 ---- */

bool kt_plain_is_utf16(struct kt_span head)
{
	const unsigned char *p = (const unsigned char *)head.p;
	size_t n = head.n < 64 ? head.n : 64, even = 0, odd = 0;

	if (head.n >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
		return true;
	for (size_t i = 0; i + 1 < n; i += 2) {
		even += !p[i];
		odd += !p[i + 1];
	}
	/* every second byte of ASCII text is 0 */
	return n >= 16 && ((even >= n / 2 - 1 && !odd) || (odd >= n / 2 - 1 && !even));
}

static void add_utf8(struct kt_buf *buf, uint32_t c)
{
	char text[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1) {
		text[0] = (char)c;
	} else {
		for (size_t i = n - 1; i; i--, c >>= 6)
			text[i] = (char)(0x80 | (c & 0x3f));
		text[0] = (char)((0xf00u >> n & 0xf0) | c);
	}
	kt_buf_add(buf, text, n);
}

static uint32_t unit_at(struct kt_span text, size_t at, bool little)
{
	const unsigned char *p = (const unsigned char *)text.p + at;

	return little ? p[0] | (uint32_t)p[1] << 8 : p[1] | (uint32_t)p[0] << 8;
}

void kt_plain_utf16(struct kt_span text, struct kt_buf *ret_text)
{
	bool little = text.n >= 2 && (text.p[0] == '\xff' || (text.p[0] != '\xfe' && text.p[0]));

	for (size_t i = 0; i + 1 < text.n && !ret_text->failed; i += 2) {
		uint32_t c = unit_at(text, i, little), low;

		if (c == 0xfeff)
			continue;
		if (c >= 0xd800 && c < 0xdc00 && i + 3 < text.n) {
			low = unit_at(text, i + 2, little);
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		add_utf8(ret_text, (c >= 0xd800 && c < 0xe000) || !c ? '?' : c);
	}
}

/* ---- inside a line ---- */

/* Length of an escape sequence: CSI to its letter, OSC to its end, or two bytes. */
static size_t escape_length(struct kt_span rest)
{
	size_t n = 2;

	if (rest.n < 2)
		return rest.n;
	if (rest.p[1] == '[') {
		while (n < rest.n && (unsigned char)(rest.p[n] - 0x20) < 0x20)
			n++;
		return n < rest.n ? n + 1 : n;
	}
	if (rest.p[1] == ']') {
		while (n < rest.n && rest.p[n] != '\a' && rest.p[n] != '\x1b')
			n++;
		return n < rest.n && rest.p[n] == '\a' ? n + 1 : n;
	}
	if (rest.p[1] == '(' || rest.p[1] == ')')
		return rest.n < 3 ? rest.n : 3;
	return 2;
}

/* Length of a blank that is no ASCII, with what it becomes: a blank or nothing; 0: none. */
static size_t foreign_blank(struct kt_span rest, const char **ret_as)
{
	static const struct {
		const char *bytes, *as;
	} blanks[] = {
		{ "\xc2\xa0", " " }, { "\xe2\x80\xaf", " " }, { "\xe3\x80\x80", " " },
		{ "\xef\xbb\xbf", "" }, { "\xe2\x81\xa0", "" }, { "\xa0", " " }, /* of Latin-1 */
	};

	if (rest.n >= 3 && rest.p[0] == '\xe2' && rest.p[1] == '\x80' &&
		(unsigned char)rest.p[2] >= 0x80 && (unsigned char)rest.p[2] <= 0x8f) {
		*ret_as = (unsigned char)rest.p[2] <= 0x8a ? " " : "";
		return 3;
	}
	for (size_t i = 0; i < KT_LEN(blanks); i++) {
		if (kt_span_starts(rest, blanks[i].bytes)) {
			*ret_as = blanks[i].as;
			return strlen(blanks[i].bytes);
		}
	}
	return 0;
}

/* Length of "&#N;" and "&#xN;" of ASCII and of the no-break space; 0: it is none. */
static size_t number_entity(struct kt_span rest, char *ret_as)
{
	struct kt_span body = rest, digits;
	uint64_t c;

	if (body.n > 8)
		body.n = 8;
	if (!kt_span_skip(&body, "&#") || !kt_span_until(&body, ';', &digits) || !digits.n)
		return 0;
	if (digits.p[0] == 'x' || digits.p[0] == 'X') {
		if (!kt_span_hex(kt_span_from(digits, 1), &c))
			return 0;
	} else if (!kt_span_u64(digits, &c))
		return 0;
	if ((c < ' ' && c != '\t') || (c > '~' && c != 0xa0))
		return 0;
	*ret_as = c == 0xa0 ? ' ' : (char)c;
	return (size_t)(body.p - rest.p);
}

static size_t entity(struct kt_span rest, char *ret_as)
{
	static const struct {
		const char *text;
		char as;
	} entities[] = { { "&nbsp;", ' ' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' },
		{ "&quot;", '"' }, { "&apos;", '\'' } };

	for (size_t i = 0; i < KT_LEN(entities); i++) {
		if (kt_span_starts(rest, entities[i].text)) {
			*ret_as = entities[i].as;
			return strlen(entities[i].text);
		}
	}
	return number_entity(rest, ret_as);
}

static bool is_letter(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

/*
 * Length of a tag of HTML; 0: it is none. Only known names count, because the header of slabinfo
 * has words such as <objsize>.
 */
static size_t tag(struct kt_span rest, bool *ret_breaks)
{
	static const struct {
		const char *name;
		bool breaks; /* a new line begins after it */
	} tags[] = { { "pre", true }, { "code", false }, { "br", true }, { "p", true },
		{ "div", true }, { "span", false }, { "tt", false }, { "td", false },
		{ "tr", true }, { "table", true }, { "tbody", true }, { "blockquote", true },
		{ "b", false }, { "i", false }, { "font", false }, { "li", true }, { "ul", true },
		{ "samp", false }, { "html", true }, { "body", true }, { "strong", false },
		{ "wbr", false } };
	size_t start = rest.n > 1 && rest.p[1] == '/' ? 2 : 1, n = start;
	const char *end = memchr(rest.p, '>', rest.n < TAG_MAX ? rest.n : TAG_MAX);
	char name[12];

	if (!end)
		return 0;
	while (n < rest.n && n - start < sizeof(name) && is_letter(rest.p[n])) {
		name[n - start] = (char)(rest.p[n] | 0x20);
		n++;
	}
	if (n == rest.n || !strchr(" />\t", rest.p[n]))
		return 0;
	for (size_t i = 0; i < KT_LEN(tags); i++) {
		if (kt_span_eq((struct kt_span){ name, n - start }, tags[i].name)) {
			*ret_breaks = tags[i].breaks;
			return (size_t)(end - rest.p) + 1;
		}
	}
	return 0;
}

static bool is_special(unsigned char c)
{
	return c >= 0x80 || c == 0x1b || c == '&' || c == '<' || c == '\r';
}

/* Takes one special sequence or character off the front. */
static void mend_one(struct kt_span *rest, struct kt_buf *text, unsigned *mends)
{
	const char *as = "";
	bool breaks = false;
	char one = 0;
	size_t n;

	if (rest->p[0] == '\x1b') {
		n = escape_length(*rest);
		*mends |= KT_MEND_COLOUR;
	} else if (rest->p[0] == '\r') {
		n = 1;
		*mends |= KT_MEND_CRLF;
	} else if (rest->p[0] == '&' && (n = entity(*rest, &one))) {
		kt_buf_add(text, &one, 1);
		*mends |= KT_MEND_HTML;
	} else if (rest->p[0] == '<' && (n = tag(*rest, &breaks))) {
		kt_buf_puts(text, breaks ? "\n" : "");
		*mends |= KT_MEND_HTML;
	} else if ((rest->p[0] & 0x80) && (n = foreign_blank(*rest, &as))) {
		kt_buf_puts(text, as);
		*mends |= kt_span_starts(*rest, "\xef\xbb\xbf") ? KT_MEND_BOM : KT_MEND_BLANKS;
	} else {
		/* the whole character, so that its last byte is taken for no blank */
		for (n = 1; n < rest->n && n < 4 && (rest->p[n] & 0xc0) == 0x80 &&
			    (rest->p[0] & 0xc0) == 0xc0;)
			n++;
		kt_buf_add(text, rest->p, n);
	}
	*rest = kt_span_from(*rest, n);
}

struct kt_span kt_plain_line(struct kt_span line, struct kt_buf *scratch, unsigned *ret_mends)
{
	size_t n = 0;

	if (kt_span_ends(line, "\r")) {
		line.n--;
		*ret_mends |= KT_MEND_CRLF;
	}
	while (n < line.n && !is_special((unsigned char)line.p[n]))
		n++;
	if (n == line.n)
		return line;
	scratch->size = 0;
	while (line.n) {
		kt_buf_add(scratch, line.p, n);
		line = kt_span_from(line, n);
		if (line.n)
			mend_one(&line, scratch, ret_mends);
		for (n = 0; n < line.n && !is_special((unsigned char)line.p[n]);)
			n++;
	}
	return (struct kt_span){ scratch->data, scratch->failed ? 0 : scratch->size };
}

/* ---- before a line ---- */

static struct kt_span skip_blanks(struct kt_span line)
{
	while (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
		line = kt_span_from(line, 1);
	return line;
}

/* "    12\t" of cat -n. */
static struct kt_span skip_line_number(struct kt_span line, unsigned *mends)
{
	struct kt_span rest = line;
	uint64_t number;

	if (!kt_span_take_u64(&rest, &number) || !kt_span_skip(&rest, "\t") || !rest.n ||
		(unsigned char)(rest.p[0] - '0') < 10)
		return line;
	*mends |= KT_MEND_INDENT;
	return skip_blanks(rest);
}

/* A file of sysfs with one number, "3048 N0=3000 N1=48", which nothing but its path names. */
static bool is_value_of_sysfs(struct kt_span path, struct kt_span value)
{
	struct kt_span word;
	uint64_t number;

	if (!kt_span_starts(path, "/sys/") || !kt_span_word(&value, &word) ||
		!kt_span_u64(word, &number))
		return false;
	while (kt_span_word(&value, &word)) {
		if (!memchr(word.p, '=', word.n))
			return false;
	}
	return true;
}

/* "/proc/meminfo:" of grep. */
static struct kt_span skip_path(struct kt_span line, unsigned *mends)
{
	struct kt_span rest = line, path;

	if ((!kt_span_starts(line, "/proc/") && !kt_span_starts(line, "/sys/")) ||
		!kt_span_until(&rest, ':', &path) || memchr(path.p, ' ', path.n) || !rest.n ||
		is_value_of_sysfs(path, rest))
		return line;
	*mends |= KT_MEND_GREP;
	return skip_blanks(rest);
}

struct kt_span kt_plain_unquote(struct kt_span line, unsigned *ret_mends)
{
	struct kt_span rest = skip_blanks(line);

	if (rest.n != line.n && rest.n)
		*ret_mends |= KT_MEND_INDENT;
	for (int i = 0; i < QUOTES_MAX && rest.n && (rest.p[0] == '>' || rest.p[0] == '|'); i++) {
		rest = skip_blanks(kt_span_from(rest, 1));
		*ret_mends |= KT_MEND_QUOTE;
	}
	rest = skip_path(skip_line_number(rest, ret_mends), ret_mends);
	while (rest.n && (rest.p[rest.n - 1] == ' ' || rest.p[rest.n - 1] == '\t'))
		rest.n--;
	return rest;
}

void kt_plain_words(unsigned mends, struct kt_buf *ret_text)
{
	static const struct {
		enum kt_mend mend;
		const char *words;
	} words[] = {
		{ KT_MEND_UTF16, "UTF-16" },
		{ KT_MEND_QUOTE, "quotes" },
		{ KT_MEND_COLOUR, "terminal colours" },
		{ KT_MEND_HTML, "HTML" },
		{ KT_MEND_BLANKS, "no-break blanks" },
		{ KT_MEND_GREP, "paths before the lines" },
		{ KT_MEND_WRAP, "line breaks inside lines" },
		{ KT_MEND_JOIN, "several fields on a line" },
	};

	for (size_t i = 0; i < KT_LEN(words); i++) {
		if (mends & words[i].mend)
			kt_buf_join(ret_text, ", ", "%s", words[i].words);
	}
}
