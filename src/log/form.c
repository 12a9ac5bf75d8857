// SPDX-License-Identifier: GPL-2.0-or-later
//
// In which form a log is. Lines that were wrapped are known by what a wrapper does: no line is
// longer than a width, and where a line ends early its next word would not have fit.

#include "log/form.h"

#include "base/attr.h"
#include "log/record.h"

#include <string.h>

#define WIDTH_MIN 56u
#define WIDTH_MAX 134u
#define LINES_MAX 5000u

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- lines ---- */

static struct kt_span without_end(struct kt_span line)
{
	while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\r' ||
				 line.p[line.n - 1] == '\t'))
		line.n--;
	return line;
}

struct kt_log_raw kt_log_raw_of(struct kt_span line, bool tight_quotes)
{
	struct kt_log_raw raw = { .text = line };
	struct kt_log_record record;
	struct kt_span start;

	raw.text = without_end(line);
	raw.length = raw.text.n;
	for (start = raw.text; start.n && (start.p[0] == '>' || start.p[0] == '|');) {
		start = kt_span_from(start, 1);
		if (!tight_quotes)
			kt_span_skip(&start, " ");
		raw.text = start;
	}
	kt_log_parse(raw.text, &record);
	start = kt_span_trim(raw.text);
	raw.stamped = start.n && record.message.p > start.p;
	return raw;
}

/* "240 total pagecache pages", "1000 pages reserved" */
static bool is_sum(struct kt_span text)
{
	uint64_t number;

	return kt_span_take_u64(&text, &number) &&
	       (kt_span_starts(text, " total ") || kt_span_starts(text, " pages "));
}

/* "percpu: Embedded 53 pages"; "order: 8, linear)" and "shmem_thp: 0kB" stand inside others. */
static bool is_titled(struct kt_span text)
{
	static const char *const inside[] = { "order:", "shmem", "anon_thp", "file_thp",
		"mode:", "size:", "total " };

	for (size_t i = 0; i < KT_LEN(inside); i++) {
		if (kt_span_starts(text, inside[i]))
			return false;
	}
	for (size_t i = 0; i < text.n && i < 48; i++) {
		if (strchr("(),=*", text.p[i]))
			return false;
		if (text.p[i] == ':')
			return (i + 1 == text.n || text.p[i + 1] == ' ') && !is_digit(text.p[0]);
	}
	return false;
}

bool kt_log_begins(struct kt_span text)
{
	static const char *const starts[] = { "active_anon:", "Node ", "DMA", "Normal ", "HighMem ",
		"Movable ", "lowmem_reserve[]", "Free swap", "Total swap", "Linux version ",
		"Freeing ", "Trying to unpack", "Out of memory", "Killed process",
		"oom-kill:", "Memory cgroup", "Task in ", "Name  ", "Run /", "Reserving ",
		"crashkernel ", "BIOS-e820", "NODE_DATA", "allocated ", "Call Trace", "[" };

	text = kt_span_trim(text);
	for (size_t i = 0; i < KT_LEN(starts); i++) {
		if (kt_span_starts(text, starts[i]))
			return true;
	}
	return is_sum(text) || is_titled(text) ||
	       kt_span_find(text, " invoked oom-killer") < text.n;
}

/*
 * Words that are nowhere inside a record, so that a full line before them ends one. "active_anon:"
 * and "DMA" are also inside records.
 */
static bool begins_surely(struct kt_span text)
{
	static const char *const starts[] = { "lowmem_reserve[]:", "Free swap", "Total swap",
		"Linux version ", "BIOS-e820: ", "Out of memory", "oom-kill:", "Call Trace",
		"Mem-Info:", "Freeing unused ", "Freeing initrd ",
		"software IO TLB: ", "Memory: ", "percpu: Embedded ", "ftrace: allocating ",
		"Run /" };

	for (size_t i = 0; i < KT_LEN(starts); i++) {
		if (kt_span_starts(text, starts[i]))
			return true;
	}
	return is_sum(text) || kt_span_find(text, " hash table entries: ") < text.n ||
	       (kt_span_skip(&text, "Node ") && text.n > 2 && is_digit(text.p[0]));
}

static size_t first_word(struct kt_span text)
{
	struct kt_span word;

	return kt_span_word(&text, &word) ? word.n : 0;
}

/* The journal puts what is below a record's first line under the text of that. */
static bool is_indented(const struct kt_log_raw *raw)
{
	return kt_span_starts(raw->text, "        ");
}

/* Blanks at the end of a line are lost; a message of several lines is shorter than that. */
#define LOST_MAX 24

