// SPDX-License-Identifier: GPL-2.0-or-later

#include "analysis/users.h"

#include "analysis/frames.h"
#include "base/map.h"

#include <string.h>

/* ---- names ---- */

static const char *pool_of(const struct kt_user *user)
{
	const char *what = NULL;

	for (uint32_t i = 0; i < user->nr_frames && !what; i++)
		what = kt_users_pool_frame(kt_frame_function(user->frames[i]));
	return what;
}

static void name_stack(struct kt_arena *arena, const struct kt_user *user, struct kt_users_row *row)
{
	uint32_t frame;
	struct kt_span name;

	if (!user->nr_frames) {
		row->name = kt_known(user->handle) ? kt_arena_printf(arena, "(stack %lld)",
							     (long long)user->handle)
						   : "(not available)";
		return;
	}
	frame = kt_frames_wanting(user->frames, user->nr_frames);
	name = kt_frame_function(user->frames[frame]);
	row->name = kt_arena_printf(arena, "%.*s", (int)name.n, name.p);
	row->module = kt_frame_module(arena, user->frames[frame]);
	row->where = kt_frames_callers(arena, user->frames, user->nr_frames, frame);
	if (user->file == KT_USERS_PAGES || user->file == KT_USERS_PAGE_STACKS)
		row->what = pool_of(user);
}

/* ---- sizes ---- */

int64_t kt_users_slot_bytes(const struct kt_snapshot *snap, const char *cache)
{
	int64_t bytes = KT_UNKNOWN;

	for (size_t i = 0; cache && i < snap->caches.count; i++) {
		const struct kt_cache *one = &snap->caches.items[i];

		if (strcmp(one->name, cache) != 0)
			continue;
		if (!kt_known(one->slot_bytes) || (kt_known(bytes) && bytes != one->slot_bytes))
			return KT_UNKNOWN;
		bytes = one->slot_bytes;
	}
	return bytes;
}

static bool bytes_of(const struct kt_snapshot *snap, const struct kt_user *user, int64_t slot,
	int64_t *ret_bytes)
{
	switch (user->file) {
	case KT_USERS_PAGES:
	case KT_USERS_PAGE_STACKS:
		*ret_bytes = kt_known_times(user->nr_pages, snap->host.page_bytes);
		return kt_known(*ret_bytes);
	case KT_USERS_OBJECTS:
	case KT_USERS_FREED:
		*ret_bytes = kt_known_times(user->nr, slot);
		return kt_known(*ret_bytes);
	default: *ret_bytes = user->bytes; return user->has_bytes;
	}
}

/* ---- groups ---- */

struct grouping {
	struct kt_arena *arena;
	const struct kt_snapshot *snap;
	struct kt_users *users;
	struct kt_map rows;   /* name, cache and place: index of the row */
	struct kt_map stacks; /* number of a stack: index of a user that has it */
	/* the last cache whose size was looked up */
	const char *cache;
	int64_t slot;
};

static void add_known(int64_t *sum, int64_t more)
{
	if (kt_known(more) && __builtin_add_overflow(kt_known(*sum) ? *sum : 0, more, sum))
		*sum = KT_AMOUNT_MAX;
}

static void add_signed(int64_t *sum, int64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = more < 0 ? -KT_AMOUNT_MAX : KT_AMOUNT_MAX;
}

/* A group with one member of unknown size has no size: the sum would be too small. */
static void add_user(struct kt_users_row *row, const struct kt_user *user, int64_t bytes, bool has)
{
	if (!row->nr_stacks || (has && bytes > row->largest_bytes)) {
		row->user = user;
		row->largest_bytes = has ? bytes : 0;
	}
	row->has_bytes = has && (row->has_bytes || !row->nr_stacks);
	row->nr_stacks++;
	add_signed(&row->bytes, has ? bytes : 0);
	add_known(&row->nr, user->nr);
	add_known(&row->nr_pages, user->nr_pages);
	add_known(&row->waste_bytes, user->waste_bytes);
	row->inexact |= user->inexact;
	row->rounded |= user->rounded;
	if (kt_known(user->age_min) && (!kt_known(row->age_min) || user->age_min < row->age_min))
		row->age_min = user->age_min;
	if (user->age_max > row->age_max)
		row->age_max = user->age_max;
	if (kt_known(user->pid_min) && (!kt_known(row->pid_min) || user->pid_min < row->pid_min))
		row->pid_min = user->pid_min;
	if (user->pid_max > row->pid_max)
		row->pid_max = user->pid_max;
}

/* The row of a user: the same name, place and cache are one row. */
static struct kt_users_row *row_of(struct grouping *grouping, const struct kt_users_row *like)
{
	const char *key = kt_arena_printf(grouping->arena, "%s\n%s\n%s\n%s", like->name,
		like->where ? like->where : "", like->cache ? like->cache : "",
		like->module ? like->module : "");
	struct kt_users_row *row;
	uint32_t *index;
	bool added = false;

