// SPDX-License-Identifier: GPL-2.0-or-later
//
// Entries of the journal, one byte after the other: what is kept of an entry is its message and
// the few fields that say whose it is and when.

#include "log/journal.h"

#include <string.h>

static void push(struct kt_journal_text *text, char c)
{
	if (text->n + 4 >= sizeof(text->data)) {
		text->cut = true;
		return;
	}
	/* a record stays on one line; the reader takes it apart */
	if (c == '\n') {
		memcpy(text->data + text->n, "\\x0a", 4);
		text->n += 4;
	} else
		text->data[text->n++] = c ? c : ' ';
}

static struct kt_span span_of(const struct kt_journal_text *text)
{
	return (struct kt_span){ text->data, text->n };
}

static void clear(struct kt_journal_text *text)
{
	text->n = 0;
	text->cut = false;
}

/* ---- entries ---- */

static void start_entry(struct kt_journal *journal)
{
	clear(&journal->message);
	journal->has_message = journal->has_transport = journal->foreign = false;
	journal->has_priority = journal->from_source = false;
	journal->time_us = KT_LOG_NO_TIME;
	journal->priority = journal->facility = 0;
}

static void end_entry(struct kt_journal *journal)
{
	if (journal->has_message && !journal->foreign && !journal->message.cut &&
		journal->on_record(journal->context)) {
		if (journal->has_priority)
			kt_buf_printf(journal->to, "<%u>",
				(journal->facility * 8 + journal->priority) & 1023);
		if (journal->time_us >= 0)
			kt_buf_printf(journal->to, "[%5lld.%06lld] ",
				(long long)(journal->time_us / 1000000),
				(long long)(journal->time_us % 1000000));
		kt_buf_add(journal->to, journal->message.data, journal->message.n);
	}
	start_entry(journal);
}

/* "12.345678" of "dmesg --json" */
static void set_seconds(struct kt_journal *journal, struct kt_span value)
{
	uint64_t seconds, micros;

	value = kt_span_trim(value);
	if (kt_span_take_u64(&value, &seconds) && seconds <= UINT32_MAX &&
		kt_span_skip(&value, ".") && value.n == 6 && kt_span_u64(value, &micros))
		journal->time_us = (int64_t)(seconds * 1000000 + micros);
}

static void set_time(struct kt_journal *journal, struct kt_span value, bool source)
{
	uint64_t number;

	if ((journal->from_source && !source) || !kt_span_u64(value, &number) || number > INT64_MAX)
		return;
	journal->time_us = (int64_t)number;
	journal->from_source = source;
}

static void set_field(struct kt_journal *journal)
{
	struct kt_span key = kt_span_trim(span_of(&journal->key)), value = span_of(&journal->value);
	uint64_t number = 0;
	bool small = kt_span_u64(value, &number) && number < 128;

	if (kt_span_eq(key, "MESSAGE") || kt_span_eq(key, "msg")) {
		journal->message = journal->value;
		journal->has_message = true;
	} else if ((kt_span_eq(key, "PRIORITY") || kt_span_eq(key, "pri")) && small) {
		journal->priority = (unsigned)number;
		journal->has_priority = true;
	} else if (kt_span_eq(key, "SYSLOG_FACILITY") && small)
		journal->facility = (unsigned)number;
	else if (kt_span_eq(key, "_TRANSPORT")) {
		journal->has_transport = true;
		journal->foreign = !kt_span_eq(value, "kernel");
	} else if (kt_span_eq(key, "SYSLOG_IDENTIFIER") && !journal->has_transport)
		journal->foreign = !kt_span_eq(value, "kernel");
	else if (kt_span_eq(key, "_SOURCE_MONOTONIC_TIMESTAMP"))
		set_time(journal, value, true);
	else if (kt_span_eq(key, "__MONOTONIC_TIMESTAMP"))
		set_time(journal, value, false);
	else if (kt_span_eq(key, "time"))
		set_seconds(journal, value);
}

/* ---- JSON ---- */

static void end_token(struct kt_journal *journal)
{
	if (journal->in_value && journal->value.n)
		set_field(journal);
	journal->in_value = journal->in_array = false;
	clear(&journal->value);
}

static void push_code(struct kt_journal_text *text, unsigned code)
{
	if (code < 0x80)
		push(text, (char)code);
	else if (code < 0x800) {
		push(text, (char)(0xc0 | code >> 6));
		push(text, (char)(0x80 | (code & 63)));
	} else {
		push(text, (char)(0xe0 | code >> 12));
		push(text, (char)(0x80 | (code >> 6 & 63)));
		push(text, (char)(0x80 | (code & 63)));
	}
}

static unsigned hex_of(char c)
{
	return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
	       : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
	       : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
				      : 0;
}

static void on_escaped(struct kt_journal *journal, struct kt_journal_text *text, char c)
{
	static const char from[] = "ntrbf", to[] = "\n\t\r\b\f";
	const char *at = c ? strchr(from, c) : NULL;

	journal->escaped = false;
	if (c == 'u') {
		journal->nr_hex = 4;
		journal->hex = 0;
	} else
		push(text, at ? to[at - from] : c);
}

