// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_ARCHIVE_WRITE_H
#define KT_ROOT_ARCHIVE_WRITE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A bundle while it is written: a tar, compressed as the end of its name says (.zst, .gz, .xz). */
struct kt_archive_writer;

/** Fails where the file exists, unless `force`. Loads libarchive, except for a plain tar. */
struct kt_err *kt_archive_create(
	const char *path, bool force, struct kt_archive_writer **ret_writer) KT_MUST_CHECK;
struct kt_err *kt_archive_add(struct kt_archive_writer *writer, const char *path, const char *data,
	size_t size, int64_t time_s) KT_MUST_CHECK;
struct kt_err *kt_archive_add_link(struct kt_archive_writer *writer, const char *path,
	const char *target, int64_t time_s) KT_MUST_CHECK;
/** Writes the end of the archive; removes the file after an error. Frees the writer in any case. */
struct kt_err *kt_archive_close(struct kt_archive_writer *writer) KT_MUST_CHECK;
/** Removes the file and frees the writer. */
void kt_archive_abandon(struct kt_archive_writer *writer);

#endif
