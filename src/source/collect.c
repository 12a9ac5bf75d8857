// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the sources in their order. A source that is missing, denied or damaged leaves
// its reason in the snapshot and never stops the others.

#include "source/source.h"

#include "model/page_size.h"

#include "source/still.h"

#include <string.h>

#define MATCHES_MAX 20000u /* files of one source */
#define ATTEMPTS    3u	   /* readings of the counters before a busy machine is accepted */
#define CALM_SHARE  2000   /* calm: counters moved less than 1/2000 of memory while read */

const struct kt_source *const kt_sources[] = {
#define SOURCE(file, name) &kt_source_##name,
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

const struct kt_source_state *kt_source_outcome(
	const struct kt_snapshot *snap, const struct kt_source *source)
{
	for (size_t i = 0; i < snap->sources.count; i++) {
		if (strcmp(snap->sources.items[i].name, source->name) == 0)
			return &snap->sources.items[i];
	}
	return NULL;
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

const char *kt_source_bundle_name(const char *path)
{
	return strcmp(path, "dev/kmsg") == 0 ? "ktally/dmesg" : path;
}

/* Lists the paths that match a pattern; lists one directory for each starred component. */
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

		if (!kt_path_next(&rest, &part) ||
			!kt_path_match_part(part, kt_span_str(names.items[i])))
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
		kt_arena_ignore(
			arena, expand(root, arena, "", kt_span_str(source->paths[i]), ret_paths));
	return arena->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

/* Keeps the lines that a source needs of a file that it reads line by line. */
static void keep_text(
	struct kt_still *still, const struct kt_source *source, const struct kt_text *text)
{
	KT_CLEANUP(buf) struct kt_buf kept = { 0 };

	if (!still || !source->recall || source->keep || !source->condense)
		return;
	source->condense(text, &kept);
	kt_still_keep(still, source, text->path, &kept);
}

/* Gives a watch that wants short texts the part of the file that is in the snapshot. */
static void tell_short(struct kt_root *root, const struct kt_source *source, const char *path,
	struct kt_snapshot *snap)
{
	KT_CLEANUP(buf) struct kt_buf kept = { 0 };
	struct kt_text text = { .path = path };

	if (!kt_root_watch_is_short(root) || !source->keep)
		return;
	source->keep(snap, &kept);
	snap->arena.failed |= kept.failed;
	text.data = kept.data;
	text.size = kept.size;
	kt_root_tell(root, &text);
}

static struct kt_err *take_stream(struct kt_root *root, const struct kt_source *source,
	const char *path, struct kt_snapshot *snap, struct kt_source_state *state)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_err *err = kt_root_stream(root, path, 0, &stream);

	if (!err)
		err = source->take(snap, path, stream);
	if (err) {
		kt_root_tell_error(root, path, err);
		return err;
	}
	tell_short(root, source, path, snap);
	state->nr_files++;
	state->nr_bytes += (int64_t)kt_stream_offset(stream);
	return NULL;
}

/* Reads a file in pieces. A capture gets the short text of a file that is too long to keep. */
static struct kt_err *stream_file(struct kt_root *root, const struct kt_source *source,
	const char *path, struct kt_snapshot *snap, struct kt_source_state *state)
{
	struct kt_err *err = take_stream(root, source, path, snap, state);

	if (!err || kt_err_code(err) != KT_ERR_LIMIT || !kt_root_watch_is_whole(root) ||
		!source->keep)
		return err;
	kt_err_free(err);
	kt_root_shorten_watch(root, true);
	err = take_stream(root, source, path, snap, state);
	kt_root_shorten_watch(root, false);
	return err;
}

static struct kt_err *read_file(struct kt_root *root, const struct kt_source *source,
	const char *path, struct kt_snapshot *snap, struct kt_source_state *state,
	struct kt_still *still)
{
	KT_CLEANUP(text) struct kt_text text = { .path = path };
	uint64_t state_of_end[2] = { 0 };
	struct kt_err *err;

	if (source->take)
		return stream_file(root, source, path, snap, state);
	if (source->is_behind)
		err = kt_root_read_records(root, path, source->is_behind, state_of_end, &text);
	else
		err = kt_root_read(root, path, &text);
	if (!err)
		err = source->parse(snap, &text);
	if (err)
		return err;
	keep_text(still, source, &text);
	state->nr_files++;
	state->nr_bytes += (int64_t)text.size;
	return NULL;
}

/* Keeps the more serious of two errors: absent files are normal next to existing files. */
static struct kt_err *graver(struct kt_arena *arena, struct kt_err *a, struct kt_err *b)
{
	if (!a || (b && kt_err_code(a) == KT_ERR_ABSENT)) {
		kt_arena_ignore(arena, a);
		return b;
	}
	kt_arena_ignore(arena, b);
	return a;
}

/* Reads files whose paths an earlier reading found, so that no directory is listed again. */
static struct kt_err *read_kept_paths(struct kt_root *root, const struct kt_source *source,
	struct kt_snapshot *snap, struct kt_source_state *state, const kt_names *paths)
{
	struct kt_err *worst = NULL;

	for (size_t i = 0; i < paths->count; i++)
		worst = graver(&snap->arena, worst,
			read_file(root, source, paths->items[i], snap, state, NULL));
	return worst;
}

static struct kt_err *find_and_read(struct kt_root *root, const struct kt_source *source,
	struct kt_snapshot *snap, struct kt_source_state *state, struct kt_still *still)
{
	bool live = kt_root_kind(root) == KT_ROOT_LIVE, listed = true;
	struct kt_err *worst = NULL;
	kt_names all = { 0 };

	for (size_t i = 0; i < KT_SOURCE_PATHS && source->paths[i]; i++) {
		size_t first = all.count;
		struct kt_err *err;

		if (source->first_is_live && live != (i == 0))
			continue;
		err = expand(root, &snap->arena, "", kt_span_str(source->paths[i]), &all);
		listed &= !err;
		for (size_t k = first; k < all.count; k++)
			err = graver(&snap->arena, err,
				read_file(root, source, all.items[k], snap, state, still));
		worst = graver(&snap->arena, worst, err);
		if (source->alternatives && state->nr_files)
			break;
	}
	if (still && source->still_paths && listed)
		kt_still_keep_paths(still, source, &all);
	return worst;
}

static struct kt_err *read_paths(struct kt_root *root, const struct kt_source *source,
	struct kt_snapshot *snap, struct kt_source_state *state, struct kt_still *still)
{
	struct kt_err *worst;
	kt_names paths = { 0 };

	if (still && source->still_paths && kt_still_recall_paths(still, source, snap, &paths))
		worst = read_kept_paths(root, source, snap, state, &paths);
	else
		worst = find_and_read(root, source, snap, state, still);
	/* most machines lack some files of a source: files that were read count */
	if (worst && state->nr_files &&
		(kt_err_code(worst) == KT_ERR_ABSENT || kt_err_code(worst) == KT_ERR_DENIED)) {
		kt_err_free(worst);
		return NULL;
	}
	return worst;
}

enum kt_state kt_source_state(const struct kt_err *err)
{
	switch (kt_err_code(err)) {
	case KT_ERR_DENIED: return KT_DENIED;
	case KT_ERR_ABSENT: return KT_ABSENT;
	default: return KT_BAD;
	}
}

/* A capture lists the files that it was not allowed to read, so that they do not look absent. */
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
		/* another source may have given the metric already */
		if (!kt_ok(kt_snapshot_get(snap, source->provides[i], KT_NO_NODE)))
			kt_snapshot_lack(snap, source->provides[i], KT_NO_NODE, state, why);
	}
}

