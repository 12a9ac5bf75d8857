// SPDX-License-Identifier: GPL-2.0-or-later
//
// A directory as a root: / of the running machine, or a captured tree. Everything is opened
// relative to one descriptor. In a captured tree links are resolved inside it (openat2 with
// RESOLVE_IN_ROOT), so that a tree cannot lead to files of this machine.

#include "base/open.h"
#include "root/kept.h"
#include "root/root_ops.h"
#include "root/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KMSG_MAX     (2u << 20) /* bytes; the beginning of the kernel log has the boot */
#define KMSG_RECORDS 20000u	/* records of /dev/kmsg that are read */

struct root_dir {
	struct kt_root base;
	int fd;
};

/*
 * Opens a path component by component, without any links, where openat2 is missing (before 5.6, or
 * filtered).
 */
static int open_without_links(int dirfd, const char *path, int flags)
{
	int fd = dup(dirfd);

	while (fd >= 0 && *path) {
		size_t n = strcspn(path, "/");
		bool last = path[n] == '\0';
		char name[256];
		int next;

		if (!n || n >= sizeof(name) || (n == 2 && memcmp(path, "..", 2) == 0)) {
			close(fd);
			errno = EXDEV;
			return -1;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		next = openat(
			fd, name, (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = next;
		path += n + (last ? 0 : 1);
	}
	return fd;
}

static int open_inside(const struct root_dir *dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (!*path)
		path = ".";
	if (dir->base.kind == KT_ROOT_LIVE)
		return openat(dir->fd, path, flags | O_CLOEXEC);
	fd = syscall(SYS_openat2, dir->fd, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_without_links(dir->fd, strcmp(path, ".") == 0 ? "" : path, flags);
	return (int)fd;
}

/* Checks the new records; false: one comes after everything that is read, and is cut off. */
static bool wants_more(const struct kt_root *root, const char *data, size_t *at, size_t *size)
{
	struct kt_span rest = { data + *at, *size - *at }, record;

	while (root->is_behind && kt_span_until(&rest, '\n', &record)) {
		if (root->is_behind(root->behind_arg, record)) {
			*size = *at;
			return false;
		}
		*at += record.n + 1;
	}
	return true;
}

/*
 * Reads /dev/kmsg, which returns one record a read, from the oldest. It can stop after the boot.
 * syslog(2) with a buffer smaller than the log cannot: it returns the newest records.
 */
static struct kt_err *read_kmsg(
	const struct kt_root *root, int fd, const char *path, struct kt_text *ret_text)
{
	size_t size = 0, at = 0, room = 65536;
	char *data = malloc(room);

	if (!data)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	for (size_t i = 0; i < KMSG_RECORDS && size < KMSG_MAX; i++) {
		ssize_t n;

		if (room - size < 8192) {
			char *grown = realloc(data, room * 2);

			if (!grown)
				break;
			data = grown;
			room *= 2;
		}
		n = read(fd, data + size, room - size);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* a record was overwritten before it was read */
		if (n <= 0)
			break;
		size += (size_t)n;
		if (!wants_more(root, data, &at, &size))
			break;
	}
	ret_text->data = data;
	ret_text->size = size;
	return NULL;
}

static bool is_kmsg(const struct kt_root *root, const char *path)
{
	return root->kind == KT_ROOT_LIVE && strcmp(path, "dev/kmsg") == 0;
}

/* Opens only regular files in a captured tree: see base/open.h. */
static int open_regular(const struct root_dir *dir, const char *path)
{
	int place = open_inside(dir, path, O_PATH), fd, errnum;

	if (place < 0)
		return -1;
	fd = kt_open_place(place, KT_OPEN_FILE, O_RDONLY);
	if (fd < 0 && errno == ENOENT) {
		/* without /proc: see open_again() in base/open.c */
		fd = open_inside(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
		if (fd >= 0 && !kt_open_same(place, fd)) {
			close(fd);
			fd = -1;
			errno = EAGAIN;
		}
	}
	errnum = errno;
	close(place);
	errno = errnum;
	return fd;
}

int kt_root_dir_file(struct kt_root *root, const char *path)
{
	return open_regular((const struct root_dir *)root, path);
}

/*
 * Reads network files of the machine in the namespace of its first process, whatever namespace this
 * process is in: a service with a network of its own counts the machine's sockets. /proc/PID/net
 * needs no permission (get_proc_task_net() in fs/proc/proc_net.c) unless processes are hidden.
 */
static int open_live(const struct root_dir *dir, const char *path)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char first[64];
	int fd = kt_kept_fd(path);

	if (fd < 0 && strncmp(path, "proc/net/", 9) == 0 &&
		snprintf(first, sizeof(first), "proc/1/net/%s", path + 9) < (int)sizeof(first))
		fd = openat(dir->fd, first, flags);
	return fd >= 0 ? fd : openat(dir->fd, path, flags);
}

/* Opens a file at an offset. */
static struct kt_err *open_file(
	struct kt_root *root, const char *path, uint64_t offset, int *ret_fd)
{
	const struct root_dir *dir = (const struct root_dir *)root;
	struct kt_err *err = NULL;
	int fd;

	fd = root->kind == KT_ROOT_LIVE ? open_live(dir, path) : open_regular(dir, path);
	if (fd < 0 && (errno == KT_OPEN_OTHER || errno == EISDIR))
		return kt_err_new(KT_ERR_REFUSED, "%s: not a regular file", path);
	if (fd < 0)
		return kt_err_os(errno, "%s", path);
	if (offset && lseek(fd, (off_t)offset, SEEK_SET) < 0)
		err = kt_err_os(errno, "%s", path);
	if (err)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}

static struct kt_err *dir_read(struct kt_root *root, const char *path, uint64_t offset,
	size_t size_max, bool whole, struct kt_text *ret_text)
{
	struct kt_err *err;
	int fd = -1;

	if (root->kind == KT_ROOT_LIVE && kt_kept_read(path, offset, size_max, ret_text))
		return NULL;
	err = open_file(root, path, offset, &fd);
	if (err)
		return err;
	if (is_kmsg(root, path))
		err = read_kmsg(root, fd, path, ret_text);
	else
		err = kt_root_slurp(fd, path, size_max, whole, ret_text);
	close(fd);
	return err;
}

static struct kt_err *dir_stream(
	struct kt_root *root, const char *path, uint64_t offset, struct kt_stream **ret_stream)
{
	struct kt_err *err;
	int fd = -1;

	err = open_file(root, path, offset, &fd);
	if (err)
		return err;
	return kt_stream_of_fd(
		fd, is_kmsg(root, path) ? KT_STREAM_RECORDS : KT_STREAM_BYTES, path, ret_stream);
}

static struct kt_err *dir_link(struct kt_root *root, const char *path, struct kt_text *ret_target)
{
	const struct root_dir *dir = (const struct root_dir *)root;
	bool live = root->kind == KT_ROOT_LIVE;
	int fd = live ? dir->fd : open_inside(dir, path, O_PATH | O_NOFOLLOW);
	char target[KT_ROOT_LINK_MAX];
	ssize_t n = -1;
	int errnum;

	/* an empty path stands for the open link itself */
	if (fd >= 0)
		n = readlinkat(fd, live ? path : "", target, sizeof(target));
	errnum = errno == EINVAL ? ENOENT : errno;
	if (fd >= 0 && !live)
		close(fd);
	if (n < 0)
		return kt_err_os(errnum, "%s", path);
	if (n == sizeof(target))
		return kt_err_new(KT_ERR_LIMIT, "%s: the target of the link is too long", path);
	ret_target->data = malloc((size_t)n + 1);
	if (!ret_target->data)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	memcpy(ret_target->data, target, (size_t)n);
	ret_target->size = (size_t)n;
	return NULL;
}

/* Whether an entry is a directory; some file systems do not list the kind of an entry. */
static bool is_folder(int fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static struct kt_err *dir_list(struct kt_root *root, const char *path, bool folders,
	struct kt_arena *arena, kt_names *ret_names)
{
	int fd = open_inside((struct root_dir *)root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct kt_err *err = NULL;
	struct dirent *entry;

	if (!stream) {
		err = kt_err_os(errno, "%s", path);
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && (entry = readdir(stream))) {
		const char **slot;

		if (entry->d_name[0] == '.' &&
			(!entry->d_name[1] || (entry->d_name[1] == '.' && !entry->d_name[2])))
			continue;
		if (folders && !is_folder(fd, entry))
			continue;
		if (ret_names->count >= KT_ROOT_LIST_MAX) {
			err = kt_err_new(
				KT_ERR_LIMIT, "%s: more than %u names", path, KT_ROOT_LIST_MAX);
			break;
		}
		slot = kt_list_push(arena, ret_names);
		if (slot)
			*slot = kt_arena_printf(arena, "%s", entry->d_name);
	}
	closedir(stream);
	return err;
}

static bool dir_has(struct kt_root *root, const char *path)
{
	int fd = open_inside((struct root_dir *)root, path, O_PATH);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void dir_free(struct kt_root *root)
{
	close(((struct root_dir *)root)->fd);
	free(root);
}

static bool dir_folder_inode(struct kt_root *root, const char *path, uint64_t *ret_inode)
{
	const struct root_dir *dir = (const struct root_dir *)root;
	struct stat st;

	if (root->kind != KT_ROOT_LIVE || fstatat(dir->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISDIR(st.st_mode))
		return false;
	*ret_inode = st.st_ino;
	return true;
}

static const struct kt_root_ops dir_ops = {
	.read = dir_read,
	.stream = dir_stream,
	.link = dir_link,
	.list = dir_list,
	.has = dir_has,
	.free = dir_free,
	.folder_inode = dir_folder_inode,
};

struct kt_err *kt_root_dir_new(int fd, enum kt_root_kind kind, struct kt_root **ret_root)
{
	struct root_dir *dir = fd < 0 ? NULL : calloc(1, sizeof(*dir));

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	dir->base.ops = &dir_ops;
	dir->base.kind = kind;
	dir->fd = fd;
	*ret_root = &dir->base;
	return NULL;
}
