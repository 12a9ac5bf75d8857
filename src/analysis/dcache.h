// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_DCACHE_H
#define KT_ANALYSIS_DCACHE_H

#include "model/snapshot.h"

enum kt_dcache_kind { KT_DCACHE_DENTRY, KT_DCACHE_INODE, KT_DCACHE_SHARED_INODE };

/** Relation of a slab cache to directory entries and inodes; false: none. */
bool kt_dcache_cache(struct kt_arena *arena, const char *cache, enum kt_dcache_kind *ret_kind,
	const char **ret_fstype);

/** Number of mounts of a file system type; -1: unknown. */
int64_t kt_dcache_mounts(const struct kt_snapshot *snap, const char *fstype);
/** Number of mounts of file systems without an inode cache of their own. */
int64_t kt_dcache_other_mounts(const struct kt_snapshot *snap, struct kt_arena *arena);

/** Bytes of a cache: slabs x pages, an upper bound; -1: unknown. */
int64_t kt_cache_bytes(const struct kt_snapshot *snap, const struct kt_cache *cache);

/**
 * Number of unused negative dentries; -1 if this kernel may not count them. A 0 may be the dummy
 * field of a kernel before Linux 5.0 (commit af0c9af1b3f6), so it counts only together with a
 * newer field.
 */
int64_t kt_dcache_negative(const struct kt_snapshot *snap);

/**
 * Bytes of a file system's dentries, inodes and long names, and of its nodes and lists as far as
 * they are known; KT_UNKNOWN: its inodes are not known.
 */
int64_t kt_superblock_bytes(const struct kt_superblock *super);
/**
 * Bytes of a directory's dentries, inodes and long names. What only the whole file system has is in
 * no directory. KT_UNKNOWN: inodes are not known.
 */
int64_t kt_directory_bytes(const struct kt_snapshot *snap, const struct kt_directory *directory);

/** Value of a setting by its file name; false: it was not read. */
bool kt_setting_of(const struct kt_snapshot *snap, const char *name, int64_t *ret_value);

#endif
