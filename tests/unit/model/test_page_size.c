// SPDX-License-Identifier: GPL-2.0-or-later
//
// The page size worked out from quantities that one file has in kB and another in pages.

#include "feed.h"
#include "model/page_size.h"
#include "test.h"

static int64_t page_size_of(struct kt_snapshot *snap)
{
	kt_page_size_infer(snap);
	return snap->host.page_bytes;
}

TEST(two_quantities_that_agree_tell_the_page_size)
{
	static const int64_t sizes[] = { 4096, 8192, 16384, 65536, 262144 };

	for (size_t i = 0; i < KT_LEN(sizes); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

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
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	vmstat_pages(snap, KT_SLAB_R, 1000);
	meminfo_kb(snap, KT_SLAB_R, 4000);
	CHECK_INT(page_size_of(snap), KT_UNKNOWN);
}

TEST(a_large_number_that_matches_to_the_kb_tells_the_page_size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	vmstat_pages(snap, KT_NR_FREE, 12345);
	meminfo_kb(snap, KT_MEM_FREE, 12345 * 16);
	CHECK_INT(page_size_of(snap), 16384);
}

TEST(a_large_number_that_nearly_matches_does_not)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	vmstat_pages(snap, KT_NR_FREE, 12345);
	meminfo_kb(snap, KT_MEM_FREE, 12346 * 16);
	CHECK_INT(page_size_of(snap), KT_UNKNOWN);
}

static void add_cache(
	struct kt_snapshot *snap, int64_t slot_bytes, int64_t objs_per_slab, int64_t pages_per_slab)
{
	struct kt_cache *cache = kt_list_push(&snap->arena, &snap->caches);

	*cache = kt_cache_unknown("some");
	cache->slot_bytes = slot_bytes;
	cache->objs_per_slab = objs_per_slab;
	cache->pages_per_slab = pages_per_slab;
}

TEST(objects_of_slabs_tell_the_page_size)
{
	for (unsigned shift = 12; shift <= 18; shift++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

		for (int64_t slot = 96; slot <= 2048; slot = slot * 5 / 4 + 8)
			add_cache(snap, slot, (2ll << shift) / slot, 2);
		add_cache(snap, 640, 1, 2); /* one odd cache of many */
		CHECK_INT(page_size_of(snap), 1ll << shift);
	}
}

TEST(slabs_do_not_decide_where_counters_disagree)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	add_cache(snap, 120, 34, 1);
	add_cache(snap, 728, 45, 8);
	vmstat_pages(snap, KT_SLAB_R, 1000);
	meminfo_kb(snap, KT_SLAB_R, 5400);
	CHECK_INT(page_size_of(snap), KT_UNKNOWN);
}

TEST(slabs_that_no_page_size_fits_or_one_slab_tell_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	add_cache(snap, 120, 34, 1);
	CHECK_INT(page_size_of(snap), KT_UNKNOWN);
	add_cache(snap, 1000, 64, 1); /* 64 KiB pages */
	CHECK_INT(page_size_of(snap), KT_UNKNOWN);
	add_cache(snap, INT64_MAX, INT64_MAX, INT64_MAX);
	add_cache(snap, -1, 5, 1);
	CHECK_INT(page_size_of(snap), KT_UNKNOWN);
}

TEST(files_of_different_machines_give_no_page_size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	vmstat_pages(snap, KT_SLAB_R, 1000);
	meminfo_kb(snap, KT_SLAB_R, 5400);
	vmstat_pages(snap, KT_SLAB_U, 700);
	meminfo_kb(snap, KT_SLAB_U, 3900);
	vmstat_pages(snap, KT_SHMEM_BASE, 90);
	meminfo_kb(snap, KT_SHMEM, 360); /* one fits by chance */
	CHECK_INT(page_size_of(snap), KT_UNKNOWN);
}

TEST(small_numbers_have_no_vote)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	vmstat_pages(snap, KT_SLAB_R, 10);
	meminfo_kb(snap, KT_SLAB_R, 40);
	vmstat_pages(snap, KT_SLAB_U, 20);
	meminfo_kb(snap, KT_SLAB_U, 80);
	CHECK_INT(page_size_of(snap), KT_UNKNOWN);
}

TEST(the_majority_decides)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

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
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	put_entry(snap, KT_ZONE_MANAGED, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", 250000);
	put_entry(snap, KT_NR_FREE, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", 100000);
	meminfo_kb(snap, KT_MEM_TOTAL, 1000000);
	meminfo_kb(snap, KT_MEM_FREE, 400100);
	CHECK_INT(page_size_of(snap), 4096);
}

TEST(huge_pages_missing_from_one_of_the_two_anonymous_counters_do_not_mislead)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	/* AnonPages has them, nr_anon_pages of 4.x does not: the ratio looks like 64 KiB */
	vmstat_pages(snap, KT_ANON_BASE, 1000);
	meminfo_kb(snap, KT_ANON, 64000);
	vmstat_pages(snap, KT_SLAB_R, 1000);
	meminfo_kb(snap, KT_SLAB_R, 4000);
	vmstat_pages(snap, KT_SLAB_U, 2000);
	meminfo_kb(snap, KT_SLAB_U, 8000);
	CHECK_INT(page_size_of(snap), 4096);
}