int kt_log_joint(const struct kt_log_form *form, size_t before, const struct kt_log_raw *raw)
{
	bool begins = !form->stamped && kt_log_begins(raw->text);

	if (!form->width || !before || !raw->text.n || raw->stamped)
		return -1;
	if (form->hard && before >= form->width)
		return !form->stamped && begins_surely(raw->text) ? -1 : 0;
	if (begins || is_indented(raw))
		return -1;
	if (form->hard)
		return before + (form->stamped ? LOST_MAX : 1) >= form->width
			       ? (int)(form->width - before)
			       : -1;
	if (form->stamped && raw->text.p[0] != ' ' && before * 2 >= form->width)
		return 1;
	return before + 1 + first_word(raw->text) > form->width ? 1 : -1;
}

/* ---- what the lines show ---- */

struct counts {
	size_t nr, stamped;		       /* lines; those with a time, a priority or a tag */
	size_t first, last;		       /* lines from which to which the log goes */
	size_t begun, begun_first, begun_last; /* the same by words */
	size_t logcat;
};

struct head {
	struct kt_span text;
	bool tight_quotes;
};

static bool next_raw(struct head *head, size_t *number, struct kt_log_raw *ret_raw)
{
	struct kt_span line;

	if (*number >= LINES_MAX || !kt_span_line(&head->text, &line))
		return false;
	++*number;
	*ret_raw = kt_log_raw_of(line, head->tight_quotes);
	return true;
}

static bool is_logcat(struct kt_span text)
{
	return text.n > 32 && text.p[2] == '-' && text.p[5] == ' ' && text.p[8] == ':' &&
	       text.p[14] == '.' && is_digit(text.p[0]);
}

static void count_lines(struct head head, struct counts *ret_counts)
{
	struct counts counts = { 0 };
	struct kt_log_raw raw;
	size_t number = 0;

	while (next_raw(&head, &number, &raw)) {
		if (!raw.text.n)
			continue;
		counts.nr++;
		counts.logcat += is_logcat(raw.text);
		if (raw.stamped) {
			counts.first = counts.stamped++ ? counts.first : number;
			counts.last = number;
		}
		if (kt_log_begins(raw.text)) {
			counts.begun_first = counts.begun++ ? counts.begun_first : number;
			counts.begun_last = number;
		}
	}
	*ret_counts = counts;
}

/* Votes for each width: lines that end before it, whose next word would have gone past it. */
struct widths {
	size_t fits[WIDTH_MAX + 2], ends[WIDTH_MAX + 2], rests;
	size_t long_lines[WIDTH_MAX + 2]; /* by their columns; the last: longer */
	size_t glued; /* columns of a line that ends inside a word; 0: none does */
};

static struct kt_span letters_of(struct kt_span word)
{
	while (word.n && strchr("(),", word.p[0]))
		word = kt_span_from(word, 1);
	while (word.n && strchr("(),", word.p[word.n - 1]))
		word.n--;
	return word;
}

/* "100K roda" and "ta, 80K init": together they are a word of the boot's lines, or a size. */
static bool is_inside_word(struct kt_span before, struct kt_span after)
{
	static const char *const words[] = { "available", "kernel", "code,", "rwdata", "rodata",
		"init", "bss", "reserved", "cma-reserved", "absent", "entries:", "order:", "bytes",
		"linear", "vmalloc", "usable", "memory:", "pages/cpu", "Embedded" };
	char both[40];
	struct kt_span rest = before, word = { 0 }, next;

	while (kt_span_word(&rest, &next))
		word = next;
	word = letters_of(word);
	if (!word.n || !kt_span_word(&after, &next))
		return false;
	next = letters_of(next);
	if (!next.n || word.n + next.n >= sizeof(both))
		return false;
	if (is_digit(word.p[word.n - 1]) && kt_span_find(word, "x") == word.n &&
		kt_span_ends(next, "K") && (is_digit(next.p[0]) || next.n == 1))
		return true;
	memcpy(both, word.p, word.n);
	memcpy(both + word.n, next.p, next.n);
	for (size_t i = 0; i < KT_LEN(words); i++) {
		if (kt_span_eq((struct kt_span){ both, word.n + next.n }, words[i]))
			return true;
	}
	return false;
}

static void count_rest(
	struct widths *widths, const struct kt_log_raw *before, const struct kt_log_raw *raw)
{
	size_t past = before->length + 1 + first_word(raw->text);

	for (size_t width = before->length; width < past && width <= WIDTH_MAX; width++)
		widths->fits[width]++;
	if (before->length <= WIDTH_MAX)
		widths->ends[before->length]++;
	if (is_inside_word(before->text, raw->text))
		widths->glued = before->length;
	/* the kernel's own messages of several lines are indented */
	widths->rests += raw->text.p[0] != ' ' || before->length >= WIDTH_MIN;
}

