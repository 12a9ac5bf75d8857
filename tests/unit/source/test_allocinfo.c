// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/allocinfo"
#define HEAD "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n"

TEST(places_in_modules_are_added_up_and_those_of_the_kernel_are_not)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, allocinfo, PATH,
			  HEAD "   131072       32 mm/slub.c:1826 func:alloc_slab_page \n"
			       "     4096        1 fs/xfs/a.c:1 [xfs] func:a \n"
			       "     8192        2 fs/xfs/b.c:2 [xfs] func:b \n"
			       "        7        1 drivers/c.c:3 [c] func:c accurate:no \n"),
		NO_ERROR);
	CHECK(snap->has_allocinfo);
	if (!CHECK_INT(snap->module_allocs.count, 2))
		return;
	CHECK_STR(snap->module_allocs.items[0].module, "xfs");
	CHECK_INT(snap->module_allocs.items[0].bytes, 12288);
	CHECK_INT(snap->module_allocs.items[0].nr_allocs, 3);
	CHECK_INT(snap->module_allocs.items[1].bytes, 7);
}

TEST(impossible_amounts_are_skipped)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, allocinfo, PATH,
		HEAD "-5 1 a.c:1 [m] func:a\n"
		     "9223372036854775807 1 a.c:2 [m] func:a\n"
		     "5 18446744073709551615 a.c:3 [m] func:a\n"
		     "5 1 a.c:4 [] func:a\n"
		     "5 1 a.c:4 [m func:a\n");
	CHECK_INT(snap->module_allocs.count, 0);
	CHECK(snap->has_allocinfo);
}

TEST(a_text_without_the_first_line_is_not_allocinfo)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, allocinfo, PATH, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, allocinfo, PATH, "4096 1 a.c:1 [m] func:a\n"), KT_ERR_PARSE);
	CHECK(!snap->has_allocinfo);
}
