// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/logline.h"

#include <string.h>

#define PREFIX_MAX 160 /* a log daemon's part of a line */
#define STAMP_MAX  40

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Terminals are told colours by "ESC [ numbers letter"; a line without them is left in place. */
static struct kt_span without_escapes(struct kt_span line, char clean[KT_LOGLINE_MAX])
{
	size_t n = 0;

	if (line.n > KT_LOGLINE_MAX || kt_span_find(line, "\x1b") == line.n)
		return line;
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] != '\x1b') {
			clean[n++] = line.p[i];
			continue;
		}
		if (i + 1 < line.n && line.p[i + 1] == '[')
			i++;
		while (i + 1 < line.n && (is_digit(line.p[i + 1]) || line.p[i + 1] == ';'))
			i++;
		i += i + 1 < line.n;
	}
	return (struct kt_span){ clean, n };
}

/* Up to a carriage return or an escaped newline. */
static bool next_piece(struct kt_span *rest, struct kt_span *ret_piece)
{
	size_t syslog = kt_span_find(*rest, "#012"), journal = kt_span_find(*rest, "\\x0a");
	size_t console = kt_span_find(*rest, "\r"), end = syslog < journal ? syslog : journal;
	size_t stop = 4;

	if (!rest->n)
		return false;
	if (console <= end) {
		end = console;
		stop = 1;
	}
	*ret_piece = (struct kt_span){ rest->p, end };
	*rest = kt_span_from(*rest, end + stop);
	return true;
}

/* "> " of a mail */
static struct kt_span without_quotes(struct kt_span line)
{
	line = kt_span_trim(line);
	while (line.n && (line.p[0] == '>' || line.p[0] == '|'))
		line = kt_span_trim(kt_span_from(line, 1));
	return line;
}

static bool skip_to(struct kt_span *rest, const char *tag, struct kt_span *ret_before)
{
	struct kt_span head = { rest->p, rest->n < PREFIX_MAX ? rest->n : PREFIX_MAX };
	size_t at = kt_span_find(head, tag);

	if (at == head.n)
		return false;
	*ret_before = kt_span_trim((struct kt_span){ rest->p, at });
	*rest = kt_span_trim(kt_span_from(*rest, at + strlen(tag)));
	return true;
}

static struct kt_span without_last_word(struct kt_span text)
{
	size_t n = text.n;

	while (n && text.p[n - 1] != ' ')
		n--;
	return n ? kt_span_trim((struct kt_span){ text.p, n }) : text;
}

/* "6,339,514,-,caller=T12;text" */
static bool skip_kmsg(struct kt_span *rest)
{
	struct kt_span line = *rest, head;
	uint64_t number;

	if (!kt_span_take_u64(&line, &number) || !kt_span_skip(&line, ",") ||
		!kt_span_take_u64(&line, &number) || !kt_span_skip(&line, ",") ||
		!kt_span_until(&line, ';', &head))
		return false;
	*rest = line;
	return true;
}

/* "2024-01-31T23:59:59,123456+00:00 text", "2024-01-31 23:59:59 text" */
static void skip_iso(struct kt_span *rest, struct kt_logline *line)
{
	struct kt_span text = *rest, date, time;

	if (rest->n < 11 || !is_digit(rest->p[0]) || rest->p[4] != '-' || rest->p[7] != '-' ||
		!kt_span_word(&text, &date))
		return;
	if (kt_span_find(date, ":") == date.n) {
		if (!kt_span_word(&text, &time) || kt_span_find(time, ":") == time.n)
			return;
		date.n = (size_t)(time.p + time.n - date.p);
	}
	line->time = date;
	*rest = kt_span_trim(text);
}

/* What the program that wrote the log put before the kernel's own text. */
static void skip_daemon(struct kt_span *rest, struct kt_logline *line)
{
	struct kt_span before;

	if (skip_kmsg(rest))
		return;
	if (skip_to(rest, " kernel: ", &before) || skip_to(rest, " kernel - - - ", &before))
		line->time = without_last_word(before);
	else if (skip_to(rest, "[kernel] ", &before))
		line->time = before;
	else
		skip_iso(rest, line);
}

/* "<4>", the priority of a message */
static void skip_priority(struct kt_span *rest)
{
	struct kt_span text = *rest, part;
	uint64_t number;

	if (kt_span_skip(&text, "<") && kt_span_until(&text, '>', &part) && part.n < 4 &&
		kt_span_u64(part, &number))
		*rest = kt_span_trim(text);
}

/* "  123.456789", "Mon Jan  1 00:00:00 2024"; not "  390", the number of a process. */
static bool is_stamp(struct kt_span text)
{
	static const char *const days[] = { "Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ",
		"Sun " };

	if (!text.n || text.n > STAMP_MAX)
		return false;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		if (kt_span_starts(text, days[i]))
			return true;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (!is_digit(text.p[i]) && !strchr(".:-+ TZ", text.p[i]))
			return false;
	}
	return is_digit(text.p[0]) &&
	       (kt_span_find(text, ".") < text.n || kt_span_find(text, ":") < text.n);
}

/* "T1234", "C3": CONFIG_PRINTK_CALLER */
static bool is_caller(struct kt_span text, uint64_t *ret_caller)
{
	uint64_t number;

	if (text.n < 2 || (text.p[0] != 'T' && text.p[0] != 'C') ||
		!kt_span_u64(kt_span_from(text, 1), &number) || number > 1ull << 32)
		return false;
	*ret_caller = (number << 1 | (text.p[0] == 'C')) + 1;
	return true;
}

static void skip_brackets(struct kt_span *rest, struct kt_logline *line)
{
	struct kt_span text, part;

	for (int i = 0; i < 4; i++) {
		skip_priority(rest);
		text = *rest;
		if (!kt_span_skip(&text, "[") || !kt_span_until(&text, ']', &part))
			return;
		part = kt_span_trim(part);
		if (is_stamp(part)) {
			if (!line->time.n)
				line->time = part;
		} else if (!is_caller(part, &line->caller))
			return;
		*rest = kt_span_trim(text);
	}
}

/* A line without a time is the rest of the message that the line before it began. */
static void remember(struct kt_loglines *lines, struct kt_logline *line)
{
	if (!line->time.n && !line->caller)
		line->caller = lines->caller;
	lines->caller = line->caller;
	if (line->time.n) {
		lines->time_n =
			line->time.n < sizeof(lines->time) ? line->time.n : sizeof(lines->time);
		memmove(lines->time, line->time.p, lines->time_n);
	}
	line->time = (struct kt_span){ lines->time, lines->time_n };
}

bool kt_logline_next(struct kt_loglines *lines, struct kt_logline *ret_line)
{
	struct kt_logline line = { 0 };
	struct kt_span whole, rest;

	while (!next_piece(&lines->pieces, &rest)) {
		if (!kt_span_line(&lines->rest, &whole))
			return false;
		lines->number++;
		lines->pieces = without_escapes(whole, lines->clean);
	}
	rest = without_quotes(rest);
	skip_daemon(&rest, &line);
	skip_brackets(&rest, &line);
	remember(lines, &line);
	line.message = kt_span_trim(rest);
	line.number = lines->number;
	*ret_line = line;
	return true;
}
