// SPDX-License-Identifier: GPL-2.0-or-later
//
// A line is a word, for most words the name of a list, and a value up to the end of the line.

#include "top/settings/settings.h"

#include <stdio.h>
#include <string.h>

#define HEAD "# Settings of 'ktally top', written at its end. Without this file all is as usual.\n"

/* Between the key columns of a row in the file; keys have 0x1f there. */
#define JOINT '\t'

/* ---- names of lists ---- */

/* Returns the number of the list with this name, from 1; 0: none. */
static size_t list_of(const char *names, struct kt_span name)
{
	struct kt_span rest = kt_span_str(names), word;

	for (size_t i = 1; i <= KT_SETTINGS_LISTS && kt_span_word(&rest, &word); i++) {
		if (kt_span_same(word, name))
			return i;
	}
	return 0;
}

/* Returns the name of a list, from 1. */
static struct kt_span name_of(const char *names, size_t list)
{
	struct kt_span rest = kt_span_str(names), word = { 0 };

	while (list-- && kt_span_word(&rest, &word))
		continue;
	return word;
}

/* ---- reading ---- */

static void take_interval(struct kt_span text, struct kt_settings *settings)
{
	int64_t interval_ms;

	if (kt_span_i64(text, &interval_ms) && interval_ms >= KT_INTERVAL_MIN_MS &&
		interval_ms <= KT_INTERVAL_MAX_MS)
		settings->interval_ms = interval_ms;
}

/* Keys of columns are lower-case words. */
static void take_sort(struct kt_span text, size_t list, struct kt_settings *settings)
{
	char *sort = settings->lists[list].sort;

	if (!text.n || text.n >= sizeof(settings->lists[list].sort))
		return;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return;
	}
	memset(sort, 0, sizeof(settings->lists[list].sort));
	memcpy(sort, text.p, text.n);
}

static void take_mark(struct kt_span text, struct kt_marks *marks)
{
	char key[KT_MARKS_KEY];

	if (text.n >= sizeof(key) || memchr(text.p, '\0', text.n))
		return;
	memcpy(key, text.p, text.n);
	key[text.n] = '\0';
	for (size_t i = 0; i < text.n; i++)
		key[i] = key[i] == JOINT ? 0x1f : key[i];
	kt_marks_add(marks, key);
}

/* Takes a word and the blank after it. */
static struct kt_span take_word(struct kt_span *rest)
{
	struct kt_span word;

	if (!kt_span_until(rest, ' ', &word)) {
		word = *rest;
		*rest = (struct kt_span){ rest->p + rest->n, 0 };
	}
	return word;
}

static void take_line(struct kt_span line, const char *names, struct kt_settings *settings)
{
	struct kt_span word = take_word(&line);
	size_t list;

	if (kt_span_eq(word, "list"))
		settings->list = list_of(names, line);
	else if (kt_span_eq(word, "interval_ms"))
		take_interval(line, settings);
	else if (kt_span_eq(word, "fold"))
		take_mark(line, &settings->lists[0].marks);
	if (!kt_span_eq(word, "sort") && !kt_span_eq(word, "invert") && !kt_span_eq(word, "pin"))
		return;
	list = list_of(names, take_word(&line));
	if (list < 2) /* the account is a tree */
		return;
	if (kt_span_eq(word, "sort"))
		take_sort(line, list - 1, settings);
	else if (kt_span_eq(word, "invert"))
		settings->lists[list - 1].inverted = true;
	else
		take_mark(line, &settings->lists[list - 1].marks);
}

void kt_settings_parse(struct kt_span text, const char *names, struct kt_settings *ret_settings)
{
	struct kt_span line;

	memset(ret_settings, 0, sizeof(*ret_settings));
	if (text.n > KT_SETTINGS_MAX)
		return;
	while (kt_span_line(&text, &line))
		take_line(line, names, ret_settings);
}

/* ---- writing ---- */

static void put_marks(const struct kt_marks *marks, const char *before, struct kt_buf *text)
{
	for (size_t i = 0; i < marks->count; i++) {
		char key[KT_MARKS_KEY];
		size_t n = strlen(marks->keys[i]);

		for (size_t k = 0; k <= n; k++)
			key[k] = marks->keys[i][k] == 0x1f ? JOINT : marks->keys[i][k];
		kt_buf_printf(text, "%s %s\n", before, key);
	}
}

static void put_list(
	const struct kt_settings *settings, const char *names, size_t list, struct kt_buf *text)
{
	struct kt_span name = name_of(names, list + 1);
	char pin[64];

	if (*settings->lists[list].sort)
		kt_buf_printf(
			text, "sort %.*s %s\n", (int)name.n, name.p, settings->lists[list].sort);
	if (settings->lists[list].inverted)
		kt_buf_printf(text, "invert %.*s\n", (int)name.n, name.p);
	snprintf(pin, sizeof(pin), "pin %.*s", (int)name.n, name.p);
	put_marks(&settings->lists[list].marks, pin, text);
}

void kt_settings_write(
	const struct kt_settings *settings, const char *names, struct kt_buf *ret_text)
{
	struct kt_span name = name_of(names, settings->list);

	kt_buf_puts(ret_text, HEAD);
	if (settings->list)
		kt_buf_printf(ret_text, "list %.*s\n", (int)name.n, name.p);
	if (settings->interval_ms)
		kt_buf_printf(ret_text, "interval_ms %lld\n", (long long)settings->interval_ms);
	put_marks(&settings->lists[0].marks, "fold", ret_text);
	for (size_t i = 1; i < KT_SETTINGS_LISTS; i++)
		put_list(settings, names, i, ret_text);
}
