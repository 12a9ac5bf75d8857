// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/json.h"

#include <string.h>

/* The next byte without taking it; -1: the end. */
static int peek(struct kt_json *json)
{
	if (!json->rest.n && !json->ended) {
		json->rest = json->more(json->arg);
		json->ended = !json->rest.n;
	}
	return json->rest.n ? (unsigned char)json->rest.p[0] : -1;
}

static int take(struct kt_json *json)
{
	int c = peek(json);

	if (c >= 0) {
		json->rest = kt_span_from(json->rest, 1);
		json->offset++;
	}
	return c;
}

static void skip_blanks(struct kt_json *json)
{
	int c;

	while ((c = peek(json)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		take(json);
}

static enum kt_json_event bad(struct kt_json *json)
{
	json->bad = true;
	return KT_JSON_END;
}

/* Takes a text after its first quote; what has no room is cut. */
static bool take_text(struct kt_json *json, char *to, size_t room)
{
	size_t n = 0;
	int c;

	while ((c = take(json)) != '"') {
		if (c < 0 || (c == '\\' && (c = take(json)) < 0))
			return false;
		if (n + 1 < room)
			to[n++] = (char)c;
	}
	to[n] = '\0';
	return true;
}

static bool take_bare(struct kt_json *json)
{
	size_t n = 0;
	int c;

	while ((c = peek(json)) > ' ' && c != ',' && c != '}' && c != ']' && c != ':') {
		take(json);
		if (n + 1 < sizeof(json->text))
			json->text[n++] = (char)c;
	}
	json->text[n] = '\0';
	return n > 0;
}

static enum kt_json_event open(struct kt_json *json, bool is_object)
{
	if (json->depth == KT_JSON_DEPTH)
		return bad(json);
	json->depth++;
	json->is_object[json->depth] = is_object;
	json->keys[json->depth][0] = '\0';
	return KT_JSON_OPEN;
}

static enum kt_json_event close(struct kt_json *json, bool is_object)
{
	if (!json->depth || json->is_object[json->depth] != is_object)
		return bad(json);
	json->depth--;
	return KT_JSON_CLOSE;
}

/* Takes the key before a value in an object. */
static bool take_key(struct kt_json *json)
{
	if (take(json) != '"' ||
		!take_text(json, json->keys[json->depth], sizeof(json->keys[json->depth])))
		return false;
	skip_blanks(json);
	if (take(json) != ':')
		return false;
	skip_blanks(json);
	return true;
}

enum kt_json_event kt_json_next(struct kt_json *json)
{
	int c;

	do {
		skip_blanks(json);
		c = peek(json);
	} while (c == ',' && take(json) >= 0);
	if (c < 0)
		return json->depth ? bad(json) : KT_JSON_END;
	json->from = json->offset;
	if (c == '}' || c == ']') {
		take(json);
		return close(json, c == '}');
	}
	if (json->depth && json->is_object[json->depth]) {
		if (!take_key(json))
			return bad(json);
		json->from = json->offset;
		c = peek(json);
	}
	if (c == '{' || c == '[') {
		take(json);
		return open(json, c == '{');
	}
	if (c == '"') {
		take(json);
		return take_text(json, json->text, sizeof(json->text)) ? KT_JSON_VALUE : bad(json);
	}
	return take_bare(json) ? KT_JSON_VALUE : bad(json);
}
