// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file of made-up numbers in everything that a mail, a ticket, a terminal or a web page makes of
// it: the numbers that are read must be its own. KTALLY_DISGUISES sets the number of texts.

#include "recognise/plain.h"
#include "recognise/recognise.h"

#include "test.h"

#include <stdlib.h>

#define TEXTS	 2000
#define FIELDS	 24
#define TEXT_MAX 65536u

static uint64_t state;

static uint64_t dice(uint64_t sides)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % sides;
}

static const char *const names[FIELDS] = { "MemTotal", "MemFree", "MemAvailable", "Buffers",
	"Cached", "SwapCached", "Active", "Inactive", "Active(anon)", "Inactive(anon)", "AnonPages",
	"Mapped", "Shmem", "KReclaimable", "Slab", "SReclaimable", "SUnreclaim", "KernelStack",
	"PageTables", "Committed_AS", "VmallocTotal", "Percpu", "NewField", "HugePages_Total" };

struct truth {
	uint64_t numbers[FIELDS];
};

/* How the text is made; each is one disguise, and several may be at once. */
/* In no enum, because ISO C has only those of int. */
#define TRAILING (1u << 31) /* blanks at the ends of lines */
enum {
	UNITLESS = 1u << 0,
	ONE_BLANK = 1u << 1,
	JOINED = 1u << 2,    /* all fields in one line */
	JOINED3 = 1u << 3,   /* three fields a line */
	SOFT_WRAP = 1u << 4, /* between words, as mailers do */
	HARD_WRAP = 1u << 5, /* anywhere, as terminals do */
	QUOTED = 1u << 6,
	QUOTED2 = 1u << 7,
	BAR_QUOTED = 1u << 8,
	INDENTED = 1u << 9,
	TABBED = 1u << 10,
	CRLF = 1u << 11,
	NBSP = 1u << 12,
	COLOURS = 1u << 13,
	ENTITIES = 1u << 14,
	PRE = 1u << 15,
	BR = 1u << 16,
	NUMBERED = 1u << 17, /* cat -n */
	GREPPED = 1u << 18,
	PROSE = 1u << 19,
	TITLE = 1u << 20,
	INTERLEAVED = 1u << 21,
	SECOND = 1u << 22, /* another meminfo follows */
	OTHERS = 1u << 23, /* vmstat and slabinfo around it */
	BOM = 1u << 24,
	UTF16LE = 1u << 25,
	UTF16BE = 1u << 26,
	NO_NEWLINE = 1u << 27,
	SHUFFLED = 1u << 28,
	LATE = 1u << 29, /* after 8 KiB of a log */
	DOUBLE_SPACED = 1u << 30,
};

/* Disguises that exclude each other: of each group one at most. */
static const uint32_t groups[] = { JOINED | JOINED3 | DOUBLE_SPACED | INTERLEAVED,
	SOFT_WRAP | HARD_WRAP, QUOTED | QUOTED2 | BAR_QUOTED | NUMBERED | GREPPED,
	INDENTED | TABBED, ENTITIES | PRE | BR, UTF16LE | UTF16BE | BOM };

static uint32_t make_disguise(unsigned number)
{
	uint32_t mask = number < 32 ? 1u << number : 0;

	for (unsigned i = 0; number >= 32 && i < 1 + number % 5; i++)
		mask |= 1u << dice(32);
	for (size_t i = 0; i < KT_LEN(groups); i++) {
		uint32_t both = mask & groups[i];

		if (both & (both - 1)) /* keeps the lowest */
			mask = (mask & ~groups[i]) | (both & -both);
	}
	/* only a line that is long is broken; a line number says where a line begins */
	if (mask & (SOFT_WRAP | HARD_WRAP))
		mask = (mask & ~(NUMBERED | GREPPED | DOUBLE_SPACED | INTERLEAVED | TRAILING)) |
		       ((mask & JOINED3) ? 0 : JOINED);
	/* the lines of a joined text are no longer those of the file */
	if (mask & BR)
		mask &= ~(uint32_t)(CRLF | TRAILING);
	return mask;
}

/* ---- the text, field by field and line by line ---- */

static void make_fields(
	struct kt_buf *text, const struct truth *truth, uint32_t mask, unsigned per_line)
{
	unsigned order[FIELDS];

