// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_NEW_FILE_H
#define KT_ROOT_NEW_FILE_H

#include "base/err.h"
#include "base/place.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * A file that gets its name when it is complete. Until then it has no name, or NAME.part where the
 * file system requires one. Only its owner may read it, because ktally may write what only root may
 * see.
 */
struct kt_new_file {
	char *path, *part;
	bool force; /* overwrites an existing file */
	struct kt_unnamed file;
};

/** Fails where the file exists, unless `force`. */
struct kt_err *kt_new_file_create(
	const char *path, bool force, struct kt_new_file *ret_file) KT_MUST_CHECK;
struct kt_err *kt_new_file_write(
	struct kt_new_file *file, const char *data, size_t size) KT_MUST_CHECK;
/** Names the file; removes it after an error. Ends the file in any case. */
struct kt_err *kt_new_file_commit(struct kt_new_file *file) KT_MUST_CHECK;
/** Removes a file that was not committed. */
void kt_new_file_cleanup(struct kt_new_file *file);

#define KT_NEW_FILE_NONE ((struct kt_new_file){ .file = KT_UNNAMED_NONE })

#endif
