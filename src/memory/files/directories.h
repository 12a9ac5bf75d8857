// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_FILES_DIRECTORIES_H
#define KT_MEMORY_FILES_DIRECTORIES_H

#include "memory/files/file_structs.h"

/**
 * The directories that dentries are in: each mounted directory, and those below it to a depth. A
 * deeper one counts as the last one above it.
 */
struct kt_directories;

/**
 * `structs` and `snap` outlive it. It appends to snap->directories; snap->mounts are the mounted
 * directories. `depth`: below a mounted directory.
 */
struct kt_directories *kt_directories_new(struct kt_target *target,
	const struct kt_file_structs *structs, struct kt_snapshot *snap, unsigned depth);
void kt_directories_free(struct kt_directories *directories);
/** Whether memory was short. */
bool kt_directories_failed(const struct kt_directories *directories);
/** Dentries whose directory could not be read. */
uint64_t kt_directories_torn(const struct kt_directories *directories);

/** The entry of the list for what is in no directory of a super block; NULL: out of memory. */
struct kt_directory *kt_directories_none(struct kt_directories *directories, size_t superblock);
/**
 * The entry for a dentry, by the address of the dentry of its directory, or of its own if it is in
 * none. `super`: address of its super block. NULL: out of memory. Valid until the next call.
 */
struct kt_directory *kt_directories_find(
	struct kt_directories *directories, size_t superblock, uint64_t super, uint64_t address);

#endif
