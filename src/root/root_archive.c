// SPDX-License-Identifier: GPL-2.0-or-later
//
// A bundle as a root: any archive that libarchive can read. It is unpacked into memory,
// only the files that sources ask for, and under limits; nothing is written to disk, no
// link is followed. libarchive is opened at run time, because only bundles need it and
// loading it costs more than the whole account of a live machine.

#include "base/buf.h"
#include "root/libarchive.h"
#include "root/root_ops.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define UNPACKED_MAX (1ull << 30) /* bytes unpacked in all, skipped members included */
#define HEADERS_MAX  200000u
#define MEMBERS_MAX  8192u
#define PATH_MAX_LEN 512u

struct unpacking {
	const struct kt_libarchive *lib;
	struct archive *archive;
	struct kt_root *root;
	kt_root_filter wanted;
	uint64_t nr_unpacked_bytes, nr_kept_bytes;
	size_t nr_headers, nr_members;
	char prefix[PATH_MAX_LEN]; /* the folder that the first wanted member was in */
	bool has_prefix;
};

/*
 * Archives often hold a folder around the tree ("sosreport-x/proc/meminfo"). The first
 * suffix of a member's path that a source wants tells the folder; members of other
 * folders (a second machine) are left out.
 */
static const char *inside_tree(struct unpacking *un, const char *path)
{
	if (un->has_prefix) {
		size_t n = strlen(un->prefix);

		return strncmp(path, un->prefix, n) == 0 && un->wanted(path + n) ? path + n : NULL;
	}
	for (const char *p = path; p && *p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		if (!un->wanted(p))
			continue;
		memcpy(un->prefix, path, (size_t)(p - path));
		un->prefix[p - path] = '\0';
		un->has_prefix = true;
		return p;
	}
	return NULL;
}

static struct kt_err *check_path(const char *path)
{
	if (*path == '/')
		return kt_err_new(KT_ERR_REFUSED,
			"holds an absolute path (%.80s); such a bundle is not opened", path);
	for (const char *p = path; p && *p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return kt_err_new(KT_ERR_REFUSED,
				"holds a path that leaves it (%.80s); such a bundle is not opened",
				path);
	}
	return NULL;
}

/* Reads one member's data; without `ret_data` it is only counted against the limit. */
static struct kt_err *unpack(struct unpacking *un, struct kt_buf *ret_data)
{
	const void *block;
	int64_t offset;
	size_t size;
	int status;

	while ((status = un->lib->read_data_block(un->archive, &block, &size, &offset)) ==
		ARCHIVE_OK) {
		un->nr_unpacked_bytes += size;
		if (un->nr_unpacked_bytes > UNPACKED_MAX)
			return kt_err_new(KT_ERR_LIMIT,
				"unpacks to more than %llu MiB; this is not a bundle of text files",
				UNPACKED_MAX >> 20);
		if (!ret_data)
			continue;
		un->nr_kept_bytes += size;
		if (ret_data->size + size > KT_ROOT_FILE_MAX ||
			un->nr_kept_bytes > KT_ROOT_TOTAL_MAX)
			return kt_err_new(
				KT_ERR_LIMIT, "larger than %u MiB", KT_ROOT_FILE_MAX >> 20);
		kt_buf_add(ret_data, block, size);
	}
	if (status != ARCHIVE_EOF)
		return kt_err_new(KT_ERR_PARSE, "damaged: %s", un->lib->error_string(un->archive));
	return ret_data && ret_data->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static struct kt_err *keep(struct unpacking *un, struct archive_entry *entry, const char *path)
{
	KT_CLEANUP(buf) struct kt_buf data = { 0 };
	struct kt_err *err;

	if (++un->nr_members > MEMBERS_MAX)
		return kt_err_new(KT_ERR_LIMIT, "holds more than %u wanted files", MEMBERS_MAX);
	if (un->lib->entry_filetype(entry) != AE_IFREG || un->lib->entry_hardlink(entry))
		return kt_root_memory_refuse(
			un->root, path, "a link in the bundle, which is not followed");
	err = unpack(un, &data);
	if (!err) {
		err = kt_root_memory_add(un->root, path, data.data, data.size);
		data = (struct kt_buf){ 0 };
	}
	return err ? kt_err_prepend(err, "%s", path) : NULL;
}

static struct kt_err *unpack_all(struct unpacking *un)
{
	struct archive_entry *entry;
	struct kt_err *err = NULL;
	int status;

	while (!err && (status = un->lib->read_next_header(un->archive, &entry)) >= ARCHIVE_WARN) {
		const char *path = un->lib->entry_pathname(entry), *inside;

		if (status == ARCHIVE_EOF)
			return NULL;
		if (++un->nr_headers > HEADERS_MAX)
			return kt_err_new(KT_ERR_LIMIT, "holds more than %u files", HEADERS_MAX);
		if (!path || strlen(path) >= PATH_MAX_LEN)
			continue;
		while (path[0] == '.' && path[1] == '/')
			path += 2;
		err = check_path(path);
		if (err || un->lib->entry_filetype(entry) == AE_IFDIR)
			continue;
		inside = inside_tree(un, path);
		err = inside ? keep(un, entry, inside) : unpack(un, NULL);
	}
	if (err)
		return err;
	return kt_err_new(
		KT_ERR_PARSE, "not an archive, or damaged: %s", un->lib->error_string(un->archive));
}

/*
 * Never archive_read_support_filter_all(): some of its filters start programs. A filter
 * that libarchive would hand to a program answers ARCHIVE_WARN, which is refused too.
 */
static bool support_formats(const struct kt_libarchive *lib, struct archive *archive)
{
	return lib->read_support_filter_gzip(archive) == ARCHIVE_OK &&
	       lib->read_support_filter_bzip2(archive) == ARCHIVE_OK &&
	       lib->read_support_filter_xz(archive) == ARCHIVE_OK &&
	       lib->read_support_filter_zstd(archive) == ARCHIVE_OK &&
	       lib->read_support_format_tar(archive) == ARCHIVE_OK &&
	       lib->read_support_format_zip(archive) == ARCHIVE_OK;
}

struct kt_err *kt_root_archive_open(
	int fd, const char *name, kt_root_filter wanted, struct kt_root **ret_root)
{
	struct unpacking un = { .wanted = wanted };
	struct kt_err *err = kt_libarchive(&un.lib);

	if (err)
		return kt_err_prepend(err, "%s", name);
	err = kt_root_memory_new(KT_ROOT_BUNDLE, &un.root);
	if (err)
		return err;
	un.archive = un.lib->read_new();
	if (!un.archive || !support_formats(un.lib, un.archive))
		err = kt_err_new(KT_ERR_ABSENT, "this libarchive cannot unpack by itself");
	else if (un.lib->read_open_fd(un.archive, fd, 65536) != ARCHIVE_OK)
		err = kt_err_new(KT_ERR_PARSE, "not an archive, or damaged: %s",
			un.lib->error_string(un.archive));
	else
		err = unpack_all(&un);
	if (un.archive)
		un.lib->read_free(un.archive);
	if (!err && !un.nr_members)
		err = kt_err_new(KT_ERR_ABSENT, "holds no file that ktally reads");
	if (err) {
		kt_root_free(un.root);
		return kt_err_prepend(err, "%s", name);
	}
	*ret_root = un.root;
	return NULL;
}
