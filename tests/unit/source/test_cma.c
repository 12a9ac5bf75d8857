// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define SYSFS "sys/kernel/mm/cma/"
#define DEBUG "sys/kernel/debug/cma/"

TEST(an_area_has_the_files_of_sysfs_or_debugfs)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_cma_area *areas;

	CHECK_INT(FEED(snap, cma, SYSFS "reserved/total_pages", "16384\n"), NO_ERROR);
	CHECK_INT(FEED(snap, cma, SYSFS "reserved/available_pages", "16000\n"), NO_ERROR);
	CHECK_INT(FEED(snap, cma, DEBUG "hugetlb0/count", "65536\n"), NO_ERROR);
	CHECK_INT(FEED(snap, cma, DEBUG "hugetlb0/used", "512\n"), NO_ERROR);
	CHECK_INT(FEED(snap, cma, DEBUG "reserved/used", "384\n"), NO_ERROR);
	areas = snap->cma_areas.items;
	CHECK_INT(snap->cma_areas.count, 2);
	CHECK_STR(areas[0].name, "reserved");
	CHECK_INT(areas[0].total_pages, 16384);
	CHECK_INT(areas[0].available_pages, 16000);
	CHECK_INT(areas[0].used_pages, 384);
	CHECK_STR(areas[1].name, "hugetlb0");
	CHECK_INT(areas[1].total_pages, 65536);
	CHECK_INT(areas[1].available_pages, KT_UNKNOWN);
	CHECK_INT(areas[1].used_pages, 512);
}

TEST(what_is_no_number_of_pages_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, cma, SYSFS "reserved/total_pages", "x\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, cma, SYSFS "reserved/total_pages", "-1\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, cma, SYSFS "reserved/total_pages", "9223372036854775807\n"),
		KT_ERR_PARSE);
	CHECK_INT(snap->cma_areas.count, 0);
}
