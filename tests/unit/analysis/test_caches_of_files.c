// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "analysis/dcache.h"
#include "analysis/hash.h"

static const char *fstype_of(struct kt_arena *arena, const char *cache)
{
	enum kt_dcache_kind kind;
	const char *fstype;

	if (!kt_dcache_cache(arena, cache, &kind, &fstype))
		return "nothing";
	return kind == KT_DCACHE_DENTRY		? "dentry"
	       : kind == KT_DCACHE_SHARED_INODE ? "shared"
						: fstype;
}

TEST(the_name_of_an_inode_cache_tells_the_file_system)
{
	static const struct {
		const char *cache, *fstype;
	} cases[] = {
		{ "dentry", "dentry" },
		{ "inode_cache", "shared" },
		{ "ext4_inode_cache", "ext4" },
		{ "xfs_inode", "xfs" },
		{ "btrfs_inode", "btrfs" },
		{ "shmem_inode_cache", "tmpfs" },
		{ "ovl_inode", "overlay" },
		{ "fuse_inode", "fuse" },
		{ "ceph_inode_info", "ceph" },
		{ "some_new_inode_cache", "some_new" },
		{ "bdev_cache", "bdev" },
		{ "lsm_inode_cache", "nothing" },
		{ "jbd2_inode", "nothing" },
		{ "btrfs_inode_defrag", "nothing" },
		{ "_inode_cache", "nothing" },
		{ "kmalloc-64", "nothing" },
		{ "", "nothing" },
	};
	struct kt_arena arena = { 0 };

	for (size_t i = 0; i < KT_LEN(cases); i++)
		CHECK_STR(fstype_of(&arena, cases[i].cache), cases[i].fstype);
	kt_arena_fini(&arena);
}

static void mount(struct kt_snapshot *snap, const char *fstype, int64_t nr_mounts)
{
	*kt_list_push(&snap->arena, &snap->mount_types) =
		(struct kt_mount_type){ fstype, nr_mounts };
}

TEST(mounts_of_one_driver_count_together)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(kt_dcache_mounts(snap, "fuse"), -1);
	mount(snap, "fuse.sshfs", 2);
	mount(snap, "fuseblk", 1);
	mount(snap, "fusectl", 1);
	mount(snap, "nfs4", 3);
	mount(snap, "devtmpfs", 1);
	mount(snap, "tmpfs", 4);
	CHECK_INT(kt_dcache_mounts(snap, "fuse"), 3);
	CHECK_INT(kt_dcache_mounts(snap, "nfs"), 3);
	CHECK_INT(kt_dcache_mounts(snap, "tmpfs"), 5);
	CHECK_INT(kt_dcache_mounts(snap, "ext4"), 0);
}

TEST(mounts_without_a_cache_of_their_own_share_one)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	*kt_list_push(&snap->arena, &snap->caches) = kt_cache_unknown("ext4_inode_cache");
	mount(snap, "ext4", 2);
	mount(snap, "sysfs", 1);
	mount(snap, "cgroup2", 4);
	CHECK_INT(kt_dcache_other_mounts(snap, &snap->arena), 5);
}

TEST(a_count_of_no_negative_entries_is_believed_only_of_a_kernel_that_counts_them)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(kt_dcache_negative(snap), -1);
	snap->dcache.nr_negative = 0;
	CHECK_INT(kt_dcache_negative(snap), -1);
	meminfo_kb(snap, KT_FILE_HUGE, 0);
	CHECK_INT(kt_dcache_negative(snap), 0);
	snap->dcache.nr_negative = 7;
	CHECK_INT(kt_dcache_negative(snap), 7);
}

TEST(a_cache_is_as_large_as_its_slabs)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_cache cache = kt_cache_unknown("dentry");

	CHECK_INT(kt_cache_bytes(snap, &cache), -1);
	cache.nr_slabs = 5000;
	cache.pages_per_slab = 2;
	CHECK_INT(kt_cache_bytes(snap, &cache), 5000 * 2 * 4096);
	cache.nr_slabs = INT64_MAX / 2;
	CHECK_INT(kt_cache_bytes(snap, &cache), -1);
}

TEST(a_hash_table_holds_what_the_counters_say)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(kt_hash_in_use(snap, "Dentry cache"), -1);
	CHECK_INT(kt_hash_in_use(snap, "TCP established"), -1);
	snap->dcache.nr_dentry = 10;
	snap->dcache.nr_inodes = 20;
	snap->sockets = (struct kt_sockets){ 30, -1, 40 };
	CHECK_INT(kt_hash_in_use(snap, "Dentry cache"), 10);
	CHECK_INT(kt_hash_in_use(snap, "Inode-cache"), 20);
	CHECK_INT(kt_hash_in_use(snap, "TCP established"), 30);
	CHECK_INT(kt_hash_in_use(snap, "UDP"), 40);
	CHECK_INT(kt_hash_in_use(snap, "futex"), -1);
}

TEST(enough_is_a_power_of_two_above_what_is_in_use)
{
	CHECK_INT(kt_hash_enough(0), 512);
	CHECK_INT(kt_hash_enough(512), 512);
	CHECK_INT(kt_hash_enough(513), 1024);
	CHECK(kt_hash_enough(INT64_MAX) > 0);
	CHECK_STR(kt_hash_parameter("UDP-Lite"), "uhash_entries=");
	CHECK(!kt_hash_parameter("futex"));
}
