// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PARAMETER "sys/module/memory_hotplug/parameters/memmap_on_memory"
#define ND	  "sys/bus/nd/devices/"

TEST(the_parameter_and_each_device_have_a_say)
{
	static const struct {
		const char *path, *text;
		int64_t wanted;
	} cases[] = {
		{ PARAMETER, "N\n", 0 },
		{ PARAMETER, "Y\n", 1 },
		{ PARAMETER, "force\n", 1 },
		{ ND "pfn0.1/mode", "none\n", 0 },
		{ ND "pfn0.1/mode", "ram\n", 0 },
		{ ND "pfn0.1/mode", "pmem\n", 1 },
		{ ND "dax1.0/mode", "none\n", 0 },
		{ ND "dax1.0/mode", "ram\n", 1 },
		{ ND "dax1.0/mode", "pmem\n", 1 },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		CHECK_INT(FEED(snap, memmap_place, cases[i].path, cases[i].text), NO_ERROR);
		CHECK_VALUE(snap, MEMMAP_ELSEWHERE, cases[i].wanted);
	}
}

TEST(one_yes_is_enough)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, memmap_place, PARAMETER, "N\n"), NO_ERROR);
	CHECK_INT(FEED(snap, memmap_place, ND "pfn0.0/mode", "pmem\n"), NO_ERROR);
	CHECK_INT(FEED(snap, memmap_place, ND "pfn1.0/mode", "none\n"), NO_ERROR);
	vmstat_pages(snap, KT_MEMMAP_LATE, 512);
	kt_derive_boot(snap, KT_NO_NODE);
	CHECK_INT(value(snap, KT_MEMMAP_LATE).quality, KT_UPPER_BOUND);
}

TEST(what_is_neither_yes_nor_no_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, memmap_place, PARAMETER, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, memmap_place, PARAMETER, "1\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, memmap_place, ND "pfn0.0/mode", "Y\n"), KT_ERR_PARSE);
	CHECK_STATE(snap, MEMMAP_ELSEWHERE, KT_ABSENT);
}

/* The late map of a machine; `settings`: KT_UNKNOWN where no file says where it is. */
static struct kt_val late(int64_t pages, int64_t settings, bool live, int64_t added)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_val val;

	snap->host.live = live;
	fact(snap, KT_PRESENT, 4 * GIB + added);
	fact(snap, KT_BOOT_PRESENT, 4 * GIB);
	vmstat_pages(snap, KT_MEMMAP_LATE, pages);
	if (kt_known(settings))
		put_entry(snap, KT_MEMMAP_ELSEWHERE, KT_COUNT, KT_RANK_FIRST, PARAMETER, settings);
	kt_derive_boot(snap, KT_NO_NODE);
	val = value(snap, KT_MEMMAP_LATE);
	val.entry = NULL;
	return val;
}

TEST(a_memory_map_that_may_be_on_added_memory_is_an_upper_bound)
{
	CHECK_INT(late(512, 1, true, 0).value, 512 * 4096);
	CHECK_INT(late(512, 1, true, 0).quality, KT_UPPER_BOUND);
	CHECK_INT(late(512, 0, true, GIB).quality, KT_EXACT);
	/* nothing is at most nothing */
	CHECK_INT(late(0, 1, true, GIB).quality, KT_EXACT);
}

TEST(a_capture_without_the_parameter_is_doubted_where_memory_was_added)
{
	CHECK_INT(late(512, KT_UNKNOWN, false, GIB).quality, KT_UPPER_BOUND);
	CHECK_INT(late(512, KT_UNKNOWN, false, 0).quality, KT_EXACT);
	/* a running kernel without the parameter cannot do it */
	CHECK_INT(late(512, KT_UNKNOWN, true, GIB).quality, KT_EXACT);
}