static void count_widths(
	struct head head, const struct counts *counts, bool stamped, struct widths *ret_widths)
{
	size_t first = stamped ? counts->first : counts->begun_first;
	size_t last = stamped ? counts->last : counts->begun_last;
	struct kt_log_raw raw, before = { 0 };
	size_t number = 0;

	for (; next_raw(&head, &number, &raw); before = raw) {
		if (number < first || number > last + 1)
			continue;
		ret_widths->long_lines[raw.length <= WIDTH_MAX ? raw.length : WIDTH_MAX + 1]++;
		if (number > first && raw.text.n && before.length && !raw.stamped &&
			!is_indented(&raw) && (stamped || !kt_log_begins(raw.text)))
			count_rest(ret_widths, &before, &raw);
	}
}

static size_t longer_than(const struct widths *widths, size_t width)
{
	size_t count = 0;

	for (size_t i = width + 1; i < WIDTH_MAX + 2; i++)
		count += widths->long_lines[i];
	return count;
}

static long score_of(const struct widths *widths, size_t width)
{
	return (long)widths->fits[width] - (long)longer_than(widths, width);
}

/* A terminal breaks where its line is full: most lines that go on are equally long. */
static bool is_hard(const struct widths *widths, size_t width)
{
	size_t full = widths->ends[width], nearly = full + widths->ends[width - 1];

	if (longer_than(widths, width))
		return false;
	return widths->glued == width ||
	       (full >= 3 && full * 2 >= widths->rests && nearly * 10 >= widths->rests * 7);
}

/* A mailer breaks before the word that does not fit. */
static void find_wrapping(struct head head, const struct counts *counts, struct kt_log_form *form)
{
	struct widths widths = { 0 };
	size_t best = WIDTH_MIN;

	count_widths(head, counts, form->stamped, &widths);
	for (size_t width = WIDTH_MIN; width <= WIDTH_MAX; width++) {
		if (is_hard(&widths, width)) {
			form->width = (unsigned)width;
			form->hard = true;
			return;
		}
		if (score_of(&widths, width) > score_of(&widths, best))
			best = width;
	}
	if (widths.fits[best] && widths.fits[best] * 2 >= widths.rests &&
		longer_than(&widths, best) * 4 <= widths.fits[best])
		form->width = (unsigned)best;
}

/* "[    5.123456] host kernel: text" in most lines */
static bool host_of(struct kt_span text, struct kt_span *ret_host)
{
	struct kt_span stamp;

	if (!kt_span_skip(&text, "[") || !kt_span_until(&text, ']', &stamp) ||
		kt_span_find(stamp, ".") == stamp.n || !kt_span_word(&text, ret_host) ||
		ret_host->n >= 64)
		return false;
	return kt_span_starts(kt_span_trim(text), "kernel: ");
}

static void find_host(struct head head, struct kt_log_form *form)
{
	size_t number = 0, same = 0, others = 0;
	struct kt_span host, first = { 0 };
	struct kt_log_raw raw;

	while (next_raw(&head, &number, &raw)) {
		if (!raw.stamped)
			continue;
		if (!host_of(raw.text, &host))
			others++;
		else if (!first.n)
			first = host;
		same += first.n && kt_span_same(host, first);
	}
	if (first.n && same >= 3 && same >= others) {
		memcpy(form->host, first.p, first.n);
		form->host[first.n] = '\0';
	}
}

/* ---- the order ---- */

static size_t place_of(struct kt_span text, const char *word)
{
	size_t at = kt_span_find(text, word);

	return at < text.n ? at : 0;
}

static int order_of(struct kt_span one, struct kt_span other)
{
	if (one.n != other.n || one.n < 8)
		return 0;
	/* "Feb  3 13:50:55" sorts within a month; the days of the week do not */
	if (memcmp(one.p, other.p, 3) != 0 && !is_digit(one.p[0]))
		return 0;
	return memcmp(one.p, other.p, one.n);
}

bool kt_log_is_newest_first(struct kt_span text)
{
	size_t rising = 0, falling = 0, number = 0, end;
	struct kt_span rest = text, before = { 0 };
	int64_t before_us = KT_LOG_NO_TIME;
	struct kt_log_record record;
	struct kt_span line;
	int order;

	while (number++ < LINES_MAX && kt_span_line(&rest, &line)) {
		kt_log_parse(line, &record);
		if (record.time_us >= 0) {
			rising += before_us >= 0 && record.time_us > before_us;
			falling += record.time_us < before_us;
			before_us = record.time_us;
		} else if (record.time.n) {
			order = before.n ? order_of(record.time, before) : 0;
			rising += order > 0;
			falling += order < 0;
			before = record.time;
		}
	}
	if (falling + rising)
		return falling > rising * 4;
	/* one second for all: then the last lines of a boot or report stand before the first */
	end = place_of(text, "Freeing unused kernel");
	if (before.n && end && end < place_of(text, "Linux version "))
		return true;
	end = place_of(text, " pages reserved");
	number = place_of(text, "Mem-Info:");
	return before.n && end && end < number && place_of(text, " pages RAM") < number &&
	       kt_span_find(kt_span_from(text, number), " pages reserved") == text.n - number;
}

