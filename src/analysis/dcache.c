// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/dcache.h"

#include <string.h>

/*
 * Caches whose name is not the file system's name before "_inode". Caches of inodes have a
 * constructor, so the kernel never merges them: their names are reliable.
 */
static const struct {
	const char *cache, *fstype;
} known[] = {
	{ "ext3_inode_cache", "ext3" },
	{ "shmem_inode_cache", "tmpfs" },
	{ "sock_inode_cache", "sockfs" },
	{ "proc_inode_cache", "proc" },
	{ "ovl_inode", "overlay" },
	{ "fat_inode_cache", "vfat" },
	{ "isofs_inode_cache", "iso9660" },
	{ "nfs_inode_cache", "nfs" },
	{ "v9fs_inode_cache", "9p" },
	{ "reiser_inode_cache", "reiserfs" },
	{ "rpc_inode_cache", "rpc_pipefs" },
	{ "bdev_cache", "bdev" },
	{ "jfs_ip", "jfs" },
	{ "zfs_znode_cache", "zfs" },
	{ "bch_inode_info", "bcachefs" },
	/* not inodes, despite their names */
	{ "lsm_inode_cache", NULL },
	{ "fscrypt_inode_info", NULL },
	{ "jbd2_inode", NULL },
};

bool kt_dcache_cache(struct kt_arena *arena, const char *cache, enum kt_dcache_kind *ret_kind,
	const char **ret_fstype)
{
	static const char *const ends[] = { "_inode_cache", "_inode_info", "_inode_slab",
		"_inode" };
	struct kt_span name = kt_span_str(cache);

	*ret_fstype = NULL;
	*ret_kind = KT_DCACHE_DENTRY;
	if (strcmp(cache, "dentry") == 0 || strcmp(cache, "dentry_cache") == 0)
		return true;
	*ret_kind = KT_DCACHE_SHARED_INODE;
	if (strcmp(cache, "inode_cache") == 0)
		return true;
	*ret_kind = KT_DCACHE_INODE;
	for (size_t i = 0; i < KT_LEN(known); i++) {
		if (strcmp(cache, known[i].cache) != 0)
			continue;
		*ret_fstype = known[i].fstype;
		return known[i].fstype != NULL;
	}
	for (size_t i = 0; i < KT_LEN(ends); i++) {
		if (!kt_span_ends(name, ends[i]) || name.n == strlen(ends[i]))
			continue;
		name.n -= strlen(ends[i]);
		*ret_fstype = kt_arena_name(arena, name);
		return true;
	}
	return false;
}

/*
 * True if file systems share an inode cache: "nfs4" uses the inodes of nfs, "fuse.sshfs" of fuse.
 */
static bool is_kind(const char *mounted, const char *fstype)
{
	static const struct {
		const char *mounted, *fstype;
	} same[] = {
		{ "devtmpfs", "tmpfs" },
		{ "nfs4", "nfs" },
		{ "fuseblk", "fuse" },
		{ "smb3", "cifs" },
		{ "msdos", "vfat" },
		{ "virtiofs", "fuse" },
	};
	struct kt_span rest = kt_span_str(mounted);

	if (strcmp(mounted, fstype) == 0)
		return true;
	for (size_t i = 0; i < KT_LEN(same); i++) {
		if (strcmp(mounted, same[i].mounted) == 0)
			return strcmp(fstype, same[i].fstype) == 0;
	}
	return kt_span_skip(&rest, fstype) && kt_span_starts(rest, ".");
}

int64_t kt_dcache_mounts(const struct kt_snapshot *snap, const char *fstype)
{
	int64_t sum = 0;

	if (!snap->mount_types.count)
		return -1;
	for (size_t i = 0; i < snap->mount_types.count; i++) {
		if (is_kind(snap->mount_types.items[i].fstype, fstype))
			sum += snap->mount_types.items[i].nr_mounts;
	}
	return sum;
}

static bool has_own_cache(
	const struct kt_snapshot *snap, struct kt_arena *arena, const char *mounted)
{
	for (size_t i = 0; i < snap->caches.count; i++) {
		enum kt_dcache_kind kind;
		const char *fstype;

		if (kt_dcache_cache(arena, snap->caches.items[i].name, &kind, &fstype) && fstype &&
			is_kind(mounted, fstype))
			return true;
	}
	return false;
}

int64_t kt_dcache_other_mounts(const struct kt_snapshot *snap, struct kt_arena *arena)
{
	int64_t sum = 0;

	if (!snap->mount_types.count)
		return -1;
	for (size_t i = 0; i < snap->mount_types.count; i++) {
		if (!has_own_cache(snap, arena, snap->mount_types.items[i].fstype))
			sum += snap->mount_types.items[i].nr_mounts;
	}
	return sum;
}

int64_t kt_cache_bytes(const struct kt_snapshot *snap, const struct kt_cache *cache)
{
	int64_t pages = kt_known_times(cache->nr_slabs, cache->pages_per_slab);

	return kt_known_of(kt_known_times(pages, snap->host.page_bytes), cache->total_bytes);
}

int64_t kt_dcache_negative(const struct kt_snapshot *snap)
{
	int64_t ignored;

	if (snap->dcache.nr_negative > 0)
		return snap->dcache.nr_negative;
	if (snap->dcache.nr_negative == 0 &&
		/* Linux 5.4 (commit 60fbf0ab5da1) */
		(kt_ok(kt_snapshot_get(snap, KT_FILE_HUGE, KT_NO_NODE)) ||
			kt_setting_of(snap, "dentry-negative", &ignored)))
		return 0;
	return -1;
}

/* Nodes and lists are few where they are not known: older kernels do not show their lists. */
static int64_t whole_bytes(const struct kt_superblock *super)
{
	return kt_known_of(super->kernfs_bytes, 0) + kt_known_of(super->lru_bytes, 0);
}

int64_t kt_superblock_bytes(const struct kt_superblock *super)
{
	return kt_known(super->inode_bytes) ? super->dentry_bytes + super->inode_bytes +
						      super->name_bytes + whole_bytes(super)
					    : KT_UNKNOWN;
}

int64_t kt_directory_bytes(const struct kt_snapshot *snap, const struct kt_directory *directory)
{
	const struct kt_superblock *super = &snap->superblocks.items[directory->superblock];
	int64_t bytes = directory->name_bytes;

	if (!kt_known(super->inode_bytes) || !kt_known(directory->nr_inodes))
		return KT_UNKNOWN;
	/* all of a file system are of one size */
	if (super->nr_dentries > 0)
		bytes += directory->nr_dentries * (super->dentry_bytes / super->nr_dentries);
	if (super->nr_inodes > 0)
		bytes += directory->nr_inodes * (super->inode_bytes / super->nr_inodes);
	return directory->path ? bytes : bytes + whole_bytes(super);
}

bool kt_setting_of(const struct kt_snapshot *snap, const char *name, int64_t *ret_value)
{
	for (size_t i = 0; i < snap->settings.count; i++) {
		if (strcmp(snap->settings.items[i].name, name) != 0)
			continue;
		*ret_value = snap->settings.items[i].value;
		return true;
	}
	return false;
}
