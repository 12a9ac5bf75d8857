// SPDX-License-Identifier: GPL-2.0-or-later
//
// The page size worked out from quantities that one file has in kB and another in pages.

#include "feed.h"
#include "test.h"

static int64_t page_size_of(struct kt_snapshot *snap)
{
	kt_derive_page_size(snap);
	return snap->host.page_bytes;
}

TEST(two_quantities_that_agree_tell_the_page_size)
{
	static const int64_t sizes[] = { 4096, 8192, 16384, 65536, 262144 };

	for (size_t i = 0; i < KT_LEN(sizes); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(0);

		vmstat_pages(snap, KT_SLAB_R, 1000);
		meminfo_kb(snap, KT_SLAB_R, 1000 * sizes[i] / 1024);
		vmstat_pages(snap, KT_SLAB_U, 3000);
		/* files are read one after the other: 2 % apart is the same number */
		meminfo_kb(snap, KT_SLAB_U, 3060 * sizes[i] / 1024);
		CHECK_INT(page_size_of(snap), sizes[i]);
	}
}

TEST(one_coincidence_is_not_a_page_size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(0);

	vmstat_pages(snap, KT_SLAB_R, 1000);
	meminfo_kb(snap, KT_SLAB_R, 4000);
	CHECK_INT(page_size_of(snap), 0);
}

TEST(files_of_different_machines_give_no_page_size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(0);

	vmstat_pages(snap, KT_SLAB_R, 1000);
	meminfo_kb(snap, KT_SLAB_R, 5400);
	vmstat_pages(snap, KT_SLAB_U, 700);
	meminfo_kb(snap, KT_SLAB_U, 3900);
	vmstat_pages(snap, KT_SHMEM_BASE, 90);
	meminfo_kb(snap, KT_SHMEM, 360); /* one fits by chance */
	CHECK_INT(page_size_of(snap), 0);
}

TEST(small_numbers_have_no_vote)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(0);

	vmstat_pages(snap, KT_SLAB_R, 10);
	meminfo_kb(snap, KT_SLAB_R, 40);
	vmstat_pages(snap, KT_SLAB_U, 20);
	meminfo_kb(snap, KT_SLAB_U, 80);
	CHECK_INT(page_size_of(snap), 0);
}

TEST(the_majority_decides)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(0);

	vmstat_pages(snap, KT_SLAB_R, 1000);
	meminfo_kb(snap, KT_SLAB_R, 64000);
	vmstat_pages(snap, KT_SLAB_U, 1000);
	meminfo_kb(snap, KT_SLAB_U, 64000);
	vmstat_pages(snap, KT_SHMEM_BASE, 1000);
	meminfo_kb(snap, KT_SHMEM, 4000);
	CHECK_INT(page_size_of(snap), 65536);
}

TEST(a_page_size_that_is_known_is_not_worked_out_again)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(16384);

	vmstat_pages(snap, KT_SLAB_R, 1000);
	meminfo_kb(snap, KT_SLAB_R, 4000);
	vmstat_pages(snap, KT_SLAB_U, 1000);
	meminfo_kb(snap, KT_SLAB_U, 4000);
	CHECK_INT(page_size_of(snap), 16384);
}

TEST(zones_and_meminfo_alone_tell_the_page_size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(0);

	put_entry(snap, KT_ZONE_MANAGED, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", 250000);
	put_entry(snap, KT_NR_FREE, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", 100000);
	meminfo_kb(snap, KT_MEM_TOTAL, 1000000);
	meminfo_kb(snap, KT_MEM_FREE, 400100);
	CHECK_INT(page_size_of(snap), 4096);
}

TEST(huge_pages_missing_from_one_of_the_two_anonymous_counters_do_not_mislead)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(0);

	/* AnonPages has them, nr_anon_pages of 4.x does not: the ratio looks like 64 KiB */
	vmstat_pages(snap, KT_ANON_BASE, 1000);
	meminfo_kb(snap, KT_ANON, 64000);
	vmstat_pages(snap, KT_SLAB_R, 1000);
	meminfo_kb(snap, KT_SLAB_R, 4000);
	vmstat_pages(snap, KT_SLAB_U, 2000);
	meminfo_kb(snap, KT_SLAB_U, 8000);
	CHECK_INT(page_size_of(snap), 4096);
}
