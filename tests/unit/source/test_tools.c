// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "source/tools/amount.h"

#define FREE	 "ktally/tools/free"
#define SLABTOP	 "ktally/tools/slabtop"
#define VMSTAT_M "ktally/tools/vmstat_m"
#define SMEM	 "ktally/tools/smem"
#define HEAD	 "total used free shared buff/cache available\n"

static struct kt_amount amount(const char *text, int64_t unit)
{
	struct kt_amount amount = { -1, -1 };

	if (!kt_amount_of(kt_span_str(text), unit, &amount))
		amount.bytes = -1;
	return amount;
}

TEST(an_amount_has_half_of_its_last_digit_as_error)
{
	CHECK_INT(amount("123", KIB).bytes, 123 * KIB);
	CHECK_INT(amount("123", KIB).error, 0);
	CHECK_INT(amount("6.5", GIB).bytes, 13 * GIB / 2);
	CHECK_INT(amount("6,5", GIB).bytes, 13 * GIB / 2);
	CHECK(amount("6.5", GIB).error >= GIB / 20 && amount("6.5", GIB).error <= GIB / 20 + 2);
	CHECK_INT(amount("0.19", KIB).bytes, 195);
	CHECK(amount("0.19", KIB).error >= 5 && amount("0.19", KIB).error <= 7);
}

TEST(what_is_no_amount_is_none)
{
	static const char *const texts[] = { "", ".5", "1.", "1.2345", "-1", "1e5", "12K",
		"99999999999999999999", "9999999999999999" };
	struct kt_amount grouped;

	for (size_t i = 0; i < KT_LEN(texts); i++)
		CHECK_INT(amount(texts[i], KIB).bytes, -1);
	CHECK(kt_amount_grouped(kt_span_str("7,665,920"), KIB, &grouped));
	CHECK_INT(grouped.bytes, 7665920 * KIB);
	CHECK(!kt_amount_grouped(kt_span_str("7,66,920"), KIB, &grouped));
	CHECK(!kt_amount_grouped(kt_span_str("7665,920"), KIB, &grouped));
	CHECK(!kt_amount_grouped(kt_span_str("7,665,92"), KIB, &grouped));
}

TEST(a_number_without_a_fraction_in_a_large_unit_was_rounded)
{
	struct kt_amount read = { 0 };

	CHECK(kt_amount_sized(kt_span_str("14M"), KIB, &read));
	CHECK_INT(read.bytes, 14 * MIB);
	CHECK_INT(read.error, MIB);
	CHECK(kt_amount_sized(kt_span_str("958192K"), 0, &read) && !read.error);
	CHECK(kt_amount_sized(kt_span_str("958192"), KIB, &read) && !read.error);
	CHECK(kt_amount_sized(kt_span_str("0"), MIB, &read) && !read.error);
	CHECK(!kt_amount_sized(kt_span_str("958192"), 0, &read));
	CHECK(!kt_amount_sized(kt_span_str("M"), KIB, &read));
}

TEST(rounded_areas_of_smem_are_estimates)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, tools, SMEM,
			  "kernel dynamic memory 14000M 9000M 5000M\n"
			  "userspace memory 1912M 12M 1900M\nfree memory 418M 418M 0\n"),
		NO_ERROR);
	CHECK_VALUE(snap, MEM_TOTAL, 16330 * MIB);
	CHECK_INT(value(snap, KT_MEM_TOTAL).quality, KT_ESTIMATE);
	CHECK_INT(value(snap, KT_ANON).quality, KT_ESTIMATE);
}

TEST(a_table_in_kib_is_exact_and_one_in_mib_has_an_error)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *cut = machine(4096);

	CHECK_INT(FEED(snap, tools, FREE,
			  HEAD "Mem: 16330984 3837488 418640 126976 12074856 12020104\n"),
		NO_ERROR);
	CHECK_VALUE(snap, MEM_TOTAL, 16330984 * KIB);
	CHECK_INT(value(snap, KT_MEM_FREE).quality, KT_EXACT);
	CHECK(!kt_ok(value(snap, KT_CACHED)));
	CHECK_INT(FEED(cut, tools, FREE, "free: -m\n" HEAD "Mem: 15948 3747 408 123 11791 11738\n"),
		NO_ERROR);
	CHECK_VALUE(cut, MEM_TOTAL, 15948 * MIB);
	CHECK_INT(value(cut, KT_MEM_FREE).quality, KT_ESTIMATE);
}

TEST(an_exact_number_is_taken_before_a_rounded_one)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, tools, FREE, HEAD "Mem: 15Gi 3.7Gi 408Mi 124Mi 11Gi 11Gi\n");
	CHECK_INT(value(snap, KT_MEM_FREE).quality, KT_ESTIMATE);
	CHECK_INT(FEED(snap, tools, SMEM,
			  "kernel dynamic memory 14000000 9000000 5000000\n"
			  "userspace memory 1912344 12344 1900000\nfree memory 418640 418640 0\n"),
		NO_ERROR);
	CHECK_VALUE(snap, MEM_FREE, 418640 * KIB);
	CHECK_VALUE(snap, ANON, 1900000 * KIB);
}

TEST(a_cache_of_slabtop_has_exact_slabs_and_a_range_of_sizes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, tools, SLABTOP,
			  "2100000 1900000 90% 0.19K 100000 21 400000K dentry\n"
			  "2100000 1900000 90% 0.19K 100000 21 40000K damaged\n"),
		NO_ERROR);
	CHECK_INT(snap->caches.count, 1);
	CHECK_INT(snap->caches.items[0].slab_bytes, 4096);
	CHECK_INT(snap->caches.items[0].slot_bytes, 192);
	CHECK(snap->caches.items[0].slot_error > 0);
	CHECK(snap->caches_partial);
}

TEST(the_kernels_own_list_of_caches_is_kept)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, "proc/slabinfo",
		"a 1 21 192 21 1 : tunables 0 0 0 : slabdata 1 1 0\n");
	FEED(snap, tools, SLABTOP, "2100000 1900000 90% 0.19K 100000 21 400000K dentry\n");
	FEED(snap, tools, VMSTAT_M, "dentry 1900000 2100000 192 21\n");
	CHECK_INT(snap->caches.count, 1);
	CHECK_INT(snap->caches.items[0].slot_error, 0);
}
