// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the sources in their order. A source that is missing, denied or damaged leaves
// its reason in the snapshot and never stops the others.

#include "source/source.h"

#include <string.h>

#define MATCHES_MAX 20000u /* files that one source may have */
#define ATTEMPTS    3u	   /* readings of the counters before a moving machine is accepted */
#define CALM_SHARE  2000   /* calm: counters moved less than 1/2000 of memory while read */

const struct kt_source *const kt_sources[] = {
#define SOURCE(name) &kt_source_##name,
#include "source/sources.def"
#undef SOURCE
};

const size_t kt_nr_sources = KT_LEN(kt_sources);

const struct kt_source *kt_source_find(const char *name)
{
	for (size_t i = 0; i < kt_nr_sources; i++) {
		if (strcmp(kt_sources[i]->name, name) == 0)
			return kt_sources[i];
	}
	return NULL;
}

static bool match_component(struct kt_span pattern, struct kt_span name)
{
	size_t star = kt_span_find(pattern, "*");

	if (star == pattern.n)
		return pattern.n == name.n && memcmp(pattern.p, name.p, name.n) == 0;
	return name.n >= pattern.n - 1 && memcmp(pattern.p, name.p, star) == 0 &&
	       memcmp(pattern.p + star + 1, name.p + name.n - (pattern.n - star - 1),
		       pattern.n - star - 1) == 0;
}

static bool next_component(struct kt_span *rest, struct kt_span *ret_part)
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

	while (next_component(&path, &part))
		count++;
	return count;
}

bool kt_path_match(const char *pattern, const char *path)
{
	struct kt_span left = kt_span_str(pattern), right = kt_span_str(path), a, b;

	while (next_component(&left, &a)) {
		if (kt_span_eq(a, "**")) {
			for (size_t n = nr_components(right); n > nr_components(left); n--)
				next_component(&right, &b);
			continue;
		}
		if (!next_component(&right, &b) || !match_component(a, b))
			return false;
	}
	return !right.n;
}

const char *kt_cost_name(enum kt_cost cost)
{
	switch (cost) {
	case KT_COST_CHEAP: return "cheap";
	case KT_COST_WALK: return "list";
	case KT_COST_STOPS: return "disturbs";
	case KT_COST_SCAN: return "scan";
	}
	return "?";
}

/* What is scanned is read piece by piece, and too large to be unpacked for every command. */
const struct kt_source *kt_source_of(const char *path)
{
	for (size_t i = 0; i < kt_nr_sources; i++) {
		if (kt_sources[i]->cost == KT_COST_SCAN)
			continue;
		for (size_t k = 0; k < KT_SOURCE_PATHS && kt_sources[i]->paths[k]; k++) {
			if (kt_path_match(kt_sources[i]->paths[k], path))
				return kt_sources[i];
		}
	}
	return NULL;
}

const char *kt_source_bundle_name(const char *path)
{
	return strcmp(path, "dev/kmsg") == 0 ? "ktally/dmesg" : path;
}

bool kt_source_wants_path(const char *path)
{
	return kt_source_of(path) != NULL;
}

/* Paths that match a pattern, through one folder listing for each starred component. */
static struct kt_err *expand(struct kt_root *root, struct kt_arena *arena, const char *done,
	struct kt_span pattern, kt_names *ret_paths)
{
	size_t star = kt_span_find(pattern, "*"), slash = 0;
	struct kt_span tail;
	struct kt_err *err;
	const char **slot, *folder;
	kt_names names = { 0 };

