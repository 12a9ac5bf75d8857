// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_MEMBERS_H
#define KT_ROOT_MEMBERS_H

#include <stddef.h>

/** Files of a root in an array sorted by path; private to src/root. */

/**
 * Returns the index of the first member whose path is not before `path`; `count`: none. Members
 * have `size` bytes each and begin with a pointer to their path.
 */
size_t kt_members_from(const void *members, size_t count, size_t size, const char *path);
/**
 * Returns the part of a path after the directory `folder`; NULL: the path is not below it. All
 * paths are below "".
 */
const char *kt_path_below(const char *path, const char *folder);

#endif