	/* the number without a unit is not the last one, as in the file */
	for (unsigned i = 0; i < FIELDS; i++)
		order[i] = i < FIELDS - 2 ? i : FIELDS - 1 - (i & 1);
	for (unsigned i = FIELDS - 3; (mask & SHUFFLED) && i > 1; i--) {
		unsigned k = (unsigned)dice(i), swap = order[i];

		order[i] = order[k];
		order[k] = swap;
	}
	for (unsigned i = 0; i < FIELDS; i++) {
		const char *name = names[order[i]];

		kt_buf_printf(text, (mask & ONE_BLANK) ? "%s: %llu%s%s" : "%s:\t%10llu%s%s", name,
			(unsigned long long)truth->numbers[order[i]],
			(mask & UNITLESS) || strncmp(name, "HugePages", 9) == 0 ? "" : " kB",
			(i + 1) % per_line && i + 1 < FIELDS ? " " : "\n");
	}
	for (size_t i = 0; i < text->size; i++)
		text->data[i] = text->data[i] == '\t' ? ' ' : text->data[i];
}

/* Breaks lines at a width: at blanks, or anywhere. */
static void wrap(struct kt_buf *text, bool hard)
{
	size_t width = 60 + dice(61), line = 0, blank = 0;
	struct kt_buf out = { 0 };

	for (size_t i = 0; i < text->size; i++) {
		char c = text->data[i];

		kt_buf_add(&out, &c, 1);
		line = c == '\n' ? 0 : line + 1;
		if (c == ' ')
			blank = out.size;
		if (line < width || c == '\n')
			continue;
		if (hard) {
			kt_buf_add(&out, "\n", 1);
			line = 0;
		} else if (blank && out.data[blank - 1] == ' ') {
			out.data[blank - 1] = '\n';
			line = out.size - blank;
		}
	}
	free(text->data);
	*text = out;
}

static void add_html(struct kt_buf *out, struct kt_span line, uint32_t mask)
{
	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];

		if ((mask & ENTITIES) && c == '>')
			kt_buf_puts(out, "&gt;");
		else if ((mask & ENTITIES) && c == ' ')
			kt_buf_puts(out, dice(2) ? "&nbsp;" : "&#160;");
		else if ((mask & NBSP) && c == ' ')
			kt_buf_puts(out, "\xc2\xa0");
		else
			kt_buf_add(out, &c, 1);
	}
}

static void dress_line(struct kt_buf *out, struct kt_span line, uint32_t mask, unsigned number)
{
	struct kt_buf one = { 0 };

	if (mask & (QUOTED | QUOTED2 | BAR_QUOTED))
		kt_buf_puts(&one, (mask & QUOTED) ? "> " : (mask & QUOTED2) ? ">> " : "| ");
	if (mask & NUMBERED)
		kt_buf_printf(&one, "%6u\t", number);
	if (mask & GREPPED)
		kt_buf_puts(&one, "/proc/meminfo:");
	if (mask & (INDENTED | TABBED))
		kt_buf_puts(&one, (mask & TABBED) ? "\t" : "    ");
	if (mask & COLOURS)
		kt_buf_puts(&one, "\x1b[1;33m");
	kt_buf_add(&one, line.p, line.n);
	if (mask & COLOURS)
		kt_buf_puts(&one, "\x1b[0m");
	kt_buf_puts(&one, (mask & TRAILING) ? "   " : "");
	add_html(out, (struct kt_span){ one.data, one.size }, mask);
	kt_buf_puts(out, (mask & BR) ? "<br>" : (mask & CRLF) ? "\r\n" : "\n");
	if (mask & DOUBLE_SPACED)
		kt_buf_puts(out, "\n");
	free(one.data);
}

static void dress(struct kt_buf *text, uint32_t mask)
{
	struct kt_span rest = { text->data, text->size }, line;
	struct kt_buf out = { 0 };

	kt_buf_puts(&out, (mask & PRE) ? "<pre>" : "");
	for (unsigned number = 1; kt_span_line(&rest, &line); number++) {
		if ((mask & INTERLEAVED) && number % 7 == 0)
			kt_buf_puts(&out, "[   12.345678] usb 1-1: new device 12 of 34\n");
		dress_line(&out, line, mask, number);
	}
	kt_buf_puts(&out, (mask & PRE) ? "</pre>\n" : (mask & BR) ? "\n" : "");
	free(text->data);
	*text = out;
}

