// SPDX-License-Identifier: GPL-2.0-or-later
#include "log/record.h"

#include "base/attr.h"

#include <string.h>

#define PREFIX_MAX 160 /* a log daemon's part of a line */
#define STAMP_MAX  40

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Terminals get colours as "ESC [ numbers letter"; a line without them is left in place. */
static struct kt_span without_escapes(struct kt_span line, char clean[KT_LOG_LINE_MAX])
{
	size_t n = 0;

	if (line.n > KT_LOG_LINE_MAX || kt_span_find(line, "\x1b") == line.n)
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

static struct kt_span without_last_word(struct kt_span text)
{
	size_t n = text.n;

	while (n && text.p[n - 1] != ' ')
		n--;
	return n ? kt_span_trim((struct kt_span){ text.p, n }) : text;
}

static void set_priority(struct kt_log_record *record, uint64_t priority)
{
	record->facility = priority < 8 ? 0 : KT_LOG_USER;
	record->level = (int)(priority & 7);
}

/* "6,339,514062,-[,caller=T1];text"; the number of the record may be left out */
static bool take_kmsg(struct kt_span *rest, struct kt_log_record *record)
{
	struct kt_span all = *rest, head, parts[3], part;
	uint64_t priority, time_us;
	size_t nr = 0;

	if (!all.n || !is_digit(all.p[0]) || !kt_span_until(&all, ';', &head))
		return false;
	while (nr < KT_LEN(parts) && kt_span_until(&head, ',', &parts[nr]))
		nr++;
	if (!nr || !kt_span_u64(parts[0], &priority))
		return false;
	set_priority(record, priority);
	if (nr == KT_LEN(parts) && kt_span_u64(parts[2], &time_us) && time_us <= INT64_MAX)
		record->time_us = (int64_t)time_us;
	part = kt_span_from(head, kt_span_find(head, "caller="));
	if (kt_span_skip(&part, "caller="))
		is_caller((struct kt_span){ part.p, kt_span_find(part, ",") }, &record->caller);
	*rest = all;
	return true;
}

/* "<4>", the priority of a message; after it RFC 5424 has the version of its format */
static void take_priority(struct kt_span *rest, struct kt_log_record *record)
{
	struct kt_span text = *rest, part;
	uint64_t number;

	if (!kt_span_skip(&text, "<") || !kt_span_until(&text, '>', &part) || part.n > 4 ||
		!kt_span_u64(part, &number))
		return;
	set_priority(record, number);
	*rest = kt_span_trim(text);
	text = *rest;
	if (kt_span_skip(&text, "1 ") && text.n > 4 && text.p[4] == '-')
		*rest = text;
}

static int place_in(const char *const names[], size_t count, struct kt_span name)
{
	for (size_t i = 0; i < count; i++) {
		if (kt_span_eq(name, names[i]))
			return (int)i;
	}
	return -1;
}

static bool set_names(
	struct kt_log_record *record, struct kt_span facility_name, struct kt_span level_name)
{
	static const char *const facilities[] = { "kern", "user", "mail", "daemon", "auth",
		"syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "local0", "local1",
		"local2", "local3", "local4", "local5", "local6", "local7" };
	static const char *const levels[] = { "emerg", "alert", "crit", "err", "warn", "notice",
		"info", "debug" };
	int facility = place_in(facilities, KT_LEN(facilities), facility_name);

	if (facility < 0)
		return false;
	record->facility = facility ? KT_LOG_USER : 0;
	record->level = place_in(levels, KT_LEN(levels), level_name);
	return true;
}

/* "kern  :info  : " of "dmesg -x" */
static void take_names(struct kt_span *rest, struct kt_log_record *record)
{
	struct kt_span all = *rest, facility, level;

	if (kt_span_until(&all, ':', &facility) && facility.n <= 8 &&
		kt_span_until(&all, ':', &level) && level.n <= 8 &&
		set_names(record, kt_span_trim(facility), kt_span_trim(level)))
		*rest = kt_span_trim(all);
}

/* "2024-01-31T23:59:59,123456+00:00 text", "2024-01-31 23:59:59 text" */
static bool take_iso(struct kt_span *rest, struct kt_span *ret_time)
{
	struct kt_span text = *rest, date, time;

	if (rest->n < 11 || !is_digit(rest->p[0]) || rest->p[4] != '-' || rest->p[7] != '-' ||
		!kt_span_word(&text, &date))
		return false;
	if (kt_span_find(date, ":") == date.n) {
		if (!kt_span_word(&text, &time) || kt_span_find(time, ":") == time.n)
			return false;
		date.n = (size_t)(time.p + time.n - date.p);
	}
	*ret_time = date;
	*rest = kt_span_trim(text);
	return true;
}

/* "Feb  3 13:50:55 ", "Feb 03 13:50:55.123456 ", "Thu Jan  1 00:00:10 1970 " */
static bool take_date(struct kt_span *rest, struct kt_span *ret_time)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	struct kt_span text = *rest, word, year;
	uint64_t number;

