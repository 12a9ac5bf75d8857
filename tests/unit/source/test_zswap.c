// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "sys/module/zswap/parameters/zpool"

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
