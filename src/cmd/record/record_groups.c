// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_groups.h"

#include "base/kernel_files.h"
#include "record/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A recorder's memory for a file and for a line of it, measured (bench/record_scale). */
#define FILE_COST 400u
#define LINE_COST 150u
/* A group that was kept stays unless another one is larger by a quarter. */
#define STAYS(size) ((size) + (size) / 4)
#define PATH_ROOM   (KT_CGROUP_PATH_MAX + 64)

static void set_fini(struct kt_group_set *set)
{
	kt_arena_fini(&set->arena);
	*set = (struct kt_group_set){ 0 };
}

/* ---- files of a group ---- */

/* A view into the packed files of a group; valid as long as the group's set. */
struct file {
	const char *name;
	struct kt_span text;
};

/*
 * Files are packed one after another, without alignment; so the size is copied and not read in
 * place. The text is written by add_file() alone, so sizes are trusted.
 */
static bool next_file(struct kt_span *rest, struct file *ret_file)
{
	const char *end = rest->n ? memchr(rest->p, 0, rest->n) : NULL;
	uint32_t size;

	if (!end)
		return false;
	memcpy(&size, end + 1, sizeof(size));
	ret_file->name = rest->p;
	ret_file->text = (struct kt_span){ end + 1 + sizeof(size), size };
	*rest = kt_span_from(*rest, (size_t)(ret_file->text.p - rest->p) + size);
	return true;
}

static void add_file(struct kt_buf *files, const char *name, struct kt_span text)
{
	uint32_t size = (uint32_t)text.n;

	kt_buf_add(files, name, strlen(name) + 1);
	kt_buf_add(files, (const char *)&size, sizeof(size));
	kt_buf_add(files, text.p, text.n);
}

static bool has_file(const struct kt_group *group, const char *name)
{
	struct kt_span rest = { group->files, group->files_n };
	struct file file;

	while (next_file(&rest, &file)) {
		if (strcmp(file.name, name) == 0)
			return true;
	}
	return false;
}

/* The recorder keeps state for each line, so lines count more than bytes (LINE_COST). */
static uint32_t cost_of(struct kt_span text)
{
	uint32_t cost = FILE_COST;
	struct kt_span line;

	while (kt_span_line(&text, &line))
		cost += LINE_COST;
	return cost;
}

/* ---- the largest ---- */

/*
 * A group that was kept before gets a bonus: without it, groups of similar size would replace each
 * other at each reading, and their history would have gaps.
 */
static int64_t rank_of(const struct kt_group *group)
{
	return group->was_kept ? STAYS(group->size_bytes) : group->size_bytes;
}

/*
 * Those above a group are as large at least, and have shorter names. Of groups of the same size,
 * such as thousands of empty ones, always the same are kept.
 */
static int by_rank(const void *a, const void *b)
{
	const struct kt_group *const *x = a, *const *y = b;
	int64_t first = rank_of(*x), second = rank_of(*y);
	size_t first_n = strlen((*x)->directory), second_n = strlen((*y)->directory);

	if (first != second)
		return first < second ? 1 : -1;
	if ((*x)->was_kept != (*y)->was_kept)
		return (*x)->was_kept ? -1 : 1;
	if (first_n != second_n)
		return first_n < second_n ? -1 : 1;
	return strcmp((*x)->directory, (*y)->directory);
}

static void copy_group(struct kt_group_set *to, const struct kt_group *group)
{
	struct kt_group *copy = kt_list_push(&to->arena, &to->groups);
	char *files = kt_arena_alloc(&to->arena, group->files_n);

	if (!copy || !files)
		return;
	*copy = *group;
	copy->directory = kt_arena_printf(&to->arena, "%s", group->directory);
	memcpy(files, group->files, group->files_n);
	copy->files = files;
}

/*
 * Copies the largest groups, in their order, which frees the memory of the others. What is not
 * among the largest of some groups is not among the largest of all.
 */
