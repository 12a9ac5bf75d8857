// SPDX-License-Identifier: GPL-2.0-or-later
//
// A recording's block as a root, at the sample of a cursor. A text is assembled when it is read, so
// a reader of one file in each sample pays only for that file.

#include "record/cursor.h"
#include "root/members.h"
#include "root/root_moment.h"
#include "root/root_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct member {
	const char *path; /* owned by the block */
	uint32_t file;
};

struct root_follow {
	struct kt_root base;
	const struct kt_cursor *cursor;
	size_t count;
	struct member members[]; /* sorted by path */
};

static int by_path(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->file > y->file) - (x->file < y->file);
}

static size_t first_from(const struct root_follow *follow, const char *path)
{
	return kt_members_from(follow->members, follow->count, sizeof(follow->members[0]), path);
}

/*
 * Whether a file exists at the sample. A file that could not be read exists too: reading it returns
 * the reason.
 */
static bool is_there(const struct root_follow *follow, const struct member *member)
{
	const struct kt_cursor *cursor = follow->cursor;
	const char *why;

	return kt_block_layout_at(cursor->block, member->file, cursor->sample) ||
	       kt_block_unread_at(cursor->block, member->file, cursor->sample, &why);
}

static struct kt_err *text_of(
	const struct root_follow *follow, const char *path, struct kt_buf *ret_text)
{
	const struct kt_cursor *cursor = follow->cursor;
	size_t at = first_from(follow, path);
	struct kt_err *err;

	for (; at < follow->count && strcmp(follow->members[at].path, path) == 0; at++) {
		if (kt_cursor_text(cursor, follow->members[at].file, ret_text)) {
			kt_moment_own(cursor->block, cursor->sample, path, ret_text);
			return ret_text->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
		}
		err = kt_moment_unread(cursor, follow->members[at].file);
		if (err)
			return err;
	}
	return kt_err_os(ENOENT, "%s", path);
}

static struct kt_err *follow_read(struct kt_root *root, const char *path, uint64_t offset,
	size_t size_max, bool whole, struct kt_text *ret_text)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_err *err = text_of((struct root_follow *)root, path, &text);
	size_t size;

	if (err)
		return err;
	size = offset > text.size ? 0 : text.size - (size_t)offset;
	if (size > size_max && whole)
		return kt_err_new(KT_ERR_LIMIT, "%s: larger than %zu MiB", path, size_max >> 20);
	if (offset && size)
		memmove(text.data, text.data + offset, size);
	text.size = size > size_max ? size_max : size;
	ret_text->size = text.size;
	ret_text->data = kt_buf_take(&text);
	return ret_text->data ? NULL : kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
}

static struct kt_err *follow_stream(
	struct kt_root *root, const char *path, uint64_t offset, struct kt_stream **ret_stream)
{
	return kt_root_stream_whole(root, path, offset, ret_stream);
}

static struct kt_err *follow_link(
	struct kt_root *root, const char *path, struct kt_text *ret_target)
{
	(void)root, (void)ret_target;
	return kt_err_os(ENOENT, "%s", path);
}

static struct kt_err *follow_list(struct kt_root *root, const char *path, bool folders,
	struct kt_arena *arena, kt_names *ret_names)
{
	const struct root_follow *follow = (struct root_follow *)root;
	bool any = false;

	for (size_t i = first_from(follow, path);
		i < follow->count && strncmp(follow->members[i].path, path, strlen(path)) == 0;
		i++) {
		const char *rest = kt_path_below(follow->members[i].path, path), **slot;
		size_t n = rest ? strcspn(rest, "/") : 0;

		if (!rest || !*rest || !is_there(follow, &follow->members[i]))
			continue;
		any = true;
		slot = folders && !rest[n] ? NULL : kt_list_push(arena, ret_names);
		if (slot)
			*slot = kt_arena_printf(arena, "%.*s", (int)n, rest);
	}
	return any ? NULL : kt_err_os(ENOENT, "%s", path);
}

static bool follow_has(struct kt_root *root, const char *path)
{
	const struct root_follow *follow = (struct root_follow *)root;

	for (size_t i = first_from(follow, path);
		i < follow->count && strncmp(follow->members[i].path, path, strlen(path)) == 0;
		i++) {
		const char *member = follow->members[i].path;

		if ((strcmp(member, path) == 0 || kt_path_below(member, path)) &&
			is_there(follow, &follow->members[i]))
			return true;
	}
	return false;
}

static void follow_free(struct kt_root *root)
{
	free(root);
}

static const struct kt_root_ops follow_ops = {
	.read = follow_read,
	.stream = follow_stream,
	.link = follow_link,
	.list = follow_list,
	.has = follow_has,
	.free = follow_free,
};

struct kt_err *kt_root_follow(
	const struct kt_cursor *cursor, kt_root_filter wanted, struct kt_root **ret_root)
{
	uint32_t count = (uint32_t)cursor->block->files.count;
	struct root_follow *follow =
		calloc(1, sizeof(*follow) + (count + 1) * sizeof(follow->members[0]));

	if (!follow)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	follow->base.ops = &follow_ops;
	follow->base.kind = KT_ROOT_BUNDLE;
	follow->cursor = cursor;
	for (uint32_t i = 0; i < count; i++) {
		const char *path = cursor->block->files.items[i].path;

		if (!wanted || wanted(path) == path)
			follow->members[follow->count++] = (struct member){ path, i };
	}
	qsort(follow->members, follow->count, sizeof(follow->members[0]), by_path);
	*ret_root = &follow->base;
	return NULL;
}
