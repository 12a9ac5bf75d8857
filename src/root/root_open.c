// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds out whether a path from the user is a directory, a bundle or a single file.

#include "base/attr.h"
#include "base/open.h"
#include "dump/formats.h"
#include "record/recording.h"
#include "record/zstd.h"
#include "root/libarchive.h"
#include "root/root_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct kt_err *kt_root_open_live(struct kt_root **ret_root)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return kt_err_os(errno, "/");
	return kt_root_dir_new(fd, KT_ROOT_LIVE, ret_root);
}

/*
 * Enters the only subdirectory with proc/ or sys/, for a tree that was packed or copied with a
 * directory around it. Of several trees none is chosen, and their files are not mixed.
 */
static struct kt_err *descend(int *fd, bool *ret_several)
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
	if (!err && arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	*ret_several = nr_found > 1;
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

/* Whether a directory or bundle is a machine's tree, by what only such a tree has. */
static bool is_tree(struct kt_root *root)
{
	static const char *const names[] = { "proc", "sys", "ktally", "sos_commands" };

	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (kt_root_has(root, names[i]))
			return true;
	}
	return false;
}

/* The first bytes of a file, as far as it has them. */
static struct kt_span read_head(int fd, char bytes[64])
{
	ssize_t n = pread(fd, bytes, 64, 0);

	return (struct kt_span){ bytes, n > 0 ? (size_t)n : 0 };
}

static bool is_dump(int fd)
{
	char bytes[64];

	return kt_dump_is(read_head(fd, bytes));
}

/*
 * An image of memory has no header. It may have lines of a kernel log in it, so it comes before
 * texts with odd bytes.
 */
static bool is_image(int fd, const char *path)
{
	return kt_text_kind_of_file(fd) == KT_TEXT_NONE && !kt_is_recording(path) &&
	       kt_dump_is_raw(fd);
}

static struct kt_err *open_dump(int fd, struct kt_root **ret_root)
{
	struct kt_err *err = kt_root_dump_new(ret_root);

	if (err)
		return err;
	err = kt_root_dump_add_file(*ret_root, fd);
	if (err)
		kt_root_free(*ret_root);
	return err;
}

/* Adds the files of a directory that are dumps. */
static struct kt_err *add_parts(struct kt_root *dir, int fd, struct kt_root *dump)
{
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };
	struct kt_err *err = kt_root_list(dir, "", &arena, &names);

	for (size_t i = 0; !err && i < names.count; i++) {
		int part = kt_open_kind(fd, names.items[i], KT_OPEN_FILE, O_RDONLY | O_NOFOLLOW);

		if (part < 0)
			continue;
		if (is_dump(part))
			err = kt_root_dump_add_file(dump, part);
		close(part);
	}
	if (!err && arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_arena_fini(&arena);
	return err;
}

/* Several dumps in a directory are the parts of a split dump; NULL: it has fewer. */
static struct kt_err *open_parts(struct kt_root *dir, int fd, struct kt_root **ret_root)
{
	KT_CLEANUP(root) struct kt_root *dump = NULL;
	struct kt_err *err = kt_root_dump_new(&dump);
	size_t count;

	*ret_root = NULL;
	if (!err)
		err = add_parts(dir, fd, dump);
	if (err || (kt_root_dump_files(dump, &count), count < 2))
		return err;
	*ret_root = dump;
	dump = NULL;
	return NULL;
}

/*
 * A directory that is no tree has a split dump or texts; one without any is taken for an empty
 * tree.
 */
static struct kt_err *open_folder(int fd, kt_root_filter wanted, struct kt_root **ret_root)
{
	struct kt_root *dir = NULL, *texts = NULL;
	bool several = false;
	struct kt_err *err = descend(&fd, &several);

	err = err ? (close(fd), err) : kt_root_dir_new(fd, KT_ROOT_DIR, &dir);
	if (!err && !several && !is_tree(dir)) {
		err = open_parts(dir, fd, &texts);
		if (!err && !texts)
			err = kt_root_texts_of_folder(dir, wanted, &texts);
	}
	if (texts || err)
		kt_root_free(dir);
	*ret_root = texts ? texts : err ? NULL : dir;
	return err;
}

bool kt_root_cut_time(const char *path, char *ret_path, const char **ret_when)
{
	const char *at = strrchr(path, '@');

	if (!at || at == path || access(path, F_OK) == 0 || at - path >= PATH_MAX)
		return false;
	memcpy(ret_path, path, (size_t)(at - path));
	ret_path[at - path] = '\0';
	*ret_when = at + 1;
	return access(ret_path, F_OK) == 0;
}

bool kt_root_cut_number(const char *path, char *ret_path, int64_t *ret_number)
{
	const char *number;

	return kt_root_cut_time(path, ret_path, &number) && !kt_is_recording(ret_path) &&
	       kt_span_i64(kt_span_str(number), ret_number);
}