	if (star == pattern.n) {
		slot = ret_paths->count < MATCHES_MAX ? kt_list_push(arena, ret_paths) : NULL;
		if (slot)
			*slot = kt_arena_printf(arena, "%s%.*s", done, (int)pattern.n, pattern.p);
		return NULL;
	}
	for (size_t i = 0; i < star; i++)
		slash = pattern.p[i] == '/' ? i : slash;
	folder = kt_arena_printf(arena, "%s%.*s", done, (int)slash, pattern.p);
	err = kt_root_list(root, folder, arena, &names);
	tail = kt_span_from(pattern, slash + 1);
	for (size_t i = 0; !err && i < names.count; i++) {
		struct kt_span rest = tail, part;

		if (!next_component(&rest, &part) ||
			!match_component(part, kt_span_str(names.items[i])))
			continue;
		err = expand(root, arena,
			kt_arena_printf(
				arena, "%s/%s%s", folder, names.items[i], rest.n ? "/" : ""),
			rest, ret_paths);
	}
	return err;
}

struct kt_err *kt_source_files(struct kt_root *root, const struct kt_source *source,
	struct kt_arena *arena, kt_names *ret_paths)
{
	for (size_t i = 0; i < KT_SOURCE_PATHS && source->paths[i]; i++)
		kt_err_free(expand(root, arena, "", kt_span_str(source->paths[i]), ret_paths));
	return arena->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static struct kt_err *read_file(struct kt_root *root, const struct kt_source *source,
	const char *path, struct kt_snapshot *snap, struct kt_source_state *state)
{
	KT_CLEANUP(text) struct kt_text text = { .path = path };
	struct kt_err *err;

	err = kt_root_read(root, path, &text);
	if (!err)
		err = source->parse(snap, &text);
	if (err)
		return err;
	state->nr_files++;
	state->nr_bytes += (int64_t)text.size;
	return NULL;
}

/* Keeps the gravest of the errors: absent files are normal beside others that are there. */
static struct kt_err *graver(struct kt_err *a, struct kt_err *b)
{
	if (!a || (b && kt_err_code(a) == KT_ERR_ABSENT)) {
		kt_err_free(a);
		return b;
	}
	kt_err_free(b);
	return a;
}

static struct kt_err *read_paths(struct kt_root *root, const struct kt_source *source,
	struct kt_snapshot *snap, struct kt_source_state *state)
{
	bool live = kt_root_kind(root) == KT_ROOT_LIVE;
	struct kt_err *worst = NULL;