	if (!kt_span_word(&text, &word))
		return false;
	if (place_in(days, KT_LEN(days), word) >= 0 && !kt_span_word(&text, &word))
		return false;
	if (place_in(months, KT_LEN(months), word) < 0 || !kt_span_word(&text, &word) ||
		!kt_span_u64(word, &number) || number > 31 || !kt_span_word(&text, &word) ||
		word.n < 8 || word.p[2] != ':' || word.p[5] != ':')
		return false;
	*ret_time = (struct kt_span){ rest->p, (size_t)(word.p + word.n - rest->p) };
	*rest = text;
	if (kt_span_word(&text, &year) && year.n == 4 && kt_span_u64(year, &number)) {
		ret_time->n = (size_t)(year.p + year.n - ret_time->p);
		*rest = text;
	}
	*rest = kt_span_trim(*rest);
	return true;
}

/* "kern.warn " of logread */
static void take_dotted(struct kt_span *rest, struct kt_log_record *record)
{
	struct kt_span text = *rest, word, facility;

	if (kt_span_word(&text, &word) && kt_span_until(&word, '.', &facility) &&
		set_names(record, facility, word))
		*rest = kt_span_trim(text);
}

/* "12-15 13:08:23.123     0     0 W text" of "logcat -b kernel" */
static bool take_logcat(struct kt_span *rest, struct kt_log_record *record)
{
	struct kt_span text = *rest, date, time, pid, tid, letter;
	uint64_t number;

	if (rest->n < 20 || rest->p[2] != '-' || !is_digit(rest->p[0]) ||
		!kt_span_word(&text, &date) || date.n != 5 || !kt_span_word(&text, &time) ||
		time.n < 12 || time.p[2] != ':' || !kt_span_word(&text, &pid) ||
		/* "logcat -v uid" has the user before the process */
		(!kt_span_u64(pid, &number) &&
			(!kt_span_word(&text, &pid) || !kt_span_u64(pid, &number))) ||
		!kt_span_word(&text, &tid) || !kt_span_u64(tid, &number) ||
		!kt_span_word(&text, &letter) || letter.n != 1)
		return false;
	record->time = (struct kt_span){ date.p, (size_t)(time.p + time.n - date.p) };
	text = kt_span_trim(text);
	if (kt_span_starts(text, ": "))
		text = kt_span_from(text, 2);
	*rest = kt_span_trim(text);
	return true;
}

/*
 * "host kernel: ", "host kernel - - - ": what is before it has no colon before a blank, else
 * the tag is a part of the message.
 */
static bool take_tag(struct kt_span *rest, struct kt_span *ret_before)
{
	static const char *const tags[] = { " kernel: ", " kernel - - - ", "[kernel] ",
		" kernel[0]: " };
	struct kt_span head = { rest->p, rest->n < PREFIX_MAX ? rest->n : PREFIX_MAX };

	for (size_t i = 0; i < KT_LEN(tags); i++) {
		size_t at = kt_span_find(head, tags[i]);

		*ret_before = (struct kt_span){ rest->p, at };
		if (at == head.n || kt_span_find(*ret_before, ": ") < at ||
			kt_span_ends(*ret_before, ":"))
			continue;
		*ret_before = kt_span_trim(*ret_before);
		*rest = kt_span_trim(kt_span_from(*rest, at + strlen(tags[i])));
		return true;
	}
	if (!kt_span_skip(rest, "kernel: "))
		return false;
	*ret_before = (struct kt_span){ rest->p, 0 };
	return true;
}

