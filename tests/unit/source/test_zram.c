// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

TEST(devices_are_added_up)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zram, "sys/block/zram0/mm_stat", "4194304 9 1048576 0 9 0 0 0\n"),
		NO_ERROR);
	CHECK_INT(FEED(snap, zram, "sys/block/zram1/mm_stat", "4194304 9 1048576 0 9 0 0 0\n"),
		NO_ERROR);
	CHECK_VALUE(snap, ZRAM_DATA, 8 * MIB);
	CHECK_VALUE(snap, ZRAM_USED, 2 * MIB);
}

TEST(a_short_line_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zram, "sys/block/zram0/mm_stat", "4096 9\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, zram, "sys/block/zram0/mm_stat", ""), KT_ERR_PARSE);
	CHECK_STATE(snap, ZRAM_DATA, KT_ABSENT);
}
