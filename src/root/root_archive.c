// SPDX-License-Identifier: GPL-2.0-or-later
//
// A bundle as a root: any archive that libarchive can read. It is unpacked into memory, only files
// that sources ask for, and within limits; nothing is written to disk, and no link is followed.
// libarchive is loaded at run time, because only bundles need it and loading it costs more than the
// whole account of a live machine.

#include "base/buf.h"
#include "root/libarchive.h"
#include "root/root_ops.h"
#include "root/texts.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define UNPACKED_MAX (1ull << 30) /* bytes unpacked in all, skipped members included */
#define HEADERS_MAX  200000u	  /* files of an archive, wanted or not */
#define MEMBERS_MAX  131072u	  /* wanted files of an archive */
#define TREES_MAX    16u	  /* directories of an archive that may be a machine's tree */
#define PATH_MAX_LEN 512u
#define UNPACK_S_MAX 20	 /* seconds of CPU time; a gigabyte of gzip takes about 5 */
#define LOOK_EVERY   64u /* pieces between two looks at the clock */

/* A directory of the archive that contains wanted files. */
struct tree {
	char prefix[PATH_MAX_LEN];
	struct kt_root *root;
	size_t nr_members;
};

struct unpacking {
	const struct kt_libarchive *lib;
	struct kt_texts *texts; /* members are texts; NULL: they are the files of a tree */
	const char *packed;	/* name of the packed file that is a text; NULL: an archive */
	bool is_packed;
	struct kt_buf *one; /* receives the text of a packed file; NULL: see above */
	struct archive *archive;
	kt_root_filter wanted;
	uint64_t nr_unpacked_bytes, nr_kept_bytes;
	size_t nr_headers, nr_members, nr_trees, nr_looks;
	int64_t start_s; /* seconds; CPU time of the thread, plus one; 0: not read yet */
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

/* Chooses the machine's tree among several: a stray log must not hide it. */
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
			"contains an absolute path (%.80s); such a bundle is not opened", path);
	for (const char *p = path; p && *p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return kt_err_new(KT_ERR_REFUSED,
				"contains a path outside the bundle (%.80s); not opened", path);
	}
	return NULL;
}

/*
 * Makes an error of libarchive's message. libarchive has no status for a lack of memory; its texts
 * are "Out of memory", "Can't allocate memory for Uname", "Can't allocate LZMA decoder" and
 * similar.
 */
static struct kt_err *complaint(const struct unpacking *un, const char *what)
{
	const char *text = un->lib->error_string(un->archive);

	if (text && (strstr(text, "memory") || strstr(text, "allocate")))
		return kt_err_new(KT_ERR_NOMEM, "cannot be unpacked: out of memory (%s)", text);
	return kt_err_new(KT_ERR_PARSE, "%s: %s", what, text ? text : "no reason is given");
}

/*
 * Whether unpacking has taken too long: some kilobytes can take hours to unpack, however little
 * comes out. Measures CPU time, because a busy machine is no reason to stop.
 */
static bool is_late(struct unpacking *un)
{
	struct timespec now;

	if (un->nr_looks++ % LOOK_EVERY || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) < 0)
		return false;
	if (!un->start_s)
		un->start_s = now.tv_sec + 1;
	return now.tv_sec + 1 - un->start_s > UNPACK_S_MAX;
}

static struct kt_err *late(void)
{
	return kt_err_new(KT_ERR_LIMIT,
		"takes more than %d s of CPU time to unpack; give the unpacked directory instead",
		UNPACK_S_MAX);
}

static bool is_plain(const struct kt_buf *data)
{
	return kt_text_kind((struct kt_span){ data->data, data->size }) == KT_TEXT_PLAIN;
}

/*
 * Reads one member's data; without `ret_data` the data only counts against the limit. A member that
 * is too long is read to its end too, but its data is not complete: `ret_long` says why.
 */
static struct kt_err *unpack(
	struct unpacking *un, struct kt_buf *ret_data, struct kt_err **ret_long)
{
	const void *block;
	int64_t offset;
	size_t size;
	int status;

