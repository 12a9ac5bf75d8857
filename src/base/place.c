// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/place.h"

#include "base/open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PARTS_MAX 4 /* named files that are written at the same time */

/* ---- existing files ---- */

static struct kt_err *check(const char *path, const struct stat *status)
{
	if (status->st_uid != geteuid())
		return kt_err_new(KT_ERR_REFUSED,
			"%s: user %u owns it and could read and change the output; "
			"use another name or remove the file",
			path, (unsigned)status->st_uid);
	if (status->st_mode & (S_IWGRP | S_IWOTH))
		return kt_err_new(KT_ERR_REFUSED,
			"%s: other users may write to it (mode %04o); run 'chmod go-w'", path,
			(unsigned)(status->st_mode & 07777));
	if (status->st_nlink > 1)
		return kt_err_new(KT_ERR_REFUSED, "%s: it has a second hard link", path);
	return NULL;
}

static struct kt_err *open_there(const char *path, int *ret_fd)
{
	struct stat status;

	*ret_fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDWR | O_NOFOLLOW);
	if (*ret_fd < 0 && (errno == KT_OPEN_OTHER || errno == EISDIR || errno == ELOOP))
		return kt_err_new(KT_ERR_REFUSED, "%s: not a regular file", path);
	if (*ret_fd < 0 || fstat(*ret_fd, &status) < 0)
		return kt_err_os(errno, "%s", path);
	return check(path, &status);
}

struct kt_err *kt_place_open(const char *path, int *ret_fd, bool *ret_made)
{
	struct kt_err *err;

	*ret_made = false;
	*ret_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret_fd >= 0) {
		*ret_made = true;
		return NULL;
	}
	if (errno != EEXIST)
		return kt_err_os(errno, "%s", path);
	err = open_there(path, ret_fd);
	if (err && *ret_fd >= 0) {
		close(*ret_fd);
		*ret_fd = -1;
	}
	return err;
}

bool kt_place_holds(const char *path, int fd)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && lstat(path, &there) == 0 && here.st_dev == there.st_dev &&
	       here.st_ino == there.st_ino;
}

/* ---- directories ---- */

static void directory_of(const char *path, char directory[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (!slash)
		snprintf(directory, PATH_MAX, ".");
	else
		snprintf(directory, PATH_MAX, "%.*s", n ? (int)n : 1, path);
}

/*
 * Treats two failures as success: an unreadable directory cannot be synced, and some file systems
 * do not support it.
 */
struct kt_err *kt_place_sync(const char *path)
{
	char directory[PATH_MAX];
	struct kt_err *err = NULL;
	int fd;

	directory_of(path, directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? NULL : kt_err_os(errno, "%s", directory);
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		err = kt_err_os(errno, "%s", directory);
	close(fd);
	return err;
}

/* ---- names that a signal handler removes ---- */

/* A signal handler has no argument, so the names it removes are kept here. */
static char *volatile parts[PARTS_MAX];

static const int ending_signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1,
	SIGUSR2, SIGXCPU, SIGXFSZ, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };

/* The handler is reset before it runs (SA_RESETHAND), so the repeated signal ends the program. */
static void on_signal(int number)
{
	for (size_t i = 0; i < PARTS_MAX; i++) {
		if (parts[i])
			unlink(parts[i]);
	}
	raise(number);
}

static void remember(const char *part)
{
	struct sigaction now, before;
	size_t slot = 0;

	while (slot < PARTS_MAX && parts[slot])
		slot++;
	if (slot == PARTS_MAX)
		return;
	parts[slot] = strdup(part);
	memset(&now, 0, sizeof(now));
	now.sa_handler = on_signal;
	now.sa_flags = (int)SA_RESETHAND | SA_NODEFER;
	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++) {
		if (sigaction(ending_signals[i], NULL, &before) == 0 &&
			before.sa_handler == SIG_DFL)
			sigaction(ending_signals[i], &now, NULL);
	}
}

static void forget(const char *part)
{
	for (size_t i = 0; i < PARTS_MAX; i++) {
		char *known = parts[i];

		if (!known || strcmp(known, part) != 0)
			continue;
		parts[i] = NULL;
		free(known);
	}
}

/* ---- unnamed files ---- */

/*
 * Path of the descriptor in /proc, from which the file is linked. Without /proc there are no
 * unnamed files.
 */
static void name_of(int fd, char name[32])
{
	snprintf(name, 32, "/proc/self/fd/%d", fd);
}

static bool forbidden;

void kt_unnamed_forbid(bool forbid)
{
	forbidden = forbid;
}

static int open_unnamed(const char *part)
{
	char directory[PATH_MAX], name[32];
	int fd;

	directory_of(part, directory);
	fd = forbidden ? -1 : open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	name_of(fd, name);
	if (access(name, F_OK) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A leftover symbolic link is removed, not followed. */
struct kt_err *kt_unnamed_make(const char *part, struct kt_unnamed *file)
{
	*file = (struct kt_unnamed){ .fd = open_unnamed(part) };
	if (file->fd >= 0)
		return NULL;
	unlink(part);
	remember(part);
	file->fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->fd < 0) {
		struct kt_err *err = kt_err_os(errno, "%s", part);

		forget(part);
		return err;
	}
	file->part = part;
	return NULL;
}

static int link_to(const struct kt_unnamed *file, const char *path)
{
	char name[32];

	if (file->part)
		return link(file->part, path);
	name_of(file->fd, name);
	return linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/*
 * A link never replaces an existing file; file systems without links have renameat2(2), which not
 * every C library wraps.
 */
static int name_new(struct kt_unnamed *file, const char *path)
{
	if (file->part &&
		syscall(SYS_renameat2, AT_FDCWD, file->part, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (file->part && errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link_to(file, path) < 0)
		return -1;
	if (file->part)
		unlink(file->part);
	return 0;
}

static int name_over(struct kt_unnamed *file, const char *part, const char *path)
{
	if (!file->part) {
		unlink(part);
		remember(part);
		if (link_to(file, part) < 0) {
			forget(part);
			return -1;
		}
		file->part = part;
	}
	return rename(file->part, path);
}

struct kt_err *kt_unnamed_name(
	struct kt_unnamed *file, const char *part, const char *path, bool replace, bool *ret_exists)
{
	int rc = name_new(file, path);

	if (rc < 0 && errno == EEXIST && replace)
		rc = name_over(file, part, path);
	*ret_exists = rc < 0 && errno == EEXIST;
	if (rc < 0)
		return kt_err_os(errno, "%s", path);
	if (file->part)
		forget(file->part);
	file->part = NULL;
	return NULL;
}

void kt_unnamed_close(struct kt_unnamed *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->part) {
		unlink(file->part);
		forget(file->part);
	}
	*file = KT_UNNAMED_NONE;
}
