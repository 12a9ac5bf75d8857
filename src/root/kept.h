// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_KEPT_H
#define KT_ROOT_KEPT_H

#include "root/root.h"

/**
 * Files of the running machine that need a capability to open or to read. Before a process drops
 * its capabilities, it keeps such files. A file stays open if the kernel checks who opened it. Its
 * text is kept if the kernel checks who reads and the text does not change. Belongs to the whole
 * process. Two threads must not read one file at the same time, because they would share its
 * offset.
 */

/** Keeps a file open; does nothing if it cannot be opened. */
void kt_kept_open(const char *path);
/** Keeps the text of a file that does not change while the machine runs. */
void kt_kept_text(struct kt_root *root, const char *path);

/** Returns a descriptor at the start of the file, which the caller closes; -1: not kept open. */
int kt_kept_fd(const char *path);
/** Copies its text from `offset` on, at most `size_max` bytes; false: not kept. */
bool kt_kept_read(const char *path, uint64_t offset, size_t size_max, struct kt_text *ret_text);

#endif