/*
 * Opens what is not text by its first bytes: a bundle with a machine's tree, a bundle of texts, a
 * packed text, or a text with odd bytes, since a log may have any byte in it, even near its
 * beginning.
 */
static struct kt_err *open_bundle(
	int fd, const char *path, kt_root_filter wanted, struct kt_root **ret_root)
{
	bool packed = kt_text_kind_of_file(fd) == KT_TEXT_PACKED;
	struct kt_root *texts = NULL;
	struct kt_err *err = kt_root_archive_open(fd, path, wanted, ret_root), *other;
	bool archive = !err || kt_err_code(err) == KT_ERR_ABSENT;

	if ((!err && is_tree(*ret_root)) || (err && !archive && kt_err_code(err) != KT_ERR_PARSE) ||
		lseek(fd, 0, SEEK_SET) < 0)
		return err;
	if (archive || packed)
		other = kt_root_texts_of_archive(fd, path, !archive, wanted, &texts);
	else
		other = kt_root_texts_of_file(fd, path, wanted, &texts);
	/* texts that cannot be read are the reason, unless the bundle has other files */
	if (!texts && (!other || (kt_err_code(other) != KT_ERR_NOMEM &&
					 (!err || kt_err_code(other) == KT_ERR_ABSENT)))) {
		kt_err_free(other);
		return err;
	}
	kt_err_free(err);
	kt_root_free(*ret_root);
	*ret_root = texts;
	return other;
}

static struct kt_err *open_whole(const char *path, kt_root_filter wanted, struct kt_root **ret_root)
{
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE | KT_OPEN_DIRECTORY, O_RDONLY);
	struct kt_err *err;
	struct stat st;

	if (fd < 0 && errno == KT_OPEN_OTHER)
		return kt_err_new(KT_ERR_REFUSED, "%s: neither a directory nor a file", path);
	if (fd < 0)
		return kt_err_os(errno, "%s", path);
	if (fstat(fd, &st) < 0)
		err = kt_err_os(errno, "%s", path);
	else if (S_ISDIR(st.st_mode)) {
		return open_folder(fd, wanted, ret_root);
	} else if (is_dump(fd) || is_image(fd, path))
		err = open_dump(fd, ret_root);
	else if (kt_is_recording(path))
		err = kt_root_recording_open(path, NULL, wanted, ret_root);
	else if (kt_text_kind_of_file(fd) == KT_TEXT_PLAIN)
		err = kt_root_texts_of_file(fd, path, wanted, ret_root);
	else
		err = open_bundle(fd, path, wanted, ret_root);
	close(fd);
	return err;
}

struct kt_err *kt_root_prepare_bundle(void)
{
	const struct kt_libarchive *lib;

	return kt_libarchive(&lib);
}

static void prepare_dump(int fd)
{
	char bytes[64];

	kt_dump_prepare(read_head(fd, bytes));
}

static void prepare_parts(int fd)
{
	KT_CLEANUP(root) struct kt_root *dir = NULL;
	KT_CLEANUP(root) struct kt_root *dump = NULL;
	struct kt_err *err = kt_root_dir_new(dup(fd), KT_ROOT_DIR, &dir);
	size_t count;

	if (!err)
		err = open_parts(dir, fd, &dump);
	if (dump)
		prepare_dump(kt_root_dump_files(dump, &count)[0]);
	kt_err_free(err);
}

/* Decides like open_whole(), which returns the error if the path cannot be opened. */
struct kt_err *kt_root_prepare(const char *path)
{
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE | KT_OPEN_DIRECTORY, O_RDONLY);
	struct kt_err *err = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		/* texts may be packed; plain texts are read without the library */
		if (faccessat(fd, "proc", F_OK, 0) != 0) {
			kt_err_free(kt_root_prepare_bundle());
			prepare_parts(fd);
		}
	} else if (is_dump(fd)) {
		prepare_dump(fd);
	} else if (kt_is_recording(path))
		err = kt_zstd_prepare();
	else if (kt_text_kind_of_file(fd) != KT_TEXT_PLAIN) {
		err = kt_root_prepare_bundle();
		/* an image of memory needs no library */
		if (err && is_image(fd, path)) {
			kt_err_free(err);
			err = NULL;
		}
	}
	close(fd);
	return err;
}

struct kt_err *kt_root_open(const char *path, kt_root_filter wanted, struct kt_root **ret_root)
{
	char before[PATH_MAX];
	const char *when;

	if (kt_root_cut_time(path, before, &when)) {
		if (access(before, R_OK) == 0 && !kt_is_recording(before))
			return kt_err_new(KT_ERR_PARSE,
				"%s: not a recording, and only a recording can be read at a time; "
				"a kernel log takes the number of a memory report, such as @2",
				before);
		return kt_root_recording_open(before, when, wanted, ret_root);
	}
	return open_whole(path, wanted, ret_root);
}
