// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH	  "sys/module/zswap/parameters/zpool"
#define POOL_SIZE "sys/kernel/debug/zswap/pool_total_size"

TEST(the_name_tells_whether_it_is_zsmalloc)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *inside = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *outside = machine(4096);

	CHECK_INT(FEED(inside, zswap, PATH, "zsmalloc\n"), NO_ERROR);
	CHECK_VALUE(inside, ZSWAP_IN_ZSMALLOC, 1);
	CHECK_INT(FEED(outside, zswap, PATH, "zbud\n"), NO_ERROR);
	CHECK_VALUE(outside, ZSWAP_IN_ZSMALLOC, 0);
}

TEST(no_name_is_no_answer)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zswap, PATH, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, zswap, PATH, "\n"), KT_ERR_PARSE);
	CHECK_STATE(snap, ZSWAP_IN_ZSMALLOC, KT_ABSENT);
}

/* 5.10: 24 MiB in zbud, and meminfo has no line of it. */
TEST(where_meminfo_has_no_zswap_debugfs_has_its_size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zswap, POOL_SIZE, "25165824\n"), NO_ERROR);
	CHECK_INT(FEED(snap, zswap, PATH, "zbud\n"), NO_ERROR);
	kt_derive(snap);
	CHECK_VALUE(snap, ZSWAP, 24 * MIB);
	CHECK_ROW(snap, "zswap", 24 * MIB);
}

TEST(meminfo_is_believed_before_debugfs)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, zswap, POOL_SIZE, "25165824\n"), NO_ERROR);
	meminfo_kb(snap, KT_ZSWAP, 7);
	CHECK_VALUE(snap, ZSWAP, 7 * KIB);
}

TEST(debugfs_is_read_only_where_meminfo_has_no_zswap_or_some)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *unknown = machine(4096), *none = machine(4096);

	meminfo_kb(none, KT_ZSWAP, 0);
	CHECK(kt_source_zswap.wanted(unknown, 0));
	CHECK(!kt_source_zswap.wanted(none, 0));
}

TEST(a_size_that_cannot_be_is_refused)
{
	static const char *const texts[] = { "", "-1\n", "9007199254740993\n", "12 kB\n",
		"99999999999999999999\n" };

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		CHECK_INT(FEED(snap, zswap, POOL_SIZE, texts[i]), KT_ERR_PARSE);
		CHECK_STATE(snap, ZSWAP, KT_ABSENT);
	}
}
