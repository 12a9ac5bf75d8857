// SPDX-License-Identifier: GPL-2.0-or-later
//
// A directory of texts as a root: mails, tickets, outputs of commands, logs, under any names.

#include "base/attr.h"
#include "base/buf.h"
#include "base/open.h"
#include "recognise/plain.h"
#include "root/root_ops.h"
#include "root/stream.h"
#include "root/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX  6	/* directories inside each other that are looked into */
#define HEAD_BYTES 512u /* first bytes, which show the kind of a file */

/*
 * A log may have any byte in it, even near its beginning. Only a zero shows another kind of file,
 * such as an archive in the archive.
 */
enum kt_text_kind kt_text_kind(struct kt_span head)
{
	/* gzip, bzip2, xz, zstd */
	static const char *const packed[] = { "\x1f\x8b\x08", "BZh",
		"\xfd"
		"7zXZ",
		"\x28\xb5\x2f\xfd" };

	if (head.n > HEAD_BYTES)
		head.n = HEAD_BYTES;
	for (size_t i = 0; i < KT_LEN(packed); i++) {
		if (kt_span_starts(head, packed[i]))
			return KT_TEXT_PACKED;
	}
	return head.n && (kt_plain_is_utf16(head) || !memchr(head.p, '\0', head.n)) ? KT_TEXT_PLAIN
										    : KT_TEXT_NONE;
}

enum kt_text_kind kt_text_kind_of_file(int fd)
{
	char head[HEAD_BYTES];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	return kt_text_kind((struct kt_span){ head, n > 0 ? (size_t)n : 0 });
}

struct walk {
	struct kt_root *dir;
	struct kt_texts *texts;
	struct kt_arena arena;
};

/* A link that leads nowhere, a device and the like are no texts. */
static struct kt_err *skip_closed(struct walk *walk, const char *path, int errnum)
{
	struct kt_err *err = kt_err_os(errnum, "%s", path);

	if (errnum != KT_OPEN_OTHER && kt_err_code(err) != KT_ERR_ABSENT &&
		kt_err_code(err) != KT_ERR_REFUSED)
		return kt_texts_skip(walk->texts, err);
	kt_err_free(err);
	return NULL;
}

static struct kt_err *add_text(struct walk *walk, const char *path)
{
	int fd = kt_root_dir_file(walk->dir, path);
	enum kt_text_kind kind;
	struct kt_err *err = NULL;

	if (fd < 0)
		return skip_closed(walk, path, errno);
	kind = kt_text_kind_of_file(fd);
	if (kind == KT_TEXT_PLAIN)
		return kt_texts_add_file(walk->texts, path, fd);
	if (kind == KT_TEXT_PACKED)
		err = kt_root_archive_texts(fd, path, true, walk->texts);
	close(fd);
	return err ? kt_texts_skip(walk->texts, kt_err_prepend(err, "%s", path)) : NULL;
}

static bool is_in(const kt_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i], name) == 0)
			return true;
	}
	return false;
}

static const char *below(struct walk *walk, const char *folder, const char *name)
{
	return *folder ? kt_arena_printf(&walk->arena, "%s/%s", folder, name) : name;
}

/* Files of a directory come before its subdirectories, which are walked in turn. */
static struct kt_err *walk_folder(struct walk *walk, const char *folder, kt_names *folders)
{
	kt_names names = { 0 }, inside = { 0 };
	struct kt_err *err = kt_root_list_folders(walk->dir, folder, &walk->arena, &inside);

	if (!err)
		err = kt_root_list(walk->dir, folder, &walk->arena, &names);
	for (size_t i = 0; !err && i < names.count && !kt_texts_is_full(walk->texts); i++) {
		const char *path = below(walk, folder, names.items[i]);

		if (names.items[i][0] == '.' || !path || is_in(&inside, names.items[i]))
			continue;
		err = add_text(walk, path);
	}
	for (size_t i = 0; !err && i < inside.count; i++) {
		const char **slot =
			inside.items[i][0] == '.' ? NULL : kt_list_push(&walk->arena, folders);

		if (slot)
			*slot = below(walk, folder, inside.items[i]);
	}
	return err;
}

/* A directory that cannot be listed is skipped like a text. */
static struct kt_err *walk_below(struct walk *walk, const char *folder, kt_names *folders)
{
	struct kt_err *err = walk_folder(walk, folder, folders);

