// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files held in memory as a root: what was taken out of a bundle, or a single file.

#include "root/root_ops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct member {
	char *path, *data, *refused, *target;
	size_t size, index;
};

struct root_memory {
	struct kt_root base;
	struct member *members;
	size_t count, room;
	bool sorted;
};

/* By path, and of two with one path the one that came first. */
static int by_path(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* Index of the first member whose path is not before `path`. Sorts what was added since. */
static size_t lower_bound(struct root_memory *memory, const char *path)
{
	size_t low = 0, high = memory->count;

	if (!memory->sorted && memory->count)
		qsort(memory->members, memory->count, sizeof(*memory->members), by_path);
	memory->sorted = true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(memory->members[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct member *find(struct root_memory *memory, const char *path)
{
	size_t at = lower_bound(memory, path);

	return at < memory->count && strcmp(memory->members[at].path, path) == 0
		       ? &memory->members[at]
		       : NULL;
}

static struct kt_err *memory_read(struct kt_root *root, const char *path, uint64_t offset,
	size_t size_max, bool whole, struct kt_text *ret_text)
{
	const struct member *member = find((struct root_memory *)root, path);
	size_t size;

	if (!member)
		return kt_err_os(ENOENT, "%s", path);
	if (member->refused)
		return kt_err_new(KT_ERR_REFUSED, "%s: %s", path, member->refused);
	size = offset > member->size ? 0 : member->size - (size_t)offset;
	if (size > size_max && whole)
		return kt_err_new(KT_ERR_LIMIT, "%s: larger than %zu MiB", path, size_max >> 20);
	if (size > size_max)
		size = size_max;
	ret_text->data = malloc(size + 1);
	if (!ret_text->data)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	if (size)
		memcpy(ret_text->data, member->data + offset, size);
	ret_text->size = size;
	return NULL;
}

static struct kt_err *memory_link(
	struct kt_root *root, const char *path, struct kt_text *ret_target)
{
	const struct member *member = find((struct root_memory *)root, path);

	if (!member || !member->target)
		return kt_err_os(ENOENT, "%s", path);
	ret_target->data = strdup(member->target);
	if (!ret_target->data)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	ret_target->size = strlen(member->target);
	return NULL;
}

/* Is `path` below `folder`? Sets what follows. Everything is below "". */
static bool below(const char *path, const char *folder, const char **ret_rest)
{
	size_t n = strlen(folder);

	if (strncmp(path, folder, n) != 0 || (n && path[n] != '/'))
		return false;
	*ret_rest = path + n + (n > 0);
	return true;
}

/* The members of a folder stand together, so most of its repetitions end here. */
static bool is_last(const kt_names *names, const char *name, size_t n)
{
	const char *last = names->items[names->count - 1];

	return strncmp(last, name, n) == 0 && !last[n];
}

static struct kt_err *memory_list(struct kt_root *root, const char *path, bool folders,
	struct kt_arena *arena, kt_names *ret_names)
{
	struct root_memory *memory = (struct root_memory *)root;
	bool any = false;

	/* siblings such as "a-b" sort between "a" and "a/c", so the walk skips them */
	for (size_t i = lower_bound(memory, path);
		i < memory->count && strncmp(memory->members[i].path, path, strlen(path)) == 0;
		i++) {
		const char *rest, **slot;
		size_t n;

		if (!below(memory->members[i].path, path, &rest) || !*rest)
			continue;
		any = true;
		n = strcspn(rest, "/");
		if ((folders && !rest[n]) || (ret_names->count && is_last(ret_names, rest, n)))
			continue;
		slot = kt_list_push(arena, ret_names);
		if (slot)
			*slot = kt_arena_printf(arena, "%.*s", (int)n, rest);
	}
	return any ? NULL : kt_err_os(ENOENT, "%s", path);
}

static bool memory_has(struct kt_root *root, const char *path)
{
	struct root_memory *memory = (struct root_memory *)root;
	const char *rest;

	for (size_t i = lower_bound(memory, path);
		i < memory->count && strncmp(memory->members[i].path, path, strlen(path)) == 0;
		i++) {
		if (strcmp(memory->members[i].path, path) == 0 ||
			below(memory->members[i].path, path, &rest))
			return true;
	}
	return false;
}

static void memory_free(struct kt_root *root)
{
	struct root_memory *memory = (struct root_memory *)root;

	for (size_t i = 0; i < memory->count; i++) {
		free(memory->members[i].path);
		free(memory->members[i].data);
		free(memory->members[i].refused);
		free(memory->members[i].target);
	}
	free(memory->members);
	free(memory);
}

static const struct kt_root_ops memory_ops = { memory_read, memory_link, memory_list, memory_has,
	memory_free };

struct kt_err *kt_root_memory_new(enum kt_root_kind kind, struct kt_root **ret_root)
{
	struct root_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	memory->base.ops = &memory_ops;
	memory->base.kind = kind;
	*ret_root = &memory->base;
	return NULL;
}

static struct kt_err *add(
	struct root_memory *memory, const char *path, char *data, size_t size, char *refused)
{
	char *name = strdup(path);

	if (memory->count == memory->room) {
		size_t room = memory->room ? memory->room * 2 : 32;
		void *grown = realloc(memory->members, room * sizeof(*memory->members));

		if (grown) {
			memory->members = grown;
			memory->room = room;
		}
	}
	if (!name || memory->count == memory->room) {
		free(name);
		free(data);
		free(refused);
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	}
	memory->members[memory->count] =
		(struct member){ name, data, refused, NULL, size, memory->count };
	memory->count++;
	memory->sorted = false;
	return NULL;
}

struct kt_err *kt_root_memory_add(struct kt_root *root, const char *path, char *data, size_t size)
{
	return add((struct root_memory *)root, path, data, size, NULL);
}

struct kt_err *kt_root_memory_refuse(struct kt_root *root, const char *path, const char *why)
{
	char *copy = strdup(why);

	if (!copy)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	return add((struct root_memory *)root, path, NULL, 0, copy);
}

struct kt_err *kt_root_memory_link(struct kt_root *root, const char *path, const char *target)
{
	struct root_memory *memory = (struct root_memory *)root;
	struct kt_err *err;

	err = kt_root_memory_refuse(root, path, "a link in the bundle, which is not followed");
	if (err)
		return err;
	memory->members[memory->count - 1].target = strdup(target);
	if (!memory->members[memory->count - 1].target)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	return NULL;
}
