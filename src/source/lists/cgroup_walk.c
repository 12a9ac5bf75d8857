// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/lists/cgroup_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS_MAX (KT_CGROUP_DEPTH_MAX + 1)

struct hierarchy {
	const char *path, *proof; /* proof: a file that only v1 has */
	bool v1;
};

/* Possible places of the memory controller; the first place with a group is used. */
static const struct hierarchy hierarchies[] = {
	{ "sys/fs/cgroup/memory", "memory.usage_in_bytes", true },
	{ "sys/fs/cgroup/memory", "memory.kmem.usage_in_bytes", true },
	{ "sys/fs/cgroup", NULL, false },
	{ "sys/fs/cgroup/unified", NULL, false },
};

/* A group whose children are being read. */
struct level {
	struct kt_cgroup group;
	size_t path_n;
	struct kt_arena arena;
	kt_names names;
	size_t next;
};

struct kt_cgroup_walk {
	struct kt_cgroup_reader reader;
	struct kt_cgroup_keep *keep;
	struct kt_cgroup_found found;
	size_t hierarchy; /* index of the next hierarchy, for a hierarchy without a group */
	size_t top_n;	  /* bytes; length of its path */
	struct level levels[LEVELS_MAX];
	size_t open[LEVELS_MAX]; /* indices in `keep` */
	size_t nr_levels, nr_names;
	bool failed;
	char path[KT_CGROUP_PATH_MAX + 1];
};

struct kt_cgroup_walk *kt_cgroup_walk_new(struct kt_root *root, struct kt_cgroup_keep *keep)
{
	struct kt_cgroup_walk *walk = calloc(1, sizeof(*walk));

	if (walk) {
		walk->reader.root = root;
		walk->keep = keep;
	}
	return walk;
}

static void pop(struct kt_cgroup_walk *walk)
{
	struct level *level = &walk->levels[--walk->nr_levels];

	walk->failed |= level->arena.failed;
	walk->nr_names -= level->names.count;
	kt_arena_fini(&level->arena);
}

void kt_cgroup_walk_free(struct kt_cgroup_walk *walk)
{
	while (walk && walk->nr_levels)
		pop(walk);
	free(walk);
}

void kt_cgroup_walk_cleanup(struct kt_cgroup_walk **walk)
{
	kt_cgroup_walk_free(*walk);
}

const struct kt_cgroup_found *kt_cgroup_walk_found(const struct kt_cgroup_walk *walk)
{
	return &walk->found;
}

bool kt_cgroup_walk_failed(const struct kt_cgroup_walk *walk)
{
	return walk->failed;
}

/*
 * Writes a path. A name may contain any byte but '/' and newline. "\\x01" keeps names apart that
 * would both be written with '?'.
 */
static void write_path(struct kt_span path, char *text, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < path.n && n + 5 < room; i++) {
		unsigned char c = (unsigned char)path.p[i];

		n += (size_t)snprintf(
			text + n, 5, c < 0x20 || c >= 0x7f ? "\\x%02x" : "%c", (unsigned)c);
	}
	text[n] = '\0';
}

static void keep_group(
	struct kt_cgroup_walk *walk, const struct kt_cgroup *group, size_t *ret_index)
{
	struct kt_span path = kt_span_from(kt_span_str(walk->path), walk->top_n);
	char text[4 * KT_CGROUP_PATH_MAX + 8];
	struct kt_cgroup kept = *group;

	*ret_index = 0;
	if (!walk->keep)
		return;
	write_path(path.n ? path : KT_SPAN("/"), text, sizeof(text));
	kept.path = text;
	*ret_index = walk->keep->groups.count;
	kt_cgroup_keep_add(walk->keep, &kept);
	walk->failed |= walk->keep->arena.failed;
}

/*
 * Lists the children of a level. Bounds the names that wait, because each level may have a wide
 * directory.
 */
