// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/report_events.h"

#include "base/span.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_SHOWN 3 /* of what came or went; the others are counted */

void kt_events_fini(struct kt_events *events)
{
	kt_arena_fini(&events->arena);
	*events = (struct kt_events){ 0 };
}

/* ---- what is there ---- */

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
	const struct kt_block_line *line = line_of(cursor, "proc/vmstat", "oom_kill");
	int64_t value;

	return line && kt_cursor_value(cursor, line, 0, KT_VALUE_LAST, &value) ? value : -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * The first words of a file's lines, sorted, each once. A cache's name may end in a number,
 * which is a value as well; so names are what is written, which the line's text is not.
 */
static bool names_of(const struct kt_cursor *cursor, const char *path, struct kt_arena *arena,
	kt_names *ret_names)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	int file = kt_block_file(cursor->block, path);
	struct kt_span rest, line, word;
	size_t kept = 0;

	*ret_names = (kt_names){ 0 };
	if (file < 0 || !kt_cursor_text(cursor, (uint32_t)file, &text))
		return false;
	rest = (struct kt_span){ text.data, text.size };
	while (kt_span_line(&rest, &line)) {
		const char **slot;

		if (!kt_span_word(&line, &word) || kt_span_starts(word, "#") ||
			kt_span_eq(word, "slabinfo"))
			continue;
		slot = kt_list_push(arena, ret_names);
		if (!slot)
			return false;
		*slot = kt_arena_name(arena, word);
	}
	if (!ret_names->count)
		return true;
	qsort(ret_names->items, ret_names->count, sizeof(*ret_names->items), by_name);
	for (size_t i = 1; i < ret_names->count; i++) {
		if (strcmp(ret_names->items[kept], ret_names->items[i]) != 0)
			ret_names->items[++kept] = ret_names->items[i];
	}
	ret_names->count = kept + 1;
	return true;
}

/* ---- what is different ---- */

struct words {
	struct kt_arena *arena;
	const char *text;
};

static void add(struct words *words, const char *what)
{
	words->text =
		words->text ? kt_arena_printf(words->arena, "%s; %s", words->text, what) : what;
}

/* Those of `now` that `before` has not. */
static void add_missing(
	struct words *words, const char *what, const kt_names *now, const kt_names *before)
{
	const char *list = NULL;
	size_t count = 0, at = 0;

	for (size_t i = 0; i < now->count; i++) {
		int order = -1;

		while (at < before->count && (order = strcmp(before->items[at], now->items[i])) < 0)
			at++;
		if (at < before->count && order == 0)
			continue;
		if (count++ < NAMES_SHOWN)
			list = kt_arena_printf(words->arena, "%s%s%s", list ? list : "",
				list ? ", " : "", now->items[i]);
	}
	if (!count)
		return;
	if (count > NAMES_SHOWN)
		list = kt_arena_printf(words->arena, "%s and %zu more", list, count - NAMES_SHOWN);
	add(words, kt_arena_printf(words->arena, "%s: %s", what, list ? list : ""));
}

static void compare(
	struct words *words, const struct kt_events *before, const struct kt_events *now)
{
	if (before->nr_oom_kills >= 0 && now->nr_oom_kills > before->nr_oom_kills)
		add(words, kt_arena_printf(words->arena, "OOM killer: %lld",
				   (long long)(now->nr_oom_kills - before->nr_oom_kills)));
	if (before->has_modules && now->has_modules) {
		add_missing(words, "module loaded", &now->modules, &before->modules);
		add_missing(words, "module unloaded", &before->modules, &now->modules);
	}
	if (before->has_caches && now->has_caches) {
		add_missing(words, "cache made", &now->caches, &before->caches);
		add_missing(words, "cache gone", &before->caches, &now->caches);
	}
}

const char *kt_events_until(
	struct kt_events *events, const struct kt_cursor *cursor, struct kt_arena *ret_arena)
{
	const char *boot_id = kt_block_fact(cursor->block, "boot_id");
	const char *release = kt_block_fact(cursor->block, "release");
	struct words words = { .arena = ret_arena };
	struct kt_events now = { .nr_oom_kills = nr_oom_kills(cursor) };
	bool rebooted;

	now.boot_id = boot_id ? kt_arena_printf(&now.arena, "%s", boot_id) : NULL;
	now.has_caches = names_of(cursor, "proc/slabinfo", &now.arena, &now.caches);
	now.has_modules = names_of(cursor, "proc/modules", &now.arena, &now.modules);
	rebooted = events->boot_id && boot_id && strcmp(events->boot_id, boot_id) != 0;
	now.nr_boots = events->nr_boots + (rebooted || !events->nr_boots);
	if (rebooted)
		add(&words, kt_arena_printf(ret_arena, "rebooted%s%s", release ? ", Linux " : "",
				    release ? release : ""));
	else if (events->nr_boots)
		compare(&words, events, &now);
	kt_arena_fini(&events->arena);
	*events = now;
	return words.text;
}
