// SPDX-License-Identifier: GPL-2.0-or-later
//
// The size of a group is its memory.current, or the size of the largest group below it, if that is
// larger. It can be larger for two reasons: groups are read one after another, and a group of v1
// without use_hierarchy does not include the groups below it. So if a group is listed, its parents
// are listed too.
//
// The walk adds groups depth first. When there are a quarter more groups than are listed in the
// end, the smallest groups are folded. The remaining groups are copied, which frees the paths of
// the folded groups. Each folding sorts 5/4 max sizes once for max/4 groups, so the cost of a group
// is constant.

#include "source/lists/cgroup_keep.h"

#include <stdlib.h>
#include <string.h>

#define MUST_STAY  INT64_MAX /* size of a group that is never folded */
#define SLACK(max) ((max) / 4 + 256)

static bool is_folded(const struct kt_cgroup *group)
{
	return group->nr_folded > 0;
}

struct kt_cgroup *kt_cgroup_keep_add(struct kt_cgroup_keep *keep, const struct kt_cgroup *group)
{
	struct kt_cgroup *added = kt_list_push(&keep->arena, &keep->groups);

	if (!added)
		return NULL;
	*added = *group;
	if (!is_folded(group))
		added->path = kt_arena_printf(&keep->arena, "%s", group->path);
	keep->nr_listed += !is_folded(group);
	return added;
}

/* ---- which groups stay ---- */

/* Arrays with an element for each group. */
struct fold {
	struct kt_cgroup_keep *from, to;
	int64_t *sizes;
	int64_t *sorted;
	size_t *nearest; /* index in `to`: the group, or the nearest group above it that stays */
	size_t *rest;	 /* index of the folded child of a group of `to`; 0: none yet */
	bool *stays;
	bool *contained; /* the numbers of a folded group contain this group */
};

static int64_t size_of(const struct kt_cgroup *group)
{
	return group->current >= 0 ? group->current : group->keys[KT_CGROUP_KERNEL];
}

static int descending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y) - (x > y);
}

static void find_sizes(struct fold *fold, const size_t *open, size_t nr_open)
{
	const struct kt_cgroup *groups = fold->from->groups.items;
	size_t count = fold->from->groups.count;

	for (size_t i = 0; i < count; i++)
		fold->sizes[i] = size_of(&groups[i]);
	for (size_t i = 0; i < nr_open; i++)
		fold->sizes[open[i]] = MUST_STAY;
	fold->sizes[0] = MUST_STAY;
	for (size_t i = count; i-- > 1;) {
		int64_t *above = &fold->sizes[groups[i].parent];

		if (!is_folded(&groups[i]) && *above < fold->sizes[i])
			*above = fold->sizes[i];
	}
}

/*
 * Chooses the groups that stay. Groups that must stay do not take the place of another group. Among
 * groups of the same size the first ones stay: parents before their children.
 */
static void choose(struct fold *fold, size_t max)
{
	const struct kt_cgroup *groups = fold->from->groups.items;
	size_t count = fold->from->groups.count, n = 0, nr_larger = 0;
	int64_t least;

	for (size_t i = 0; i < count; i++) {
		if (!is_folded(&groups[i]) && fold->sizes[i] < MUST_STAY)
			fold->sorted[n++] = fold->sizes[i];
	}
	qsort(fold->sorted, n, sizeof(*fold->sorted), descending);
	least = max < n ? fold->sorted[max] : INT64_MIN;
	while (nr_larger < n && fold->sorted[nr_larger] > least)
		nr_larger++;
	for (size_t i = 0; i < count; i++) {
		if (is_folded(&groups[i]))
			continue;
		fold->stays[i] = fold->sizes[i] > least;
		if (!fold->stays[i] && fold->sizes[i] == least && nr_larger < max) {
			fold->stays[i] = true;
			nr_larger++;
		}
	}
}

/* ---- the rest ---- */

static int64_t sum_of(int64_t a, int64_t b)
{
	int64_t sum;

	if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum) || sum > KT_AMOUNT_MAX)
		return KT_UNKNOWN;
	return sum;
}

/*
 * Adds numbers to the folded child. Where one part is unknown the sum is unknown, and the bytes
 * stay in the number of the group above.
 */
static void add_numbers(struct kt_cgroup *rest, const struct kt_cgroup *group, bool first)
{
	rest->current = first ? group->current : sum_of(rest->current, group->current);
	rest->nr_dying = first ? group->nr_dying : sum_of(rest->nr_dying, group->nr_dying);
	for (size_t i = 0; i < KT_CGROUP_NR_KEYS; i++)
		rest->keys[i] = first ? group->keys[i] : sum_of(rest->keys[i], group->keys[i]);
}

