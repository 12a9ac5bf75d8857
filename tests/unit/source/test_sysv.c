// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/sysvipc/shm"

TEST(resident_bytes_are_added_up)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(
		FEED(snap, sysv, PATH,
			"key shmid size rss swap\n0 1 9999999 1048576 0\n7 2 9999999 2097152 0\n"),
		NO_ERROR);
	CHECK_VALUE(snap, SYSV_SHARED, 3 * MIB);
}

TEST(no_segment_is_zero_and_no_column_is_unknown)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *none = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *old = machine(4096);

	CHECK_INT(FEED(none, sysv, PATH, "key shmid size rss swap\n"), NO_ERROR);
	CHECK_VALUE(none, SYSV_SHARED, 0);
	CHECK_INT(FEED(old, sysv, PATH, "key shmid size\n0 1 9999\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(old, sysv, PATH, "key shmid size rss\n0 1 9999\n"), KT_ERR_PARSE);
	CHECK_STATE(old, SYSV_SHARED, KT_ABSENT);
}
