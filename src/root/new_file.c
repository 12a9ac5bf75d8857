// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/new_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kt_err *exists(const char *path)
{
	return kt_err_new(KT_ERR_REFUSED, "%s: exists already; --force overwrites it", path);
}

static void end(struct kt_new_file *file)
{
	kt_unnamed_close(&file->file);
	free(file->path);
	free(file->part);
	*file = KT_NEW_FILE_NONE;
}

struct kt_err *kt_new_file_create(const char *path, bool force, struct kt_new_file *ret_file)
{
	struct kt_new_file file = { .force = force, .file = KT_UNNAMED_NONE };
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
		err = kt_unnamed_make(file.part, &file.file);
	if (err)
		end(&file);
	else
		*ret_file = file;
	return err;
}

/* Names the file. Without force, an existing file must survive even if it was created meanwhile. */
static struct kt_err *name_it(struct kt_new_file *file)
{
	bool is_there;
	struct kt_err *err =
		kt_unnamed_name(&file->file, file->part, file->path, file->force, &is_there);

	if (err && is_there) {
		kt_err_free(err);
		err = exists(file->path);
	}
	/* the name survives a crash only if its directory was synced too */
	return err ? err : kt_place_sync(file->path);
}

struct kt_err *kt_new_file_commit(struct kt_new_file *file)
{
	struct kt_err *err;

	/* data before name: after a crash the name never stands for an incomplete file */
	if (fsync(file->file.fd) < 0 && errno != EINVAL && errno != EROFS)
		err = kt_err_os(errno, "%s", file->path);
	else
		err = name_it(file);
	end(file);
	return err;
}

void kt_new_file_cleanup(struct kt_new_file *file)
{
	end(file);
}

struct kt_err *kt_new_file_write(struct kt_new_file *file, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(file->file.fd, data, size);

		if (n < 0 && errno != EINTR)
			return kt_err_os(errno, "%s", file->path);
		data += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return NULL;
}
