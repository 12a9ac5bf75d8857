// SPDX-License-Identifier: GPL-2.0-or-later
//
// Matches paths with the patterns of sources: finds the source that reads a file, and where in a
// path of an archive the machine's own path begins.

#include "source/source.h"

#include <string.h>

#define PARTS_MAX 2048u /* components of the longest path that Linux accepts */

bool kt_path_match_part(struct kt_span pattern, struct kt_span name)
{
	const char *at = memchr(pattern.p, '*', pattern.n);
	size_t star = at ? (size_t)(at - pattern.p) : pattern.n;

	if (!at)
		return pattern.n == name.n && memcmp(pattern.p, name.p, name.n) == 0;
	return name.n >= pattern.n - 1 && memcmp(pattern.p, name.p, star) == 0 &&
	       memcmp(pattern.p + star + 1, name.p + name.n - (pattern.n - star - 1),
		       pattern.n - star - 1) == 0;
}

bool kt_path_next(struct kt_span *rest, struct kt_span *ret_part)
{
	if (!rest->n)
		return false;
	if (!kt_span_until(rest, '/', ret_part)) {
		*ret_part = *rest;
		rest->n = 0;
	}
	return true;
}

static size_t nr_components(struct kt_span path)
{
	struct kt_span part;
	size_t count = 0;

	while (kt_path_next(&path, &part))
		count++;
	return count;
}

bool kt_path_match(const char *pattern, const char *path)
{
	struct kt_span left = kt_span_str(pattern), right = kt_span_str(path), a, b;

	while (kt_path_next(&left, &a)) {
		if (kt_span_eq(a, "**")) {
			for (size_t n = nr_components(right); n > nr_components(left); n--)
				kt_path_next(&right, &b);
			continue;
		}
		if (!kt_path_next(&right, &b) || !kt_path_match_part(a, b))
			return false;
	}
	return !right.n;
}

/*
 * Files that are scanned are read in pieces, and are too large to be unpacked for every command.
 * A walk through memory writes a text of counts, which is small.
 */
static bool is_unpacked(const struct kt_source *source)
{
	return source->cost != KT_COST_SCAN || source->parse;
}

const struct kt_source *kt_source_of(const char *path)
{
	for (size_t i = 0; i < kt_nr_sources; i++) {
		const struct kt_source *source = kt_sources[i];

		for (size_t k = 0; k < KT_SOURCE_PATHS && source->paths[k]; k++) {
			if (is_unpacked(source) && kt_path_match(source->paths[k], path))
				return source;
		}
	}
	return NULL;
}

bool kt_source_wants_path(const char *path)
{
	return kt_source_of(path) != NULL;
}

/* ---- the parts of a path ---- */

struct parts {
	size_t count;
	struct kt_span items[PARTS_MAX];
};

static bool split(struct kt_span path, struct parts *ret_parts)
{
	ret_parts->count = 0;
	while (ret_parts->count < PARTS_MAX &&
		kt_path_next(&path, &ret_parts->items[ret_parts->count]))
		ret_parts->count++;
	return ret_parts->count && !path.n;
}

/* Whether the pattern matches the components from `at` on, one each. */
static bool match_at(struct kt_span pattern, const struct parts *parts, size_t at)
{
	struct kt_span part;

	for (; kt_path_next(&pattern, &part); at++) {
		if (at >= parts->count || !kt_path_match_part(part, parts->items[at]))
			return false;
	}
	return true;
}

/*
 * Finds the first component from which on the pattern matches the rest of the path; `count`: none.
 * Compares the last component first, because nearly all paths have another name there.
 */
static size_t first_match(const char *pattern, const struct parts *parts)
{
	static const char any[] = "**/";
	struct kt_span whole = kt_span_str(pattern), head, tail = whole;
	size_t at = kt_span_find(whole, any), nr_tail, nr_head;

	if (at < whole.n)
		tail = kt_span_from(whole, at + sizeof(any) - 1);
	nr_tail = nr_components(tail);
	if (nr_tail > parts->count || !match_at(tail, parts, parts->count - nr_tail))
		return parts->count;
	if (at == whole.n)
		return parts->count - nr_tail;
	head = (struct kt_span){ whole.p, at ? at - 1 : 0 };
	nr_head = nr_components(head);
	for (size_t i = 0; i + nr_head + nr_tail <= parts->count; i++) {
		if (match_at(head, parts, i))
			return i;
	}
	return parts->count;
}

/* Rejects patterns with another last component early: nearly all of them. */
static bool may_match(const char *pattern, struct kt_span name)
{
	const char *slash = strrchr(pattern, '/');
	struct kt_span last = kt_span_str(slash ? slash + 1 : pattern);

	return kt_path_match_part(last, name);
}

const char *kt_source_inside(const char *path)
{
	struct parts parts;
	struct kt_span name;
	size_t first;

	if (!split(kt_span_str(path), &parts))
		return NULL;
	first = parts.count;
	name = parts.items[parts.count - 1];
	for (size_t i = 0; i < kt_nr_sources; i++) {
		const struct kt_source *source = kt_sources[i];

		for (size_t k = 0; k < KT_SOURCE_PATHS && source->paths[k]; k++) {
			size_t at;

			if (!may_match(source->paths[k], name) || !is_unpacked(source))
				continue;
			at = first_match(source->paths[k], &parts);
			first = at < first ? at : first;
		}
	}
	return first < parts.count ? parts.items[first].p : NULL;
}
