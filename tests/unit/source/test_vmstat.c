// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/vmstat"

static struct kt_snapshot *parsed(const char *text, int wanted_error)
{
	struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, vmstat, PATH, text), wanted_error);
	return snap;
}

TEST(counters_are_pages)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("nr_free_pages 123456\n"
					  "nr_zone_inactive_anon 7\n"
					  "nr_slab_reclaimable 20\n"
					  "nr_vmalloc 5\n"
					  "pgpgin 99999999999\n",
		NO_ERROR);

	CHECK_VALUE(snap, NR_FREE, 123456 * 4096);
	CHECK_VALUE(snap, SLAB_R, 20 * 4096);
	CHECK_VALUE(snap, VMALLOC_USED, 5 * 4096);
	CHECK_STATE(snap, INACTIVE_ANON, KT_ABSENT); /* the zone's is not the node's */
}

TEST(events_are_not_memory_and_not_unknown)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("nr_free_pages 1\n"
					  "pgfault 123\n"
					  "thp_fault_alloc 4\n"
					  "nr_brand_new 7\n",
		NO_ERROR);

	if (CHECK_INT(snap->unknown.count, 1))
		CHECK_STR(snap->unknown.items[0].field, "nr_brand_new");
}

TEST(counters_of_other_units_are_left_to_meminfo)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("nr_free_pages 1\n"
					  "nr_kernel_stack 9000\n"
					  "nr_anon_transparent_hugepages 3\n"
					  "nr_shmem_hugepages 2\n"
					  "nr_hugetlb 4\n",
		NO_ERROR);

	CHECK_STATE(snap, KERNEL_STACK, KT_ABSENT);
	CHECK_STATE(snap, ANON_HUGE, KT_ABSENT);
	CHECK_STATE(snap, SHMEM_HUGE, KT_ABSENT);
	CHECK_STATE(snap, HUGETLB, KT_ABSENT);
	CHECK_INT(snap->unknown.count, 0);
}

TEST(balloon_events_tell_the_size_and_their_lack_is_no_error)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("nr_free_pages 1\n"
					  "balloon_inflate 700\n"
					  "balloon_deflate 200\n"
					  "balloon_migrate 3\n",
		NO_ERROR);
	KT_CLEANUP(snapshot) struct kt_snapshot *without = parsed("nr_free_pages 1\n", NO_ERROR);

	CHECK_VALUE(snap, BALLOON_INFLATE, 700 * 4096);
	CHECK_VALUE(snap, BALLOON_DEFLATE, 200 * 4096);
	CHECK_STATE(without, BALLOON_INFLATE, KT_ABSENT);
}

TEST(a_wrapped_counter_is_bad_and_not_huge)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap =
		parsed("nr_free_pages 1\nnr_vmalloc 18446744073709551610\n", NO_ERROR);

	CHECK_STATE(snap, VMALLOC_USED, KT_BAD);
}

TEST(a_counter_with_a_unit_is_not_the_counter_that_is_known)
{
	KT_CLEANUP(snapshot)
	struct kt_snapshot *snap = parsed("nr_free_pages 1\nnr_shmem 12 kB\n", NO_ERROR);

	CHECK_STATE(snap, SHMEM_BASE, KT_BAD);
}

TEST(a_text_without_counters_is_not_vmstat)
{
	kt_snapshot_free(parsed("", KT_ERR_PARSE));
	kt_snapshot_free(parsed("pgfault 12\nballoon_inflate 4\n", KT_ERR_PARSE));
}

TEST(events_of_the_allocator_are_kept_and_of_two_readings_the_last)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmstat, "proc/vmstat", "nr_free_pages 5\ncompact_stall 1\n");
	FEED(snap, vmstat, "proc/vmstat",
		"nr_free_pages 5\npgfault 3\nallocstall_normal 7\ncompact_stall 2\n"
		"thp_fault_fallback -1\noom_kill x\n");
	if (!CHECK_INT(snap->events.count, 2))
		return;
	CHECK_STR(snap->events.items[0].name, "allocstall_normal");
	CHECK_INT(snap->events.items[0].count, 7);
	CHECK_INT(snap->events.items[1].count, 2);
}