static void keep_largest(struct kt_groups *groups)
{
	struct kt_group_set *from = &groups->next, to = { .nr_folded = from->nr_folded };
	size_t count = from->groups.count, nr_kept = 0;
	struct kt_group **sorted = calloc(count + 1, sizeof(struct kt_group *));
	uint64_t cost = 0, kept_cost = 0;

	from->arena.failed |= !sorted;
	for (size_t i = 0; sorted && i < count; i++)
		sorted[i] = &from->groups.items[i];
	if (sorted)
		qsort(sorted, count, sizeof(struct kt_group *), by_rank);
	for (; sorted && nr_kept < count; nr_kept++) {
		cost += sorted[nr_kept]->cost;
		if (cost > KT_GROUPS_COST_MAX)
			break;
		kept_cost = cost;
	}
	for (size_t i = nr_kept; sorted && i < count; i++)
		sorted[i]->directory = NULL;
	free(sorted);
	for (size_t i = 0; i < count && !from->arena.failed; i++) {
		if (from->groups.items[i].directory)
			copy_group(&to, &from->groups.items[i]);
	}
	to.nr_folded += (uint32_t)(count - nr_kept);
	to.arena.failed |= from->arena.failed;
	set_fini(from);
	*from = to;
	groups->cost = kept_cost;
}

/* ---- a reading ---- */

static struct kt_group *last_of(struct kt_groups *groups)
{
	return groups->next.groups.count ? &groups->next.groups.items[groups->next.groups.count - 1]
					 : NULL;
}

/*
 * The last group has all of its files. Files of a group are packed into one piece when its last
 * file has been read. The set may grow to twice the budget before it is cut, so that cutting is
 * rare and its cost per group is constant.
 */
static void close_group(struct kt_groups *groups)
{
	struct kt_group *group = last_of(groups);
	char *files;

	if (!group || group->files)
		return;
	files = kt_arena_alloc(&groups->next.arena, groups->files.size + 1);
	groups->next.arena.failed |= groups->files.failed;
	if (!files || !groups->files.data)
		return;
	memcpy(files, groups->files.data, groups->files.size);
	group->files = files;
	group->files_n = (uint32_t)groups->files.size;
	groups->files.size = 0;
	if (groups->cost > (size_t)2 * KT_GROUPS_COST_MAX)
		keep_largest(groups);
}

static struct kt_group *group_of(struct kt_groups *groups, struct kt_span directory)
{
	struct kt_group *group = last_of(groups);

	if (group && kt_span_eq(directory, group->directory) && !group->files)
		return group;
	close_group(groups);
	group = kt_list_push(&groups->next.arena, &groups->next.groups);
	if (!group)
		return NULL;
	*group = (struct kt_group){ .directory = kt_arena_printf(&groups->next.arena, "%.*s",
					    (int)directory.n, directory.p),
		.was_kept = kt_map_find(&groups->was_kept, directory) != NULL,
		.size_bytes = -1 };
	return group;
}

/* A file whose text is too large for a block is left out, since no sample could hold it. */
void kt_groups_add(struct kt_groups *groups, struct kt_span path, struct kt_span text)
{
	const char *slash = memrchr(path.p, '/', path.n);
	struct kt_span directory = { path.p, slash ? (size_t)(slash - path.p) : 0 };
	struct kt_span rest = kt_span_from(path, slash ? directory.n + 1 : 0);
	struct kt_group *group = group_of(groups, directory);
	char name[256];
	int64_t size;

	if (!group || text.n > KT_BLOCK_BYTES_MAX || rest.n >= sizeof(name))
		return;
	memcpy(name, rest.p, rest.n);
	name[rest.n] = '\0';
	group->cost += cost_of(text);
	groups->cost += cost_of(text);
	add_file(&groups->files, name, text);
	if ((strcmp(name, "memory.current") == 0 || strcmp(name, "memory.usage_in_bytes") == 0) &&
		kt_span_i64(kt_span_trim(text), &size))
		group->size_bytes = size;
}

/* The number of dying groups of all is in each sample with it: it is read with the counters. */
static void on_read(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	if (!err && strcmp(path, KT_DIR_CGROUP "cgroup.stat") != 0)
		kt_groups_add(arg, kt_span_str(path), kt_text_span(text));
}

bool kt_groups_start(struct kt_groups *groups, struct kt_root *root, int64_t now_s)
{
	if (groups->walk)
		return true;
	groups->walk = kt_cgroup_walk_new(root, NULL);
	groups->root = root;
	groups->start_s = now_s;
	for (size_t i = 0; i < groups->kept.groups.count; i++)
		kt_map_add(&groups->was_kept, kt_span_str(groups->kept.groups.items[i].directory),
			NULL, NULL);
	return groups->walk && !groups->was_kept.failed;
}