static void add_to_rest(struct fold *fold, size_t above, const struct kt_cgroup *group, bool inside)
{
	struct kt_cgroup *rest;
	bool first = !fold->rest[above];

	if (first) {
		struct kt_cgroup fresh = { .path = KT_CGROUP_OTHERS,
			.parent = above,
			.depth = fold->to.groups.items[above].depth + 1,
			.nr_folded = 1,
			.inclusive = true,
			.limit = KT_UNKNOWN,
			.nr_slab_pages = KT_UNKNOWN };

		fold->rest[above] = fold->to.groups.count;
		if (!kt_cgroup_keep_add(&fold->to, &fresh))
			return;
	}
	rest = &fold->to.groups.items[fold->rest[above]];
	rest->nr_folded += (is_folded(group) ? group->nr_folded : 1) - first;
	/* no group above includes its own slab caches */
	if (group->nr_slab_pages >= 0)
		rest->nr_slab_pages = rest->nr_slab_pages < 0
					      ? group->nr_slab_pages
					      : sum_of(rest->nr_slab_pages, group->nr_slab_pages);
	if (!inside)
		add_numbers(rest, group, first);
}

static void move_group(struct fold *fold, size_t index)
{
	const struct kt_cgroup *group = &fold->from->groups.items[index], *parent;
	struct kt_cgroup moved = *group;

	if (!index) {
		kt_cgroup_keep_add(&fold->to, group);
		return;
	}
	parent = &fold->from->groups.items[group->parent];
	moved.parent = fold->nearest[group->parent];
	fold->nearest[index] = moved.parent;
	if (fold->stays[index]) {
		fold->nearest[index] = fold->to.groups.count;
		kt_cgroup_keep_add(&fold->to, &moved);
		return;
	}
	fold->contained[index] = !fold->stays[group->parent] &&
				 (parent->inclusive || fold->contained[group->parent]);
	add_to_rest(fold, moved.parent, group, fold->contained[index]);
}

static bool make_arrays(struct fold *fold, struct kt_arena *arena)
{
	size_t count = fold->from->groups.count;

	fold->sizes = kt_arena_alloc(arena, count * sizeof(*fold->sizes));
	fold->sorted = kt_arena_alloc(arena, count * sizeof(*fold->sorted));
	fold->nearest = kt_arena_alloc(arena, count * sizeof(*fold->nearest));
	fold->rest = kt_arena_alloc(arena, count * sizeof(*fold->rest));
	fold->stays = kt_arena_alloc(arena, count);
	fold->contained = kt_arena_alloc(arena, count);
	return !arena->failed;
}

static void fold_smallest(struct kt_cgroup_keep *keep, size_t max, size_t *open, size_t nr_open)
{
	struct fold fold = { .from = keep, .to = { .max = keep->max } };
	struct kt_arena temporary = { 0 };

	if (!make_arrays(&fold, &temporary)) {
		kt_arena_fini(&temporary);
		keep->arena.failed = true;
		return;
	}
	find_sizes(&fold, open, nr_open);
	choose(&fold, max);
	for (size_t i = 0; i < keep->groups.count && !fold.to.arena.failed; i++)
		move_group(&fold, i);
	for (size_t i = 0; i < nr_open; i++)
		open[i] = fold.nearest[open[i]];
	kt_arena_fini(&temporary);
	kt_cgroup_keep_fini(keep);
	*keep = fold.to;
}

void kt_cgroup_keep_trim(struct kt_cgroup_keep *keep, size_t *open, size_t nr_open)
{
	if (keep->nr_listed > keep->max + SLACK(keep->max) && !keep->arena.failed)
		fold_smallest(keep, keep->max, open, nr_open);
}

void kt_cgroup_keep_finish(struct kt_cgroup_keep *keep, struct kt_snapshot *snap)
{
	struct kt_cgroups *cgroups = &snap->cgroups;

	if (keep->max && keep->nr_listed > keep->max && !keep->arena.failed)
		fold_smallest(keep, keep->max - 1, NULL,
			0); /* one less than `max`, because the root is listed too */
	kt_list_reserve(&snap->arena, &cgroups->groups, keep->groups.count);
	for (size_t i = 0; i < keep->groups.count; i++) {
		const struct kt_cgroup *group = &keep->groups.items[i];
		struct kt_cgroup *moved = kt_list_push(&snap->arena, &cgroups->groups);

		if (!moved)
			break;
		*moved = *group;
		if (is_folded(group))
			cgroups->nr_folded += group->nr_folded;
		else
			moved->path = kt_arena_printf(&snap->arena, "%s", group->path);
	}
	snap->arena.failed |= keep->arena.failed;
}

void kt_cgroup_keep_fini(struct kt_cgroup_keep *keep)
{
	kt_arena_fini(&keep->arena);
	*keep = (struct kt_cgroup_keep){ .max = keep->max };
}