static void surround(struct kt_buf *text, uint32_t mask)
{
	struct kt_buf out = { 0 };

	for (int i = 0; (mask & LATE) && i < 150; i++)
		kt_buf_printf(&out, "[  417.%06d] XFS (dm-0): Metadata corruption detected at %d\n",
			i, i);
	if (mask & PROSE)
		kt_buf_puts(
			&out, "Hello all,\n\nMemFree: is low here, see below. Total: 12 kB\n\n");
	if (mask & OTHERS)
		kt_buf_puts(&out, "nr_free_pages 12\nnr_anon_pages 13\npgfault 14\n\n");
	if (mask & TITLE)
		kt_buf_puts(&out, dice(2) ? "==> /proc/meminfo <==\n" : "$ cat /proc/meminfo\n");
	kt_buf_add(&out, text->data, text->size);
	if (mask & OTHERS)
		kt_buf_puts(&out,
			"\nwidget   4321   4410  192 21 1 : tunables 0 0 0 : slabdata 210 "
			"210 0\n");
	if (mask & SECOND)
		kt_buf_puts(&out, "\nlater:\nMemTotal: 77 kB\nMemFree: 76 kB\nBuffers: 75 kB\n");
	if (mask & PROSE)
		kt_buf_puts(&out, "\nWhat is wrong?\nCached: 99 kB was more before.\n");
	if ((mask & NO_NEWLINE) && out.size)
		out.size--;
	free(text->data);
	*text = out;
}

/* UTF-8 of at most two bytes, which is all that is in these texts. */
static void encode(struct kt_buf *text, uint32_t mask)
{
	bool big = mask & UTF16BE;
	struct kt_buf out = { 0 };

	if (!(mask & (UTF16LE | UTF16BE | BOM)))
		return;
	kt_buf_puts(&out, (mask & BOM) ? "\xef\xbb\xbf" : big ? "\xfe\xff" : "\xff\xfe");
	for (size_t i = 0; i < text->size; i++) {
		unsigned c = (unsigned char)text->data[i];
		char pair[2];

		if (mask & BOM) {
			kt_buf_add(&out, text->data + i, 1);
			continue;
		}
		if (c == 0xc2 && i + 1 < text->size)
			c = (unsigned char)text->data[++i];
		pair[big] = (char)c;
		pair[!big] = 0;
		kt_buf_add(&out, pair, 2);
	}
	free(text->data);
	*text = out;
}

/* ---- what is read ---- */

enum outcome { EXACT, REFUSED, PARTIAL, WRONG };

/* What is no number, or has not the unit of its field, counts as refused: the parser rejects it. */
static enum outcome judge(const struct kt_recognised *file, const struct truth *truth)
{
	struct kt_span rest = { file->text.data, file->text.size }, line, name, word;
	unsigned nr_right = 0;

	while (kt_span_line(&rest, &line)) {
		uint64_t number;
		unsigned i = 0;

		if (!kt_span_until(&line, ':', &name))
			return WRONG;
		while (i < FIELDS && !kt_span_eq(name, names[i]))
			i++;
		if (i == FIELDS)
			return WRONG;
		if (!kt_span_word(&line, &word) || !kt_span_u64(word, &number))
			continue;
		if (i == FIELDS - 1 && kt_span_word(&line, &word))
			continue;
		if (i < FIELDS - 1 && !(kt_span_word(&line, &word) && kt_span_eq(word, "kB")))
			continue;
		if (number != truth->numbers[i])
			return WRONG;
		nr_right++;
	}
	return nr_right == FIELDS ? EXACT : PARTIAL;
}

static enum outcome read_text(const struct kt_buf *text, const struct truth *truth)
{
	KT_CLEANUP(recogniser) struct kt_recogniser *recogniser = NULL;
	KT_CLEANUP(buf) struct kt_buf decoded = { 0 };
	struct kt_span span = { text->data, text->size };
	struct kt_recognised *files;
	enum outcome outcome = REFUSED;
	size_t count;

	CHECK(!kt_recogniser_new(&recogniser));
	if (kt_plain_is_utf16(span)) {
		kt_plain_utf16(span, &decoded);
		span = (struct kt_span){ decoded.data, decoded.size };
	}
	kt_recogniser_take(recogniser, span);
	CHECK(!kt_recogniser_end(recogniser));
	files = kt_recogniser_files(recogniser, &count);
	for (size_t i = 0; i < count; i++) {
		if (files[i].used && strcmp(files[i].name, "meminfo") == 0)
			outcome = judge(&files[i], truth);
	}
	return outcome;
}

