// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/root_ops.h"

#include "base/tool_files.h"
#include "root/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void kt_text_cleanup(struct kt_text *text)
{
	free(text->data);
	text->data = NULL;
	text->size = 0;
}

void kt_root_free(struct kt_root *root)
{
	if (!root)
		return;
	kt_arena_fini(&root->arena);
	root->ops->free(root);
}

void kt_root_cleanup(struct kt_root **root)
{
	kt_root_free(*root);
}

enum kt_root_kind kt_root_kind(const struct kt_root *root)
{
	return root->kind;
}

bool kt_root_has_memory(const struct kt_root *root)
{
	return root->kind == KT_ROOT_LIVE || root->kind == KT_ROOT_DUMP;
}

bool kt_root_is_log(struct kt_root *root)
{
	for (size_t i = 0; i < root->parts.count; i++) {
		if (root->parts.items[i].used && root->parts.items[i].path)
			return false;
	}
	return (root->kind == KT_ROOT_SINGLE || root->kind == KT_ROOT_BUNDLE) &&
	       (kt_root_has(root, KT_ROOT_MEMORY_LOG) || kt_root_has(root, KT_ROOT_BOOT_LOG)) &&
	       !kt_root_has(root, "proc");
}

const char *kt_root_log(struct kt_root *root)
{
	bool log = kt_root_is_log(root);
	bool kept = !log && (root->kind == KT_ROOT_DIR || root->kind == KT_ROOT_BUNDLE);
	const char *path = kept ? KT_FILE_OWN_LOG : KT_ROOT_MEMORY_LOG;

	return log || (root->kind != KT_ROOT_LIVE && kt_root_has(root, path)) ? path : NULL;
}

const char *kt_root_note(const struct kt_root *root)
{
	return root->note;
}

const struct kt_root_part *kt_root_parts(const struct kt_root *root, size_t *ret_count)
{
	*ret_count = root->parts.count;
	return root->parts.items;
}

bool kt_root_starved(const struct kt_root *root)
{
	return root->starved;
}

void kt_root_feed(struct kt_root *root)
{
	root->starved = false;
}

/* Remembers a lack of memory, because a caller may treat the error as a missing file. */
static struct kt_err *noted(struct kt_root *root, struct kt_err *err)
{
	root->starved |= err && kt_err_code(err) == KT_ERR_NOMEM;
	return err;
}

void kt_root_set_watch(struct kt_root *root, kt_root_watch watch, void *arg)
{
	root->watch = watch;
	root->watch_arg = arg;
	root->watch_is_short = false;
}

void kt_root_set_short_watch(struct kt_root *root, kt_root_watch watch, void *arg)
{
	kt_root_set_watch(root, watch, arg);
	root->watch_is_short = true;
}

bool kt_root_watch_is_whole(const struct kt_root *root)
{
	return root->watch && !root->watch_is_short;
}

void kt_root_shorten_watch(struct kt_root *root, bool is_short)
{
	root->watch_is_short = is_short;
}

bool kt_root_watch_is_short(const struct kt_root *root)
{
	return root->watch && root->watch_is_short;
}

void kt_root_tell(struct kt_root *root, const struct kt_text *text)
{
	if (root->watch)
		root->watch(root->watch_arg, text->path, text, NULL);
}

void kt_root_tell_error(struct kt_root *root, const char *path, const struct kt_err *err)
{
	const struct kt_text none = { .path = path };

	if (kt_root_watch_is_short(root))
		root->watch(root->watch_arg, path, &none, err);
}

static struct kt_err *read_watched(struct kt_root *root, const char *path, size_t size_max,
	bool whole, struct kt_text *ret_text)
{
	struct kt_err *err;

	*ret_text = (struct kt_text){ .path = path };
	err = noted(root, root->ops->read(root, path, 0, size_max, whole, ret_text));
	if (root->watch)
		root->watch(root->watch_arg, path, ret_text, err);
	return err;
}

struct kt_err *kt_root_read(struct kt_root *root, const char *path, struct kt_text *ret_text)
{
	return read_watched(root, path, KT_ROOT_FILE_MAX, true, ret_text);
}

struct kt_err *kt_root_stream_whole(
	struct kt_root *root, const char *path, uint64_t offset, struct kt_stream **ret_stream)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read(root, path, &text);

	return err ? err : kt_stream_of_text(&text, offset, ret_stream);
}

struct kt_err *kt_root_stream(
	struct kt_root *root, const char *path, uint64_t offset, struct kt_stream **ret_stream)
{
	struct kt_err *err;

