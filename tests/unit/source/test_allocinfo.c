// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "source/alloc_site.h"

#define PATH "proc/allocinfo"
#define HEAD "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n"

static const struct kt_user *site(const struct kt_snapshot *snap, size_t index)
{
	static const struct kt_user none;

	return CHECK(index < snap->users.count) ? &snap->users.items[index] : &none;
}

TEST(each_call_site_is_kept_with_its_place_and_module)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, allocinfo, PATH,
			  HEAD "   131072       32 mm/slub.c:1826 func:alloc_slab_page \n"
			       "     4096        1 fs/gfs/a.c:1 [gfs] func:a \n"
			       "     8192        2 fs/gfs/b.c:2 [gfs] func:b \n"),
		NO_ERROR);
	CHECK_INT(snap->users.count, 3);
	CHECK_STR(site(snap, 0)->function, "alloc_slab_page");
	CHECK_STR(site(snap, 0)->place, "mm/slub.c:1826");
	CHECK(!site(snap, 0)->module);
	CHECK_INT(site(snap, 0)->bytes, 131072);
	CHECK_INT(site(snap, 0)->nr, 32);
	CHECK_STR(site(snap, 2)->module, "gfs");
	CHECK_STR(site(snap, 2)->function, "b");
	CHECK(!snap->user_lists.items[0].headless);
	CHECK_INT(snap->user_lists.items[0].nr_records, 3);
}

TEST(words_of_version_2_and_later_are_read_or_ignored)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, allocinfo, PATH,
			  "allocinfo - version: 2.0\n"
			  "7 1 drivers/c.c:3 [c] func:c accurate:no \n"
			  "8 1 drivers/d.c:4 func:d later:word accurate:no more\n"
			  "9 1 drivers/e.c:5 func:e later:word\n"),
		NO_ERROR);
	CHECK(site(snap, 0)->inexact && site(snap, 1)->inexact && !site(snap, 2)->inexact);
	CHECK_STR(site(snap, 1)->function, "d");
	CHECK_INT(snap->user_lists.items[0].nr_unread, 0);
}

TEST(an_amount_below_zero_stays_below_zero)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, allocinfo, PATH, HEAD "  -20480        1 a.c:1 [m] func:a\n");
	CHECK_INT(site(snap, 0)->bytes, -20480);
	CHECK(site(snap, 0)->has_bytes);
}

TEST(impossible_lines_are_counted_and_skipped)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, allocinfo, PATH,
			  HEAD "9223372036854775807 1 a.c:2 [m] func:a\n"
			       "5 18446744073709551615 a.c:3 [m] func:a\n"
			       "5 1 a.c:4 [] func:a\n"
			       "5 1 a.c:4 [m func:a\n"
			       "5 1 a.c func:a\n"
			       "5 1 a.c:4 func:\n"
			       "5 1 a.c:4 a\n"),
		NO_ERROR);
	CHECK_INT(snap->users.count, 0);
	CHECK_INT(snap->user_lists.items[0].nr_unread, 7);
}

TEST(a_sorted_list_has_its_first_line_last)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(
		FEED(snap, allocinfo, PATH, "9 2 b.c:1 func:b\n8 1 a.c:1 func:a\n" HEAD), NO_ERROR);
	CHECK_INT(snap->users.count, 2);
	CHECK(!snap->user_lists.items[0].headless);
}

TEST(a_list_without_a_first_line_may_be_a_part)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, allocinfo, PATH, "4096 1 a.c:1 [m] func:a\n"), NO_ERROR);
	CHECK(snap->user_lists.items[0].headless);
	CHECK_INT(FEED(snap, allocinfo, PATH, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, allocinfo, PATH, "nothing of the kind\n"), KT_ERR_PARSE);
	CHECK_INT(snap->user_lists.count, 1);
}

static void check_size(const char *line, int64_t bytes, bool rounded)
{
	struct kt_alloc_site got;

	if (!CHECK(kt_alloc_site(kt_span_str(line), &got)))
		return;
	CHECK_INT(got.bytes, bytes);
	CHECK_INT(got.rounded, rounded);
	CHECK_INT(got.nr, 3);
}

TEST(rounded_sizes_of_reports_and_numfmt_are_estimates)
{
	check_size("    40.0 MiB        3 mm/memory.c:1063 func:f", 40 * MIB, true);
	check_size("    7.36 MiB        3 mm/memory.c:1063 func:f", 7717519, true);
	check_size("    1.50 GiB        3 mm/memory.c:1063 func:f", 3 * GIB / 2, true);
	check_size("       512 B        3 mm/memory.c:1063 func:f", 512, false);
	check_size("         39M        3 mm/memory.c:1063 func:f", 39 * MIB, true);
	check_size("        1.2G        3 mm/memory.c:1063 func:f", 1288490188, true);
	check_size("        1024        3 mm/memory.c:1063 func:f", 1024, false);
}

TEST(sizes_that_are_none_are_no_call_sites)
{
	struct kt_alloc_site got;

	CHECK(!kt_alloc_site(KT_SPAN("40.0 XiB 3 a.c:1 func:f"), &got));
	CHECK(!kt_alloc_site(KT_SPAN("99999999.0 TiB 3 a.c:1 func:f"), &got));
	CHECK(!kt_alloc_site(KT_SPAN("40.0 MiB"), &got));
	CHECK(!kt_alloc_site(KT_SPAN("40.0"), &got));
	CHECK(!kt_alloc_site(KT_SPAN(".5M 3 a.c:1 func:f"), &got));
	CHECK(!kt_alloc_site(KT_SPAN(""), &got));
}