/* "host cron[12]: ", after a date: a program's line */
static bool is_program(struct kt_span rest)
{
	struct kt_span word;

	for (int i = 0; i < 2 && kt_span_word(&rest, &word); i++) {
		if (kt_span_ends(word, ":"))
			return i > 0 || kt_span_find(word, "[") < word.n;
	}
	return false;
}

/* "12.345678": seconds since the kernel started */
static int64_t since_start(struct kt_span text)
{
	uint64_t value, fraction;
	size_t digits;

	if (!kt_span_take_u64(&text, &value) || value > UINT32_MAX || !kt_span_skip(&text, "."))
		return KT_LOG_NO_TIME;
	digits = text.n;
	if (digits > 6 || !kt_span_u64(text, &fraction))
		return KT_LOG_NO_TIME;
	for (; digits < 6; digits++)
		fraction *= 10;
	return (int64_t)(value * 1000000 + fraction);
}

/* "10.0.0.7 [  159.000123] text", after a date: the machine that netconsole sent it from */
static void take_sender(struct kt_span *rest)
{
	struct kt_span text = *rest, word, part;

	if (!kt_span_starts(text, "[") && kt_span_word(&text, &word)) {
		text = kt_span_trim(text);
		if (kt_span_starts(text, "[") &&
			kt_span_until(&(struct kt_span){ text.p + 1, text.n - 1 }, ']', &part) &&
			since_start(kt_span_trim(part)) >= 0)
			*rest = text;
	}
}

/* Prefix that the program that wrote the log put before the kernel's own text. */
static void take_daemon(struct kt_span *rest, struct kt_log_record *record)
{
	struct kt_span text = *rest, before;
	bool dated;

	if (!rest->n || rest->p[0] == '[' || take_logcat(rest, record))
		return;
	dated = take_date(&text, &record->time);
	if (dated)
		take_dotted(&text, record);
	if (take_tag(&text, &before)) {
		if (!dated)
			record->time = without_last_word(before);
		*rest = text;
	} else if (dated && is_program(text)) {
		record->facility = KT_LOG_USER;
		record->program = true;
	} else if (dated) {
		take_sender(&text);
		*rest = text;
	} else
		take_iso(rest, &record->time);
}

/* "Dec15 13:08", with which "dmesg -e" begins each minute */
static bool is_minute(struct kt_span text)
{
	return text.n == 11 && kt_span_find(text, " ") == 5 && text.p[8] == ':' &&
	       is_digit(text.p[4]) && text.p[0] >= 'A' && text.p[0] <= 'Z';
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
	if (is_minute(text))
		return true;
	for (size_t i = 0; i < text.n; i++) {
		if (!is_digit(text.p[i]) && !strchr(".:-+ TZ", text.p[i]))
			return false;
	}
	return is_digit(text.p[0]) &&
	       (kt_span_find(text, ".") < text.n || kt_span_find(text, ":") < text.n);
}

/* "+0.000123" since the line before */
static bool is_delta(struct kt_span text)
{
	uint64_t number;

	return kt_span_skip(&text, "+") && kt_span_take_u64(&text, &number) &&
	       kt_span_skip(&text, ".") && kt_span_u64(text, &number);
}

/* "159.000123 <    0.004217>" of "dmesg -d" */
static struct kt_span without_delta(struct kt_span text)
{
	size_t at = kt_span_find(text, " <");

	return kt_span_ends(text, ">") && at < text.n ? kt_span_trim((struct kt_span){ text.p, at })
						      : text;
}

/* "(2)[1047:kworker/2:1]" of kernels of phones, after the time: CPU and task */
static void take_phone(struct kt_span *rest, struct kt_log_record *record)
{
	struct kt_span text = *rest, part, pid;
	uint64_t cpu, number;

	if (!record->time.n || !kt_span_skip(&text, "(") || !kt_span_until(&text, ')', &part) ||
		!kt_span_u64(part, &cpu) || !kt_span_skip(&text, "[") ||
		!kt_span_until(&text, ']', &part) || !kt_span_until(&part, ':', &pid) ||
		!kt_span_u64(pid, &number) || number > 1ull << 32)
		return;
	record->caller = (number << 1) + 1;
	*rest = kt_span_trim(text);
}

