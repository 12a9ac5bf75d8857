// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "source/meta.h"

#define PATH "ktally/meta"

TEST(what_is_written_is_read_back)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *from = machine(65536);
	KT_CLEANUP(snapshot) struct kt_snapshot *to = machine(KT_UNKNOWN);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	from->host.taken_s = 1700000000;
	from->host.privileged = true;
	from->host.machine = "aarch64";
	from->folded = true;
	put_entry(from, KT_STACK_VMAPPED, KT_COUNT, KT_RANK_FIRST, "a", 1);
	put_entry(from, KT_VMALLOC_UNDERCOUNTS, KT_COUNT, KT_RANK_FIRST, "a", 0);
	kt_meta_write(from, &text);
	CHECK_INT(feed_bytes(to, &kt_source_meta, PATH, text.data, text.size), NO_ERROR);
	CHECK_INT(to->host.page_bytes, 65536);
	CHECK_INT(to->host.taken_s, 1700000000);
	CHECK(to->host.privileged && to->folded);
	CHECK_STR(to->host.machine, "aarch64");
	CHECK_VALUE(to, STACK_VMAPPED, 1);
	CHECK_VALUE(to, VMALLOC_UNDERCOUNTS, 0);
}

TEST(the_zone_of_its_clock_is_read_back)
{
	static const struct {
		const char *name;
		int minutes;
	} zones[] = { { "UTC", 0 }, { "CEST", 120 }, { "NST", -210 }, { "+0545", 345 } };

	for (size_t i = 0; i < KT_LEN(zones); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *from = machine(4096);
		KT_CLEANUP(snapshot) struct kt_snapshot *to = machine(4096);
		KT_CLEANUP(buf) struct kt_buf text = { 0 };

		from->host.zone = zones[i].name;
		from->host.zone_minutes = zones[i].minutes;
		kt_meta_write_zone(from, &text);
		CHECK_INT(feed_bytes(to, &kt_source_meta, PATH, text.data, text.size), NO_ERROR);
		if (CHECK(to->host.zone))
			CHECK_STR(to->host.zone, zones[i].name);
		CHECK_INT(to->host.zone_minutes, zones[i].minutes);
	}
}

TEST(a_zone_that_no_clock_has_is_not_taken)
{
	static const char *const texts[] = { "zone=\n", "zone=CET\n", "zone=CET 60\n",
		"zone= +60\n", "zone=CET +1441\n", "zone=CET --60\n", "zone=CET +-60\n",
		"zone=C\033[1m +60\n", "zone=ABCDEFGHIJK +60\n", "zone=CET +6x\n" };

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		FEED(snap, meta, PATH, texts[i]);
		CHECK(!snap->host.zone);
		CHECK_INT(snap->host.zone_minutes, 0);
	}
}

TEST(a_page_size_that_no_machine_has_is_not_taken)
{
	static const char *const texts[] = { "page_bytes=0\n", "page_bytes=-4096\n",
		"page_bytes=4095\n", "page_bytes=12288\n", "page_bytes=2048\n",
		"page_bytes=2097152\n", "page_bytes=4096 \n" /* this one is */ };

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

		FEED(snap, meta, PATH, texts[i]);
		CHECK_INT(snap->host.page_bytes, i + 1 == KT_LEN(texts) ? 4096 : KT_UNKNOWN);
	}
}

TEST(denied_files_are_listed_and_unknown_names_are_skipped)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	CHECK_INT(FEED(snap, meta, PATH,
			  "denied=proc/iomem\nfuture=thing\nno equals sign\n"
			  "denied=dev/kmsg\n"),
		NO_ERROR);
	if (!CHECK_INT(snap->denied.count, 2))
		return;
	CHECK_STR(snap->denied.items[0], "proc/iomem");
	CHECK_STR(snap->denied.items[1], "dev/kmsg");
}
