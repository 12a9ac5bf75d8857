// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/root.h"

#include "root/root_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void kt_text_cleanup(struct kt_text *text)
{
	free(text->data);
	text->data = NULL;
	text->size = 0;
}

void kt_root_free(struct kt_root *root)
{
	if (root)
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

void kt_root_set_watch(struct kt_root *root, kt_root_watch watch, void *arg)
{
	root->watch = watch;
	root->watch_arg = arg;
}

void kt_root_tell(struct kt_root *root, const struct kt_text *text)
{
	if (root->watch)
		root->watch(root->watch_arg, text->path, text, NULL);
}

static struct kt_err *read_watched(struct kt_root *root, const char *path, size_t size_max,
	bool whole, struct kt_text *ret_text)
{
	struct kt_err *err;

	*ret_text = (struct kt_text){ .path = path };
	err = root->ops->read(root, path, 0, size_max, whole, ret_text);
	if (root->watch)
		root->watch(root->watch_arg, path, ret_text, err);
	return err;
}

struct kt_err *kt_root_read(struct kt_root *root, const char *path, struct kt_text *ret_text)
{
	return read_watched(root, path, KT_ROOT_FILE_MAX, true, ret_text);
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
	return root->ops->read(root, path, offset, size, false, ret_text);
}

static int by_version(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

struct kt_err *kt_root_list(
	struct kt_root *root, const char *path, struct kt_arena *arena, kt_names *ret_names)
{
	struct kt_err *err = root->ops->list(root, path, arena, ret_names);
	size_t nr_kept = 0;

	if (err)
		return err;
	if (arena->failed)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	if (ret_names->count)
		qsort(ret_names->items, ret_names->count, sizeof(*ret_names->items), by_version);
	for (size_t i = 0; i < ret_names->count; i++) {
		if (!nr_kept || strcmp(ret_names->items[nr_kept - 1], ret_names->items[i]) != 0)
			ret_names->items[nr_kept++] = ret_names->items[i];
	}
	ret_names->count = nr_kept;
	return NULL;
}

bool kt_root_has(struct kt_root *root, const char *path)
{
	return root->ops->has(root, path);
}

struct kt_err *kt_root_slurp(
	int fd, const char *path, size_t size_max, bool whole, struct kt_text *ret_text)
{
	size_t limit = size_max + 1, room = limit < 8192 ? limit : 8192, size = 0;
	char *data = malloc(room), *grown = data;
	ssize_t n = 1;

	while (grown && n != 0 && size < limit && (whole || size < size_max)) {
		n = read(fd, data + size, room - size);
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

struct kt_err *kt_root_open_live(struct kt_root **ret_root)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return kt_err_os(errno, "/");
	return kt_root_dir_new(fd, KT_ROOT_LIVE, ret_root);
}

/* A file on its own, as a bug report has it attached: its content tells what it is. */
static const struct {
	const char *has, *path; /* a line near the beginning starts so */
} singles[] = {
	{ "MemTotal:", "proc/meminfo" },
	{ "nr_free_pages ", "proc/vmstat" },
	{ "slabinfo - version", "proc/slabinfo" },
	{ "Node 0, zone ", "proc/zoneinfo" },
};

static struct kt_err *open_single(int fd, const char *name, struct kt_root **ret_root)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_root *root;
	struct kt_err *err;

	err = kt_root_slurp(fd, name, KT_ROOT_FILE_MAX, true, &text);
	if (err)
		return err;
	if (!text.data)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", name);
	for (size_t i = 0; i < KT_LEN(singles); i++) {
		size_t at = kt_span_find(kt_text_span(&text), singles[i].has);

		if (at == text.size || at > 4096 || (at && text.data[at - 1] != '\n'))
			continue;
		err = kt_root_memory_new(KT_ROOT_SINGLE, &root);
		if (err)
			return err;
		err = kt_root_memory_add(root, singles[i].path, text.data, text.size);
		text.data = NULL;
		if (err)
			kt_root_free(root);
		else
			*ret_root = root;
		return err;
	}
	return kt_err_new(KT_ERR_ABSENT,
		"%s: neither a bundle nor a file of /proc that ktally knows; give a folder with "
		"proc/ and sys/ in it, or a bundle written by 'ktally capture'",
		name);
}

/* A tree packed or copied with a folder around it: go into the only one that has proc/ or sys/. */
static struct kt_err *descend(int *fd)
{
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };
	const char *only = NULL;
	size_t nr_found = 0;
	struct kt_err *err;
	int below;

	err = kt_root_dir_new(dup(*fd), KT_ROOT_DIR, &root);
	if (err)
		return err;
	if (!kt_root_has(root, "proc") && !kt_root_has(root, "sys"))
		err = kt_root_list(root, "", &arena, &names);
	for (size_t i = 0; !err && i < names.count; i++) {
		const char *proc = kt_arena_printf(&arena, "%s/proc", names.items[i]);
		const char *sys = kt_arena_printf(&arena, "%s/sys", names.items[i]);

		if (!kt_root_has(root, proc) && !kt_root_has(root, sys))
			continue;
		only = names.items[i];
		nr_found++;
	}
	if (!err && nr_found == 1) {
		below = openat(*fd, only, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (below >= 0) {
			close(*fd);
			*fd = below;
		}
	}
	kt_arena_fini(&arena);
	return err;
}

struct kt_err *kt_root_open(const char *path, kt_root_filter wanted, struct kt_root **ret_root)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct kt_err *err;
	unsigned char magic[4] = { 0 };
	struct stat st;

	if (fd < 0)
		return kt_err_os(errno, "%s", path);
	if (fstat(fd, &st) < 0)
		err = kt_err_os(errno, "%s", path);
	else if (S_ISDIR(st.st_mode)) {
		err = descend(&fd);
		return err ? (close(fd), err) : kt_root_dir_new(fd, KT_ROOT_DIR, ret_root);
	} else if (!S_ISREG(st.st_mode))
		err = kt_err_new(KT_ERR_REFUSED, "%s: neither a folder nor a file", path);
	else if (pread(fd, magic, sizeof(magic), 0) >= 2 && magic[0] >= ' ' && magic[0] < 0x7f &&
		 magic[1] >= ' ' && magic[1] < 0x7f && strncmp((char *)magic, "BZh", 3) != 0 &&
		 strncmp((char *)magic, "PK", 2) != 0 && !strstr(path, ".tar"))
		err = open_single(fd, path, ret_root);
	else
		err = kt_root_archive_open(fd, path, wanted, ret_root);
	close(fd);
	return err;
}
