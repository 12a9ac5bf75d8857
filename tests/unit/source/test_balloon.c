// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define VIRTIO "sys/bus/virtio/drivers/virtio_balloon/virtio3/features"
#define HYPERV "sys/kernel/debug/hv-balloon"

TEST(deflate_on_oom_keeps_the_balloon_inside)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *inside = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *outside = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *cut = machine(4096);

	FEED(inside, balloon, VIRTIO, "0110010000000000000000000000000010\n");
	CHECK_VALUE(inside, BALLOON_INSIDE, 1);
	FEED(outside, balloon, VIRTIO, "1101111111111111111111111111111111\n");
	CHECK_VALUE(outside, BALLOON_INSIDE, 0);
	FEED(cut, balloon, VIRTIO, "11\n");
	CHECK_STATE(cut, BALLOON_INSIDE, KT_ABSENT);
}

TEST(hyper_v_says_how_many_pages_are_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, balloon, HYPERV,
		"host_version : 2.0\n"
		"capabilities : enabled\n"
		"max_dynamic_page_count : 262144\n"
		"pages_ballooned : 5000\n"
		"pages_added : 7\n");
	CHECK_VALUE(snap, BALLOON_DRIVER, 5000 * 4096);
	CHECK_STATE(snap, BALLOON_INSIDE, KT_ABSENT);
}

#define XEN  "sys/devices/system/xen_memory/xen_memory0/info/"
#define S390 "proc/sys/vm/"

TEST(xen_pseries_and_s390_tell_their_balloons)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *xen = machine(4096), *ppc = machine(65536);
	KT_CLEANUP(snapshot) struct kt_snapshot *s390 = machine(4096), *bad = machine(4096);

	CHECK_INT(FEED(xen, balloon, XEN "low_kb", "1048576\n"), NO_ERROR);
	CHECK_INT(FEED(xen, balloon, XEN "high_kb", "0\n"), NO_ERROR);
	CHECK_VALUE(xen, BALLOON_DRIVER, GIB);
	CHECK_INT(FEED(ppc, balloon, "sys/devices/system/cmm/cmm0/loaned_kb", "65536\n"), NO_ERROR);
	CHECK_VALUE(ppc, BALLOON_DRIVER, 64 * MIB);
	CHECK_INT(FEED(s390, balloon, S390 "cmm_pages", "1000\n"), NO_ERROR);
	CHECK_INT(FEED(s390, balloon, S390 "cmm_timed_pages", "24\n"), NO_ERROR);
	kt_derive(s390);
	CHECK_VALUE(s390, BALLOON_IN, 1024 * 4096);
	CHECK_VALUE(s390, BALLOON_OUT, 0);
	CHECK_INT(FEED(bad, balloon, S390 "cmm_pages", "-1\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(bad, balloon, XEN "low_kb", "9007199254740992\n"), KT_ERR_PARSE);
	CHECK_STATE(bad, BALLOON_DRIVER, KT_ABSENT);
}

/* A kernel whose driver leaves MemTotal alone: 5.2 GiB of 8 were unattributed. */
TEST(a_balloon_that_memtotal_does_not_lack_is_inside)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *in = machine(4096), *out = machine(4096);

	put_entry(in, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", 2097152);
	put_entry(in, KT_ZONE_MANAGED, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", 2050000);
	FEED(in, balloon, HYPERV, "pages_ballooned : 1363149\n");
	kt_derive(in);
	CHECK_VALUE(in, BALLOON_IN, 1363149ll * 4096);
	CHECK_VALUE(in, BALLOON_OUT, 0);

	put_entry(out, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", 2097152);
	put_entry(out, KT_ZONE_MANAGED, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", 687000);
	FEED(out, balloon, HYPERV, "pages_ballooned : 1363149\n");
	kt_derive(out);
	CHECK_VALUE(out, BALLOON_IN, 0);
	CHECK_VALUE(out, BALLOON_OUT, 1363149ll * 4096);
}

TEST(a_balloon_is_asked_for_only_where_there_is_one)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK(!kt_source_balloon.wanted(snap, 0));
	CHECK(kt_source_balloon.wanted(snap, KT_WANT_ALL));
	snap->host.hypervisor = "Hyper-V";
	CHECK(kt_source_balloon.wanted(snap, 0));
	snap->host.hypervisor = "KVM";
	CHECK(!kt_source_balloon.wanted(snap, 0));
	vmstat_pages(snap, KT_BALLOON_INFLATE, 1);
	CHECK(kt_source_balloon.wanted(snap, 0));
}