	return err ? kt_texts_skip(walk->texts, err) : NULL;
}

static struct kt_err *walk_all(struct walk *walk)
{
	kt_names level = { 0 };
	struct kt_err *err = walk_folder(walk, "", &level);

	for (int depth = 1; !err && depth < DEPTH_MAX && level.count; depth++) {
		kt_names next = { 0 };

		for (size_t i = 0; !err && i < level.count && !kt_texts_is_full(walk->texts); i++)
			err = level.items[i] ? walk_below(walk, level.items[i], &next) : NULL;
		level = next;
	}
	if (!err && walk->arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err;
}

struct kt_err *kt_root_texts_of_folder(
	struct kt_root *dir, kt_root_filter wanted, struct kt_root **ret_root)
{
	struct walk walk = { .dir = dir };
	struct kt_err *err = kt_texts_new(wanted, &walk.texts);

	if (err)
		return err;
	err = walk_all(&walk);
	kt_arena_fini(&walk.arena);
	if (!err)
		return kt_texts_end(walk.texts, ret_root);
	kt_texts_free(walk.texts);
	return err;
}

struct kt_err *kt_root_texts_of_file(
	int fd, const char *name, kt_root_filter wanted, struct kt_root **ret_root)
{
	struct kt_texts *texts;
	struct kt_err *err = kt_texts_new(wanted, &texts);
	int again = err ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (err)
		return err;
	if (again < 0)
		err = kt_err_os(errno, "cannot be opened again");
	else
		err = kt_texts_add_file(texts, NULL, again);
	if (err) {
		kt_texts_free(texts);
		return kt_err_prepend(err, "%s", name);
	}
	err = kt_texts_end(texts, ret_root);
	if (!err && !*ret_root)
		err = kt_err_new(KT_ERR_ABSENT,
			"%s: neither a bundle, nor a file of /proc that ktally knows, nor a kernel "
			"log with a memory report in it; give a directory that contains proc/ and "
			"sys/, or a bundle written by 'ktally capture'",
			name);
	return err;
}

static struct kt_err *read_all(int fd, const char *path, struct kt_buf *ret_text)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct kt_err *err = again < 0 ? kt_err_os(errno, "%s", path)
				       : kt_stream_of_fd(again, KT_STREAM_AT, path, &stream);
	struct kt_span piece;

	while (!err && kt_stream_next(stream, &piece)) {
		if (ret_text->size + piece.n > KT_ROOT_FILE_MAX)
			return kt_err_new(
				KT_ERR_LIMIT, "larger than %u MiB", KT_ROOT_FILE_MAX >> 20);
		kt_buf_add(ret_text, piece.p, piece.n);
	}
	return err ? err : kt_stream_err(stream);
}

struct kt_err *kt_root_plain_text(int fd, const char *path, struct kt_buf *ret_text)
{
	KT_CLEANUP(buf) struct kt_buf raw = { 0 };
	enum kt_text_kind kind = kt_text_kind_of_file(fd);
	char head[64];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	bool is_wide = n > 0 && kt_plain_is_utf16((struct kt_span){ head, (size_t)n });
	struct kt_err *err = NULL;

	if (kind == KT_TEXT_PACKED)
		err = kt_root_archive_text(fd, &raw);
	else if (is_wide)
		err = read_all(fd, path, &raw);
	if (!err && raw.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (err)
		return kt_err_prepend(err, "%s", path);
	if (raw.size && kt_plain_is_utf16((struct kt_span){ raw.data, raw.size })) {
		kt_plain_utf16((struct kt_span){ raw.data, raw.size }, ret_text);
	} else {
		*ret_text = raw;
		raw = (struct kt_buf){ 0 };
	}
	return ret_text->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

struct kt_err *kt_root_texts_of_archive(int fd, const char *name, bool packed_file,
	kt_root_filter wanted, struct kt_root **ret_root)
{
	struct kt_texts *texts;
	struct kt_err *err = kt_texts_new(wanted, &texts);

	if (err)
		return err;
	err = kt_root_archive_texts(fd, packed_file ? NULL : name, packed_file, texts);
	if (err)
		kt_texts_free(texts);
	else
		err = kt_texts_end(texts, ret_root);
	return err ? kt_err_prepend(err, "%s", name) : NULL;
}