static bool is_listed(const struct kt_source *source, const struct kt_source *const *list)
{
	while (list && *list && *list != source)
		list++;
	return list && *list;
}

static bool is_named(const struct kt_source *source, const struct kt_needs *needs)
{
	return needs && (is_listed(source, needs->only) || is_listed(source, needs->also));
}

/* Sources that no command asked for leave no trace in the snapshot. */
static bool is_asked(const struct kt_source *source, const struct kt_collect_opts *opts)
{
	if (is_named(source, opts->needs))
		return true;
	if (opts->needs && opts->needs->only)
		return false;
	return !source->extra || (opts->want & KT_WANT_ALL);
}

/* Says why a source is not read; NULL: it is read. */
static const char *why_unwanted(const struct kt_source *source, const struct kt_collect_opts *opts,
	const struct kt_snapshot *snap)
{
	if (source->wanted && !source->wanted(snap, opts->want))
		return source->unwanted;
	if (source->cost != KT_COST_CHEAP && (opts->want & KT_WANT_CHEAP))
		return "left out by --cheap";
	if (source->cost == KT_COST_SCAN && !is_named(source, opts->needs))
		return "it reads the state of every page; only the command that needs it does";
	return NULL;
}

static struct kt_err *read_anew(struct kt_root *root, const struct kt_source *source,
	const struct kt_collect_opts *opts, struct kt_snapshot *snap, struct kt_source_state *state)
{
	KT_CLEANUP(buf) struct kt_buf kept = { 0 };
	struct kt_err *err;

	err = source->scan   ? source->scan(root, snap, opts)
	      : source->read ? source->read(root, snap)
			     : read_paths(root, source, snap, state, opts->still);
	if (!err && opts->still && source->recall && source->keep) {
		source->keep(snap, &kept);
		kt_still_keep(opts->still, source, source->paths[0], &kept);
	}
	return err;
}

