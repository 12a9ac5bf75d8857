// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/events.h"

#include "base/span.h"
#include "history/names.h"
#include "source/source.h"

#include <string.h>

void kt_events_fini(struct kt_events *events)
{
	kt_arena_fini(&events->arena);
	*events = (struct kt_events){ 0 };
}

/* ---- names and counts of a sample ---- */

static const struct kt_block_line *line_of(
	const struct kt_cursor *cursor, const char *path, const char *name)
{
	const struct kt_block *block = cursor->block;
	int file = kt_block_file(block, path);
	const struct kt_block_layout *layout =
		file < 0 ? NULL : kt_block_layout_at(block, (uint32_t)file, cursor->sample);

	for (uint32_t i = 0; layout && i < layout->nr_lines; i++) {
		const struct kt_block_line *line = &block->lines.items[layout->lines[i]];
		struct kt_span rest = kt_span_str(line->text), word;

		if (kt_span_word(&rest, &word) && kt_span_eq(word, name))
			return line;
	}
	return NULL;
}

static int64_t nr_oom_kills(const struct kt_cursor *cursor)
{
	const struct kt_block_line *line = line_of(cursor, kt_source_vmstat.paths[0], "oom_kill");
	int64_t value;

	return line && kt_cursor_value(cursor, line, 0, KT_VALUE_LAST, &value) ? value : -1;
}

/*
 * Lists the names of the objects in a file, sorted; names may be equal. The names come from the
 * text as it was written: a name may end in a number, which the template of a line does not have.
 */
static bool read_names(const struct kt_cursor *cursor, uint32_t file,
	const struct kt_source *source, struct kt_arena *arena, kt_names *ret_names)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_span rest, line, name;

	if (!kt_cursor_text(cursor, file, &text))
		return false;
	arena->failed |= text.failed; /* a missing name would look like a cache that is gone */
	rest = (struct kt_span){ text.data, text.size };
	while (kt_span_line(&rest, &line)) {
		const char **slot;

		if (!source->object(line, &name))
			continue;
		slot = kt_list_push(arena, ret_names);
		if (!slot)
			return false;
		*slot = kt_arena_name(arena, name);
	}
	kt_names_sort(ret_names);
	return true;
}

static struct kt_events_names names_of(
	const struct kt_cursor *cursor, const struct kt_source *source, struct kt_arena *arena)
{
	struct kt_events_names names = { 0 };
	int file = kt_block_file(cursor->block, source->paths[0]);

	if (file < 0)
		return names;
	names.hash = kt_cursor_names(cursor, (uint32_t)file);
	names.known = read_names(cursor, (uint32_t)file, source, arena, &names.names);
	return names;
}

/* True if a file has the names that were read last, as in most samples. */
static bool are_same(const struct kt_cursor *cursor, const struct kt_source *source,
	const struct kt_events_names *names)
{
	int file = kt_block_file(cursor->block, source->paths[0]);

	if (file < 0 || !names->known)
		return file < 0 && !names->known;
	return kt_cursor_names(cursor, (uint32_t)file) == names->hash;
}

/* ---- differences ---- */

static void add(kt_events_list *list, struct kt_arena *arena, enum kt_events_kind kind,
	const char *name, int64_t count)
{
	struct kt_events_item *slot = kt_list_push(arena, list);

	if (slot)
		*slot = (struct kt_events_item){ kind,
			name ? kt_arena_printf(arena, "%s", name) : NULL, count };
}

/* Adds names of `now` that `before` does not contain, or not as often. */
static void add_missing(kt_events_list *list, struct kt_arena *arena, enum kt_events_kind kind,
	const kt_names *now, const kt_names *before)
{
	struct kt_names_walk walk = { 0 };
	const char *name;

	while ((name = kt_names_next_missing(now, before, &walk)))
		add(list, arena, kind, name, 1);
}

static void compare_kills(kt_events_list *list, struct kt_arena *arena, int64_t before, int64_t now)
{
	if (before >= 0 && now > before)
		add(list, arena, KT_EVENTS_OOM, NULL, now - before);
}

static void compare(kt_events_list *list, struct kt_arena *arena, const struct kt_events *before,
	const struct kt_events *now)
{
	compare_kills(list, arena, before->nr_oom_kills, now->nr_oom_kills);
	if (before->modules.known && now->modules.known) {
		add_missing(list, arena, KT_EVENTS_MODULE_LOADED, &now->modules.names,
			&before->modules.names);
		add_missing(list, arena, KT_EVENTS_MODULE_UNLOADED, &before->modules.names,
			&now->modules.names);
	}
	if (before->caches.known && now->caches.known) {
		add_missing(list, arena, KT_EVENTS_CACHE_MADE, &now->caches.names,
			&before->caches.names);
		add_missing(list, arena, KT_EVENTS_CACHE_GONE, &before->caches.names,
			&now->caches.names);
	}
}

