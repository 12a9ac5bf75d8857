// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/users/watched_rows.h"

#include "analysis/frames.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

const char *kt_watched_who(struct kt_arena *arena, const struct kt_watched *watched, bool pid)
{
	switch (watched->by) {
	case KT_BY_INTERRUPT: return "(interrupt)";
	case KT_BY_WORK: return kt_arena_printf(arena, "work %s", watched->work);
	case KT_BY_TASK: break;
	}
	if (!watched->comm || !pid)
		return watched->comm;
	return kt_arena_printf(arena, "%s (%lld)", watched->comm, (long long)watched->pid);
}

static void add(struct kt_watched_row *row, const struct kt_watched *more)
{
	struct kt_watched *sum = &row->sum;

	if (row->nr_stacks && (more->pid != sum->pid || more->others))
		sum->others = true;
	if (!row->nr_stacks || more->held.bytes > row->largest_bytes) {
		sum->frames = more->frames;
		sum->nr_frames = more->nr_frames;
		row->largest_bytes = more->held.bytes;
	}
	row->nr_stacks++;
	kt_watched_add(&sum->all, &more->all);
	kt_watched_add(&sum->held, &more->held);
	kt_watched_add(&sum->requested, &more->requested);
	sum->nr_other += more->nr_other;
	for (unsigned age = 0; age < KT_WATCHED_AGES; age++) {
		sum->ended[age] += more->ended[age];
		sum->lasting[age] += more->lasting[age];
	}
}

struct grouping {
	struct kt_arena *arena;
	struct kt_watched_rows *rows;
	struct kt_map names;
};

static void take(struct grouping *grouping, const struct kt_watched *from)
{
	struct kt_arena *arena = grouping->arena;
	struct kt_watched watched = *from;
	uint32_t at = kt_frames_wanting(watched.frames, watched.nr_frames), *index;
	const char *frame = watched.nr_frames ? watched.frames[at] : "(unknown)";
	struct kt_span function = kt_frame_function(frame);
	struct kt_watched_row like = { .function = kt_arena_printf(
					       arena, "%.*s", (int)function.n, function.p),
		.module = kt_frame_module(arena, frame),
		.callers = kt_frames_callers(arena, watched.frames, watched.nr_frames, at) };
	const char *key;
	bool added = false;

	kt_watched_context(arena, &watched);
	/* tasks of one name are one row: a program that starts for each job has many */
	key = kt_arena_printf(arena, "%s\n%s\n%s\n%d%s", like.function ? like.function : "",
		like.module ? like.module : "", like.callers ? like.callers : "", (int)watched.by,
		watched.by == KT_BY_WORK   ? watched.work
		: watched.by == KT_BY_TASK ? (watched.comm ? watched.comm : "")
					   : "");
	index = key && like.function ? kt_map_add(&grouping->names, kt_span_str(key), NULL, &added)
				     : NULL;
	if (!index)
		return;
	if (added) {
		struct kt_watched_row *row = kt_list_push(arena, &grouping->rows->rows);

		if (!row)
			return;
		*index = (uint32_t)grouping->rows->rows.count - 1;
		like.who = kt_watched_who(arena, &watched, true);
		like.sum = (struct kt_watched){ .by = watched.by,
			.work = watched.work,
			.comm = watched.comm,
			.pid = watched.pid,
			.others = watched.others,
			.cgroup = watched.cgroup,
			.path = watched.path };
		*row = like;
	}
	add(&grouping->rows->rows.items[*index], &watched);
}

static int by_held(const void *a, const void *b)
{
	const struct kt_watched *x = &((const struct kt_watched_row *)a)->sum;
	const struct kt_watched *y = &((const struct kt_watched_row *)b)->sum;

	if (x->held.bytes != y->held.bytes)
		return x->held.bytes < y->held.bytes ? 1 : -1;
	return x->all.bytes < y->all.bytes ? 1 : x->all.bytes > y->all.bytes ? -1 : 0;
}

struct kt_estimate kt_watched_held(
	const struct kt_sampled_sum *held, const struct kt_watched_rows *rows)
{
	struct kt_estimate ret = kt_watched_bytes(held);

	ret.high += rows->lost_bytes;
	return ret;
}

struct kt_estimate kt_watched_held_share(
	const struct kt_sampled_sum *held, const struct kt_watched_rows *rows)
{
	struct kt_estimate ret = kt_watched_share(held, &rows->held);
	struct kt_estimate own = kt_watched_bytes(held), all = kt_watched_bytes(&rows->held);
	double low, high;

	if (rows->lost_bytes <= 0 || all.value <= 0)
		return ret;
	low = own.low / (all.high + rows->lost_bytes);
	high = (own.high + rows->lost_bytes) / (all.low + rows->lost_bytes);
	ret.low = low < ret.low ? low : ret.low;
	ret.high = high < 1 ? (high > ret.high ? high : ret.high) : 1;
	return ret;
}

void kt_watched_group(struct kt_arena *arena, const struct kt_snapshot *snap, uint32_t watch,
	struct kt_watched_rows *ret_rows)
{
	struct grouping grouping = { .arena = arena, .rows = ret_rows };

	*ret_rows = (struct kt_watched_rows){ 0 };
	for (size_t i = 0; i < snap->watched.count; i++) {
		if (snap->watched.items[i].watch == watch)
			take(&grouping, &snap->watched.items[i]);
	}
	for (size_t i = 0; i < ret_rows->rows.count; i++) {
		struct kt_watched_row *row = &ret_rows->rows.items[i];

		row->kept = kt_watched_kept(&row->sum);
		row->half_life_ms = kt_watched_half_life_ms(&row->sum);
		kt_watched_add(&ret_rows->all, &row->sum.all);
		kt_watched_add(&ret_rows->held, &row->sum.held);
		ret_rows->nr_other += row->sum.nr_other;
	}
	if (watch < snap->watches.count)
		ret_rows->lost_bytes =
			kt_watched_lost_bytes(&snap->watches.items[watch], &ret_rows->all);
	if (ret_rows->rows.count)
		qsort(ret_rows->rows.items, ret_rows->rows.count, sizeof(*ret_rows->rows.items),
			by_held);
	arena->failed |= grouping.names.failed;
	kt_map_fini(&grouping.names);
}
