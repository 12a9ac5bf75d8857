// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_DCACHE_H
#define KT_ANALYSIS_DCACHE_H

#include "model/snapshot.h"

enum kt_dcache_kind { KT_DCACHE_DENTRY, KT_DCACHE_INODE, KT_DCACHE_SHARED_INODE };

/** What a slab cache has to do with directory entries and inodes; false: nothing. */
bool kt_dcache_cache(struct kt_arena *arena, const char *cache, enum kt_dcache_kind *ret_kind,
	const char **ret_fstype);

/** Mounts of a kind of file system; -1 where the mounts are not known. */
int64_t kt_dcache_mounts(const struct kt_snapshot *snap, const char *fstype);
/** Mounts of file systems that have no inode cache of their own among the caches. */
int64_t kt_dcache_other_mounts(const struct kt_snapshot *snap, struct kt_arena *arena);

/** Bytes of a cache: slabs x pages, an upper bound; -1 where it is not known. */
int64_t kt_cache_bytes(const struct kt_snapshot *snap, const struct kt_cache *cache);

/**
 * Unused negative entries; -1 where this kernel may not count them: a 0 that could be the
 * dummy of a kernel before 5.0 is believed only beside a field that is younger.
 */
int64_t kt_dcache_negative(const struct kt_snapshot *snap);

/** Value of a setting that was read, by its file's name; false: it is not there. */
bool kt_setting_of(const struct kt_snapshot *snap, const char *name, int64_t *ret_value);

#endif
