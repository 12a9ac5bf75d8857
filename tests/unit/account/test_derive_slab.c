// SPDX-License-Identifier: GPL-2.0-or-later
//
// A list of slab caches that belongs to the counters of slab, and lists that do not.

#include "feed.h"
#include "test.h"

#define PATH "proc/slabinfo"

/*
 * 64 MiB of dentries in full slabs, 32 MiB of kmalloc-64 and 16 MiB of a cache that may be
 * either, half of whose pages have no object.
 */
#define CACHES                                                                  \
	"slabinfo - version: 2.1\n"                                             \
	"other 0 131072 64 128 2 : tunables 0 0 0 : slabdata 2048 2048 0\n"     \
	"dentry 0 1048576 64 64 1 : tunables 0 0 0 : slabdata 16384 16384 0\n"  \
	"kmalloc-64 0 524288 64 64 1 : tunables 0 0 0 : slabdata 8192 8192 0\n" \
	"kmem_cache 0 0 64 64 1 : tunables 0 0 0 : slabdata 0 0 0\n"

static struct kt_snapshot *with(int64_t r_mib, int64_t u_mib, bool live)
{
	struct kt_snapshot *snap = machine(4096);

	snap->host.live = live;
	snap->host.nr_cpus = 1;
	CHECK_INT(FEED(snap, slabinfo, PATH, CACHES), NO_ERROR);
	if (kt_known(r_mib)) {
		meminfo_kb(snap, KT_SLAB_R, r_mib * 1024);
		meminfo_kb(snap, KT_SLAB_U, u_mib * 1024);
	} else
		meminfo_kb(snap, KT_SLAB, u_mib * 1024);
	kt_derive(snap);
	return snap;
}

static bool believed(int64_t r_mib, int64_t u_mib, bool live)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = with(r_mib, u_mib, live);
	bool known = kt_ok(value(snap, KT_SLABINFO));

	CHECK_INT(snap->degraded.count, !known);
	CHECK_INT(any_note_has(snap, "contradicts the counters of slab"), !known);
	return known;
}

TEST(a_list_that_fits_the_counters_is_believed)
{
	CHECK(believed(64, 48, false));
	CHECK(believed(80, 32, false));	 /* the other cache is reclaimable */
	CHECK(believed(64, 40, false));	 /* slabs of a lower order: only the objects are sure */
	CHECK(believed(64, 900, false)); /* large kmalloc is in no cache */
	CHECK(believed(KT_UNKNOWN, 112, false));
}

TEST(a_list_of_more_or_less_than_the_counters_is_left_out)
{
	CHECK(!believed(40, 72, false));  /* fewer than the dentries */
	CHECK(!believed(100, 48, false)); /* more than the caches hold besides kmalloc */
	CHECK(!believed(64, 10, false));  /* fewer than kmalloc-64 */
	CHECK(!believed(KT_UNKNOWN, 60, false));
	/* another machine's is found by either */
	CHECK(!believed(2000, 300, false));
	CHECK(!believed(1, 8, false));
}

TEST(what_a_running_machine_moves_between_two_files_is_no_contradiction)
{
	CHECK(!believed(95, 48, false));
	CHECK(believed(95, 48, true));
	CHECK(believed(50, 48, true));
	CHECK(!believed(2000, 300, true));
}

TEST(what_is_computed_from_a_list_that_is_left_out_has_its_reason)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = with(2000, 300, false);

	CHECK_STATE(snap, KMALLOC_LARGE, KT_UNSUPPORTED);
	CHECK(strstr(value(snap, KT_KMALLOC_LARGE).reason, PATH));
	/* the list stays, for 'ktally slab' */
	CHECK_INT(snap->caches.count, 4);
}

TEST(impossible_numbers_of_a_cache_decide_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, PATH,
		"slabinfo - version: 2.1\n"
		"dentry 0 9223372036854775807 9223372036854775807 64 1 : tunables 0 0 0 : "
		"slabdata 1 1 0\n");
	meminfo_kb(snap, KT_SLAB_R, 1);
	meminfo_kb(snap, KT_SLAB_U, 1);
	kt_derive(snap);
	CHECK_INT(snap->degraded.count, 0);
}
