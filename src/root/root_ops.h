// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_ROOT_OPS_H
#define KT_ROOT_ROOT_OPS_H

#include "root/root.h"

#define KT_ROOT_LINK_MAX 4096u

/** What a kind of root provides; private to src/root. */
struct kt_root_ops {
	struct kt_err *(*read)(struct kt_root *root, const char *path, uint64_t offset,
		size_t size_max, bool whole, struct kt_text *ret_text);
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
	char note[128]; /* see kt_root_note() */
};

/** Folders, the live one included; takes `fd` over. */
struct kt_err *kt_root_dir_new(int fd, enum kt_root_kind kind, struct kt_root **ret_root);
/** Files held in memory: bundles and single files. */
struct kt_err *kt_root_memory_new(enum kt_root_kind kind, struct kt_root **ret_root);
/** Takes `data` over. A name that is there already is kept as it was first. */
struct kt_err *kt_root_memory_add(struct kt_root *root, const char *path, char *data, size_t size);
/** A member that cannot be read; `why` is copied and becomes the error of a read. */
struct kt_err *kt_root_memory_refuse(struct kt_root *root, const char *path, const char *why);

/** A symbolic link, which is told but not followed; `target` is copied. */
struct kt_err *kt_root_memory_link(struct kt_root *root, const char *path, const char *target);

/** Unpacks an open archive into memory; loads libarchive. */
struct kt_err *kt_root_archive_open(
	int fd, const char *name, kt_root_filter wanted, struct kt_root **ret_root);

/** The files of a recording as they were at a moment (see base/when.h); NULL: the last. */
struct kt_err *kt_root_recording_open(
	const char *path, const char *when, kt_root_filter wanted, struct kt_root **ret_root);

/** Reads from a descriptor to its end or to `size_max` bytes, whichever comes first. */
struct kt_err *kt_root_slurp(
	int fd, const char *path, size_t size_max, bool whole, struct kt_text *ret_text);

#endif