/* A recording keeps the last watches, and a watch is new where it began after all before it. */
static void add_watches(kt_events_list *list, struct kt_arena *arena, struct kt_events *events,
	const struct kt_cursor *cursor)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;
	const char *path = kt_source_watched.paths[0];
	int file = kt_block_file(cursor->block, path);
	int64_t last = events->watched_s;
	bool first = !events->nr_boots;
	struct kt_err *err;

	if (file < 0 || (!first && events->watched_block == cursor->block->sequence &&
				kt_cursor_is_still(cursor, (uint32_t)file, events->watched_sample)))
		return;
	events->watched_block = cursor->block->sequence;
	events->watched_sample = cursor->sample;
	snap = kt_cursor_text(cursor, (uint32_t)file, &text) ? kt_snapshot_new() : NULL;
	if (!snap)
		return;
	err = kt_source_watched.parse(
		snap, &(struct kt_text){ .data = text.data, .size = text.size, .path = path });
	for (size_t i = 0; !err && i < snap->watches.count; i++) {
		const struct kt_watched_whole *watch = &snap->watches.items[i];

		if (watch->begun_s <= last)
			continue;
		if (!first)
			add(list, arena, KT_EVENTS_WATCHED,
				kt_arena_printf(&snap->arena, "%s, %s", watch->topic,
					watch->says ? watch->says : "not known"),
				1);
		if (watch->begun_s > events->watched_s)
			events->watched_s = watch->begun_s;
	}
	arena->failed |= text.failed || snap->arena.failed;
	kt_err_free(err);
}

/* Kinds of marks that are events, in the order of the events' kinds. */
static const struct {
	const char *mark;
	enum kt_events_kind kind;
} marked[] = {
	{ KT_MARK_FINDING, KT_EVENTS_FINDING },
	{ KT_MARK_USER, KT_EVENTS_MARK },
	{ KT_MARK_MOVED, KT_EVENTS_MOVED },
	{ KT_MARK_MOUNTED, KT_EVENTS_MOUNTED },
	{ KT_MARK_UNMOUNTED, KT_EVENTS_UNMOUNTED },
};

/* The recorder's own notes on what it found: marks of the samples since the last call. */
static void add_marks(struct kt_events *events, const struct kt_cursor *cursor,
	struct kt_arena *arena, kt_events_list *list)
{
	const struct kt_block *block = cursor->block;
	bool same = events->sequence == block->sequence;
	/* at the first call, only the sample itself */
	uint32_t after = !events->nr_boots ? cursor->sample : same ? events->sample + 1 : 0;

	for (size_t k = 0; k < KT_LEN(marked); k++) {
		for (size_t i = 0; i < block->marks.count; i++) {
			const struct kt_block_mark *mark = &block->marks.items[i];

			if (mark->sample >= after && mark->sample <= cursor->sample &&
				strcmp(mark->kind, marked[k].mark) == 0)
				add(list, arena, marked[k].kind, mark->text, 1);
		}
	}
	events->sequence = block->sequence;
	events->sample = cursor->sample;
}

/* True if the sample has the names and the boot of the previous one, so only kills may differ. */
static bool is_like(const struct kt_events *events, const struct kt_cursor *cursor)
{
	const char *boot_id = kt_block_fact(cursor->block, "boot_id");

	return events->nr_boots && events->boot_id && boot_id &&
	       strcmp(events->boot_id, boot_id) == 0 &&
	       are_same(cursor, &kt_source_slabinfo, &events->caches) &&
	       are_same(cursor, &kt_source_modules, &events->modules);
}

void kt_events_until(struct kt_events *events, const struct kt_cursor *cursor,
	struct kt_arena *arena, kt_events_list *ret_list)
{
	const char *boot_id = kt_block_fact(cursor->block, "boot_id");
	struct kt_events now = { .nr_oom_kills = nr_oom_kills(cursor) };
	bool rebooted;

	*ret_list = (kt_events_list){ 0 };
	if (is_like(events, cursor)) {
		compare_kills(ret_list, arena, events->nr_oom_kills, now.nr_oom_kills);
		add_marks(events, cursor, arena, ret_list);
		events->nr_oom_kills = now.nr_oom_kills;
		add_watches(ret_list, arena, events, cursor);
		return;
	}
	now.watched_s = events->watched_s;
	now.watched_block = events->watched_block;
	now.watched_sample = events->watched_sample;
	now.boot_id = boot_id ? kt_arena_printf(&now.arena, "%s", boot_id) : NULL;
	now.caches = names_of(cursor, &kt_source_slabinfo, &now.arena);
	now.modules = names_of(cursor, &kt_source_modules, &now.arena);
	arena->failed |= now.arena.failed;
	rebooted = events->boot_id && boot_id && strcmp(events->boot_id, boot_id) != 0;
	now.nr_boots = events->nr_boots + (rebooted || !events->nr_boots);
	if (rebooted)
		add(ret_list, arena, KT_EVENTS_BOOT, kt_block_fact(cursor->block, "release"), 1);
	else if (events->nr_boots)
		compare(ret_list, arena, events, &now);
	now.nr_boots -= !events->nr_boots; /* a first sample has no event */
	add_watches(ret_list, arena, &now, cursor);
	now.nr_boots += !events->nr_boots;
	add_marks(events, cursor, arena, ret_list);
	now.sequence = events->sequence;
	now.sample = events->sample;
	kt_arena_fini(&events->arena);
	*events = now;
}

const char *kt_events_kind_name(enum kt_events_kind kind)
{
	static const char *const names[KT_EVENTS_KINDS] = {
		[KT_EVENTS_BOOT] = "boot",
		[KT_EVENTS_OOM] = "oom",
		[KT_EVENTS_FINDING] = "finding",
		[KT_EVENTS_MARK] = "mark",
		[KT_EVENTS_MOVED] = "moved",
		[KT_EVENTS_MOUNTED] = "mount",
		[KT_EVENTS_UNMOUNTED] = "mount",
		[KT_EVENTS_MODULE_LOADED] = "module",
		[KT_EVENTS_MODULE_UNLOADED] = "module",
		[KT_EVENTS_CACHE_MADE] = "cache",
		[KT_EVENTS_CACHE_GONE] = "cache",
		[KT_EVENTS_WATCHED] = "watched",
	};

	return names[kind];
}
