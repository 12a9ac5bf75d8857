// SPDX-License-Identifier: GPL-2.0-or-later
//
// A confined process may not open a file for writing, and does not get the right to: a process
// that was made before the confinement writes for it. The text is in memory that both share, so
// that the confined process needs no system call for it. The keeper parses the text and writes
// what it has understood: whatever the confined process has become, it can only change settings.

#include "top/settings/settings_file.h"

#include "base/open.h"
#include "base/place.h"
#include "top/settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct kt_settings_keeper {
	size_t size; /* of the text; 0: nothing is to be written */
	char text[KT_SETTINGS_MAX];
	bool failed;
	char error[256];
};

/* ---- where ---- */

static bool is_own(const char *path, mode_t kind)
{
	struct stat status;

	return stat(path, &status) == 0 && (status.st_mode & S_IFMT) == kind &&
	       status.st_uid == geteuid();
}

/* Cuts the last name off a path; returns where the slash was. */
static char *cut(char *path)
{
	char *slash = strrchr(path, '/');

	*slash = '\0';
	return slash;
}

/* A relative path is to be ignored (XDG Base Directory Specification). */
static char *find(const char *config, const char *home)
{
	char *path = NULL;

	if (config && *config == '/')
		return asprintf(&path, "%s/ktally/top", config) < 0 ? NULL : path;
	if (home && *home == '/')
		return asprintf(&path, "%s/.config/ktally/top", home) < 0 ? NULL : path;
	return NULL;
}

/*
 * True unless root would follow a path that another user has made: each existing part of it has to
 * be root's, symbolic links too, which could lead to any directory of root.
 */
static bool is_trusted(const char *path)
{
	char part[PATH_MAX];
	struct stat status;

	if (geteuid() != 0)
		return true;
	for (size_t n = 1; n < sizeof(part); n++) {
		if (path[n] && path[n] != '/')
			continue;
		memcpy(part, path, n);
		part[n] = '\0';
		if (lstat(part, &status) < 0)
			return errno == ENOENT;
		if (status.st_uid != 0)
			return false;
		if (!path[n])
			return true;
	}
	return false;
}

/* ---- reading ---- */

/* Reads the file if it, and the directory that it is in, are the user's own. */
static void read_file(const char *path, struct kt_buf *ret_text)
{
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDONLY);
	char *to = kt_buf_reserve(ret_text, KT_SETTINGS_MAX + 1);
	struct stat status;
	ssize_t n;

	if (fd < 0 || !to || fstat(fd, &status) < 0 || status.st_uid != geteuid() ||
		status.st_size > KT_SETTINGS_MAX) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (ret_text->size <= KT_SETTINGS_MAX &&
		(n = read(fd, to + ret_text->size, KT_SETTINGS_MAX + 1 - ret_text->size)) > 0)
		ret_text->size += (size_t)n;
	close(fd);
}

void kt_settings_file_open(struct kt_settings_file *file, const char *config, const char *home,
	struct kt_buf *ret_text)
{
	char *path = find(config, home), *slash;

	*file = KT_SETTINGS_FILE_NONE;
	if (!path || !is_trusted(path)) {
		free(path);
		return;
	}
	slash = cut(path);
	if (is_own(path, S_IFDIR)) {
		*slash = '/';
		read_file(path, ret_text);
	}
	*slash = '/';
	file->path = path;
}

/* ---- writing ---- */

/* Makes a directory in a directory of the user's own; errno EPERM: it is another user's. */
static bool make_directory(const char *path)
{
	char above[PATH_MAX];
	bool own;

	if (is_own(path, S_IFDIR))
		return true;
	if (access(path, F_OK) == 0 || strlen(path) >= sizeof(above)) {
		errno = EPERM;
		return false;
	}
	memcpy(above, path, strlen(path) + 1);
	cut(above);
	own = is_own(*above ? above : "/", S_IFDIR);
	if (!own)
		errno = access(*above ? above : "/", F_OK) == 0 ? EPERM : ENOENT;
	return own && mkdir(path, 0700) == 0;
}

/* The configuration's directory, and ktally's in it. */
static bool make_directories(const char *path)
{
	char directory[PATH_MAX], *slash;
	bool made;

	if (strlen(path) >= sizeof(directory))
		return false;
	memcpy(directory, path, strlen(path) + 1);
	cut(directory);
	slash = cut(directory);
	made = make_directory(directory);
	*slash = '/';
	return made && make_directory(directory);
}