	while ((status = un->lib->read_data_block(un->archive, &block, &size, &offset)) ==
		ARCHIVE_OK) {
		un->nr_unpacked_bytes += size;
		if (is_late(un))
			return late();
		if (un->nr_unpacked_bytes > UNPACKED_MAX)
			return kt_err_new(KT_ERR_LIMIT,
				"unpacks to more than %llu MiB; this is not a bundle of text files",
				UNPACKED_MAX >> 20);
		if (!ret_data || *ret_long)
			continue;
		if (un->nr_kept_bytes + ret_data->size + size > KT_ROOT_TOTAL_MAX)
			return kt_err_new(KT_ERR_LIMIT, "contains more than %u MiB of wanted files",
				KT_ROOT_TOTAL_MAX >> 20);
		if (ret_data->size + size > KT_ROOT_FILE_MAX)
			*ret_long = kt_err_new(
				KT_ERR_LIMIT, "larger than %u MiB", KT_ROOT_FILE_MAX >> 20);
		else
			kt_buf_add(ret_data, block, size);
		if (un->one && !is_plain(ret_data)) /* an archive, which need not be unpacked */
			return NULL;
	}
	if (status != ARCHIVE_EOF)
		return complaint(un, "damaged");
	return ret_data && ret_data->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static struct kt_err *skip(struct unpacking *un)
{
	return unpack(un, NULL, NULL);
}

/* Puts the data of a member into the tree; of a member that is too long, the reason. */
static struct kt_err *keep_data(struct unpacking *un, struct kt_root *root, const char *path)
{
	KT_CLEANUP(buf) struct kt_buf data = { 0 };
	KT_CLEANUP(err) struct kt_err *too_long = NULL;
	struct kt_err *err = unpack(un, &data, &too_long);
	char *kept;

	if (err)
		return err;
	if (too_long)
		return kt_root_memory_fail(root, path, KT_ERR_LIMIT, kt_err_text(too_long));
	un->nr_kept_bytes += data.size;
	kept = kt_buf_take(&data);
	return kept ? kt_root_memory_add(root, path, kept, data.size)
		    : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static struct kt_err *keep(
	struct unpacking *un, struct archive_entry *entry, const char *path, const char *inside)
{
	const char *target = un->lib->entry_symlink(entry);
	struct tree *tree;
	struct kt_err *err = tree_for(un, path, (size_t)(inside - path), &tree);

	if (err || !tree)
		return err ? err : skip(un);
	if (++un->nr_members > MEMBERS_MAX)
		return kt_err_new(KT_ERR_LIMIT, "contains more than %u wanted files", MEMBERS_MAX);
	tree->nr_members++;
	if (un->lib->entry_filetype(entry) == AE_IFLNK && target && strlen(target) < PATH_MAX_LEN)
		return kt_root_memory_link(tree->root, inside, target);
	if (un->lib->entry_filetype(entry) != AE_IFREG || un->lib->entry_hardlink(entry))
		return kt_root_memory_refuse(
			tree->root, inside, "a link in the bundle, which is not followed");
	err = keep_data(un, tree->root, inside);
	return err ? kt_err_prepend(err, "%s", inside) : NULL;
}

/* Looks through a text that was unpacked; takes `too_long` over. */
static struct kt_err *take_text(
	struct unpacking *un, const char *name, struct kt_buf *data, struct kt_err *too_long)
{
	size_t size = data->size;
	char *text;

