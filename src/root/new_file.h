// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_NEW_FILE_H
#define KT_ROOT_NEW_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * A file that gets its name when it is whole: it is written as NAME.part, which only its
 * owner may read, because what ktally writes may be what only root may see.
 */
struct kt_new_file {
	char *path, *part;
	bool force; /* an existing file is overwritten */
	int fd;	    /* -1: none */
};

/** Fails where the file exists, unless `force`. */
struct kt_err *kt_new_file_create(
	const char *path, bool force, struct kt_new_file *ret_file) KT_MUST_CHECK;
struct kt_err *kt_new_file_write(
	struct kt_new_file *file, const char *data, size_t size) KT_MUST_CHECK;
/** Gives it its name; after an error it is gone. Ends the file in any case. */
struct kt_err *kt_new_file_commit(struct kt_new_file *file) KT_MUST_CHECK;
/** Gives up what has not been committed. */
void kt_new_file_cleanup(struct kt_new_file *file);

#define KT_NEW_FILE_NONE ((struct kt_new_file){ .fd = -1 })

#endif
