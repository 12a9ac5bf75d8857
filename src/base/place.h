// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_PLACE_H
#define KT_BASE_PLACE_H

#include "base/err.h"

#include <stdbool.h>

/**
 * Files that are written to, and their places in directories. A file is opened only if no other
 * user can write to it, gets its name only when it is complete, and its directory is synced.
 */

/**
 * Opens a file for reading and writing, or creates it with mode 0600. REFUSED: not a regular file,
 * owned or writable by another user, or with a second hard link. The file is opened only after
 * these checks, and no symbolic link is followed. `ret_made`: the file was created.
 */
struct kt_err *kt_place_open(const char *path, int *ret_fd, bool *ret_made) KT_MUST_CHECK;
/** True if this open file is still the file at the path. */
bool kt_place_holds(const char *path, int fd);
/** Waits until the file's directory entries are on the disk. */
struct kt_err *kt_place_sync(const char *path) KT_MUST_CHECK;

/**
 * A file to be written that has no name yet, if the file system supports it: it disappears however
 * the program ends. Otherwise the file is `part`, which must not exist and which the handlers of
 * terminating signals remove.
 */
struct kt_unnamed {
	int fd;		  /* -1: none */
	const char *part; /* NULL: unnamed; otherwise the caller's text */
};

#define KT_UNNAMED_NONE ((struct kt_unnamed){ .fd = -1 })

/**
 * Creates the file; `part` is a path in the directory of the later name, and must outlive the file.
 */
struct kt_err *kt_unnamed_make(const char *part, struct kt_unnamed *ret_file) KT_MUST_CHECK;
/**
 * Gives the file its name. With `replace` an existing file is replaced, through the temporary name
 * `part`. Without it an existing file is an error with errno EEXIST and `ret_exists` set. The file
 * stays open.
 */
struct kt_err *kt_unnamed_name(struct kt_unnamed *file, const char *part, const char *path,
	bool replace, bool *ret_exists) KT_MUST_CHECK;
/** Closes the file; an unnamed file disappears. */
void kt_unnamed_close(struct kt_unnamed *file);
/** For tests: behaves as if no file system supported unnamed files. */
void kt_unnamed_forbid(bool forbid);

#endif
