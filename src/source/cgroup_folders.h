// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_CGROUP_FOLDERS_H
#define KT_SOURCE_CGROUP_FOLDERS_H

#include "root/root.h"

/**
 * Names of cgroups that the kernel gives by number: the number is the inode of a directory. A
 * removed group has none.
 */

/** Called with each directory, the top as "/"; false ends the walk. `path`: valid in the arena. */
typedef bool (*kt_cgroup_folder_fn)(void *arg, uint64_t inode, const char *path);

/** Walks the directories of the hierarchy at `top`, at most 64 levels down. */
void kt_cgroup_folders(struct kt_root *root, struct kt_arena *arena, const char *top,
	kt_cgroup_folder_fn fn, void *arg);

#endif
