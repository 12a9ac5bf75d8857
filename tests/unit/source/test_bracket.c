// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "ktally/vmstat.after"

static struct kt_snapshot *before(void)
{
	struct kt_snapshot *snap = machine(4096);

	FEED(snap, vmstat, "proc/vmstat",
		"nr_free_pages 1000\nnr_anon_pages 500\nnr_mapped 70\nnr_slab_reclaimable 20\n");
	return snap;
}

TEST(drift_is_what_moved_up_or_down)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = before();

	CHECK_INT(snap->drift_bytes, -1);
	CHECK_INT(FEED(snap, bracket, PATH,
			  "nr_free_pages 990\nnr_anon_pages 507\nnr_mapped 70\n"
			  "nr_slab_reclaimable 20\n"),
		NO_ERROR);
	CHECK_INT(snap->drift_bytes, (10 + 7) * 4096);
}

TEST(counters_that_the_account_does_not_use_may_move)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = before();

	FEED(snap, bracket, PATH, "nr_free_pages 1000\nnr_mapped 9999\npgfault 123\n");
	CHECK_INT(snap->drift_bytes, 0);
}

TEST(the_second_reading_does_not_replace_the_first)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = before();

	FEED(snap, bracket, PATH, "nr_free_pages 1\n");
	CHECK_VALUE(snap, NR_FREE, 1000 * 4096);
}

TEST(without_anything_to_compare_drift_stays_unknown)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *empty = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = before();
	KT_CLEANUP(snapshot) struct kt_snapshot *sizeless = machine(KT_UNKNOWN);

	FEED(empty, bracket, PATH, "nr_free_pages 1\n");
	CHECK_INT(empty->drift_bytes, -1);
	FEED(snap, bracket, PATH, "");
	CHECK_INT(snap->drift_bytes, -1);
	FEED(sizeless, vmstat, "proc/vmstat", "nr_free_pages 5\n");
	FEED(sizeless, bracket, PATH, "nr_free_pages 9\n");
	CHECK_INT(sizeless->drift_bytes, -1);
}
