// SPDX-License-Identifier: GPL-2.0-or-later
//
// Text of the program's tables as mdoc(7): escaped, and broken into lines.

#include "mdoc.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LONG_WORD      48 /* characters, with its indentation nearly a line of 80 columns */
#define BLANKS	       " \t\n"
#define LINE_MAX_BYTES 72 /* of roff, for readers of the page's source */

/* Text while it is written: table text has commands in 'quotes', which are set in bold. */
struct flow {
	struct kt_buf *buf;
	size_t line_start;
	bool quoted;
};

static void put_unicode(struct kt_buf *buf, const unsigned char **at)
{
	const unsigned char *p = *at;
	unsigned code = *p & (*p >= 0xf0 ? 0x07u : *p >= 0xe0 ? 0x0fu : 0x1fu);

	for (p++; (*p & 0xc0) == 0x80; p++)
		code = code << 6 | (*p & 0x3fu);
	kt_buf_printf(buf, "\\[u%04X]", code);
	*at = p - 1;
}

static void put_quote(struct flow *flow, const char *word, const char *at)
{
	bool opens = at == word || at[-1] == '(';

	if (!flow->quoted && opens) {
		flow->quoted = true;
		kt_buf_puts(flow->buf, "\\(oq\\fB");
	} else if (flow->quoted && !isalnum((unsigned char)at[1])) {
		flow->quoted = false;
		kt_buf_puts(flow->buf, "\\fP\\(cq");
	} else
		kt_buf_puts(flow->buf, "\\(cq");
}

/* True for a word that a user types, in contrast to prose. */
static bool is_typed(const struct flow *flow, const char *word, size_t n)
{
	return flow->quoted || *word == '\'' || memchr(word, '/', n) || memchr(word, '=', n) ||
	       memchr(word, '_', n);
}

/* A hyphen joins two words of prose; any other must stay a minus, to be copied. */
static bool is_hyphen(const struct flow *flow, const char *word, size_t n, const char *at)
{
	return at > word && at + 1 < word + n && isalpha((unsigned char)at[-1]) &&
	       isalpha((unsigned char)at[1]) && !is_typed(flow, word, n);
}

static void put_word(struct flow *flow, const char *word, size_t n)
{
	if (flow->buf->size == flow->line_start && (*word == '.' || *word == '\''))
		kt_buf_puts(flow->buf, "\\&");
	if (is_typed(flow, word, n))
		kt_buf_puts(flow->buf, "\\%"); /* not to be broken at a syllable */
	for (const char *p = word; p < word + n; p++) {
		switch (*p) {
		case '\\': kt_buf_puts(flow->buf, "\\e"); break;
		case '\'': put_quote(flow, word, p); break;
		case '`': kt_buf_puts(flow->buf, "\\(ga"); break;
		case '^': kt_buf_puts(flow->buf, "\\(ha"); break;
		case '~': kt_buf_puts(flow->buf, "\\(ti"); break;
		case '/': /* a long path may be broken after a slash */
			kt_buf_puts(flow->buf, n > LONG_WORD ? "/\\:" : "/");
			break;
		case '-': kt_buf_puts(flow->buf, is_hyphen(flow, word, n, p) ? "-" : "\\-"); break;
		default:
			if ((unsigned char)*p < 0x80)
				kt_buf_add(flow->buf, p, 1);
			else
				put_unicode(flow->buf, (const unsigned char **)&p);
		}
	}
}

/* roff wants each sentence on a line of its own, to put the right gap between them. */
static bool ends_sentence(const char *word, size_t n, const char *next)
{
	while (n && (word[n - 1] == '\'' || word[n - 1] == ')'))
		n--;
	return n && strchr(".!?", word[n - 1]) && !islower((unsigned char)*next);
}

void mdoc_text(struct kt_buf *buf, const char *text)
{
	struct flow flow = { .buf = buf, .line_start = buf->size };

	text += strspn(text, BLANKS);
	while (*text) {
		size_t n = strcspn(text, BLANKS);
		const char *next = text + n + strspn(text + n, BLANKS);
		size_t next_n = strcspn(next, BLANKS);

		put_word(&flow, text, n);
		if (!*next)
			break;
		if (ends_sentence(text, n, next) ||
			buf->size - flow.line_start + next_n > LINE_MAX_BYTES) {
			kt_buf_puts(buf, "\n");
			flow.line_start = buf->size;
		} else
			kt_buf_puts(buf, " ");
		text = next;
	}
	kt_buf_puts(buf, flow.quoted ? "\\fP\n" : "\n");
}

/* "\&" keeps a word from being taken for a macro or punctuation. */
void mdoc_args(struct kt_buf *buf, const char *text)
{
	struct flow flow = { .buf = buf };

	while (*text) {
		size_t n = strcspn(text, BLANKS);

		kt_buf_puts(buf, " ");
		if (isupper((unsigned char)*text) || ispunct((unsigned char)*text))
			kt_buf_puts(buf, "\\&");
		put_word(&flow, text, n);
		text += n;
		text += strspn(text, BLANKS);
	}
}

void mdoc_literal(struct kt_buf *buf, const char *line)
{
	kt_buf_puts(buf, ".Bd -literal -offset indent\n\\&");
	for (const char *p = line; *p; p++) {
		switch (*p) {
		case '\\': kt_buf_puts(buf, "\\e"); break;
		case '\'': kt_buf_puts(buf, "\\(aq"); break;
		case '-': kt_buf_puts(buf, "\\-"); break;
		default: kt_buf_add(buf, p, 1);
		}
	}
	kt_buf_puts(buf, "\n.Ed\n");
}

void mdoc_sentence(struct kt_buf *buf, const char *phrase, char end)
{
	char text[512];

	snprintf(text, sizeof(text), "%c%s%c", toupper((unsigned char)*phrase), phrase + 1, end);
	mdoc_text(buf, text);
}