/* Ends the text anywhere. Nothing shows it where a newline follows a number that has no unit. */
static void cut(struct kt_buf *text)
{
	text->size = text->size ? dice(text->size) : 0;
	if (text->size && dice(2) && (unsigned char)(text->data[text->size - 1] - '0') >= 10)
		kt_buf_puts(text, "\n");
}

/* Takes one line out. */
static void lose_line(struct kt_buf *text)
{
	struct kt_span rest = { text->data, text->size }, line;
	struct kt_buf out = { 0 };
	uint64_t lost = dice(12);

	for (uint64_t number = 0; kt_span_line(&rest, &line); number++) {
		if (number == lost)
			continue;
		kt_buf_add(&out, line.p, line.n);
		kt_buf_puts(&out, "\n");
	}
	free(text->data);
	*text = out;
}

enum loss { WHOLE, LOST_LINE, CUT };

static enum outcome try_one(
	unsigned number, enum loss loss, struct kt_buf *text, uint32_t *ret_mask)
{
	struct truth truth;
	uint32_t mask;

	state = 0x9e3779b97f4a7c15u * (number + 1);
	dice(2);
	mask = *ret_mask = make_disguise(number);
	for (unsigned i = 0; i < FIELDS; i++)
		truth.numbers[i] = dice(4) ? dice(1ull << (4 + dice(36))) : dice(10);
	make_fields(text, &truth, mask, (mask & JOINED) ? FIELDS : (mask & JOINED3) ? 3 : 1);
	if (mask & (SOFT_WRAP | HARD_WRAP))
		wrap(text, mask & HARD_WRAP);
	if (loss == LOST_LINE)
		lose_line(text);
	dress(text, mask);
	surround(text, mask);
	if (loss == CUT)
		cut(text);
	encode(text, mask);
	return read_text(text, &truth);
}

TEST(disguised_texts_give_their_own_numbers_or_none)
{
	const char *asked = getenv("KTALLY_DISGUISES");
	unsigned nr_texts = asked ? (unsigned)atoi(asked) : TEXTS, counts[4] = { 0 };

	for (unsigned number = 0; number < nr_texts; number++) {
		KT_CLEANUP(buf) struct kt_buf text = { 0 };
		uint32_t mask;
		enum outcome outcome = try_one(number, WHOLE, &text, &mask);

		counts[outcome]++;
		if (outcome == WRONG && counts[outcome] < 3)
			printf("  text %u, disguises %08x: outcome %d\n%.*s\n", number, mask,
				outcome, (int)(text.size < 1500 ? text.size : 1500), text.data);
	}
	printf("disguises: %u texts: %u exact, %u in part, %u refused, %u wrong\n", nr_texts,
		counts[EXACT], counts[PARTIAL], counts[REFUSED], counts[WRONG]);
	CHECK(counts[WRONG] == 0);
	CHECK(counts[EXACT] * 100 >= nr_texts * 99);
}

static void check_loss(enum loss loss)
{
	unsigned counts[4] = { 0 };

	for (unsigned number = 32; number < 32 + TEXTS; number++) {
		KT_CLEANUP(buf) struct kt_buf text = { 0 };
		uint32_t mask;
		enum outcome outcome = try_one(number, loss, &text, &mask);

		/* where lines are broken anywhere, nothing shows that one of them is missing */
		if (loss == LOST_LINE && (mask & (SOFT_WRAP | HARD_WRAP | SECOND)))
			continue;
		counts[outcome]++;
		if (outcome == WRONG && counts[outcome] < 3)
			printf("  text %u, disguises %08x\n%.*s\n", number, mask,
				(int)(text.size < 2500 ? text.size : 2500), text.data);
	}
	printf("%s: %u exact, %u in part, %u refused, %u wrong\n",
		loss == CUT ? "cut" : "a line lost", counts[EXACT], counts[PARTIAL],
		counts[REFUSED], counts[WRONG]);
	CHECK(counts[WRONG] == 0);
}

/* A number whose end is missing must not be read as a shorter number. */
TEST(lost_lines_give_no_wrong_number)
{
	check_loss(LOST_LINE);
}

TEST(cut_texts_give_no_wrong_number)
{
	check_loss(CUT);
}