	index = key ? kt_map_add(&grouping->rows, kt_span_str(key), NULL, &added) : NULL;
	if (!index)
		return NULL;
	if (!added)
		return &grouping->users->rows.items[*index];
	row = kt_list_push(grouping->arena, &grouping->users->rows);
	if (!row)
		return NULL;
	*index = (uint32_t)(grouping->users->rows.count - 1);
	*row = *like;
	return row;
}

static struct kt_span key_of(const struct kt_user *user)
{
	return (struct kt_span){ (const char *)&user->handle, sizeof(user->handle) };
}

static void find_stacks(struct grouping *grouping)
{
	for (size_t i = 0; i < grouping->snap->users.count; i++) {
		const struct kt_user *user = &grouping->snap->users.items[i];
		uint32_t *index = user->nr_frames && kt_known(user->handle)
					  ? kt_map_add(&grouping->stacks, key_of(user), NULL, NULL)
					  : NULL;

		if (index)
			*index = (uint32_t)i;
	}
}

/* Finds the stack of a user that has only its number. */
static const struct kt_user *with_stack(const struct grouping *grouping, const struct kt_user *user)
{
	const uint32_t *index = user->nr_frames || !kt_known(user->handle)
					? NULL
					: kt_map_find(&grouping->stacks, key_of(user));

	return index ? &grouping->snap->users.items[*index] : user;
}

static struct kt_users_row describe(struct grouping *grouping, const struct kt_user *user)
{
	struct kt_users_row row = { .cache = user->cache,
		.nr = KT_UNKNOWN,
		.nr_pages = KT_UNKNOWN,
		.waste_bytes = KT_UNKNOWN,
		.age_min = KT_UNKNOWN,
		.age_max = KT_UNKNOWN,
		.pid_min = KT_UNKNOWN,
		.pid_max = KT_UNKNOWN };

	if (user->function) {
		row.name = user->function;
		row.where = user->place;
		row.module = user->module;
	} else
		name_stack(grouping->arena, with_stack(grouping, user), &row);
	if (!row.what)
		row.what = kt_users_what(row.name);
	return row;
}

static void take_user(struct grouping *grouping, const struct kt_user *user)
{
	const struct kt_users_pool *pool = kt_users_pool(user->function, user->place);
	struct kt_users_row like = describe(grouping, user), *row;
	int64_t bytes;
	bool has;

	if (!like.name)
		return;
	if (user->cache != grouping->cache) {
		grouping->cache = user->cache;
		grouping->slot = kt_users_slot_bytes(grouping->snap, user->cache);
	}
	has = bytes_of(grouping->snap, user, grouping->slot, &bytes);
	if (pool) {
		like.what = pool->what;
		row = kt_list_push(grouping->arena, &grouping->users->pools);
		if (row)
			*row = like;
	} else
		row = row_of(grouping, &like);
	if (row)
		add_user(row, user, bytes, has);
}

void kt_users_sum(struct kt_users *users)
{
	users->bytes = users->nr_unsized = users->nr_negative = 0;
	users->nr_inexact = users->nr_rounded = 0;
	for (size_t i = 0; i < users->rows.count; i++) {
		const struct kt_users_row *row = &users->rows.items[i];

		add_signed(&users->bytes, row->has_bytes ? row->bytes : 0);
		users->nr_unsized += !row->has_bytes;
		users->nr_negative += row->has_bytes && row->bytes < 0;
		users->nr_inexact += row->inexact;
		users->nr_rounded += row->rounded;
	}
}

void kt_users_group(struct kt_arena *arena, const struct kt_snapshot *snap, enum kt_user_file file,
	struct kt_users *ret_users)
{
	struct grouping grouping = {
		.arena = arena, .snap = snap, .users = ret_users, .slot = KT_UNKNOWN
	};

	*ret_users = (struct kt_users){ 0 };
	find_stacks(&grouping);
	for (size_t i = 0; i < snap->users.count; i++) {
		if (snap->users.items[i].file == file)
			take_user(&grouping, &snap->users.items[i]);
	}
	arena->failed |= grouping.rows.failed || grouping.stacks.failed;
	kt_map_fini(&grouping.rows);
	kt_map_fini(&grouping.stacks);
	kt_users_sum(ret_users);
}

int64_t kt_users_slab_in_use(const struct kt_snapshot *snap)
{
	int64_t sum = 0, bytes;

	if (!snap->caches.count || snap->caches_partial)
		return KT_UNKNOWN;
	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];

		bytes = kt_known_times(cache->active_objs, cache->slot_bytes);
		if (!kt_known(bytes))
			return KT_UNKNOWN;
		add_signed(&sum, bytes);
	}
	return sum;
}
