// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/replay.h"

#include "account/derive.h"
#include "base/kernel_files.h"

#include <stdlib.h>
#include <string.h>

#define MORE_ENTRIES 1024u /* derived entries, about */

/*
 * Sources with one file whose parser adds only entries and zones, uses no other source's results
 * except host facts, and alone adds entries and zones for this file.
 */
#define EXCHANGEABLE 5
static const struct kt_source *const exchangeable[EXCHANGEABLE] = { &kt_source_vmstat,
	&kt_source_meminfo, &kt_source_zoneinfo, &kt_source_slabinfo, &kt_source_pressure };

struct kt_replay {
	struct kt_snapshot *base; /* as filled by the sources */
	/* result of the last read of each file; holds events and caches of the base */
	struct kt_snapshot *sides[EXCHANGEABLE];
	struct kt_snapshot derived; /* a copy of the base with the derived entries */
	struct kt_entry *entries;   /* entries of the copy */
	size_t entries_room;
	size_t nr_whole;
};

struct kt_replay *kt_replay_new(void)
{
	return calloc(1, sizeof(struct kt_replay));
}

static void free_base(struct kt_replay *replay)
{
	for (size_t i = 0; i < EXCHANGEABLE; i++) {
		kt_snapshot_free(replay->sides[i]);
		replay->sides[i] = NULL;
	}
	kt_snapshot_free(replay->base);
	replay->base = NULL;
}

void kt_replay_free(struct kt_replay *replay)
{
	if (!replay)
		return;
	kt_arena_fini(&replay->derived.arena);
	free_base(replay);
	free(replay->entries);
	free(replay);
}

size_t kt_replay_nr_whole(const struct kt_replay *replay)
{
	return replay->nr_whole;
}

/* ---- all files ---- */

static struct kt_err *read_whole(struct kt_replay *replay, struct kt_root *root)
{
	const struct kt_needs log = { .only = KT_SOURCES(&kt_source_memreport) };
	const struct kt_collect_opts opts = { .needs = kt_root_is_log(root) ? &log : NULL };

	free_base(replay);
	replay->base = kt_snapshot_new();
	replay->nr_whole++;
	if (!replay->base)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	return kt_collect(root, &opts, replay->base);
}

/* ---- one file ---- */