static struct kt_err *write_text(int fd, const char *path, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kt_err_os(errno, "%s", path);
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) < 0 ? kt_err_os(errno, "%s", path) : NULL;
}

/*
 * A user without a directory of their own has nowhere to keep settings, and root has not with the
 * HOME of another user: both are no error.
 */
static struct kt_err *replace(const char *path, const char *text, size_t size)
{
	struct kt_unnamed file = KT_UNNAMED_NONE;
	char part[PATH_MAX];
	bool exists;
	struct kt_err *err;

	if ((size_t)snprintf(part, sizeof(part), "%s.new", path) >= sizeof(part) ||
		!is_trusted(path))
		return NULL;
	if (!make_directories(path))
		return errno == EPERM || errno == ENOENT ? NULL : kt_err_os(errno, "%s", path);
	err = kt_unnamed_make(part, &file);
	if (!err)
		err = write_text(file.fd, path, text, size);
	if (!err)
		err = kt_unnamed_name(&file, part, path, true, &exists);
	if (!err)
		err = kt_place_sync(path);
	kt_unnamed_close(&file);
	return err;
}

/* ---- the keeper ---- */

/* Writes what the text means, once the other process asks or is gone. */
static void keep(struct kt_settings_keeper *keeper, const char *path, const char *names)
{
	KT_CLEANUP(buf) struct kt_buf given = { 0 }, text = { 0 };
	size_t size = keeper->size;
	struct kt_settings settings;
	struct kt_err *err;

	if (!size || size > KT_SETTINGS_MAX)
		return;
	/* a copy, because the other process can change the memory meanwhile */
	kt_buf_add(&given, keeper->text, size);
	kt_settings_parse((struct kt_span){ given.data, given.size }, names, &settings);
	kt_settings_write(&settings, names, &text);
	err = given.failed || text.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory")
					  : replace(path, text.data, text.size);
	if (err)
		snprintf(keeper->error, sizeof(keeper->error), "%s", kt_err_text(err));
	keeper->failed = err != NULL;
	kt_err_free(err);
}

/* Waits for the end of the other process, which signals of the terminal must not forestall. */
static void run_keeper(
	struct kt_settings_keeper *keeper, int asked_fd, const char *path, const char *names)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE };
	char byte;

	for (size_t i = 0; i < KT_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	while (read(asked_fd, &byte, 1) < 0 && errno == EINTR)
		continue;
	keep(keeper, path, names);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

struct kt_err *kt_settings_file_keep(struct kt_settings_file *file, const char *names)
{
	int ask[2] = { -1, -1 }, done[2] = { -1, -1 };
	void *shared = MAP_FAILED;
	pid_t pid = -1;

	if (!file->path)
		return NULL;
	if (pipe2(ask, O_CLOEXEC) == 0 && pipe2(done, O_CLOEXEC) == 0)
		shared = mmap(NULL, sizeof(*file->keeper), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared != MAP_FAILED)
		pid = fork();
	if (pid == 0) {
		close(ask[1]);
		close(done[0]);
		run_keeper(shared, ask[0], file->path, names);
		_exit(0);
	}
	close_fd(&ask[0]);
	close_fd(&done[1]);
	file->ask_fd = ask[1];
	file->done_fd = done[0];
	if (pid < 0) {
		struct kt_err *err = kt_err_os(errno, "cannot create the process for settings");

		kt_settings_file_close(file);
		return err;
	}
	file->keeper = shared;
	return NULL;
}

static struct kt_err *ask_keeper(struct kt_settings_file *file, const char *text, size_t size)
{
	struct kt_settings_keeper *keeper = file->keeper;
	char byte;

	memcpy(keeper->text, text, size);
	keeper->size = size;
	close_fd(&file->ask_fd);
	while (read(file->done_fd, &byte, 1) < 0 && errno == EINTR)
		continue;
	return keeper->failed ? kt_err_new(KT_ERR_OS, "%.255s", keeper->error) : NULL;
}

struct kt_err *kt_settings_file_write(struct kt_settings_file *file, const char *text, size_t size)
{
	if (!file->path || size > KT_SETTINGS_MAX)
		return NULL;
	return file->keeper ? ask_keeper(file, text, size) : replace(file->path, text, size);
}

void kt_settings_file_close(struct kt_settings_file *file)
{
	if (file->keeper)
		munmap(file->keeper, sizeof(*file->keeper));
	close_fd(&file->ask_fd);
	close_fd(&file->done_fd);
	free(file->path);
	*file = KT_SETTINGS_FILE_NONE;
}
