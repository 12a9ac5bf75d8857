// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/archive_write.h"

#include "base/tar.h"
#include "root/libarchive.h"
#include "root/new_file.h"

#include <stdlib.h>
#include <string.h>

struct kt_archive_writer {
	const struct kt_libarchive
		*lib; /* NULL: a tar that is not packed, which needs no library */
	struct archive *archive;
	struct kt_new_file file;
	struct kt_err *err; /* error of the first write that failed */
};

static const struct {
	const char *suffix, *filter;
} filters[] = {
	{ ".zst", "zstd" },
	{ ".gz", "gzip" },
	{ ".tgz", "gzip" },
	{ ".xz", "xz" },
	{ ".tar", NULL },
};

static struct kt_err *filter_for(const char *path, const char **ret_filter)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < KT_LEN(filters); i++) {
		size_t suffix = strlen(filters[i].suffix);

		if (n > suffix && strcmp(path + n - suffix, filters[i].suffix) == 0) {
			*ret_filter = filters[i].filter;
			return NULL;
		}
	}
	return kt_err_new(KT_ERR_USAGE,
		"%s: not the name of a bundle; it must end in .tar.zst, .tar.gz, .tar.xz or .tar",
		path);
}

/*
 * Reports success to libarchive even if a write fails; after an error libarchive would neither
 * close nor free its filters.
 */
static la_ssize_t write_file(struct archive *archive, void *data, const void *buffer, size_t size)
{
	struct kt_archive_writer *writer = data;

	(void)archive;
	if (!writer->err)
		writer->err = kt_new_file_write(&writer->file, buffer, size);
	return (la_ssize_t)size;
}

static struct kt_err *written(struct kt_archive_writer *writer)
{
	struct kt_err *err = writer->err;

	writer->err = NULL;
	return err;
}

static struct kt_err *failed(struct kt_archive_writer *writer)
{
	return kt_err_new(
		KT_ERR_OS, "%s: %s", writer->file.path, writer->lib->error_string(writer->archive));
}

static void writer_free(struct kt_archive_writer *writer)
{
	if (writer->lib && writer->archive)
		writer->lib->write_free(writer->archive);
	kt_err_free(writer->err);
	kt_new_file_cleanup(&writer->file);
	free(writer);
}

static struct kt_err *open_archive(struct kt_archive_writer *writer, const char *filter)
{
	const struct kt_libarchive *lib = writer->lib;

	writer->archive = lib->write_new();
	if (!writer->archive)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", writer->file.path);
	if (lib->write_add_filter_by_name(writer->archive, filter) != ARCHIVE_OK ||
		lib->write_set_format_pax_restricted(writer->archive) != ARCHIVE_OK ||
		/* no padding: a compressed bundle ends where its data ends */
		lib->write_set_bytes_in_last_block(writer->archive, 1) != ARCHIVE_OK ||
		lib->write_open(writer->archive, writer, NULL, write_file, NULL) != ARCHIVE_OK)
		return failed(writer);
	return NULL;
}

struct kt_err *kt_archive_create(
	const char *path, bool force, struct kt_archive_writer **ret_writer)
{
	struct kt_archive_writer *writer;
	const struct kt_libarchive *lib = NULL;
	const char *filter = NULL;
	struct kt_err *err = filter_for(path, &filter);

	if (!err && filter)
		err = kt_libarchive(&lib);
	if (err)
		return err;
	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	writer->lib = lib;
	err = kt_new_file_create(path, force, &writer->file);
	if (!err && lib)
		err = open_archive(writer, filter);
	if (err)
		writer_free(writer);
	else
		*ret_writer = writer;
	return err;
}

/* ---- without a library ---- */

static struct kt_err *write_plain(struct kt_archive_writer *writer, const struct kt_buf *bytes)
{
	if (bytes->failed)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", writer->file.path);
	return kt_new_file_write(&writer->file, bytes->data, bytes->size);
}

/* `link` is the target of a symbolic link; NULL: a file. */
static struct kt_err *add_plain(struct kt_archive_writer *writer, const char *path,
	const char *link, const char *data, size_t size, int64_t time_s)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };

	kt_tar_header(&bytes, path, link, size, time_s);
	if (!link) {
		kt_buf_add(&bytes, data, size);
		kt_tar_pad(&bytes, size);
	}
	return write_plain(writer, &bytes);
}

static struct kt_err *end_plain(struct kt_archive_writer *writer)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };

	kt_tar_end(&bytes);
	return write_plain(writer, &bytes);
}

/* ---- members ---- */

static struct archive_entry *entry_of(
	const struct kt_archive_writer *writer, const char *path, size_t size, int64_t time_s)
{
	const struct kt_libarchive *lib = writer->lib;
	struct archive_entry *entry = lib->entry_new();

	if (!entry)
		return NULL;
	lib->entry_set_pathname(entry, path);
	lib->entry_set_size(entry, (int64_t)size);
	lib->entry_set_filetype(entry, AE_IFREG);
	lib->entry_set_perm(entry, 0644);
	lib->entry_set_mtime(entry, (time_t)time_s, 0);
	return entry;
}

struct kt_err *kt_archive_add_link(
	struct kt_archive_writer *writer, const char *path, const char *target, int64_t time_s)
{
	const struct kt_libarchive *lib = writer->lib;
	struct archive_entry *entry;
	struct kt_err *err = NULL;

	if (!lib)
		return add_plain(writer, path, target, NULL, 0, time_s);
	entry = entry_of(writer, path, 0, time_s);
	if (!entry)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", writer->file.path);
	lib->entry_set_filetype(entry, AE_IFLNK);
	lib->entry_set_symlink(entry, target);
	if (lib->write_header(writer->archive, entry) != ARCHIVE_OK)
		err = failed(writer);
	lib->entry_free(entry);
	return err ? err : written(writer);
}

struct kt_err *kt_archive_add(struct kt_archive_writer *writer, const char *path, const char *data,
	size_t size, int64_t time_s)
{
	const struct kt_libarchive *lib = writer->lib;
	struct archive_entry *entry;
	struct kt_err *err = NULL;

	if (!lib)
		return add_plain(writer, path, NULL, data, size, time_s);
	entry = entry_of(writer, path, size, time_s);
	if (!entry)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", writer->file.path);
	if (lib->write_header(writer->archive, entry) != ARCHIVE_OK ||
		lib->write_data(writer->archive, data, size) != (la_ssize_t)size)
		err = failed(writer);
	lib->entry_free(entry);
	return err ? err : written(writer);
}

struct kt_err *kt_archive_close(struct kt_archive_writer *writer)
{
	struct kt_err *err = NULL;

	if (!writer->lib)
		err = end_plain(writer);
	else if (writer->lib->write_close(writer->archive) != ARCHIVE_OK)
		err = failed(writer);
	else
		err = written(writer);
	if (!err)
		err = kt_new_file_commit(&writer->file);
	writer_free(writer);
	return err;
}

void kt_archive_abandon(struct kt_archive_writer *writer)
{
	writer_free(writer);
}