	for (size_t i = 0; i < KT_SOURCE_PATHS && source->paths[i]; i++) {
		kt_names paths = { 0 };
		struct kt_err *err;

		if (source->first_is_live && live != (i == 0))
			continue;
		err = expand(root, &snap->arena, "", kt_span_str(source->paths[i]), &paths);
		for (size_t k = 0; k < paths.count; k++)
			err = graver(err, read_file(root, source, paths.items[k], snap, state));
		worst = graver(worst, err);
		if (source->alternatives && state->nr_files)
			break;
	}
	if (worst && state->nr_files &&
		(kt_err_code(worst) == KT_ERR_ABSENT || kt_err_code(worst) == KT_ERR_DENIED)) {
		kt_err_free(worst);
		return NULL;
	}
	return worst;
}

static enum kt_state state_of(const struct kt_err *err)
{
	switch (kt_err_code(err)) {
	case KT_ERR_DENIED: return KT_DENIED;
	case KT_ERR_ABSENT: return KT_ABSENT;
	default: return KT_BAD;
	}
}

/* A capture says what it was not allowed to read, so that it does not look absent. */
static bool was_denied(const struct kt_snapshot *snap, const struct kt_source *source)
{
	for (size_t i = 0; i < snap->denied.count; i++) {
		for (size_t k = 0; k < KT_SOURCE_PATHS && source->paths[k]; k++) {
			if (kt_path_match(source->paths[k], snap->denied.items[i]))
				return true;
		}
	}
	return false;
}

static void lack_provided(struct kt_snapshot *snap, const struct kt_source *source,
	enum kt_state state, const char *why)
{
	for (size_t i = 0; i < source->nr_provides; i++) {
		if (!kt_ok(kt_snapshot_get(snap, source->provides[i], KT_NO_NODE)))
			kt_snapshot_lack(snap, source->provides[i], KT_NO_NODE, state, why);
	}
}

/* What nobody asked for leaves no trace in the snapshot. */
static bool is_asked(const struct kt_source *source, const struct kt_collect_opts *opts)
{
	bool beside = opts->sources && opts->sources[0] == '+';

	if (opts->sources && kt_span_has_word(kt_span_str(opts->sources), source->name))
		return true;
	if (opts->sources && !beside)
		return false;
	return !source->extra || (opts->want & KT_WANT_ALL);
}

/* NULL where a source is wanted. */
static const char *why_unwanted(const struct kt_source *source, const struct kt_collect_opts *opts,
	const struct kt_snapshot *snap)
{
	if (source->wanted && !source->wanted(snap, opts->want))
		return source->unwanted;
	if (source->cost != KT_COST_CHEAP && (opts->want & KT_WANT_CHEAP))
		return "left out by --cheap";
	if (source->cost == KT_COST_SCAN && !opts->sources)
		return "it looks at every page; 'ktally census' reads it";
	return NULL;
}

static void read_source(struct kt_root *root, const struct kt_source *source,
	const struct kt_collect_opts *opts, struct kt_snapshot *snap)
{
	struct kt_source_state state = { .name = source->name };
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_source_state *slot;
	int64_t start_ns = opts->clock_ns ? opts->clock_ns() : 0;

	state.why = why_unwanted(source, opts, snap);
	state.wanted = !state.why;
	if (!state.wanted) {
		lack_provided(snap, source, KT_ABSENT,
			kt_arena_printf(&snap->arena, "not read: %s", state.why));
	} else {
		err = source->scan   ? source->scan(root, snap, opts)
		      : source->read ? source->read(root, snap)
				     : read_paths(root, source, snap, &state);
	}
	if (err) {
		state.state = state_of(err);
		state.why = kt_arena_name(&snap->arena, kt_span_str(kt_err_text(err)));
		if (state.state == KT_ABSENT && was_denied(snap, source)) {
			state.state = KT_DENIED;
			state.why = "the capture was not allowed to read it";
		}
		lack_provided(snap, source, state.state, state.why);
		if (state.state == KT_BAD)
			kt_snapshot_note(snap, "%s", state.why);
	}
	state.cost_ns = opts->clock_ns ? opts->clock_ns() - start_ns : 0;
	slot = kt_list_push(&snap->arena, &snap->sources);
	if (slot)
		*slot = state;
}

static size_t index_of(const struct kt_source *source)
{
	for (size_t i = 0; i < kt_nr_sources; i++) {
		if (kt_sources[i] == source)
			return i;
	}
	return kt_nr_sources;
}

static bool is_calm(const struct kt_snapshot *snap)
{
	struct kt_val total = kt_snapshot_get(snap, KT_MEM_TOTAL, KT_NO_NODE);

	return snap->drift_bytes < 0 || !kt_ok(total) ||
	       snap->drift_bytes <= total.value / CALM_SHARE;
}

struct kt_err *kt_collect(
	struct kt_root *root, const struct kt_collect_opts *opts, struct kt_snapshot *snap)
{
	size_t first = index_of(&kt_source_vmstat), last = index_of(&kt_source_bracket);
	bool live = kt_root_kind(root) == KT_ROOT_LIVE;
	struct kt_snapshot_mark mark = { 0 };
	unsigned attempt = 1;

	for (size_t i = 0; i < kt_nr_sources; i++) {
		if (i == first)
			mark = kt_snapshot_mark(snap);
		if (is_asked(kt_sources[i], opts))
			read_source(root, kt_sources[i], opts, snap);
		if (i == last && live && !is_calm(snap) && attempt++ < ATTEMPTS) {
			kt_snapshot_rewind(snap, &mark);
			i = first - 1;
		}
	}
	if (snap->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory while reading the sources");
	return NULL;
}