static void list_children(struct kt_cgroup_walk *walk, struct level *level)
{
	KT_CLEANUP(err)
	struct kt_err *err =
		kt_root_list_folders(walk->reader.root, walk->path, &level->arena, &level->names);

	walk->failed |= level->arena.failed || (err && kt_err_code(err) == KT_ERR_NOMEM);
	walk->found.cut |= err && kt_err_code(err) == KT_ERR_LIMIT;
	walk->nr_names += level->names.count;
	if (walk->nr_names <= (size_t)2 * KT_ROOT_LIST_MAX)
		return;
	walk->found.cut = true;
	level->next = level->names.count;
}

/* Reads the group at the path, and descends into it if it exists. */
static void enter(struct kt_cgroup_walk *walk)
{
	struct level *level = &walk->levels[walk->nr_levels];
	struct level *above = walk->nr_levels ? level - 1 : NULL;
	bool found;

	*level = (struct level){ .group = kt_cgroup_unknown(), .path_n = strlen(walk->path) };
	if (above) {
		level->group.parent = walk->open[walk->nr_levels - 1];
		level->group.depth = above->group.depth + 1;
	}
	found = kt_cgroup_read(
		&walk->reader, walk->path, above ? &above->group : NULL, &level->group);
	walk->found.nr_groups += found;
	walk->found.caches = walk->reader.caches;
	/* the root of older kernels has no such file, but the groups below it have */
	if (!found && above)
		return;
	keep_group(walk, &level->group, &walk->open[walk->nr_levels]);
	walk->nr_levels++;
	if (walk->keep)
		kt_cgroup_keep_trim(walk->keep, walk->open, walk->nr_levels);
	list_children(walk, level);
}

static bool is_there(struct kt_root *root, const struct hierarchy *hierarchy)
{
	char path[KT_CGROUP_PATH_MAX];

	if (!hierarchy->proof)
		return kt_root_has(root, hierarchy->path);
	snprintf(path, sizeof(path), "%s/%s", hierarchy->path, hierarchy->proof);
	return kt_root_has(root, path);
}

static bool start_next(struct kt_cgroup_walk *walk)
{
	while (walk->hierarchy < KT_LEN(hierarchies) && !walk->found.nr_groups) {
		const struct hierarchy *hierarchy = &hierarchies[walk->hierarchy++];

		if (!is_there(walk->reader.root, hierarchy))
			continue;
		if (walk->keep)
			kt_cgroup_keep_fini(walk->keep);
		walk->reader =
			(struct kt_cgroup_reader){ .root = walk->reader.root, .v1 = hierarchy->v1 };
		walk->found = (struct kt_cgroup_found){ .v1 = hierarchy->v1 };
		walk->top_n = strlen(hierarchy->path);
		snprintf(walk->path, sizeof(walk->path), "%s", hierarchy->path);
		enter(walk);
		return true;
	}
	return false;
}

/* Takes the next child of the level, if there is room for its path. */
static bool next_child(struct kt_cgroup_walk *walk, struct level *level)
{
	while (level->next < level->names.count) {
		const char *name = level->names.items[level->next++];
		size_t n = strlen(name);

		if (walk->found.nr_groups >= KT_CGROUP_FOUND_MAX) {
			walk->found.cut = true;
			return false;
		}
		if (level->path_n + n >= KT_CGROUP_PATH_MAX ||
			level->group.depth >= KT_CGROUP_DEPTH_MAX) {
			walk->found.too_deep = true;
			continue;
		}
		walk->path[level->path_n] = '/';
		memcpy(walk->path + level->path_n + 1, name, n + 1);
		return true;
	}
	return false;
}

bool kt_cgroup_walk_step(struct kt_cgroup_walk *walk)
{
	while (walk->nr_levels && !walk->failed) {
		if (next_child(walk, &walk->levels[walk->nr_levels - 1])) {
			enter(walk);
			return true;
		}
		pop(walk);
	}
	return !walk->failed && start_next(walk);
}