static void read_source(struct kt_root *root, const struct kt_source *source,
	const struct kt_collect_opts *opts, struct kt_snapshot *snap)
{
	struct kt_source_state state = { .name = source->name,
		.core = source->core,
		.first_entry = snap->entries.count,
		.first_zone = snap->zones.count };
	size_t first_note = snap->notes.count, first_event = snap->events.count;
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_source_state *slot;
	int64_t start_ns = opts->clock_ns ? opts->clock_ns() : 0;

	/*
	 * the counters of a captured tree show its page size; sources that count pages come later
	 */
	if (!kt_known(snap->host.page_bytes))
		kt_page_size_infer(snap);
	state.chosen = !source->wanted || source->wanted(snap, opts->want);
	state.why = why_unwanted(source, opts, snap);
	state.wanted = !state.why;
	if (!state.wanted) {
		lack_provided(snap, source, KT_ABSENT,
			kt_arena_printf(&snap->arena, "not read: %s", state.why));
	} else if (!opts->still || !source->recall ||
		   !kt_still_recall(opts->still, source, snap, &state))
		err = read_anew(root, source, opts, snap, &state);
	if (err) {
		/*
		 * running out of memory is not the state of a source: the whole snapshot becomes
		 * unusable
		 */
		snap->arena.failed |= kt_err_code(err) == KT_ERR_NOMEM;
		state.state = kt_source_state(err);
		state.why = kt_arena_name(&snap->arena, kt_span_str(kt_err_text(err)));
		if (state.state == KT_ABSENT && was_denied(snap, source)) {
			state.state = KT_DENIED;
			state.why = "the capture was not allowed to read it";
		}
		lack_provided(snap, source, state.state, state.why);
		/* a damaged file needs a note; a missing or denied one is normal */
		if (state.state == KT_BAD)
			kt_snapshot_note(snap, "%s", state.why);
	}
	state.nr_entries = snap->entries.count - state.first_entry;
	state.nr_zones = snap->zones.count - state.first_zone;
	state.nr_notes = snap->notes.count - first_note;
	state.nr_events = snap->events.count - first_event;
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

	/* without a second reading, or a total, the drift cannot be judged */
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

	kt_root_feed(root);
	for (size_t i = 0; i < kt_nr_sources; i++) {
		if (i == first)
			mark = kt_snapshot_mark(snap);
		if (is_asked(kt_sources[i], opts))
			read_source(root, kt_sources[i], opts, snap);
		if (snap->arena.failed || kt_root_starved(root))
			break;
		if (i == last && live && !is_calm(snap) && attempt++ < ATTEMPTS) {
			/* too much moved: reads all counters again, from vmstat on */
			kt_snapshot_rewind(snap, &mark);
			i = first - 1;
		}
	}
	if (snap->arena.failed || kt_root_starved(root))
		return kt_err_new(KT_ERR_NOMEM, "out of memory while reading the sources");
	return NULL;
}