static void take_brackets(struct kt_span *rest, struct kt_log_record *record)
{
	struct kt_span text, part, date, time;
	bool stamped = false, wall = false;

	for (int i = 0; i < 4; i++) {
		take_priority(rest, record);
		text = *rest;
		if (!kt_span_skip(&text, "[") || !kt_span_until(&text, ']', &part))
			return;
		part = without_delta(kt_span_trim(part));
		if (is_stamp(part) || is_delta(part)) {
			/* a program's text may look like a second stamp */
			if (stamped && !(wall && since_start(part) >= 0))
				return;
			date = part;
			wall = !stamped && take_iso(&date, &time);
			stamped = true;
			record->time_us = since_start(part);
			if (!record->time.n && !is_delta(part))
				record->time = part;
		} else if (!is_caller(part, &record->caller))
			return;
		*rest = kt_span_trim(text);
	}
}

static bool holds(const struct kt_log_state *state, size_t since)
{
	return state->number - since <= KT_LOG_REACH;
}

/* A line without a time is the rest of the message that the line before it began. */
static void remember(struct kt_log_state *state, struct kt_log_record *line)
{
	if (line->time.n || line->caller)
		state->caller_number = state->number;
	else
		line->caller = holds(state, state->caller_number) ? state->caller : 0;
	state->caller = line->caller;
	if (line->time.n) {
		state->time_number = state->number;
		state->time_n =
			line->time.n < sizeof(state->time) ? line->time.n : sizeof(state->time);
		memmove(state->time, line->time.p, state->time_n);
	}
	line->time = (struct kt_span){ state->time,
		holds(state, state->time_number) ? state->time_n : 0 };
}

/* "12:" of "grep -n", "12\t" of "cat -n", before a prefix of the log */
static struct kt_span without_number(struct kt_span line)
{
	struct kt_span rest = line;
	uint64_t number;

	if (!line.n || !is_digit(line.p[0]) || !kt_span_take_u64(&rest, &number))
		return line;
	if (kt_span_skip(&rest, "\t"))
		return kt_span_trim(rest);
	if ((kt_span_skip(&rest, ":") || kt_span_skip(&rest, "-")) &&
		(kt_span_starts(rest, "[") || kt_span_starts(rest, "<")))
		return rest;
	return line;
}

/* `- {"dt": "2024-02-03T13:50:55", "lvl": "target", "msg": "text"}` of a test run in LAVA */
static struct kt_span without_lava(struct kt_span line)
{
	static const char key[] = "\"msg\": \"";
	struct kt_span rest = kt_span_from(line, kt_span_find(line, key));

	if (!kt_span_starts(line, "- {\"dt\":") || !kt_span_skip(&rest, key))
		return line;
	if (kt_span_ends(rest, "\"}"))
		rest.n -= 2;
	return kt_span_trim(rest);
}

void kt_log_parse(struct kt_span line, struct kt_log_record *ret_record)
{
	struct kt_span rest = without_lava(without_number(without_quotes(line)));

	*ret_record =
		(struct kt_log_record){ .time_us = KT_LOG_NO_TIME, .facility = -1, .level = -1 };
	if (!take_kmsg(&rest, ret_record)) {
		take_priority(&rest, ret_record);
		take_names(&rest, ret_record);
		take_daemon(&rest, ret_record);
		take_brackets(&rest, ret_record);
		take_phone(&rest, ret_record);
	}
	ret_record->message = kt_span_trim(rest);
}

bool kt_log_next(struct kt_log_reader *reader, struct kt_log_record *ret_record)
{
	struct kt_span whole, piece;

	while (!next_piece(&reader->pieces, &piece)) {
		if (!kt_span_line(&reader->rest, &whole))
			return false;
		reader->state.number++;
		reader->pieces = without_escapes(whole, reader->clean);
	}
	kt_log_parse(piece, ret_record);
	remember(&reader->state, ret_record);
	ret_record->number = reader->state.number;
	return true;
}

bool kt_log_is_timed(struct kt_span line)
{
	struct kt_span piece;

	while (next_piece(&line, &piece)) {
		struct kt_log_record record;

		kt_log_parse(piece, &record);
		if (record.time.n)
			return true;
	}
	return false;
}
