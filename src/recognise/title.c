// SPDX-License-Identifier: GPL-2.0-or-later
#include "recognise/title.h"

#include "base/attr.h"

#include <string.h>

#define TITLE_LENGTH 512u /* bytes of the longest line that is a title */

static bool set_path(struct kt_span path, char ret_path[KT_TITLE_PATH])
{
	while (path.n && path.p[0] == '/')
		path = kt_span_from(path, 1);
	if (!path.n || path.n >= KT_TITLE_PATH || memchr(path.p, '\0', path.n))
		return false;
	memcpy(ret_path, path.p, path.n);
	ret_path[path.n] = '\0';
	return true;
}

/* "vm.nr_hugepages = 7" */
static enum kt_title setting(
	struct kt_span line, char ret_path[KT_TITLE_PATH], struct kt_span *ret_value)
{
	static const char *const starts[] = { "vm.", "fs.", "kernel.", "net." };
	size_t from = sizeof("proc/sys/") - 1, equals;
	bool known = false;

	for (size_t i = 0; i < KT_LEN(starts) && !known; i++)
		known = kt_span_starts(line, starts[i]);
	equals = known ? kt_span_find(line, " = ") : line.n;
	if (equals == line.n || from + equals >= KT_TITLE_PATH || memchr(line.p, ' ', equals))
		return KT_TITLE_NONE;
	memcpy(ret_path, "proc/sys/", from);
	for (size_t i = 0; i < equals; i++)
		ret_path[from + i] = line.p[i];
	ret_path[from + equals] = '\0';
	for (char *dot = ret_path; (dot = strchr(dot, '.'));)
		*dot = '/';
	*ret_value = kt_span_trim(kt_span_from(line, equals + 3));
	return KT_TITLE_VALUE;
}

/* Accepts before the path of a title a mark, or a command that shows files. */
static bool may_precede(struct kt_span before, bool colon)
{
	static const char *const commands[] = { "cat", "head", "more", "less", "tail", "zcat", "*",
		"sudo", "-n", "-v" };
	struct kt_span rest = before, word = { 0 }, next;

	if (colon || !kt_span_trim(before).n || strchr("$#=*+-[(>", before.p[0]))
		return true;
	while (kt_span_word(&rest, &next))
		word = next;
	for (size_t i = 0; i < KT_LEN(commands); i++) {
		if (kt_span_eq(word, commands[i]))
			return true;
	}
	return false;
}

/* Nothing but marks follows the path of a title. */
static bool may_follow(struct kt_span after)
{
	for (size_t i = 0; i < after.n; i++) {
		if (!strchr(" \t:<=>-*`'\")]}|#~+.", after.p[i]))
			return false;
	}
	return true;
}

enum kt_title kt_title_of(
	struct kt_span line, char ret_path[KT_TITLE_PATH], struct kt_span *ret_value)
{
	struct kt_span path, after;
	size_t at, sys;
	bool colon;

	if (line.n > TITLE_LENGTH)
		return KT_TITLE_NONE;
	if (!memchr(line.p, '/', line.n))
		return setting(line, ret_path, ret_value);
	at = kt_span_find(line, "/proc/");
	sys = kt_span_find(line, "/sys/");
	at = sys < at ? sys : at;
	path = kt_span_from(line, at);
	for (size_t i = 0; i < path.n; i++) {
		if (strchr(" \t<>'\"`()[]{}|,;*:", path.p[i]))
			path.n = i;
	}
	after = kt_span_from(line, at + path.n);
	while (path.n && path.p[path.n - 1] == '.')
		path.n--;
	if (!set_path(path, ret_path))
		return KT_TITLE_NONE;
	colon = kt_span_starts(after, ":");
	if (!at && colon && kt_span_trim(kt_span_from(after, 1)).n) {
		*ret_value = kt_span_from(after, 1);
		return KT_TITLE_VALUE;
	}
	return may_precede((struct kt_span){ line.p, at }, colon) && may_follow(after)
		       ? KT_TITLE_FILE
		       : KT_TITLE_NONE;
}

bool kt_title_of_name(struct kt_span name, char ret_path[KT_TITLE_PATH])
{
	static const char *const starts[] = { "cat_", "head_", "cat-" };
	struct kt_span rest = name;
	bool any = false;

	for (size_t i = 0; i < KT_LEN(starts) && !any; i++)
		any = kt_span_skip(&rest, starts[i]);
	/* sosreport turns each slash into a dot, and did into two dashes */
	if (!any || !rest.n || rest.n >= KT_TITLE_PATH)
		return false;
	if (kt_span_skip(&rest, "--") || kt_span_find(rest, "--") < rest.n) {
		size_t n = 0;

		for (size_t i = 0; i < rest.n; i++) {
			bool slash = rest.p[i] == '-' && i + 1 < rest.n && rest.p[i + 1] == '-';

			ret_path[n++] = slash ? '/' : rest.p[i];
			i += slash;
		}
		ret_path[n] = '\0';
		return true;
	}
	kt_span_skip(&rest, ".");
	if (!set_path(rest, ret_path))
		return false;
	for (char *dot = ret_path; (dot = strchr(dot, '.'));)
		*dot = '/';
	return true;
}