/* Index of the source of a path; EXCHANGEABLE: none. */
static size_t exchangeable_of(const char *path)
{
	size_t i = 0;

	while (i < EXCHANGEABLE && strcmp(exchangeable[i]->paths[0], path) != 0)
		i++;
	return i;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* True if two entries differ at most in their number. */
static bool are_alike(const struct kt_entry *a, const struct kt_entry *b)
{
	return a->metric == b->metric && a->node == b->node && a->unit == b->unit &&
	       a->state == b->state && a->quality == b->quality && a->rank == b->rank &&
	       same_text(a->path, b->path) && same_text(a->field, b->field);
}

static bool exchange_entries(struct kt_snapshot *base, size_t first, const struct kt_snapshot *side)
{
	for (size_t i = 0; i < side->entries.count; i++) {
		if (!are_alike(&base->entries.items[first + i], &side->entries.items[i]))
			return false;
	}
	for (size_t i = 0; i < side->entries.count; i++)
		base->entries.items[first + i].raw = side->entries.items[i].raw;
	return true;
}

static bool exchange_zones(struct kt_snapshot *base, size_t first, const struct kt_snapshot *side)
{
	for (size_t i = 0; i < side->zones.count; i++) {
		const struct kt_zone *zone = &side->zones.items[i];

		if (base->zones.items[first + i].node != zone->node ||
			!same_text(base->zones.items[first + i].name, zone->name))
			return false;
	}
	for (size_t i = 0; i < side->zones.count; i++) {
		struct kt_zone *to = &base->zones.items[first + i];
		const char *name = to->name;

		*to = side->zones.items[i];
		to->name = name;
	}
	return true;
}

/*
 * Copies the numbers of a file into the base; false if its set of entries has changed, or if it
 * has a note, because a note comes and goes with the text that it is about.
 */
static bool exchange(struct kt_snapshot *base, const struct kt_source_state *state,
	const struct kt_snapshot *side)
{
	if (side->entries.count != state->nr_entries || side->zones.count != state->nr_zones ||
		state->nr_notes || side->notes.count || side->events.count != state->nr_events ||
		(side->caches.count && side->caches.count != base->caches.count) ||
		!exchange_zones(base, state->first_zone, side) ||
		!exchange_entries(base, state->first_entry, side))
		return false;
	if (side->caches.count)
		memcpy(&base->caches, &side->caches, sizeof(base->caches));
	if (side->events.count)
		memcpy(&base->events, &side->events, sizeof(base->events));
	return true;
}

/*
 * Reads a file that was read without errors before. `ret_same`: false if everything must be read
 * anew.
 */
static struct kt_err *read_one(
	struct kt_replay *replay, struct kt_root *root, size_t index, bool *ret_same)
{
	const struct kt_source *source = exchangeable[index];
	const struct kt_source_state *state = kt_source_outcome(replay->base, source);
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(snapshot) struct kt_snapshot *side = NULL;
	struct kt_err *err;

	*ret_same = state && state->wanted && state->state == KT_OK && state->nr_files == 1;
	if (!*ret_same)
		return NULL;
	side = kt_snapshot_new();
	if (!side)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	side->host = replay->base->host;
	err = kt_root_read(root, source->paths[0], &text);
	text.path = source->paths[0];
	if (!err)
		err = source->parse(side, &text);
	if (!err && side->arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	*ret_same = !err && exchange(replay->base, state, side);
	if (*ret_same) {
		kt_snapshot_free(replay->sides[index]);
		replay->sides[index] = side;
		side = NULL;
	}
	if (!err || kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_err_free(err);
	return NULL;
}

/* ---- what has changed ---- */

/* True if a file does not affect the account, or only its time. */
static bool is_beside(const char *path)
{
	const struct kt_source *source = kt_source_of(path);

	return !source || source->extra || strcmp(path, KT_FILE_UPTIME) == 0;
}

/* True if the same sources are wanted: this may depend on what other sources read. */
static bool same_are_wanted(const struct kt_snapshot *base)
{
	for (size_t i = 0; i < kt_nr_sources; i++) {
		const struct kt_source *source = kt_sources[i];
		const struct kt_source_state *state =
			source->wanted ? kt_source_outcome(base, source) : NULL;

		if (state && source->wanted(base, 0) != state->chosen)
			return false;
	}
	return true;
}

static struct kt_err *read_changes(struct kt_replay *replay, struct kt_root *root,
	const struct kt_changes *changes, bool *ret_same)
{
	*ret_same = true;
	for (size_t i = 0; i < changes->count && *ret_same; i++) {
		size_t index = exchangeable_of(changes->paths[i]);
		struct kt_err *err = NULL;

		if (index < EXCHANGEABLE)
			err = read_one(replay, root, index, ret_same);
		else
			*ret_same = is_beside(changes->paths[i]);
		if (err)
			return err;
	}
	*ret_same = *ret_same && same_are_wanted(replay->base);
	return NULL;
}

/* ---- deriving ---- */

#define COPY_LIST(arena, list)                                                                \
	do {                                                                                  \
		void *copy = kt_arena_alloc((arena), (list)->count * sizeof(*(list)->items)); \
                                                                                              \
		if (copy && (list)->count)                                                    \
			memcpy(copy, (list)->items, (list)->count * sizeof(*(list)->items));  \
		(list)->items = copy;                                                         \
		(list)->room = (list)->count;                                                 \
	} while (0)

/* Copies what the sources read: deriving adds to lists and tidies some of them. */
static bool copy_base(struct kt_replay *replay)
{
	struct kt_snapshot *derived = &replay->derived;
	size_t count = replay->base->entries.count;

	kt_arena_fini(&derived->arena);
	if (replay->entries_room < count + MORE_ENTRIES) {
		free(replay->entries);
		replay->entries_room = count + MORE_ENTRIES * 2ul;
		replay->entries = malloc(replay->entries_room * sizeof(*replay->entries));
		if (!replay->entries) {
			replay->entries_room = 0;
			return false;
		}
	}
	*derived = *replay->base;
	derived->arena = (struct kt_arena){ 0 };
	if (count)
		memcpy(replay->entries, replay->base->entries.items,
			count * sizeof(*replay->entries));
	derived->entries.items = replay->entries;
	derived->entries.room = replay->entries_room;
	COPY_LIST(&derived->arena, &derived->zones);
	COPY_LIST(&derived->arena, &derived->hashes);
	COPY_LIST(&derived->arena, &derived->hugepools);
	COPY_LIST(&derived->arena, &derived->firmware);
	COPY_LIST(&derived->arena, &derived->iomem);
	COPY_LIST(&derived->arena, &derived->notes);
	return !derived->arena.failed;
}

struct kt_err *kt_replay_read(struct kt_replay *replay, struct kt_root *root,
	const struct kt_changes *changes, struct kt_snapshot **ret_snap)
{
	bool same = replay->base && !changes->all &&
		    !kt_root_has(root, kt_source_bracket.paths[0]) && !kt_root_is_log(root) &&
		    !replay->base->memreport;
	struct kt_err *err = NULL;

	if (same)
		err = read_changes(replay, root, changes, &same);
	if (!err && !same)
		err = read_whole(replay, root);
	if (!err && !copy_base(replay))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (err)
		return err;
	kt_derive(&replay->derived);
	if (replay->derived.arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*ret_snap = &replay->derived;
	return NULL;
}
