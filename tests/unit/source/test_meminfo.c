// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/meminfo"

static struct kt_snapshot *parsed(const char *text, int wanted_error)
{
	struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, meminfo, PATH, text), wanted_error);
	return snap;
}

TEST(sizes_are_kilobytes_and_counts_are_counts)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("MemTotal:       16316412 kB\n"
					  "MemFree:          512340 kB\n"
					  "Active(anon):       1024 kB\n"
					  "HugePages_Total:       7\n"
					  "Hugepagesize:       2048 kB\n",
		NO_ERROR);

	CHECK_VALUE(snap, MEM_TOTAL, 16316412 * KIB);
	CHECK_VALUE(snap, ACTIVE_ANON, MIB);
	CHECK_VALUE(snap, HUGE_TOTAL, 7);
	CHECK_VALUE(snap, HUGE_SIZE, 2 * MIB);
	CHECK_STATE(snap, SLAB, KT_ABSENT);
	CHECK_INT(snap->unknown.count, 0);
}

TEST(a_wrapped_counter_is_bad_and_not_huge)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed("VmallocUsed:    18446744073709551612 kB\nPercpu:  4 kB\n", NO_ERROR);

	CHECK_STATE(snap, VMALLOC_USED, KT_BAD);
	CHECK_VALUE(snap, PERCPU, 4 * KIB);
}

TEST(a_number_below_zero_is_bad)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("VmallocUsed:          -20 kB\n", NO_ERROR);

	CHECK_STATE(snap, VMALLOC_USED, KT_BAD);
}

TEST(a_changed_unit_is_never_misread)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("MemTotal:     16 MB\n"
					  "MemFree:      16\n"
					  "HugePages_Free: 3 kB\n"
					  "Slab:         12 kB\n",
		NO_ERROR);

	CHECK_STATE(snap, MEM_TOTAL, KT_BAD);
	CHECK_STATE(snap, MEM_FREE, KT_BAD);
	CHECK_STATE(snap, HUGE_FREE, KT_BAD);
	CHECK_VALUE(snap, SLAB, 12 * KIB);
}

TEST(a_damaged_line_costs_its_own_field_only)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("MemTotal:\n"
					  "MemFree:   12x kB\n"
					  "\n"
					  "Buffers:   3 kB\n"
					  "Cached:    4 k",
		NO_ERROR);

	CHECK_STATE(snap, MEM_TOTAL, KT_BAD);
	CHECK_STATE(snap, MEM_FREE, KT_BAD);
	CHECK_VALUE(snap, BUFFERS, 3 * KIB);
	CHECK_STATE(snap, CACHED, KT_BAD);
}

TEST(a_field_of_a_newer_kernel_is_remembered_by_name)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("MemTotal: 1 kB\nFrobnicated\033: 12 kB\n", NO_ERROR);

	if (!CHECK_INT(snap->unknown.count, 1))
		return;
	CHECK_STR(snap->unknown.items[0].field, "Frobnicated?");
	CHECK_STR(snap->unknown.items[0].value, "12 kB");
	CHECK_STR(snap->unknown.items[0].path, PATH);
}

TEST(a_field_that_is_there_twice_counts_once_and_is_told)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("Slab: 5 kB\nSlab: 9 kB\n", NO_ERROR);

	CHECK_VALUE(snap, SLAB, 5 * KIB);
	CHECK(any_note_has(snap, "twice"));
}

TEST(fields_in_another_order_are_found)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("Hugetlb: 3 kB\n"
					  "MemTotal: 1 kB\n"
					  "Slab: 2 kB\n",
		NO_ERROR);

	CHECK_VALUE(snap, HUGETLB, 3 * KIB);
	CHECK_VALUE(snap, MEM_TOTAL, KIB);
	CHECK_VALUE(snap, SLAB, 2 * KIB);
}

TEST(the_table_that_linux_2_4_has_above_the_list_is_no_data)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed("        total:    used:    free:  shared: buffers:  cached:\n"
		       "Mem:  262246400 254959616  7286784        0 22515712 152760320\n"
		       "Swap: 542859264  1150976 541708288\n"
		       "MemTotal:       256100 kB\n"
		       "Cached:         148056 kB\n",
			NO_ERROR);

	CHECK_VALUE(snap, MEM_TOTAL, 256100 * KIB);
	CHECK_VALUE(snap, CACHED, 148056 * KIB);
	CHECK_INT(snap->unknown.count, 0);
	CHECK_INT(snap->notes.count, 0);
}

TEST(a_text_with_none_of_the_fields_is_not_meminfo)
{
	kt_snapshot_free(parsed("", KT_ERR_PARSE));
	kt_snapshot_free(parsed("\n\n", KT_ERR_PARSE));
	kt_snapshot_free(parsed("<html>Not found</html>\n", KT_ERR_PARSE));
}