static void on_string(struct kt_journal *journal, char c)
{
	struct kt_journal_text *text = journal->in_value ? &journal->value : &journal->key;

	if (journal->nr_hex) {
		journal->hex = journal->hex << 4 | hex_of(c);
		if (!--journal->nr_hex)
			push_code(text, journal->hex);
	} else if (journal->escaped)
		on_escaped(journal, text, c);
	else if (c == '\\')
		journal->escaped = true;
	else if (c == '"')
		journal->in_string = false;
	else
		push(text, c);
}

/* A message that is no UTF-8 is an array of its bytes: they are put in place of its numbers. */
static void end_byte(struct kt_journal *journal)
{
	uint64_t number;
	size_t n = journal->value.n, start = n;

	while (start && journal->value.data[start - 1] != 1)
		start--;
	if (!kt_span_u64((struct kt_span){ journal->value.data + start, n - start }, &number) ||
		number > 255 || number == 1)
		return;
	journal->value.n = start ? start - 1 : 0;
	push(&journal->value, (char)number);
	if (journal->value.n + 4 < sizeof(journal->value.data))
		journal->value.data[journal->value.n++] = 1;
}

static void end_array(struct kt_journal *journal)
{
	end_byte(journal);
	if (journal->value.n && journal->value.data[journal->value.n - 1] == 1)
		journal->value.n--;
	journal->in_array = false;
}

static void on_json(struct kt_journal *journal, char c)
{
	if (journal->in_string) {
		on_string(journal, c);
		return;
	}
	switch (c) {
	case '"':
		journal->in_string = true;
		if (!journal->in_value)
			clear(&journal->key);
		break;
	case ':':
		journal->in_value = true;
		clear(&journal->value);
		break;
	case '[': journal->in_array = journal->in_value; break;
	case ']':
		if (journal->in_array)
			end_array(journal);
		break;
	case ',':
		if (journal->in_array)
			end_byte(journal);
		else
			end_token(journal);
		break;
	case '{':
		journal->in_value = journal->in_array = false;
		start_entry(journal);
		break;
	case '}':
		end_token(journal);
		end_entry(journal);
		break;
	default:
		if (journal->in_value && ((c >= '0' && c <= '9') || c == '.'))
			push(&journal->value, c);
	}
}

/* ---- export ---- */

static void end_line(struct kt_journal *journal)
{
	bool value = journal->state == LINE_VALUE;

	if (value)
		set_field(journal);
	else if (!journal->key.n)
		end_entry(journal);
	journal->state = value || !journal->key.n ? LINE_KEY : LINE_SIZE;
	journal->size_bytes = 0;
	journal->size = 0;
	if (journal->state == LINE_KEY)
		clear(&journal->key);
	clear(&journal->value);
}

static void on_export(struct kt_journal *journal, char c)
{
	switch (journal->state) {
	case LINE_KEY:
		if (c == '\n')
			end_line(journal);
		else if (c == '=')
			journal->state = LINE_VALUE;
		else
			push(&journal->key, c);
		break;
	case LINE_VALUE:
		if (c == '\n')
			end_line(journal);
		else
			push(&journal->value, c);
		break;
	case LINE_SIZE:
		journal->size |= (uint64_t)(unsigned char)c << (8 * journal->size_bytes);
		if (++journal->size_bytes == 8)
			journal->state = journal->size ? LINE_DATA : LINE_AFTER;
		break;
	case LINE_DATA:
		push(&journal->value, c);
		if (!--journal->size) {
			set_field(journal);
			journal->state = LINE_AFTER;
		}
		break;
	default:
		clear(&journal->key);
		clear(&journal->value);
		journal->state = LINE_KEY;
	}
}

/* ---- verbose ---- */

static void end_verbose_line(struct kt_journal *journal)
{
	struct kt_span line = span_of(&journal->value), key, text;
	size_t indent = 0;

	while (indent < line.n && line.p[indent] == ' ')
		indent++;
	text = kt_span_from(line, indent);
	if (!indent && kt_span_find(line, "[s=") < line.n)
		end_entry(journal);
	else if (indent == 4 && kt_span_until(&text, '=', &key) && key.n < 64) {
		clear(&journal->key);
		for (size_t i = 0; i < key.n; i++)
			push(&journal->key, key.p[i]);
		memmove(journal->value.data, text.p, text.n);
		journal->value.n = text.n;
		set_field(journal);
	} else if (indent > 4 && kt_span_eq(span_of(&journal->key), "MESSAGE")) {
		push(&journal->message, '\n');
		for (size_t i = 0; i < text.n; i++)
			push(&journal->message, text.p[i]);
	}
	clear(&journal->value);
}

static void on_verbose(struct kt_journal *journal, char c)
{
	if (c == '\n')
		end_verbose_line(journal);
	else if (c != '\r')
		push(&journal->value, c);
}

/* ---- any ---- */

void kt_journal_feed(struct kt_journal *journal, struct kt_span piece)
{
	for (size_t i = 0; i < piece.n; i++) {
		if (journal->kind == KT_LOG_JSON)
			on_json(journal, piece.p[i]);
		else if (journal->kind == KT_LOG_EXPORT)
			on_export(journal, piece.p[i]);
		else
			on_verbose(journal, piece.p[i]);
	}
}

void kt_journal_end(struct kt_journal *journal)
{
	if (journal->kind == KT_LOG_VERBOSE)
		end_verbose_line(journal);
	else if (journal->kind == KT_LOG_EXPORT && journal->state == LINE_VALUE)
		set_field(journal);
	end_entry(journal);
}
