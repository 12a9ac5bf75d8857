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
