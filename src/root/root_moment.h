// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_ROOT_MOMENT_H
#define KT_ROOT_ROOT_MOMENT_H

#include "record/cursor.h"

/** Additions to the files of a recorded sample beyond their lines; private to src/root. */

/** Adds to a file's text the sample's own facts, which no file has or which are of another time. */
void kt_moment_own(
	const struct kt_block *block, uint32_t sample, const char *path, struct kt_buf *text);
/** Returns why the recorder could not read the file; NULL: it did not exist. */
struct kt_err *kt_moment_unread(const struct kt_cursor *cursor, uint32_t file) KT_MUST_CHECK;

#endif
