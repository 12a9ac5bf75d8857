// SPDX-License-Identifier: GPL-2.0-or-later
//
// The man page, in mdoc(7). Text of the tables only ever stands on text lines, where
// mdoc knows no macros; names stand behind macros, escaped.

#include "gen_docs.h"

#include "cmd/cmd.h"
#include "model/row.h"
#include "output/output.h"
#include "source/source.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct page {
	struct kt_buf *buf;
	struct kt_arena arena; /* of texts that are put together */
};

#define BLANKS	       " \t\n"
#define LINE_MAX_BYTES 72 /* of roff, for those who read the page's source */

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

/* Is it a word that somebody types, rather than one of prose? */
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

/* `text` as whole lines. */
static void put_text(struct kt_buf *buf, const char *text)
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

/* Words behind a macro; "\&" keeps them from being taken for macros or punctuation. */
static void put_args(struct kt_buf *buf, const char *text)
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

static void put_operands(struct page *page, const char *operands)
{
	size_t n = operands ? strlen(operands) : 0;

	if (n > 2 && operands[0] == '[' && operands[n - 1] == ']') {
		kt_buf_puts(page->buf, " Op Ar");
		put_args(
			page->buf, kt_arena_printf(&page->arena, "%.*s", (int)n - 2, operands + 1));
	} else if (n) {
		kt_buf_puts(page->buf, " Ar");
		put_args(page->buf, operands);
	}
}

/* ---- what stands for @NAME@ ---- */

static void put_synopsis(struct page *page)
{
	kt_buf_puts(page->buf, ".Nm\n.Op Ar OPTIONS\n");
	for (size_t i = 0; i < kt_nr_cmds; i++) {
		kt_buf_puts(page->buf, ".Nm\n.Op Ar OPTIONS\n.Cm");
		put_args(page->buf, kt_cmds[i]->name);
		put_operands(page, kt_cmds[i]->operands);
		kt_buf_puts(page->buf, "\n");
	}
}

/* Paragraphs are told apart by an empty line. */
static void put_paragraphs(struct page *page, const char *text)
{
	const char *end;

	for (; (end = strstr(text, "\n\n")); text = end + 2) {
		char part[4096];

		snprintf(part, sizeof(part), "%.*s", (int)(end - text), text);
		put_text(page->buf, part);
		kt_buf_puts(page->buf, ".Pp\n");
	}
	put_text(page->buf, text);
}

static void put_commands(struct page *page)
{
	kt_buf_puts(page->buf, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < kt_nr_cmds; i++) {
		kt_buf_puts(page->buf, ".It Cm");
		put_args(page->buf, kt_cmds[i]->name);
		put_operands(page, kt_cmds[i]->operands);
		kt_buf_puts(page->buf, "\n");
		put_paragraphs(page, kt_cmds[i]->help);
	}
	kt_buf_puts(page->buf, ".El\n");
}

/* With the commands that take it, where not all do. */
static void put_option_text(struct page *page, const struct kt_option *option)
{
	const char *text = option->help;
	char list[KT_WORDS_LIST];

	if (option->only) {
		kt_words_list(option->only, list);
		text = kt_arena_printf(&page->arena, "%s; only of: %s", text, list);
	}
	put_text(page->buf, text);
}

static void put_options(struct page *page)
{
	kt_buf_puts(page->buf, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < kt_nr_options; i++) {
		const struct kt_option *option = &kt_option_table[i];

		kt_buf_puts(page->buf, ".It");
		if (option->letter)
			kt_buf_printf(page->buf, " Fl %c ,", option->letter);
		kt_buf_puts(page->buf, " Fl \\-");
		for (const char *p = option->name; *p; p++)
			kt_buf_printf(page->buf, "%s%c", *p == '-' ? "\\" : "", *p);
		put_operands(page, option->arg);
		kt_buf_puts(page->buf, "\n");
		put_option_text(page, option);
	}
	kt_buf_puts(page->buf, ".El\n");
}

/* "id - title", below the second level with the row above: "other" alone says too little. */
static void put_row_head(struct page *page, const struct kt_row *row, bool with_parent)
{
	const char *title =
		!with_parent ? row->title
			     : kt_arena_printf(&page->arena, "%s: %s", row->parent, row->title);

	put_args(page->buf, row->id);
	if (strcmp(row->id, title) == 0)
		return;
	kt_buf_puts(page->buf, " No \\(em");
	put_args(page->buf, title);
}

static void put_row_notes(struct page *page, const struct kt_row *row)
{
	const char *list = "";

	if (row->unusual_permille)
		kt_buf_printf(page->buf, ".It Noted\nfrom %g\\ %% of the memory on\n",
			row->unusual_permille / 10.0);
	for (size_t i = 0; i < kt_nr_annotations; i++) {
		const struct kt_annotation *annotation = &kt_annotations[i];

		if (strcmp(annotation->row, row->id) != 0)
			continue;
		list = kt_arena_printf(&page->arena, "%s%s%s (%s)", list, *list ? "; " : "",
			annotation->title, annotation->id);
	}
	if (*list) {
		kt_buf_puts(page->buf, ".It Beside\n");
		put_text(page->buf, list);
	}
}

static void put_row_body(struct page *page, const struct kt_row *row)
{
	put_text(page->buf, row->means);
	if (row->expand)
		kt_buf_puts(page->buf, "Each part has a row below it.\n");
	kt_buf_puts(page->buf, ".Bl -tag -width Growth -compact\n.It Growth\n");
	put_text(page->buf, row->grows);
	kt_buf_puts(page->buf, ".It Next\n");
	put_text(page->buf, row->next);
	put_row_notes(page, row);
	kt_buf_puts(page->buf, ".El\n");
}