	if (too_long)
		return name ? kt_texts_skip(un->texts, kt_err_prepend(too_long, "%s", name))
			    : too_long;
	text = kt_buf_take(data);
	return text ? kt_texts_add_data(un->texts, name, text, size)
		    : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static struct kt_err *look_at(struct unpacking *un, struct archive_entry *entry, const char *path)
{
	KT_CLEANUP(buf) struct kt_buf data = { 0 };
	bool regular = un->is_packed || (un->lib->entry_filetype(entry) == AE_IFREG &&
						!un->lib->entry_hardlink(entry));
	struct kt_err *err, *too_long = NULL;

	if (!regular || kt_texts_is_full(un->texts))
		return skip(un);
	err = unpack(un, &data, &too_long);
	if (!err && is_plain(&data))
		return take_text(un, un->is_packed ? un->packed : path, &data, too_long);
	kt_err_free(too_long);
	return err;
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
		if (is_late(un))
			return late();
		if (++un->nr_headers > HEADERS_MAX)
			return kt_err_new(KT_ERR_LIMIT, "contains more than %u files", HEADERS_MAX);
		if (!path || strlen(path) >= PATH_MAX_LEN)
			continue;
		while (path[0] == '.' && path[1] == '/')
			path += 2;
		err = check_path(path);
		if (err || un->lib->entry_filetype(entry) == AE_IFDIR)
			continue;
		if (un->texts) {
			err = look_at(un, entry, path);
			continue;
		}
		/* archives often hold a directory around the tree: "sosreport-x/proc/meminfo" */
		inside = un->wanted(path);
		err = inside ? keep(un, entry, path, inside) : skip(un);
	}
	if (err)
		return err;
	return complaint(un, "not an archive, or damaged");
}

/*
 * Never uses archive_read_support_filter_all(): some of its filters start programs. A filter that
 * libarchive would hand to a program returns ARCHIVE_WARN, which is refused too.
 */
static bool support_formats(const struct kt_libarchive *lib, struct archive *archive, bool raw_only)
{
	return lib->read_support_filter_gzip(archive) == ARCHIVE_OK &&
	       lib->read_support_filter_bzip2(archive) == ARCHIVE_OK &&
	       lib->read_support_filter_xz(archive) == ARCHIVE_OK &&
	       lib->read_support_filter_zstd(archive) == ARCHIVE_OK &&
	       (raw_only || (lib->read_support_format_tar(archive) == ARCHIVE_OK &&
				    lib->read_support_format_zip(archive) == ARCHIVE_OK));
}

/* Unpacks the only member; stops where its beginning is no text. */
static struct kt_err *unpack_text(struct unpacking *un, struct kt_buf *ret_data)
{
	struct archive_entry *entry;
	struct kt_err *err, *too_long = NULL;

	if (un->lib->read_next_header(un->archive, &entry) < ARCHIVE_WARN)
		return complaint(un, "damaged");
	err = unpack(un, ret_data, &too_long);
	if (!err)
		err = too_long;
	else
		kt_err_free(too_long);
	if (!err && !is_plain(ret_data))
		kt_buf_cleanup(ret_data);
	return err;
}

static struct kt_err *unpack_from(struct unpacking *un, int fd)
{
	struct kt_err *err;

	un->archive = un->lib->read_new();
	if (!un->archive)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	else if (!support_formats(un->lib, un->archive, un->one) ||
		 ((un->is_packed || un->one) &&
			 un->lib->read_support_format_raw(un->archive) != ARCHIVE_OK))
		err = complaint(un, "this libarchive has no decompressors of its own");
	else if (un->lib->read_open_fd(un->archive, fd, 65536) != ARCHIVE_OK)
		err = complaint(un, "not an archive, or damaged");
	else
		err = un->one ? unpack_text(un, un->one) : unpack_all(un);
	if (un->archive)
		un->lib->read_free(un->archive);
	return err;
}

struct kt_err *kt_root_archive_text(int fd, struct kt_buf *ret_data)
{
	struct unpacking *un = calloc(1, sizeof(*un));
	struct kt_err *err;

	if (!un)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	un->one = ret_data;
	err = kt_libarchive(&un->lib);
	if (!err)
		err = unpack_from(un, fd);
	free(un);
	return err;
}

struct kt_err *kt_root_archive_texts(int fd, const char *name, bool packed, struct kt_texts *texts)
{
	struct unpacking *un = calloc(1, sizeof(*un));
	struct kt_err *err;

	if (!un)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	un->texts = texts;
	un->is_packed = packed;
	un->packed = name;
	err = kt_libarchive(&un->lib);
	if (!err)
		err = unpack_from(un, fd);
	free(un);
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
			err = kt_err_new(KT_ERR_ABSENT, "contains no file that ktally reads");
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
