// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define ARC "proc/spl/kstat/zfs/arcstats"
#define SPL "proc/spl/kmem/slab"

TEST(the_cache_has_its_size_and_its_limits)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zfs, ARC,
			  "13 1 0x01 96 4608 5243 99\nname type data\nhits 4 7\nc_min 4 1048576\n"
			  "c_max 4 4194304\nsize 4 2097152\n"),
		NO_ERROR);
	CHECK_VALUE(snap, ZFS_ARC, 2 * MIB);
	CHECK_VALUE(snap, ZFS_ARC_MIN, MIB);
	CHECK_VALUE(snap, ZFS_ARC_MAX, 4 * MIB);
	CHECK_STATE(snap, ZFS_ARC_META, KT_ABSENT);
}

TEST(only_caches_outside_slab_count)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zfs, SPL,
			  "--- cache ---\nname flags size alloc\nzio_buf 0x00042 1048576 9 9\n"
			  "znode 0x00100 - 9 9\nother 0x00042 1048576 9 9\n"),
		NO_ERROR);
	CHECK_VALUE(snap, ZFS_SPL, 2 * MIB);
}

TEST(other_texts_are_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zfs, ARC, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, zfs, ARC, "size 4 -1\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, zfs, SPL, "name flags size\n"), KT_ERR_PARSE);
	CHECK_STATE(snap, ZFS_ARC, KT_ABSENT);
}
