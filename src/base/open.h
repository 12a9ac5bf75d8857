// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_OPEN_H
#define KT_BASE_OPEN_H

/**
 * Opens files that untrusted users may have made. Opening has side effects: a watchdog's node
 * starts the watchdog, a tape rewinds, a FIFO blocks. The kind of a file is therefore checked
 * before it is opened, through an O_PATH descriptor, which touches nothing.
 */
enum kt_open_kinds { KT_OPEN_FILE = 1u << 0, KT_OPEN_DIRECTORY = 1u << 1 };

#define KT_OPEN_OTHER ENOTSUP /* errno: the path is a device, FIFO or socket and was not opened */

/**
 * Opens `path` with `flags` if it is of one of the kinds. Returns -1 with errno set otherwise.
 * Symbolic links are followed unless `flags` has O_NOFOLLOW.
 */
int kt_open_kind(int dirfd, const char *path, unsigned kinds, int flags);
/**
 * Opens the file of `place`, an O_PATH descriptor; `place` stays open. Fails with ENOENT for files
 * when /proc is not mounted.
 */
int kt_open_place(int place, unsigned kinds, int flags);
/** True if two descriptors refer to the same file. */
int kt_open_same(int a, int b);

#endif