	*ret_stream = NULL;
	/* a capture needs the whole text */
	if (root->watch && !root->watch_is_short)
		err = kt_root_stream_whole(root, path, offset, ret_stream);
	else
		err = root->ops->stream(root, path, offset, ret_stream);
	root->starved |= err && kt_err_code(err) == KT_ERR_NOMEM;
	if (!err && *ret_stream)
		kt_stream_begin(*ret_stream, offset);
	return err;
}

struct kt_err *kt_root_read_records(struct kt_root *root, const char *path,
	kt_root_is_behind is_behind, void *arg, struct kt_text *ret_text)
{
	struct kt_err *err;

	root->is_behind = is_behind;
	root->behind_arg = arg;
	err = kt_root_read(root, path, ret_text);
	root->is_behind = NULL;
	return err;
}

struct kt_err *kt_root_read_head(
	struct kt_root *root, const char *path, size_t size, struct kt_text *ret_text)
{
	return read_watched(root, path, size, false, ret_text);
}

struct kt_err *kt_root_read_at(struct kt_root *root, const char *path, uint64_t offset, size_t size,
	struct kt_text *ret_text)
{
	*ret_text = (struct kt_text){ .path = path };
	return noted(root, root->ops->read(root, path, offset, size, false, ret_text));
}

struct kt_err *kt_root_peek_link(struct kt_root *root, const char *path, struct kt_text *ret_target)
{
	*ret_target = (struct kt_text){ .path = path, .link = true };
	return root->ops->link(root, path, ret_target);
}

struct kt_err *kt_root_link(struct kt_root *root, const char *path, struct kt_text *ret_target)
{
	struct kt_err *err;

	*ret_target = (struct kt_text){ .path = path, .link = true };
	err = noted(root, root->ops->link(root, path, ret_target));
	if (!err && root->watch)
		root->watch(root->watch_arg, path, ret_target, NULL);
	return err;
}

/* Sorts cpu10 after cpu9. */
static int by_version(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

static struct kt_err *list(struct kt_root *root, const char *path, bool folders,
	struct kt_arena *arena, kt_names *ret_names)
{
	struct kt_err *err = noted(root, root->ops->list(root, path, folders, arena, ret_names));
	size_t nr_kept = 0;

	if (err)
		return err;
	if (arena->failed)
		return noted(root, kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path));
	if (ret_names->count)
		qsort(ret_names->items, ret_names->count, sizeof(*ret_names->items), by_version);
	for (size_t i = 0; i < ret_names->count; i++) {
		if (!nr_kept || strcmp(ret_names->items[nr_kept - 1], ret_names->items[i]) != 0)
			ret_names->items[nr_kept++] = ret_names->items[i];
	}
	ret_names->count = nr_kept;
	return NULL;
}

struct kt_err *kt_root_list(
	struct kt_root *root, const char *path, struct kt_arena *arena, kt_names *ret_names)
{
	return list(root, path, false, arena, ret_names);
}

struct kt_err *kt_root_list_folders(
	struct kt_root *root, const char *path, struct kt_arena *arena, kt_names *ret_names)
{
	return list(root, path, true, arena, ret_names);
}

bool kt_root_has(struct kt_root *root, const char *path)
{
	return root->ops->has(root, path);
}

bool kt_root_folder_inode(struct kt_root *root, const char *path, uint64_t *ret_inode)
{
	return root->ops->folder_inode && root->ops->folder_inode(root, path, ret_inode);
}

struct kt_err *kt_root_slurp(
	int fd, const char *path, size_t size_max, bool whole, struct kt_text *ret_text)
{
	/* one byte more than allowed shows that the file is too large */
	size_t limit = size_max + 1, room = limit < 8192 ? limit : 8192, size = 0;
	char *data = malloc(room), *grown = data;
	ssize_t n = 1;

	while (grown && n != 0 && size < limit && (whole || size < size_max)) {
		/*
		 * never reads more than was asked for: some files of /proc accept only whole words
		 */
		n = read(fd, data + size, (whole || room < size_max ? room : size_max) - size);
		if (n < 0 && errno != EINTR)
			break;
		size += n > 0 ? (size_t)n : 0;
		if (size < room || room == limit)
			continue;
		room = room > limit / 2 ? limit : room * 2;
		grown = realloc(data, room);
		data = grown ? grown : data;
	}
	ret_text->data = data;
	ret_text->size = whole || size < size_max ? size : size_max;
	if (grown && n >= 0 && !(whole && size == limit))
		return NULL;
	kt_text_cleanup(ret_text);
	if (!grown)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	if (n < 0)
		return kt_err_os(errno, "%s", path);
	return kt_err_new(KT_ERR_LIMIT, "%s: larger than %zu MiB", path, size_max >> 20);
}