/*
 * The watch is set only during the step: other readings of the same root in between are not of
 * groups.
 */
bool kt_groups_step(struct kt_groups *groups)
{
	bool more;

	kt_root_set_watch(groups->root, on_read, groups);
	more = kt_cgroup_walk_step(groups->walk);
	kt_root_set_watch(groups->root, NULL, NULL);
	return more && !groups->next.arena.failed;
}

bool kt_groups_failed(const struct kt_groups *groups)
{
	return groups->next.arena.failed || groups->kept.arena.failed || groups->files.failed ||
	       groups->was_kept.failed || (groups->walk && kt_cgroup_walk_failed(groups->walk));
}

/* ---- its end ---- */

/*
 * A file that disappeared must be recorded as gone. Otherwise a reader of the recording would find
 * its last text in all later samples.
 */
static void tell_gone(const struct kt_group *old, const struct kt_group *now,
	void (*gone)(void *arg, const char *path), void *arg)
{
	struct kt_span rest = { old->files, old->files_n };
	char path[PATH_ROOM];
	struct file file;

	while (next_file(&rest, &file)) {
		if (now && has_file(now, file.name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", old->directory, file.name);
		gone(arg, path);
	}
}

static void tell_all_gone(
	struct kt_groups *groups, void (*gone)(void *arg, const char *path), void *arg)
{
	KT_CLEANUP(map) struct kt_map now = { 0 };

	for (size_t i = 0; i < groups->next.groups.count; i++) {
		uint32_t *slot = kt_map_add(
			&now, kt_span_str(groups->next.groups.items[i].directory), NULL, NULL);

		if (slot)
			*slot = (uint32_t)i;
	}
	groups->next.arena.failed |= now.failed;
	for (size_t i = 0; i < groups->kept.groups.count && !now.failed; i++) {
		const struct kt_group *old = &groups->kept.groups.items[i];
		const uint32_t *index = kt_map_find(&now, kt_span_str(old->directory));

		tell_gone(old, index ? &groups->next.groups.items[*index] : NULL, gone, arg);
	}
}

/*
 * Only a complete reading replaces the last one. Afterwards the caller checks kt_groups_failed(),
 * so that half of a tree is never written.
 */
void kt_groups_choose(struct kt_groups *groups, int64_t now_s,
	void (*gone)(void *arg, const char *path), void *arg)
{
	close_group(groups);
	keep_largest(groups);
	if (!kt_groups_failed(groups))
		tell_all_gone(groups, gone, arg);
	kt_cgroup_walk_free(groups->walk);
	groups->walk = NULL;
	kt_map_fini(&groups->was_kept);
	set_fini(&groups->kept);
	groups->kept = groups->next;
	groups->next = (struct kt_group_set){ 0 };
	groups->cost = 0;
	kt_buf_cleanup(&groups->files);
	groups->files = (struct kt_buf){ 0 };
	groups->taken_s = groups->start_s;
	groups->read_s = now_s;
}

void kt_groups_each(struct kt_groups *groups,
	void (*put)(void *arg, const char *path, struct kt_span text), void *arg)
{
	for (size_t i = 0; i < groups->kept.groups.count; i++) {
		const struct kt_group *group = &groups->kept.groups.items[i];
		struct kt_span rest = { group->files, group->files_n };
		char path[PATH_ROOM];
		struct file file;

		while (next_file(&rest, &file)) {
			snprintf(path, sizeof(path), "%s/%s", group->directory, file.name);
			put(arg, path, file.text);
		}
	}
}

void kt_groups_write(const struct kt_groups *groups, struct kt_buf *ret_text)
{
	if (groups->taken_s)
		kt_buf_printf(ret_text, "taken_s=%lld\nread_s=%lld\nfolded=%u\n",
			(long long)groups->taken_s, (long long)groups->read_s,
			groups->kept.nr_folded);
	else if (groups->walk)
		kt_buf_puts(ret_text, "reading=1\n");
}

void kt_groups_fini(struct kt_groups *groups)
{
	kt_cgroup_walk_free(groups->walk);
	kt_map_fini(&groups->was_kept);
	kt_buf_cleanup(&groups->files);
	set_fini(&groups->next);
	set_fini(&groups->kept);
	*groups = (struct kt_groups){ 0 };
}
