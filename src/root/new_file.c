// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kt_err *exists(const char *path)
{
	return kt_err_new(KT_ERR_REFUSED, "%s: is there already; --force overwrites it", path);
}

/* A link that somebody left is not written through. */
static struct kt_err *open_part(struct kt_new_file *file)
{
	unlink(file->part);
	file->fd = open(file->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return file->fd < 0 ? kt_err_os(errno, "%s", file->part) : NULL;
}

static void end(struct kt_new_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file->part);
	*file = KT_NEW_FILE_NONE;
}

struct kt_err *kt_new_file_create(const char *path, bool force, struct kt_new_file *ret_file)
{
	struct kt_new_file file = { .force = force, .fd = -1 };
	struct kt_err *err;

	*ret_file = file;
	file.path = strdup(path);
	if (asprintf(&file.part, "%s.part", path) < 0)
		file.part = NULL;
	if (!file.path || !file.part)
		err = kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	else if (!force && access(path, F_OK) == 0)
		err = exists(path);
	else
		err = open_part(&file);
	if (err)
		end(&file);
	else
		*ret_file = file;
	return err;
}

/* Without force an existing file must survive even if it came while we wrote. */
static struct kt_err *name_it(const struct kt_new_file *file)
{
	if (file->force) {
		if (rename(file->part, file->path) < 0)
			return kt_err_os(errno, "%s", file->path);
		return NULL;
	}
	if (renameat2(AT_FDCWD, file->part, AT_FDCWD, file->path, RENAME_NOREPLACE) == 0)
		return NULL;
	/* file systems that cannot do that */
	if (errno == EINVAL && link(file->part, file->path) == 0) {
		unlink(file->part);
		return NULL;
	}
	return errno == EEXIST ? exists(file->path) : kt_err_os(errno, "%s", file->path);
}

struct kt_err *kt_new_file_commit(struct kt_new_file *file)
{
	struct kt_err *err;

	if (fsync(file->fd) < 0 && errno != EINVAL && errno != EROFS)
		err = kt_err_os(errno, "%s", file->path);
	else
		err = name_it(file);
	if (err)
		unlink(file->part);
	end(file);
	return err;
}

void kt_new_file_cleanup(struct kt_new_file *file)
{
	if (file->fd >= 0)
		unlink(file->part);
	end(file);
}

struct kt_err *kt_new_file_write(struct kt_new_file *file, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(file->fd, data, size);

		if (n < 0 && errno != EINTR)
			return kt_err_os(errno, "%s", file->path);
		data += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return NULL;
}