/* Rows below `parent` in the order of the screen; returns how many. */
static size_t put_rows_below(struct page *page, const struct kt_row *parent, bool nested)
{
	size_t count = 0;

	for (size_t i = 0; i < kt_nr_rows; i++) {
		const struct kt_row *row = &kt_rows[i];

		if (!row->parent || strcmp(row->parent, parent->id) != 0)
			continue;
		if (!count++ && !nested)
			kt_buf_puts(page->buf, ".Bl -tag -width Ds\n");
		kt_buf_puts(page->buf, ".It Cm");
		put_row_head(page, row, nested);
		kt_buf_puts(page->buf, "\n");
		put_row_body(page, row);
		count += put_rows_below(page, row, true);
	}
	if (count && !nested)
		kt_buf_puts(page->buf, ".El\n");
	return count;
}

static void put_section_row(struct page *page, const struct kt_row *row)
{
	kt_buf_puts(page->buf, ".Ss");
	put_row_head(page, row, false);
	kt_buf_puts(page->buf, "\n");
	put_row_body(page, row);
}

static void put_rows(struct page *page)
{
	const struct kt_row *root = &kt_rows[0];

	put_section_row(page, root);
	for (size_t i = 1; i < kt_nr_rows; i++) {
		if (!kt_rows[i].parent || strcmp(kt_rows[i].parent, root->id) != 0)
			continue;
		put_section_row(page, &kt_rows[i]);
		put_rows_below(page, &kt_rows[i], false);
	}
}

static void put_source_files(struct page *page, const struct kt_source *source)
{
	size_t i = 0, count = 0;

	while (count < KT_SOURCE_PATHS && source->paths[count])
		count++;
	if (source->first_is_live && count > 1) {
		kt_buf_puts(page->buf, ".Pa");
		put_args(page->buf, source->paths[i++]);
		kt_buf_puts(page->buf,
			"\non a running machine, in a capture the first that is there of\n");
	} else if (source->alternatives)
		kt_buf_puts(page->buf, "the first that is there of\n");
	for (; i < count; i++) {
		kt_buf_puts(page->buf, ".Pa");
		put_args(page->buf, source->paths[i]);
		kt_buf_puts(page->buf, i + 1 < count ? " ,\n" : "\n");
	}
}

static void put_sources(struct page *page)
{
	kt_buf_puts(page->buf, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < kt_nr_sources; i++) {
		const struct kt_source *source = kt_sources[i];

		kt_buf_puts(page->buf, ".It Cm");
		put_args(page->buf, source->name);
		kt_buf_puts(page->buf, "\n");
		put_text(page->buf, source->summary);
		kt_buf_puts(page->buf, ".Bl -tag -width Without -compact\n.It Files\n");
		put_source_files(page, source);
		kt_buf_printf(page->buf, ".It Cost\n%s\n.It Without\n", kt_cost_name(source->cost));
		put_text(page->buf, source->lack);
		kt_buf_puts(page->buf, ".It Needs\n");
		put_text(page->buf, source->gives);
		kt_buf_puts(page->buf, ".El\n");
	}
	kt_buf_puts(page->buf, ".El\n");
}

static void put_outputs(struct page *page)
{
	kt_buf_puts(page->buf, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < kt_nr_outputs; i++) {
		kt_buf_puts(page->buf, ".It Cm");
		put_args(page->buf, kt_outputs[i]->name);
		kt_buf_puts(page->buf, "\n");
		put_text(page->buf, kt_outputs[i]->summary);
	}
	kt_buf_puts(page->buf, ".El\n");
}

static void put_version(struct page *page)
{
	kt_buf_puts(page->buf, ".Os ktally " KTALLY_VERSION "\n");
}

static const struct {
	const char *name;
	void (*put)(struct page *page);
} parts[] = {
	{ "@VERSION@", put_version },
	{ "@SYNOPSIS@", put_synopsis },
	{ "@COMMANDS@", put_commands },
	{ "@OPTIONS@", put_options },
	{ "@ROWS@", put_rows },
	{ "@SOURCES@", put_sources },
	{ "@OUTPUTS@", put_outputs },
};

static struct kt_err *put_line(struct page *page, struct kt_span line, unsigned seen[])
{
	for (size_t i = 0; i < KT_LEN(parts); i++) {
		if (!kt_span_eq(line, parts[i].name))
			continue;
		parts[i].put(page);
		seen[i]++;
		return NULL;
	}
	if (kt_span_starts(line, "@"))
		return kt_err_new(KT_ERR_PARSE, "%.*s: nothing has this name", (int)line.n, line.p);
	kt_buf_add(page->buf, line.p, line.n);
	kt_buf_puts(page->buf, "\n");
	return NULL;
}

static struct kt_err *put_page(struct page *page, const char *prose)
{
	struct kt_span rest = kt_span_str(prose), line;
	unsigned seen[KT_LEN(parts)] = { 0 };
	struct kt_err *err = NULL;

	while (!err && kt_span_line(&rest, &line))
		err = put_line(page, line, seen);
	for (size_t i = 0; !err && i < KT_LEN(parts); i++) {
		if (seen[i] != 1)
			err = kt_err_new(KT_ERR_PARSE, "%s is in it %u times, not once",
				parts[i].name, seen[i]);
	}
	if (!err && page->arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err;
}

struct kt_err *gen_man(const char *prose, struct kt_buf *ret_text)
{
	struct page page = { .buf = ret_text };
	struct kt_err *err = put_page(&page, prose);

	kt_arena_fini(&page.arena);
	return err;
}
