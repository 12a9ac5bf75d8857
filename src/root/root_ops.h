// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_ROOT_OPS_H
#define KT_ROOT_ROOT_OPS_H

#include "root/root.h"

#define KT_ROOT_LINK_MAX 4096u /* bytes of a link's target */

/** Functions of a kind of root; private to src/root. */
struct kt_root_ops {
	struct kt_err *(*read)(struct kt_root *root, const char *path, uint64_t offset,
		size_t size_max, bool whole, struct kt_text *ret_text);
	/** Opens a stream at `offset`: see kt_root_stream(), which sets the stream's offset. */
	struct kt_err *(*stream)(struct kt_root *root, const char *path, uint64_t offset,
		struct kt_stream **ret_stream);
	struct kt_err *(*link)(struct kt_root *root, const char *path, struct kt_text *ret_target);
	struct kt_err *(*list)(struct kt_root *root, const char *path, bool folders,
		struct kt_arena *arena, kt_names *ret_names);
	bool (*has)(struct kt_root *root, const char *path);
	void (*free)(struct kt_root *root);
	bool (*folder_inode)(struct kt_root *root, const char *path, uint64_t *ret_inode);
};

struct kt_root {
	const struct kt_root_ops *ops;
	enum kt_root_kind kind;
	kt_root_watch watch;
	void *watch_arg;
	bool watch_is_short;	     /* see kt_root_set_short_watch() */
	kt_root_is_behind is_behind; /* set while records are read; NULL: reads to the end */
	void *behind_arg;
	char note[1024];		    /* see kt_root_note() */
	bool starved;			    /* see kt_root_starved() */
	KT_LIST(struct kt_root_part) parts; /* see kt_root_parts() */
	struct kt_arena arena;		    /* of `parts` */
};

/** Makes a root of a directory, also of the live one; takes `fd` over. */
struct kt_err *kt_root_dir_new(int fd, enum kt_root_kind kind, struct kt_root **ret_root);
/** Makes a root of a dump of memory without its files. */
struct kt_err *kt_root_dump_new(struct kt_root **ret_root) KT_MUST_CHECK;
/** Adds a file of the dump, from a copy of `fd`; LIMIT: too many files. */
struct kt_err *kt_root_dump_add_file(struct kt_root *root, int fd) KT_MUST_CHECK;
/** Adds a file that is read in place, from a copy of `fd`. */
struct kt_err *kt_root_memory_file(struct kt_root *root, const char *path, int fd);
/** Adds the file `first`, which is in memory, under another path as well, without a copy. */
struct kt_err *kt_root_memory_again(struct kt_root *root, const char *path, const char *first);
/** Adds a member that cannot be read; `why` is copied and becomes the error of a read. */
struct kt_err *kt_root_memory_refuse(struct kt_root *root, const char *path, const char *why);
/** Same with a code other than REFUSED. */
struct kt_err *kt_root_memory_fail(
	struct kt_root *root, const char *path, enum kt_err_code code, const char *why);

/** Adds a symbolic link, which is reported but not followed; `target` is copied. */
struct kt_err *kt_root_memory_link(struct kt_root *root, const char *path, const char *target);

/** Unpacks an open archive into memory; loads libarchive. */
struct kt_err *kt_root_archive_open(
	int fd, const char *name, kt_root_filter wanted, struct kt_root **ret_root);

struct kt_texts;
/** Unpacks a packed file that is one text; `ret_data` stays empty if it is another file. */
struct kt_err *kt_root_archive_text(int fd, struct kt_buf *ret_data) KT_MUST_CHECK;
/**
 * Looks through the members of an archive, or through the text of a `packed` file, whose name is
 * `name`; NULL: it is the only text. Loads libarchive.
 */
struct kt_err *kt_root_archive_texts(
	int fd, const char *name, bool packed, struct kt_texts *texts) KT_MUST_CHECK;

/** Kind of a file or a member of an archive by its first bytes, of which `head` has some. */
enum kt_text_kind { KT_TEXT_NONE, KT_TEXT_PLAIN, KT_TEXT_PACKED };
enum kt_text_kind kt_text_kind(struct kt_span head);
enum kt_text_kind kt_text_kind_of_file(int fd);
/** Roots of texts: see root/texts.h. NULL: nothing known was found. */
struct kt_err *kt_root_texts_of_folder(
	struct kt_root *dir, kt_root_filter wanted, struct kt_root **ret_root) KT_MUST_CHECK;
struct kt_err *kt_root_texts_of_archive(int fd, const char *name, bool packed,
	kt_root_filter wanted, struct kt_root **ret_root) KT_MUST_CHECK;
/** Same of a single file; ABSENT: nothing known was found. */
struct kt_err *kt_root_texts_of_file(
	int fd, const char *name, kt_root_filter wanted, struct kt_root **ret_root) KT_MUST_CHECK;
/** Opens a regular file inside a directory; -1: see errno. */
int kt_root_dir_file(struct kt_root *root, const char *path);

/** Opens a recording at a time (see base/when.h); NULL: its last sample. */
struct kt_err *kt_root_recording_open(
	const char *path, const char *when, kt_root_filter wanted, struct kt_root **ret_root);

/** Reads from a descriptor to its end or to `size_max` bytes, whichever comes first. */
struct kt_err *kt_root_slurp(
	int fd, const char *path, size_t size_max, bool whole, struct kt_text *ret_text);

/** Makes a stream of a file that kt_root_read() reads whole. */
struct kt_err *kt_root_stream_whole(struct kt_root *root, const char *path, uint64_t offset,
	struct kt_stream **ret_stream) KT_MUST_CHECK;

#endif
