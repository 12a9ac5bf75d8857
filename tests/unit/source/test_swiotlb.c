// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "sys/kernel/debug/swiotlb/io_tlb_nslabs"

TEST(slots_are_of_2_kib)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, swiotlb, PATH, "32768\n"), NO_ERROR);
	CHECK_VALUE(snap, SWIOTLB, 64 * MIB);
}

TEST(the_kernel_log_is_believed_first)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, swiotlb, PATH, "49152\n"), NO_ERROR);
	put_entry(snap, KT_SWIOTLB, KT_BYTES, KT_RANK_FIRST, "ktally/dmesg", 64 * MIB);
	CHECK_VALUE(snap, SWIOTLB, 64 * MIB);
}

TEST(what_is_no_number_of_slots_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, swiotlb, PATH, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, swiotlb, PATH, "-1\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, swiotlb, PATH, "9223372036854775807\n"), KT_ERR_PARSE);
	CHECK_STATE(snap, SWIOTLB, KT_ABSENT);
}
