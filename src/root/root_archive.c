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
#define MEMBERS_MAX  131072u
#define TREES_MAX    16u
#define PATH_MAX_LEN 512u

/* One folder of the archive that has files in it which a source wants. */
struct tree {
	char prefix[PATH_MAX_LEN];
	struct kt_root *root;
	size_t nr_members;
};

struct unpacking {
	const struct kt_libarchive *lib;
	struct archive *archive;
	kt_root_filter wanted;
	uint64_t nr_unpacked_bytes, nr_kept_bytes;
	size_t nr_headers, nr_members, nr_trees;
	struct tree trees[TREES_MAX];
};

static struct kt_err *tree_for(
	struct unpacking *un, const char *path, size_t prefix_len, struct tree **ret_tree)
{
	struct tree *tree;

	for (size_t i = 0; i < un->nr_trees; i++) {
		tree = &un->trees[i];
		if (strlen(tree->prefix) == prefix_len &&
			memcmp(tree->prefix, path, prefix_len) == 0) {
			*ret_tree = tree;
			return NULL;
		}
	}
	*ret_tree = NULL;
	if (un->nr_trees == TREES_MAX)
		return NULL;
	tree = &un->trees[un->nr_trees];
	memcpy(tree->prefix, path, prefix_len);
	tree->prefix[prefix_len] = '\0';
	*ret_tree = tree;
	un->nr_trees++;
	return kt_root_memory_new(KT_ROOT_BUNDLE, &tree->root);
}

/*
 * Archives often hold a folder around the tree ("sosreport-x/proc/meminfo"). The longest
 * suffix of a member's path that a source wants tells the folder. Returns NULL where
 * nobody wants the member.
 */
static const char *inside_tree(const struct unpacking *un, const char *path)
{
	for (const char *p = path; p && *p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		if (un->wanted(p))
			return p;
	}
	return NULL;
}

/* Of several trees the one that is a machine's: a stray log must not hide it. */
static struct tree *best_tree(struct unpacking *un)
{
	static const char *const telling[] = { "proc/meminfo", "proc/zoneinfo", "proc", "sys" };
	struct tree *best = NULL;

	for (size_t k = 0; k < KT_LEN(telling); k++) {
		for (size_t i = 0; i < un->nr_trees; i++) {
			if (kt_root_has(un->trees[i].root, telling[k]))
				return &un->trees[i];
		}
	}
	for (size_t i = 0; i < un->nr_trees; i++) {
		if (!best || un->trees[i].nr_members > best->nr_members)
			best = &un->trees[i];
	}
	return best;
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

static struct kt_err *keep(
	struct unpacking *un, struct archive_entry *entry, const char *path, const char *inside)
{
	KT_CLEANUP(buf) struct kt_buf data = { 0 };
	const char *target = un->lib->entry_symlink(entry);
	struct tree *tree;
	struct kt_err *err = tree_for(un, path, (size_t)(inside - path), &tree);

	if (err || !tree)
		return err ? err : unpack(un, NULL);
	if (++un->nr_members > MEMBERS_MAX)
		return kt_err_new(KT_ERR_LIMIT, "holds more than %u wanted files", MEMBERS_MAX);
	tree->nr_members++;
	if (un->lib->entry_filetype(entry) == AE_IFLNK && target && strlen(target) < PATH_MAX_LEN)
		return kt_root_memory_link(tree->root, inside, target);
	if (un->lib->entry_filetype(entry) != AE_IFREG || un->lib->entry_hardlink(entry))
		return kt_root_memory_refuse(
			tree->root, inside, "a link in the bundle, which is not followed");
	err = unpack(un, &data);
	if (!err) {
		err = kt_root_memory_add(tree->root, inside, data.data, data.size);
		data = (struct kt_buf){ 0 };
	}
	return err ? kt_err_prepend(err, "%s", inside) : NULL;
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
		err = inside ? keep(un, entry, path, inside) : unpack(un, NULL);
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

static struct kt_err *unpack_from(struct unpacking *un, int fd)
{
	struct kt_err *err;

	un->archive = un->lib->read_new();
	if (!un->archive || !support_formats(un->lib, un->archive))
		err = kt_err_new(KT_ERR_ABSENT, "this libarchive cannot unpack by itself");
	else if (un->lib->read_open_fd(un->archive, fd, 65536) != ARCHIVE_OK)
		err = kt_err_new(KT_ERR_PARSE, "not an archive, or damaged: %s",
			un->lib->error_string(un->archive));
	else
		err = unpack_all(un);
	if (un->archive)
		un->lib->read_free(un->archive);
	return err;
}

struct kt_err *kt_root_archive_open(
	int fd, const char *name, kt_root_filter wanted, struct kt_root **ret_root)
{
	struct unpacking *un = calloc(1, sizeof(*un));
	struct tree *best = NULL;
	struct kt_err *err;

	if (!un)
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", name);
	un->wanted = wanted;
	err = kt_libarchive(&un->lib);
	if (!err)
		err = unpack_from(un, fd);
	if (!err) {
		best = best_tree(un);
		if (!best)
			err = kt_err_new(KT_ERR_ABSENT, "holds no file that ktally reads");
	}
	if (best)
		*ret_root = best->root;
	for (size_t i = 0; i < un->nr_trees; i++) {
		if (&un->trees[i] != best)
			kt_root_free(un->trees[i].root);
	}
	free(un);
	return err ? kt_err_prepend(err, "%s", name) : NULL;
}