/* ---- the form ---- */

static bool is_of_kind(enum kt_log_kind kind, struct kt_span line)
{
	size_t equals = kt_span_find(line, "=");

	switch (kind) {
	case KT_LOG_JSON: line = kt_span_trim(line); return line.n && strchr("{}]\"", line.p[0]);
	case KT_LOG_EXPORT:
		return equals < line.n && kt_span_find(line, " ") > equals &&
		       (line.p[0] == '_' || (line.p[0] >= 'A' && line.p[0] <= 'Z'));
	case KT_LOG_VERBOSE:
		return kt_span_starts(line, "    ") || kt_span_find(line, "[s=") < line.n;
	case KT_LOG_LINES: break;
	}
	return false;
}

/* Most lines have the form: a message that looks like it makes no other form of a log. */
static bool are_of_kind(enum kt_log_kind kind, struct kt_span head)
{
	size_t of_kind = 0, others = 0, number = 0;
	struct kt_span line;

	while (number++ < LINES_MAX && kt_span_line(&head, &line)) {
		bool is = is_of_kind(kind, line);

		of_kind += is;
		others += !is && kt_span_trim(line).n;
	}
	return of_kind > others;
}

static enum kt_log_kind kind_of(struct kt_span head)
{
	size_t n = head.n;

	if ((kt_span_find(head, "\"MESSAGE\"") < n || kt_span_find(head, "\"msg\":") < n) &&
		are_of_kind(KT_LOG_JSON, head))
		return KT_LOG_JSON;
	if ((kt_span_find(head, "\nMESSAGE=") < n || kt_span_find(head, "\nMESSAGE\n") < n) &&
		are_of_kind(KT_LOG_EXPORT, head))
		return KT_LOG_EXPORT;
	if (kt_span_find(head, "\n    MESSAGE=") < n && are_of_kind(KT_LOG_VERBOSE, head))
		return KT_LOG_VERBOSE;
	return KT_LOG_LINES;
}

/* ">text" in any line: a blank after the '>' is part of the text */
static bool has_tight_quotes(struct kt_span head)
{
	struct kt_span line;
	bool tight = false;

	for (size_t i = 0; i < LINES_MAX && !tight && kt_span_line(&head, &line); i++) {
		bool quoted = false;

		for (; line.n && line.p[0] == '>'; quoted = true)
			line = kt_span_from(line, 1);
		tight = quoted && line.n && !strchr(" \t\r", line.p[0]);
	}
	return tight;
}

void kt_log_find_form(struct kt_span head, struct kt_log_form *ret_form)
{
	struct kt_log_form form = { 0 };
	struct counts counts;
	struct head lines;

	if (head.n > KT_LOG_HEAD_MAX)
		head.n = KT_LOG_HEAD_MAX;
	form.kind = kind_of(head);
	if (form.kind == KT_LOG_LINES) {
		form.tight_quotes = has_tight_quotes(head);
		lines = (struct head){ head, form.tight_quotes };
		count_lines(lines, &counts);
		form.stamped = counts.stamped * 6 >= counts.nr && counts.stamped;
		form.padded_tags = counts.logcat * 2 > counts.nr;
		form.fragments = kt_span_find(head, ",ncfrag=") < head.n;
		if (form.stamped || counts.begun)
			find_wrapping(lines, &counts, &form);
		find_host(lines, &form);
		form.newest_first = form.stamped && kt_log_is_newest_first(head);
	}
	*ret_form = form;
}

bool kt_log_is_plain(const struct kt_log_form *form)
{
	return form->kind == KT_LOG_LINES && !form->width && !form->newest_first &&
	       !form->fragments && !form->padded_tags && !form->host[0];
}

void kt_log_describe(const struct kt_log_form *form, struct kt_buf *ret_text)
{
	static const char *const kinds[] = { NULL, "JSON", "export", "verbose" };

	if (kinds[form->kind])
		kt_buf_join(ret_text, "; ", "its records are in the form '%s'", kinds[form->kind]);
	if (form->width)
		kt_buf_join(ret_text, "; ", "lines wrapped at %u columns are joined", form->width);
	if (form->fragments)
		kt_buf_join(ret_text, "; ", "fragments of netconsole are joined");
	if (form->newest_first)
		kt_buf_join(ret_text, "; ", "the newest line is first, it is read from the end");
}
